//! An API's operations, callable: request, upstream, response, within one time limit.
//!
//! The client's own request, its `Authorization` above all, never comes here: a call is an operation
//! and its arguments, and nothing else.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use jsonschema::Validator;
use serde_json::{Map, Value};
use spanway_protocol::schema::CallToolResult;
use url::Url;

use crate::catalog::Catalog;
use crate::limits::CALL_TIMEOUT;
use crate::operation::Operation;
use crate::request::build_request;
use crate::response::read_response;
use crate::upstream::{Upstream, UpstreamError};

/// Why a bridge cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BridgeError {
    /// Neither the document nor the operator says where the API is.
    #[error("the document names no server with a full URL; name the API's base URL (--upstream)")]
    NoBaseUrl,
    /// A base URL that cannot be used.
    #[error("base URL {url:?}: {reason}")]
    BaseUrl {
        /// The URL.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A static header that is none; its value is not repeated.
    #[error("{name:?} is no valid header name, or its value is no valid header value")]
    Header {
        /// Its name.
        name: String,
    },
}

/// Puts a [`Bridge`] together.
pub struct BridgeBuilder {
    catalog: Catalog,
    upstream: Arc<dyn Upstream>,
    base_url: Option<Url>,
    headers: HeaderMap,
    timeout: Duration,
}

/// The operations of an API and the way to call them.
pub struct Bridge {
    callables: Vec<Callable>,
    upstream: Arc<dyn Upstream>,
    headers: HeaderMap,
    timeout: Duration,
}

/// One operation and what calling it needs.
struct Callable {
    operation: Operation,
    base: Url,
    /// The compiled output schema; made at the first call, for big documents have many.
    validator: OnceLock<Option<Validator>>,
}

impl BridgeBuilder {
    /// Sends every call to this base URL, whatever servers the document names.
    #[must_use]
    pub fn base_url(mut self, base_url: Url) -> Self {
        self.base_url = Some(base_url);
        self
    }

    /// Adds a header to every call; it wins over a parameter of that name. Its value is never shown.
    ///
    /// # Errors
    /// The name or the value is not valid in HTTP.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, BridgeError> {
        let error = || BridgeError::Header {
            name: name.to_owned(),
        };
        let key = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| error())?;
        let mut value = HeaderValue::from_str(value.trim()).map_err(|_| error())?;
        value.set_sensitive(true);
        self.headers.append(key, value);
        Ok(self)
    }

    /// The longest a call may take; 60 s unless told.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Finds the base URL of every operation.
    ///
    /// It is the one given; else the operation's, the path's or the document's first server, a
    /// relative one read against the URL the document came from; else the upstream's own.
    ///
    /// # Errors
    /// There is no usable base URL.
    pub fn build(self) -> Result<Bridge, BridgeError> {
        let whole = self.whole_base();
        let from = self
            .catalog
            .origin()
            .cloned()
            .or_else(|| self.upstream.base_url());
        let mut callables = Vec::new();
        for operation in self.catalog.into_operations() {
            let base = match (&self.base_url, &operation.server) {
                (None, Some(own)) => absolute(own, from.as_ref())?,
                _ => whole.clone()?,
            };
            callables.push(Callable {
                operation,
                base,
                validator: OnceLock::new(),
            });
        }
        Ok(Bridge {
            callables,
            upstream: self.upstream,
            headers: self.headers,
            timeout: self.timeout,
        })
    }

    /// The base URL of operations that name none of their own.
    fn whole_base(&self) -> Result<Url, BridgeError> {
        if let Some(base_url) = &self.base_url {
            return usable(base_url.clone());
        }
        let own = self.upstream.base_url();
        let from = self.catalog.origin().cloned().or_else(|| own.clone());
        match self.catalog.server() {
            Some(server) => absolute(server, from.as_ref()),
            // Without `servers` the API is where its document is.
            None => match (self.catalog.origin(), own) {
                (Some(origin), _) => absolute("/", Some(origin)),
                (None, Some(own)) => usable(own),
                (None, None) => Err(BridgeError::NoBaseUrl),
            },
        }
    }
}

/// A server's URL in full.
fn absolute(server: &str, from: Option<&Url>) -> Result<Url, BridgeError> {
    let joined = match (Url::parse(server), from) {
        (Ok(url), _) => url,
        (Err(url::ParseError::RelativeUrlWithoutBase), Some(from)) => {
            from.join(server).map_err(|_| BridgeError::NoBaseUrl)?
        }
        (Err(url::ParseError::RelativeUrlWithoutBase), None) => return Err(BridgeError::NoBaseUrl),
        (Err(_), _) => {
            return Err(BridgeError::BaseUrl {
                url: server.to_owned(),
                reason: "this is not a URL",
            });
        }
    };
    usable(joined)
}

fn usable(url: Url) -> Result<Url, BridgeError> {
    let reason = if !matches!(url.scheme(), "http" | "https") {
        "only http and https are supported"
    } else if !url.username().is_empty() || url.password().is_some() {
        "credentials belong into a static header, not into the URL"
    } else {
        return Ok(url);
    };
    let mut shown = url;
    // These only fail on URLs without a host, and then there is nothing to hide.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    Err(BridgeError::BaseUrl {
        url: shown.to_string(),
        reason,
    })
}

impl Bridge {
    /// Starts a bridge from the operations of `catalog` to `upstream`.
    pub fn builder(catalog: Catalog, upstream: impl Upstream) -> BridgeBuilder {
        BridgeBuilder {
            catalog,
            upstream: Arc::new(upstream),
            base_url: None,
            headers: HeaderMap::new(),
            timeout: CALL_TIMEOUT,
        }
    }

    /// The operations, in the order of the document.
    pub fn operations(&self) -> impl ExactSizeIterator<Item = &Operation> {
        self.callables.iter().map(|callable| &callable.operation)
    }

    /// Calls the operation whose tool is called `name`; `None` if there is no such operation.
    ///
    /// Whatever goes wrong with the call itself is a result with `is_error`.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up; the upstream may have acted already.
    pub async fn call(&self, name: &str, arguments: &Map<String, Value>) -> Option<CallToolResult> {
        let mut all = self.callables.iter().enumerate();
        let (index, _) = all.find(|(_, callable)| callable.operation.name == name)?;
        Some(self.call_at(index, arguments).await)
    }

    /// Calls the operation at `index`, which is one of [`operations`](Self::operations).
    pub(crate) async fn call_at(
        &self,
        index: usize,
        arguments: &Map<String, Value>,
    ) -> CallToolResult {
        let Some(callable) = self.callables.get(index) else {
            return CallToolResult::error("there is no such operation");
        };
        let operation = &callable.operation;
        let request = match build_request(operation, &callable.base, arguments, &self.headers) {
            Ok(request) => request,
            Err(error) => return CallToolResult::error(error.to_string()),
        };
        let answer = tokio::time::timeout(self.timeout, self.upstream.call(request)).await;
        let answer = answer.unwrap_or(Err(UpstreamError::Timeout {
            seconds: self.timeout.as_secs(),
        }));
        match answer {
            Ok(response) => {
                tracing::debug!(tool = %operation.name, status = response.status().as_u16(), "called");
                read_response(operation, callable.validator(), &response)
            }
            Err(error) => {
                tracing::warn!(tool = %operation.name, %error, "the upstream gave no answer");
                CallToolResult::error(error.to_string())
            }
        }
    }
}

impl Callable {
    fn validator(&self) -> Option<&Validator> {
        let compile = || {
            let schema = self.operation.output_schema.as_ref()?;
            jsonschema::draft202012::new(schema).ok()
        };
        self.validator.get_or_init(compile).as_ref()
    }
}

impl fmt::Debug for BridgeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BridgeBuilder")
            .field("base_url", &self.base_url.as_ref().map(Url::as_str))
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bridge")
            .field("operations", &self.callables.len())
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
