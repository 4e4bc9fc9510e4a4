//! An application's own routes as MCP features: its router, run in this process, and the document it has anyway.
//!
//! A call goes through the router as a request from outside would: every layer, extractor and error handler of
//! the application takes part, and only the socket is missing.
//!
//! # Who calls
//! A route is called as its caller. It sees
//! - the [`Principal`](spanway_server::Principal) that was found in front of the MCP endpoint, in the extensions
//!   of the request, and extensions that are named with [`Routes::forward_extension`];
//! - of the caller's headers `Authorization`, `Accept-Language`, `traceparent`, `tracestate`, `X-Request-Id`, those
//!   that an `apiKey` scheme of the document names, and those given to [`Routes::forward_header`].
//!
//! Arguments can set none of these headers where the caller sent them, and never the principal. `Authorization` is
//! passed on because router and MCP endpoint are one application: a token for the one is a token for the other. A
//! router that sends it to another server must not ([`Routes::without_caller_headers`]). Why: decision 0016.

mod document;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use serde::Serialize;
use serde_json::Value;
use spanway_server::{BuildErrors, Server, ServerBuilder};
use tower::Service;
use url::Url;

use crate::bridge::{Bridge, BridgeError, PassOn};
use crate::catalog::Catalog;
use crate::document::{Document, DocumentError};
use crate::features::{Exposure, Features};
use crate::filter::Filter;
use crate::limits::CALL_TIMEOUT;
use crate::marks;
use crate::operation::Location;
use crate::problem::{Impact, Problem};
use crate::security::SecurityScheme;
use crate::upstream::{ServiceUpstream, Upstream};
use document::{Extras, rename};

/// Headers of the caller that a route sees unless told otherwise.
const FORWARDED: [&str; 5] = [
    "authorization",
    "accept-language",
    "traceparent",
    "tracestate",
    "x-request-id",
];

/// Where the routes seem to be; nothing is sent there.
const BASE: &str = "http://localhost/";

/// Takes the routes of `router` that `document` describes.
///
/// `router` is an axum `Router` or any other tower service; give a clone, with all its layers. `document` is
/// whatever writes itself as an OpenAPI document: that of utoipa or aide, or a [`Value`]. Its `servers` say where
/// the application is for others and are not looked at.
///
/// Only marked routes are exposed ([`Marks`](crate::Marks)), until [`Routes::exposure`] says otherwise.
///
/// # Example
/// ```
/// use axum::{Router, extract::Path, routing::get};
/// use serde_json::json;
///
/// let app = Router::new().route("/books/{id}", get(async |Path(id): Path<u32>| format!("book {id}")));
/// let document = json!({
///     "openapi": "3.1.0",
///     "info": {"title": "bookshop", "version": "1.0.0"},
///     "paths": {"/books/{id}": {"get": {
///         "operationId": "read_book",
///         "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}],
///         "x-mcp-tool": true,
///         "x-mcp-resource-template": "shop://books/{id}",
///     }}},
/// });
/// let server = spanway_openapi::from_router(app.clone(), &document).build()?;
/// # Ok::<(), spanway_openapi::RoutesError>(())
/// ```
pub fn from_router<R, B>(router: R, document: impl Serialize) -> Routes
where
    R: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + Sync + 'static,
    R::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    R::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    Routes {
        upstream: Arc::new(ServiceUpstream::new(router)),
        document: serde_json::to_value(document).map_err(|error| error.to_string()),
        include: Vec::new(),
        exclude: Vec::new(),
        exposure: Exposure::marked(),
        extras: Extras::default(),
        renamed: Vec::new(),
        base: None,
        forward: FORWARDED.map(str::to_owned).to_vec(),
        forward_schemes: true,
        extensions: Vec::new(),
        timeout: CALL_TIMEOUT,
    }
}

/// The routes of an application, and how they are to be exposed; see [`from_router`].
#[must_use]
pub struct Routes {
    upstream: Arc<dyn Upstream>,
    document: Result<Value, String>,
    include: Vec<Filter>,
    exclude: Vec<Filter>,
    exposure: Exposure,
    extras: Extras,
    /// Marks by the application's own names for them: theirs, ours.
    renamed: Vec<(String, String)>,
    base: Option<Url>,
    forward: Vec<String>,
    forward_schemes: bool,
    extensions: Vec<PassOn>,
    timeout: Duration,
}

/// Why routes cannot be exposed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RoutesError {
    /// What was given does not write itself as JSON.
    #[error("the document cannot be written as JSON: {0}")]
    NotJson(String),
    /// It is no OpenAPI document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A mark that there is not.
    #[error("there is no mark {0:?}")]
    Mark(String),
    /// Routes that are marked and cannot be exposed, or marks that cannot be followed.
    #[error("the document says what cannot be done:{}", lines(.0))]
    Problems(Vec<Problem>),
    /// Nothing is marked.
    #[error("no route is exposed: mark some with x-mcp-tool and the like, or use Exposure::all()")]
    Nothing,
    /// A header that cannot be passed on, or a base URL that cannot be used.
    #[error(transparent)]
    Bridge(#[from] BridgeError),
    /// Names, URIs or templates that are not usable, or there twice.
    #[error(transparent)]
    Build(#[from] BuildErrors),
}

impl Routes {
    /// What becomes of routes, those without marks included; only marked ones are exposed unless told.
    pub fn exposure(mut self, exposure: Exposure) -> Self {
        self.exposure = exposure;
        self
    }

    /// Exposes only routes that one of the filters given so means.
    pub fn include(mut self, filter: Filter) -> Self {
        self.include.push(filter);
        self
    }

    /// Leaves out what this filter means, whatever else is said.
    pub fn exclude(mut self, filter: Filter) -> Self {
        self.exclude.push(filter);
        self
    }

    /// Reads the mark `x-mcp-…` (`ours`: `tool`, `title` and so on) also under the name `theirs`, which begins with
    /// `x-`. The name of all in one object is `mcp`.
    pub fn rename_mark(mut self, ours: &str, theirs: impl Into<String>) -> Self {
        self.renamed.push((theirs.into(), ours.to_owned()));
        self
    }

    /// Adds the document itself as the resource `openapi`.
    pub fn with_document(mut self) -> Self {
        self.extras.document = true;
        self
    }

    /// Adds each component schema of the document as a resource below `schemas/`.
    pub fn with_schemas(mut self) -> Self {
        self.extras.schemas = true;
        self
    }

    /// Adds what helps to find one's way: the tools `server_info` and `list_operations`, the prompt `usage`, and
    /// prompts such as `list_books` ([`Catalog::guide`]).
    pub fn with_guide(mut self) -> Self {
        self.extras.guide = true;
        self
    }

    /// Calls routes below this URL: for routers that look at their host, or whose paths begin before those of the
    /// document. Nothing is sent there.
    pub fn base_url(mut self, base: Url) -> Self {
        self.base = Some(base);
        self
    }

    /// Lets routes see one more header of the caller.
    pub fn forward_header(mut self, name: &str) -> Self {
        self.forward.push(name.trim().to_ascii_lowercase());
        self
    }

    /// Lets routes see no header of the caller but those named after this.
    pub fn without_caller_headers(mut self) -> Self {
        self.forward.clear();
        self.forward_schemes = false;
        self
    }

    /// Lets routes see what a layer before the MCP endpoint left in the extensions of the caller's request; axum's
    /// `ConnectInfo` too is only there if it is named.
    pub fn forward_extension<T: Clone + Send + Sync + 'static>(mut self) -> Self {
        self.extensions.push(PassOn::of::<T>());
        self
    }

    /// The longest a call may take; 60 s unless told.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// A server with the name, version and description of the document, and with all that is exposed.
    ///
    /// # Errors
    /// As [`server_builder`](Self::server_builder), and all that [`ServerBuilder::build`] finds.
    pub fn build(self) -> Result<Server, RoutesError> {
        Ok(self.server_builder()?.build()?)
    }

    /// The same server, to be told more: tools of its own, icons, instructions.
    ///
    /// # Errors
    /// The document or its marks cannot be used, or nothing is exposed.
    pub fn server_builder(self) -> Result<ServerBuilder, RoutesError> {
        let root = self.root()?;
        let document = Document::from_value(root, None)?;
        let title = document.title().unwrap_or("api").to_owned();
        let version = document.api_version().unwrap_or("0").to_owned();
        let mut builder = Server::builder(title, version);
        if let Some(description) = document.description() {
            builder = builder.instructions(description);
        }
        Ok(self.features_of(&document)?.add_to(builder))
    }

    /// What is exposed, for a server that is described elsewhere.
    ///
    /// # Errors
    /// The document or its marks cannot be used, or nothing is exposed.
    pub fn features<S: Send + Sync + 'static>(self) -> Result<Features<S>, RoutesError> {
        let document = Document::from_value(self.root()?, None)?;
        self.features_of(&document)
    }

    /// The document, with the marks under our names.
    fn root(&self) -> Result<Value, RoutesError> {
        let mut root = self.document.clone().map_err(RoutesError::NotJson)?;
        for (theirs, ours) in &self.renamed {
            let ours = match ours.as_str() {
                "mcp" => marks::PREFIX.to_owned(),
                key if marks::KEYS.contains(&key) => format!("{}-{key}", marks::PREFIX),
                _ => return Err(RoutesError::Mark(ours.clone())),
            };
            rename(&mut root, theirs, &ours);
        }
        Ok(root)
    }

    fn features_of<S: Send + Sync + 'static>(
        self,
        document: &Document,
    ) -> Result<Features<S>, RoutesError> {
        let catalog = Catalog::read(document);
        let problems = catalog.problems().to_vec();
        let catalog = catalog.include(&self.include).exclude(&self.exclude);
        let guide = self.extras.guide.then(|| catalog.guide(&self.exposure));
        let bridge = self.bridge(catalog)?;
        let mut features = bridge.into_features(&self.exposure);
        features.problems.extend(broken(problems));
        if !features.problems.is_empty() {
            return Err(RoutesError::Problems(features.problems));
        }
        let none = features.tools.is_empty() && features.resources.is_empty();
        if none && features.prompts.is_empty() {
            return Err(RoutesError::Nothing);
        }
        let scheme = self.exposure.uri_scheme();
        let extras = self.extras.resources(document, scheme);
        features.resources.extend(extras);
        features.extend(guide.unwrap_or_default());
        Ok(features)
    }

    fn bridge(&self, catalog: Catalog) -> Result<Bridge, RoutesError> {
        let mut forward = self.forward.clone();
        if self.forward_schemes {
            forward.extend(
                catalog
                    .security_schemes()
                    .filter_map(|(_, it)| key_header(it)),
            );
        }
        forward.sort_unstable();
        forward.dedup();
        // In this process there is no connection to fail, and the application bounds itself.
        let mut builder = Bridge::builder(catalog, Arc::clone(&self.upstream))
            .timeout(self.timeout)
            .retries(0)
            .concurrency(usize::MAX)
            .circuit_breaker(0, Duration::ZERO)
            .extensions(self.extensions.clone());
        for name in &forward {
            builder = builder.forward_header(name)?;
        }
        let base = self
            .base
            .clone()
            .map_or_else(|| Url::parse(BASE).ok(), Some);
        if let Some(base) = base {
            builder = builder.base_url(base);
        }
        Ok(builder.build()?)
    }
}

/// The header in which an API key travels.
fn key_header(scheme: &SecurityScheme) -> Option<String> {
    match scheme {
        SecurityScheme::ApiKey { location, name } if *location == Location::Header => {
            Some(name.to_ascii_lowercase())
        }
        _ => None,
    }
}

/// Problems that cost an operation. The document is the application's own, so they are mistakes to be mended;
/// lesser ones are logged.
fn broken(problems: Vec<Problem>) -> Vec<Problem> {
    let (broken, odd): (Vec<_>, Vec<_>) = problems
        .into_iter()
        .partition(|it| it.impact == Impact::Operation);
    for problem in odd {
        tracing::warn!(%problem, "the document is odd");
    }
    broken
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|it| format!("\n  {it}")).collect()
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routes")
            .field("exposure", &self.exposure)
            .field("forward", &self.forward)
            .finish_non_exhaustive()
    }
}
