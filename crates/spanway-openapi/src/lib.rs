//! An HTTP API, described by its OpenAPI document, as MCP tools.
//!
//! [`Source`] loads a [`Document`]; [`Catalog`] reads its operations, tolerantly: one odd field costs
//! at most one operation, and is a [`Problem`]; [`Bridge`] calls them through an [`Upstream`].
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
mod document;
mod filter;
mod hash;
mod limits;
mod naming;
mod operation;
mod parse;
mod pointer;
mod problem;
mod request;
mod response;
mod schema;
mod server;
mod source;
mod tools;
mod upstream;

pub use arguments::{Arguments, Binding, Target};
pub use bridge::{Bridge, BridgeBuilder, BridgeError};
pub use catalog::Catalog;
pub use document::{Document, DocumentError, OpenApiVersion};
pub use filter::{Filter, FilterError};
pub use limits::{CALL_TIMEOUT, DOCUMENT_BYTES_MAX, DOCUMENT_TIMEOUT, RESPONSE_BYTES_MAX};
pub use operation::{
    Body, BodyKind, Hints, Location, Operation, Parameter, Response, StatusPattern, Style,
};
pub use parse::SyntaxError;
pub use problem::{Impact, Problem};
pub use request::{RequestError, build_request};
pub use source::{Source, SourceError, parse_document};
pub use upstream::{
    HttpUpstream, HttpUpstreamError, ResponseFuture, ServiceUpstream, Upstream, UpstreamError,
};
