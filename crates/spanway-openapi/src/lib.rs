//! An HTTP API, described by its OpenAPI document, as MCP tools.

mod document;
mod hash;
mod limits;
mod parse;
mod pointer;
mod problem;
mod schema;
mod source;
mod upstream;

pub use document::{Document, DocumentError, OpenApiVersion};
pub use problem::{Impact, Problem};
pub use source::{Source, SourceError, parse_document};
