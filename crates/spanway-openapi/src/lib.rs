//! An HTTP API, described by its OpenAPI document, as MCP tools.
//!
//! [`Source`] loads a [`Document`]; [`Catalog`] reads its operations, tolerantly: one odd field costs
//! at most one operation, and is a [`Problem`]; [`Bridge`] calls them through an [`Upstream`].
//!
//! # How an operation becomes a tool
//!
//! - **Name**: its `operationId`, or method and path, in `[A-Za-z0-9_-]` and at most 64 characters.
//!   Names that are too long or taken twice get a hash of `METHOD path`, so no other name moves.
//! - **Arguments**: path, query, header and cookie parameters and the properties of an object body,
//!   side by side. What wants the same name all carries its place: `id__path`, `id__query`,
//!   `id__header`, `id__cookie`, `id__body`. A body that is no plain object is the argument `body`.
//!   Names that some clients refuse are made legal: `include[]` is the argument `include`.
//!   Arguments that are not declared go into an object body that allows them.
//! - **Body**: JSON if it is offered, else a form, else whatever comes first. Files and other bytes
//!   are base64 or a `data:` URI.
//! - **Headers** a client must not set (`Authorization`, `Host`, …) are no arguments; the operator
//!   sets them with [`BridgeBuilder::header`].
//! - **Credentials** are those of the document's security schemes ([`BridgeBuilder::credential`]): an
//!   operation is called with the first alternative of its `security` of which everything is given. The
//!   caller's own headers go to the API only if they are named ([`BridgeBuilder::forward_header`]).
//! - **Marks**: extensions such as `x-mcp-title` and `x-mcp-resource` say what an operation is to clients
//!   ([`Marks`]). For the routes of an application in this process see [`from_router`].
//! - **Hints**: see [`Operation::hints`].
//! - **Result**: a status of 400 and above is an error with the status and the beginning of the body.
//!   JSON is structured if every success promises one schema of at most 64 KiB; an answer that
//!   breaks that promise is an error that says so and carries the answer as text. Pictures and sounds are
//!   content of that kind, other bytes an embedded resource, all within [`BINARY_BYTES_MAX`].
//!
//! # Example
//! ```
//! use spanway_openapi::{Bridge, Catalog, ServiceUpstream, parse_document};
//! use spanway_server::Server;
//!
//! let document = parse_document(
//!     br#"{"openapi": "3.1.0", "paths": {"/hello/{name}": {"get": {"operationId": "hello"}}}}"#,
//!     None,
//! )?;
//! let app = axum::Router::new().route("/hello/{name}", axum::routing::get(async || "Hello!"));
//! let bridge = Bridge::builder(Catalog::read(&document), ServiceUpstream::new(app)).build()?;
//! let mut server = Server::builder("hello", "1.0.0");
//! for tool in bridge.into_tools() {
//!     server = server.tool(tool);
//! }
//! let server = server.build()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arguments;
mod bridge;
mod catalog;
mod clash;
mod credentials;
mod document;
mod external;
mod extras;
mod features;
mod filter;
mod guide;
mod hash;
mod limits;
mod marks;
mod naming;
mod operation;
mod overlay;
mod overrides;
mod parse;
mod pointer;
mod problem;
mod prompt;
mod request;
mod resource;
mod response;
mod router;
mod schema;
mod search;
mod security;
mod server;
mod source;
mod swagger;
mod tools;
mod upstream;
mod value;

pub use arguments::{Arguments, Binding, Target};
pub use bridge::{Bridge, BridgeBuilder, BridgeError};
pub use catalog::Catalog;
pub use clash::{ClashPolicy, NameClash, settle_clashes};
pub use credentials::{CredentialSource, CredentialSourceError, Secret};
pub use document::{Document, DocumentError, OpenApiVersion};
pub use features::{Exposed, Exposure, Features, Reads};
pub use filter::{Filter, FilterError};
pub use limits::{
    BINARY_BYTES_MAX, BREAKER_FAILURES, BREAKER_PAUSE, CALL_TIMEOUT, CONCURRENCY,
    DOCUMENT_BYTES_MAX, DOCUMENT_TIMEOUT, RESPONSE_BYTES_MAX, RETRIES,
};
pub use marks::{Marks, ResourceMark};
pub use operation::{
    Body, BodyKind, Hints, Location, Operation, Parameter, Response, StatusPattern, Style,
};
pub use overlay::OverlayError;
pub use overrides::{HintOverrides, Override, OverrideError};
pub use parse::SyntaxError;
pub use problem::{Impact, Problem};
pub use request::{RequestError, build_request};
pub use response::{Shape, ShapeError};
pub use router::{Routes, RoutesError, from_router};
pub use search::{SEARCH_THRESHOLD, search_features, search_tools};
pub use security::{SecurityNeed, SecurityScheme};
pub use source::{Source, SourceError, parse_document};
pub use upstream::{
    HttpUpstream, HttpUpstreamError, ResponseFuture, ServiceUpstream, Upstream, UpstreamError,
};
