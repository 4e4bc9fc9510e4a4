//! Servers written with [rmcp](https://docs.rs/rmcp), hosted unchanged: one endpoint for every revision of the
//! Model Context Protocol from 2024-11-05 to 2026-07-28.
//!
//! Any `rmcp::ServerHandler`, hand-written or made with rmcp's macros, becomes a service for the transport of
//! this project. One constructor changes:
//!
//! ```
//! use rmcp::handler::server::router::tool::ToolRouter;
//! use rmcp::model::{ServerCapabilities, ServerConfig};
//! use rmcp::{ServerHandler, tool, tool_handler, tool_router};
//! use spanway_http::StreamableHttp;
//!
//! #[derive(Clone)]
//! struct Greeter {
//!     tool_router: ToolRouter<Self>,
//! }
//!
//! #[tool_router]
//! impl Greeter {
//!     fn new() -> Self {
//!         Self { tool_router: Self::tool_router() }
//!     }
//!
//!     #[tool(description = "Says hello")]
//!     async fn hello(&self) -> String {
//!         "Hello!".to_owned()
//!     }
//! }
//!
//! #[tool_handler(router = self.tool_router)]
//! impl ServerHandler for Greeter {
//!     fn get_info(&self) -> ServerConfig {
//!         ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! // Was: StreamableHttpService::new(|| Ok(Greeter::new()), sessions, config)
//! let service = StreamableHttp::new(spanway_rmcp::host(Greeter::new));
//! # }
//! ```
//!
//! # One handler, or one for each session
//!
//! [`host`] makes a handler for each session, and one for each call of 2026-07-28, which has no sessions: what
//! rmcp's own HTTP server does, and right for a handler that keeps something of its client in its fields.
//! [`try_host`] takes a factory that can fail. [`RmcpService::new`] shares one handler between all clients: it
//! costs less, and is right for a handler whose fields concern all of them.
//!
//! A session may outlive its handler: after a restart, on another node, or where there are more sessions than
//! [`HostLimits::handlers_max`]. Then it goes on with a new one, which is initialized again first.
//!
//! # What a handler can rely on
//!
//! - Every request of a client reaches it, `initialize`, `logging/setLevel`, `resources/subscribe` and
//!   notifications included; so do methods of its own making, in sessions.
//! - Results are written as the client's revision knows them: content of a kind that came later is told in
//!   words, `resultType` and hints of caching are where they belong and nowhere else. Errors keep their code.
//! - Progress and log messages go out on the stream of the call they belong to; log messages only from the
//!   level on that the client asked for.
//! - In sessions `create_elicitation`, `create_message`, `list_roots` and their kin ask the client on the stream
//!   of the call. In 2026-07-28 they are refused, as rmcp's own server refuses them, and an
//!   `InputRequiredResult` passes through, its `requestState` untouched. In a session that is an error.
//! - Changes of lists and resources, told through any peer that is still open, reach all who want to hear of
//!   them, in every revision. A program that has no peer at hand publishes them with
//!   [`McpService::changes`](spanway_server::McpService::changes) of a clone of the service.
//! - The context's `extensions` hold the `http::request::Parts` of the request and, if the call was
//!   authenticated, its [`Principal`](spanway_server::Principal), which is in the parts' extensions too.
//! - A cancelled call cancels the context's token, and the handler goes on to its end, as with rmcp; for
//!   [`HostLimits::linger`] at most. A panic fails its own call only.
//!
//! # What is different
//!
//! - A peer speaks for the call it was given to. One that is kept works between the calls of its session for
//!   changes of lists and resources, and for nothing else: there is no stream to say anything else on. In
//!   2026-07-28 it is closed with its call. A peer is closed too when its session ends, when the session made
//!   several calls at once and an older peer was kept, and when it was not used for longest among
//!   [`HostLimits::idle_peers_max`].
//! - Outside of a call, in `on_initialized` for example, a client cannot be asked.
//! - `subscriptions/listen` is the transport's: `accepted_subscription_filter` and `listen` are never called.
//! - Tasks and skills are not served, and not advertised.
//! - The revision is agreed on by the transport: what `initialize` answers about it is not looked at.
//!   `supported_protocol_versions` can leave out 2026-07-28, and only that.
//! - What `get_info` offers is asked once, at the start, and is the same for every client. What is not offered
//!   there is neither logged nor told.
//! - Notifications of a handler's own making, and `_meta` of `initialize`, `server/discover`, completions and
//!   interim answers, are left out. The path in the request's parts is `/`, whatever it was.
//! - A modern client that does not name itself is called `unknown`.
//!
//! # What it costs
//!
//! Every call needs a peer, which rmcp makes of a task and its queues, some 50 KB. A session keeps one for its
//! next call; in 2026-07-28 every call needs a new one, as with rmcp's own server. rmcp writes several lines
//! to the log for each peer at the level `info`: a filter such as `info,rmcp=warn` leaves them out.
//! [`HostLimits`] bounds all of this.
//!
//! The modern revision wants headers that mirror arguments to be checked, for which `get_tool` is called before
//! each call of a tool. The macros of rmcp build their whole router for that, unless they are told where one
//! is: `#[tool_handler(router = self.tool_router)]`.

mod afterlife;
mod answer;
mod asking;
mod convert;
mod handlers;
mod limits;
mod peers;
mod recent;
mod request;
mod run;
mod service;

pub use limits::HostLimits;
pub use service::{RmcpService, host, try_host};
