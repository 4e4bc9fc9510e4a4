//! An API's operations, callable: request, upstream, response, within one time limit.
//!
//! Of the caller's own request only the headers that the operator named are looked at, and `Authorization`
//! is none of them unless it was named.

mod builder;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request, Response, StatusCode};
use jsonschema::Validator;
use serde_json::{Map, Value};
use spanway_protocol::schema::{CallToolResult, Content};
use url::Url;

use crate::catalog::Catalog;
use crate::credentials::{Applied, CredentialError, Credentials};
use crate::operation::Operation;
use crate::request::build_request;
use crate::response::read_response;
use crate::upstream::{Upstream, UpstreamError};
pub use builder::{BridgeBuilder, BridgeError};

/// The operations of an API and the way to call them.
pub struct Bridge {
    callables: Vec<Callable>,
    upstream: Arc<dyn Upstream>,
    headers: HeaderMap,
    forward: Vec<HeaderName>,
    credentials: Credentials,
    timeout: Duration,
}

/// One operation and what calling it needs.
struct Callable {
    operation: Operation,
    base: Url,
    /// The compiled output schema; made at the first call, for big documents have many.
    validator: OnceLock<Option<Validator>>,
}

impl Bridge {
    /// Starts a bridge from the operations of `catalog` to `upstream`.
    pub fn builder(catalog: Catalog, upstream: impl Upstream) -> BridgeBuilder {
        BridgeBuilder::new(catalog, upstream)
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
        Some(self.call_at(index, arguments, &HeaderMap::new()).await)
    }

    /// Calls the operation at `index`, which is one of [`operations`](Self::operations), for a caller with
    /// these headers.
    pub(crate) async fn call_at(
        &self,
        index: usize,
        arguments: &Map<String, Value>,
        caller: &HeaderMap,
    ) -> CallToolResult {
        let Some(callable) = self.callables.get(index) else {
            return CallToolResult::error("there is no such operation");
        };
        let operation = &callable.operation;
        let fixed = self.fixed_headers(caller);
        let request = match build_request(operation, &callable.base, arguments, &fixed) {
            Ok(request) => request,
            Err(error) => return CallToolResult::error(error.to_string()),
        };
        let answer = tokio::time::timeout(self.timeout, self.exchange(operation, &request)).await;
        let answer = answer.unwrap_or(Err(CallError::Upstream(UpstreamError::Timeout {
            seconds: self.timeout.as_secs(),
        })));
        match answer {
            Ok((response, applied)) => {
                tracing::debug!(tool = %operation.name, status = response.status().as_u16(), "called");
                let result = read_response(operation, callable.validator(), &response);
                redacted(result, &applied)
            }
            Err(CallError::Upstream(error)) => {
                tracing::warn!(tool = %operation.name, %error, "the upstream gave no answer");
                CallToolResult::error(error.to_string())
            }
            Err(CallError::Credential(error)) => CallToolResult::error(error.to_string()),
        }
    }

    /// Sends a request with its credentials; once more if those were cached and are refused.
    async fn exchange(
        &self,
        operation: &Operation,
        request: &Request<Bytes>,
    ) -> Result<(Response<Bytes>, Applied), CallError> {
        let mut is_second = false;
        loop {
            let mut sent = request.clone();
            let applied = self.credentials.apply(operation, &mut sent, &self.upstream);
            let applied = applied.await?;
            let response = self.upstream.call(sent).await?;
            // What is refused for its credentials had no effect, so that any method may be repeated.
            let is_refused = response.status() == StatusCode::UNAUTHORIZED;
            if is_second || !is_refused || !applied.forget() {
                return Ok((response, applied));
            }
            is_second = true;
        }
    }

    /// The operator's headers, over those of the caller that are passed on.
    fn fixed_headers(&self, caller: &HeaderMap) -> HeaderMap {
        let mut fixed = HeaderMap::new();
        let wanted = self.forward.iter();
        for name in wanted.filter(|name| !self.headers.contains_key(*name)) {
            for value in caller.get_all(name) {
                fixed.append(name, value.clone());
            }
        }
        fixed.extend(self.headers.clone());
        fixed
    }
}

/// Why a call has no response.
#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error(transparent)]
    Credential(#[from] CredentialError),
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
}

/// An error without the credentials that were sent: some APIs repeat them.
fn redacted(mut result: CallToolResult, applied: &Applied) -> CallToolResult {
    if result.is_error {
        for content in &mut result.content {
            if let Some(text) = content.as_text() {
                *content = Content::text(applied.scrub(text));
            }
        }
    }
    result
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
