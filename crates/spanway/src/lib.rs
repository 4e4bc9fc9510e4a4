//! MCP servers in Rust: every protocol revision on one endpoint, from one handler.
//!
//! This crate is the front door; each part also stands as a crate of its own.
//!
//! | what | where |
//! |---|---|
//! | describe a server | [`Server`], [`Tool`], [`Resource`], [`Prompt`] |
//! | what a handler takes | [`Args`], [`State`], [`Context`], [`Principal`], [`Params`], [`Uri`] |
//! | what a handler returns | [`Json`], text, content; [`ToolError`], [`ResourceError`], [`PromptError`] |
//! | serve it | [`StreamableHttp`], a tower service; [`http::serve`], where nothing serves HTTP yet |
//! | an API as tools | [`openapi`]: a document, a bridge, an upstream |
//! | an axum application's own routes | [`openapi::from_router`] |
//! | keep what must survive a restart in a directory | `store_file::open`, with the feature `store-file` |
//! | share it between processes, in Redis | `store_redis::connect`, with the feature `store-redis` |
//! | keep it elsewhere | [`store::Stores`] and the traits beside it |
//! | write a transport, or another source of answers | [`McpService`], [`protocol`] |
//!
//! The features `http` and `openapi` are on by default, `store-file` and `store-redis` are not; each only adds
//! modules.
//!
//! # Example
//! ```
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//! use spanway::{Args, Context, Resource, Server, Tool, ToolError};
//!
//! /// Greets somebody.
//! #[derive(Deserialize, JsonSchema)]
//! struct Greet {
//!     /// Whom.
//!     name: String,
//! }
//!
//! async fn greet(Args(args): Args<Greet>, cx: Context) -> Result<String, ToolError> {
//!     cx.progress(1.0, Some(1.0), "thought of something");
//!     Ok(format!("Hello, {}!", args.name))
//! }
//!
//! let server = Server::builder("greeter", "1.0.0")
//!     .tool(Tool::new("greet", greet).read_only())
//!     .resource(Resource::text("greeter://about", "about", "It greets."))
//!     .build()?;
//! # #[cfg(feature = "http")]
//! # fn mount(server: Server) -> axum::Router {
//! use spanway::StreamableHttp;
//!
//! let app = axum::Router::new().nest_service("/mcp", StreamableHttp::new(server));
//! # app
//! # }
//! # Ok::<(), spanway::BuildErrors>(())
//! ```
//!
//! # What a handler can rely on
//! - Its arguments were validated against the schema that clients see; a call that does not conform never
//!   reaches it, and the client is told every problem with a JSON Pointer.
//! - It runs in the task of the request. A client of 2026-07-28 that goes away drops its future at the next
//!   `await`; for older revisions it runs on. [`Context::cancellation`] tells work it handed elsewhere.
//! - A panic is an internal error of that one call.
//! - [`Context::progress`] and [`Context::log`] never wait.
//! - Everything that is wrong with the description of a server is reported by
//!   [`build`](ServerBuilder::build), all of it at once.

pub use spanway_protocol as protocol;
pub use spanway_server::*;

#[cfg(feature = "http")]
pub use spanway_http as http;
#[cfg(feature = "http")]
pub use spanway_http::StreamableHttp;
#[cfg(feature = "http")]
pub use spanway_store as store;

#[cfg(feature = "oidc")]
pub use spanway_oidc as oidc;

#[cfg(feature = "store-file")]
pub use spanway_store_file as store_file;
#[cfg(feature = "store-redis")]
pub use spanway_store_redis as store_redis;

#[cfg(feature = "openapi")]
pub use spanway_openapi as openapi;
