//! Streamable HTTP for the Model Context Protocol, as a tower service.
//!
//! [`StreamableHttp`] puts a [`McpService`](spanway_server::McpService) on HTTP: every revision from
//! 2024-11-05 to 2026-07-28 on one endpoint. Mount it in axum, hyper or any tower stack, or let [`serve`]
//! run it with health answers beside it.
//!
//! A request goes through these modules in order: `endpoint` (Host, Origin, credentials), `endpoint::post`
//! (body, era), `running` (the call itself, polled in place), `respond` and `stream` (the answer). What a
//! node holds of legacy sessions is in `registry`; the sessions themselves are in a
//! [`SessionStore`](spanway_store::SessionStore). `sse` is the deprecated HTTP+SSE transport, which an [`App`]
//! serves beside the endpoint.

mod app;
pub mod auth;
mod body;
mod builder;
mod cors;
mod endpoint;
mod registry;
mod respond;
mod running;
mod serve;
mod sessionless;
mod spent;
mod sse;
mod stall;
mod state;
mod stream;
mod subscription;

pub use app::App;
pub use builder::StreamableHttpBuilder;
pub use endpoint::{Health, StreamableHttp};
pub use serve::{Drained, ServeOptions, serve};
pub use state::ResponseMode;
pub use stream::ResponseBody;
