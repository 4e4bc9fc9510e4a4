//! MCP servers in Rust: every protocol revision on one endpoint, from one handler.

pub use spanway_protocol as protocol;
pub use spanway_server::*;

#[cfg(feature = "http")]
pub use spanway_http as http;
#[cfg(feature = "http")]
pub use spanway_http::StreamableHttp;
#[cfg(feature = "http")]
pub use spanway_store as store;

#[cfg(feature = "openapi")]
pub use spanway_openapi as openapi;
