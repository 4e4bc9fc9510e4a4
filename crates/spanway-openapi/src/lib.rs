//! An HTTP API, described by its OpenAPI document, as MCP tools.

mod arguments;
mod document;
mod hash;
mod limits;
mod naming;
mod operation;
mod parse;
mod pointer;
mod problem;
mod request;
mod schema;
mod server;
mod source;
mod upstream;

pub use arguments::{Arguments, Binding, Target};
pub use document::{Document, DocumentError, OpenApiVersion};
pub use operation::{
    Body, BodyKind, Hints, Location, Operation, Parameter, Response, StatusPattern, Style,
};
pub use problem::{Impact, Problem};
pub use request::{RequestError, build_request};
pub use source::{Source, SourceError, parse_document};
pub use upstream::{
    HttpUpstream, HttpUpstreamError, ResponseFuture, ServiceUpstream, Upstream, UpstreamError,
};
