//! Puts a bridge together: base URLs, static headers, credentials, limits; every mistake shows here.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::Semaphore;
use url::{Origin, Url};

use super::caller::PassOn;
use super::{Bridge, Callable, Gate};
use crate::catalog::Catalog;
use crate::credentials::{CredentialSource, Credentials, TokenRequest};
use crate::filter::Filter;
use crate::limits::{BREAKER_FAILURES, BREAKER_PAUSE, CALL_TIMEOUT, CONCURRENCY, RETRIES};
use crate::operation::is_reserved_header;
use crate::response::{Presentation, Shape};
use crate::upstream::{Reaches, Upstream, Way, is_loopback};

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
    /// A private address that only the document names.
    #[error(
        "the document leads to {url}, in a private network; allow it with --private-host {host}, or name it with --upstream"
    )]
    Private {
        /// The base URL in the document.
        url: String,
        /// Its host.
        host: String,
    },
    /// A header of the caller that cannot be passed on.
    #[error(
        "header {name:?} cannot be passed on to the API: it belongs to the connection or to MCP"
    )]
    Forward {
        /// Its name.
        name: String,
    },
    /// Credentials for a scheme that the document does not have.
    #[error("the document has no security scheme {name:?}; it has: {known}")]
    Scheme {
        /// The name that was given.
        name: String,
        /// Those of the document.
        known: String,
    },
    /// A credential that cannot be read.
    #[error("the credential for security scheme {scheme:?}: {reason}")]
    Credential {
        /// The scheme.
        scheme: String,
        /// Why, without the secret.
        reason: String,
    },
}

/// Puts a [`Bridge`] together.
pub struct BridgeBuilder {
    catalog: Catalog,
    upstream: Arc<dyn Upstream>,
    base_url: Option<Url>,
    private_hosts: Vec<String>,
    headers: HeaderMap,
    forward: Vec<HeaderName>,
    pub(super) extensions: Vec<PassOn>,
    credentials: BTreeMap<String, CredentialSource>,
    token_requests: BTreeMap<String, TokenRequest>,
    timeout: Duration,
    timeouts: Vec<(Filter, Duration)>,
    retries: u32,
    concurrency: usize,
    breaker: (u32, Duration),
    is_tolerant: bool,
    pub(super) is_dry: bool,
    presentation: Presentation,
    shapes: Vec<(Filter, Shape)>,
    pages_max: u32,
}

impl BridgeBuilder {
    pub(super) fn new(catalog: Catalog, upstream: impl Upstream) -> Self {
        Self {
            catalog,
            upstream: Arc::new(upstream),
            base_url: None,
            private_hosts: Vec::new(),
            headers: HeaderMap::new(),
            forward: Vec::new(),
            extensions: Vec::new(),
            credentials: BTreeMap::new(),
            token_requests: BTreeMap::new(),
            timeout: CALL_TIMEOUT,
            timeouts: Vec::new(),
            retries: RETRIES,
            concurrency: CONCURRENCY,
            breaker: (BREAKER_FAILURES, BREAKER_PAUSE),
            is_tolerant: false,
            is_dry: false,
            presentation: Presentation::default(),
            shapes: Vec::new(),
            pages_max: 1,
        }
    }

    /// Sends every call to this base URL, whatever servers the document names.
    #[must_use]
    pub fn base_url(mut self, base_url: Url) -> Self {
        self.base_url = Some(base_url);
        self
    }

    /// Lets the document lead to this host although its address is private; none unless told.
    ///
    /// This machine, private networks, link-local and other special addresses are private. The host of the base URL
    /// given and that of a document from a URL need not be named, nor this machine if the document came from it.
    #[must_use]
    pub fn private_host(mut self, host: impl Into<String>) -> Self {
        self.private_hosts.push(host.into());
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

    /// Passes a header of the caller on to the API, where the caller sends it; none unless told.
    ///
    /// The operator's own headers and credentials win over it. Name `Authorization` only if the tokens of
    /// callers are meant for the API: MCP forbids to pass on a token that was issued for this server.
    ///
    /// # Errors
    /// The name is not valid in HTTP, or the header belongs to the connection or to MCP.
    pub fn forward_header(mut self, name: &str) -> Result<Self, BridgeError> {
        let error = || BridgeError::Forward {
            name: name.to_owned(),
        };
        let key = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| error())?;
        if !may_be_forwarded(&key) {
            return Err(error());
        }
        self.forward.push(key);
        Ok(self)
    }

    /// Gives the credential for one of the document's security schemes.
    ///
    /// It goes into the calls of operations that need it, and nowhere else.
    #[must_use]
    pub fn credential(mut self, scheme: impl Into<String>, source: CredentialSource) -> Self {
        self.credentials.insert(scheme.into(), source);
        self
    }

    /// Says something more when a token is asked for: `audience`, `resource` (RFC 8707) or what else the server for tokens
    /// wants to know. A parameter `scope` stands in place of the scopes that the document names for each operation.
    #[must_use]
    pub fn token_parameter(
        mut self,
        scheme: impl Into<String>,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        let request = self.token_requests.entry(scheme.into()).or_default();
        request.parameters.push((name.into(), value.into()));
        self
    }

    /// Repeats the login of a password flow as JSON where the form that OAuth wants gets 415 or 422.
    ///
    /// No standard has this. Some APIs declare the flow and take a JSON object with `username` and `password`.
    #[must_use]
    pub fn json_login(mut self, scheme: impl Into<String>) -> Self {
        let request = self.token_requests.entry(scheme.into()).or_default();
        request.is_json_login = true;
        self
    }

    /// The longest a call may take, with all its attempts; 60 s unless told.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Another limit for the operations that a filter means; of several the last counts.
    #[must_use]
    pub fn operation_timeout(mut self, filter: Filter, timeout: Duration) -> Self {
        self.timeouts.push((filter, timeout));
        self
    }

    /// How often a call is tried again, within its time limit; twice unless told.
    ///
    /// Only methods that may be repeated without harm are, and only after a failed connection or one of the
    /// statuses 408, 429, 502, 503 and 504. A `Retry-After` of up to 10 s is kept to.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// The most calls to one API (one origin) at once; further ones wait within their time limit. 64 unless told.
    #[must_use]
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// Leaves an API (one origin) alone for `pause` after so many failures in a row: no connection, no answer in
    /// time, or one of the statuses 502, 503 and 504. Then one call tries it. Ten failures and 15 s unless told;
    /// zero failures turn this off.
    #[must_use]
    pub fn circuit_breaker(mut self, failures: u32, pause: Duration) -> Self {
        self.breaker = (failures, pause);
        self
    }

    /// Reads arguments that do not conform as was probably meant ([`Tool::tolerant`](spanway_server::Tool::tolerant)).
    #[must_use]
    pub fn tolerant(mut self) -> Self {
        self.is_tolerant = true;
        self
    }

    /// The largest picture, sound or other file that is handed on; 4 MiB unless told. Of a larger one the
    /// caller learns type and size.
    #[must_use]
    pub fn binary_bytes_max(mut self, bytes_max: usize) -> Self {
        self.presentation.binary_bytes_max = bytes_max;
        self
    }

    /// The largest such file that stands in the result although the same answer can be read as a resource; 1 MiB unless
    /// told. A larger one is a link to it.
    ///
    /// That is so where the operation is a tool and a resource, and the arguments of the call are those of its URI.
    #[must_use]
    pub fn inline_bytes_max(mut self, bytes_max: usize) -> Self {
        self.presentation.inline_bytes_max = bytes_max;
        self
    }

    /// About how many tokens of an answer are shown, at four bytes each; all of them unless told.
    ///
    /// Of JSON, lists lose their ends and long texts too, so that it stays JSON and as the document promises;
    /// other text is cut. A mark says so.
    #[must_use]
    pub fn answer_tokens_max(mut self, tokens: usize) -> Self {
        self.presentation.tokens_max = Some(tokens);
        self
    }

    /// How many pages of a list one call reads and joins, within its time limit; one unless told.
    ///
    /// Only of GET operations, and where the next page is known from a `Link` header, from a cursor in the answer for
    /// a parameter of the operation, from a `page` that the call gives, or from an `offset` of an operation that has a
    /// `limit` too. A page is JSON with one list in it.
    #[must_use]
    pub fn pages(mut self, pages: u32) -> Self {
        self.pages_max = pages;
        self
    }

    /// Brings the JSON of successful answers of the operations that a filter means into another shape; of several
    /// shapes each takes what the one before gave.
    ///
    /// Their tools have no output schema. What is left out is out of the way, not secret: errors, and answers that
    /// are no JSON or not as the document promises, are shown as they come.
    #[must_use]
    pub fn shape(mut self, filter: Filter, shape: Shape) -> Self {
        self.shapes.push((filter, shape));
        self
    }

    /// Finds the base URL of every operation.
    ///
    /// It is the one given; else the operation's, the path's or the document's first server, a
    /// relative one read against the URL the document came from; else the upstream's own.
    ///
    /// # Errors
    /// There is no usable base URL, or a credential is for no scheme or cannot be read.
    pub fn build(self) -> Result<Bridge, BridgeError> {
        let whole = self.whole_base();
        let reaches = self.reaches();
        let credentials = self.read_credentials(whole.as_ref().ok(), &reaches)?;
        let from = self
            .catalog
            .origin()
            .cloned()
            .or_else(|| self.upstream.base_url());
        let mut callables = Vec::new();
        let mut gates: HashMap<Origin, Arc<Gate>> = HashMap::new();
        let gate = || Arc::new(Gate::new(self.concurrency, self.breaker));
        for mut operation in self.catalog.into_operations() {
            let base = match (&self.base_url, &operation.server) {
                (None, Some(own)) => absolute(own, from.as_ref())?,
                _ => whole.clone()?,
            };
            let reach = reaches.of(&base);
            if self.upstream.uses_network() && reach.way(&base) == Way::Barred {
                return Err(BridgeError::Private {
                    host: base.host_str().unwrap_or_default().to_owned(),
                    url: base.to_string(),
                });
            }
            let special = self
                .timeouts
                .iter()
                .rfind(|(filter, _)| filter.matches(&operation));
            let shapes = self.shapes.iter();
            let shapes = shapes.filter(|(filter, _)| filter.matches(&operation));
            let mut presentation = self.presentation.clone();
            presentation.shapes = shapes.map(|(_, shape)| shape.clone()).collect();
            let promised = operation.output_schema.clone();
            if self.is_dry || !presentation.shapes.is_empty() {
                operation.output_schema = None;
            }
            callables.push(Callable {
                presentation,
                promised,
                timeout: special.map_or(self.timeout, |(_, timeout)| *timeout),
                gate: Arc::clone(gates.entry(base.origin()).or_insert_with(gate)),
                operation,
                base,
                reach,
                validator: OnceLock::new(),
            });
        }
        Ok(Bridge {
            callables,
            upstream: self.upstream,
            headers: self.headers,
            forward: self.forward,
            extensions: self.extensions,
            credentials,
            retries: self.retries,
            pages_max: self.pages_max,
            is_tolerant: self.is_tolerant,
            sources: OnceLock::new(),
            is_dry: self.is_dry,
        })
    }

    fn reaches(&self) -> Reaches {
        let hosts = |it: Option<&Url>| it.and_then(Url::host_str).map(str::to_owned);
        let origin = self.catalog.origin();
        let mut named = self.private_hosts.clone();
        named.extend(hosts(self.base_url.as_ref()));
        named.extend(hosts(origin));
        named.extend(hosts(self.upstream.base_url().as_ref()));
        let is_local = origin.is_none_or(is_loopback);
        Reaches { named, is_local }
    }

    fn read_credentials(
        &self,
        base: Option<&Url>,
        reaches: &Reaches,
    ) -> Result<Credentials, BridgeError> {
        let schemes = self.catalog.schemes().clone();
        let names: Vec<&str> = schemes.keys().map(String::as_str).collect();
        let known = if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        };
        let base = base.or(self.catalog.origin()).cloned();
        let credentials = Credentials::new(
            schemes,
            self.credentials.clone(),
            self.token_requests.clone(),
            base,
            reaches.clone(),
        )
        .map_err(|name| BridgeError::Scheme { name, known })?;
        credentials
            .check()
            .map_err(|(scheme, error)| BridgeError::Credential {
                scheme,
                reason: error.to_string(),
            })?;
        Ok(credentials)
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

/// Whether a header of the caller can mean something to the API: not those of the connection, of the body or of MCP.
fn may_be_forwarded(name: &HeaderName) -> bool {
    let name = name.as_str();
    let own = [
        "accept-encoding",
        "accept-charset",
        "last-event-id",
        "origin",
    ];
    let by_choice = ["authorization", "cookie"];
    let reserved = is_reserved_header(name) && !by_choice.contains(&name);
    !reserved && !own.contains(&name) && !name.starts_with("mcp-") && !name.starts_with("sec-")
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

impl fmt::Debug for BridgeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BridgeBuilder")
            .field("base_url", &self.base_url.as_ref().map(Url::as_str))
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("credentials", &self.credentials.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
