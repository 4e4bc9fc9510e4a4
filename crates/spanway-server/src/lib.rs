//! Tools, resources and prompts for the Model Context Protocol, independent of transport.
//!
//! A [`Server`] is described with plain async functions and answers in every revision of the protocol, from
//! 2024-11-05 to 2026-07-28. It has no sockets: a transport brings it calls through [`McpService`].
//!
//! ```
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//! use spanway_server::{Args, Context, Json, Prompt, Resource, Server, State, Tool, ToolError};
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct Search {
//!     /// Words to look for in title and author.
//!     query: String,
//! }
//!
//! #[derive(Serialize, JsonSchema)]
//! struct Found {
//!     titles: Vec<&'static str>,
//! }
//!
//! async fn search(
//!     State(books): State<&'static [&'static str]>,
//!     Args(Search { query }): Args<Search>,
//!     cx: Context,
//! ) -> Result<Json<Found>, ToolError> {
//!     cx.progress(1.0, Some(1.0), "looking through the shelves");
//!     let titles: Vec<_> = books.iter().copied().filter(|title| title.contains(&query)).collect();
//!     if titles.is_empty() {
//!         return Err(ToolError::new(format!("no title contains {query:?}; try fewer words")));
//!     }
//!     Ok(Json(Found { titles }))
//! }
//!
//! async fn recommend(State(books): State<&'static [&'static str]>) -> String {
//!     format!("Which of these should I read first, and why? {}", books.join(", "))
//! }
//!
//! let server = Server::builder("bookshop", "1.0.0")
//!     .with_state(&["Emma", "Persuasion", "Middlemarch"][..])
//!     .tool(Tool::new("search_books", search).title("Search books").read_only())
//!     .resource(Resource::text("shop://about", "about", "A small bookshop."))
//!     .prompt(Prompt::new("recommend", recommend).description("Asks for a recommendation"))
//!     .build()?;
//! # Ok::<(), spanway_server::BuildErrors>(())
//! ```
//!
//! # Handlers
//!
//! A handler is an async function of up to six parameters, in any order:
//!
//! | parameter | in | what it is |
//! |---|---|---|
//! | [`Args<T>`](Args) | tools, prompts | the arguments as a `T`, which also gives the schema |
//! | `Map<String, Value>` | tools, prompts | the arguments as they came |
//! | [`Params<T>`](Params), [`Uri`] | resources | the template's variables, and the URI itself |
//! | [`CompletionRequest`] | completers | the argument and what was typed so far |
//! | [`State<T>`](State) | all | the state given to the builder, or a part of it ([`FromRef`]) |
//! | [`Asked<Q>`](Asked) | tools, resources, prompts | what the client answered to a question asked up front |
//! | [`Context`] | all | revision, client, progress, log messages, cancellation, questions to the client |
//! | [`Principal`], `Option<Principal>` | all | who calls |
//!
//! What it may return is listed at [`IntoToolResult`], [`IntoReadResult`], [`IntoPromptResult`] and
//! [`IntoCompletion`]; each also takes a `Result`, whose error any error becomes by `?`.
//!
//! # Asking the client
//!
//! Tools, prompts and resources ask while they run, in straight-line code that is the same for clients of
//! every revision: [`Context::elicit`] and its kin ask the person, [`Context::sample`] the model,
//! [`Context::roots`] the client itself. Clients up to 2025-11-25 are asked while the handler waits. Those of
//! 2026-07-28 are answered with the questions; they call again with the answers and a sealed state, and the
//! handler runs again from the top. So put what must not happen twice after the last question or into
//! [`Context::once`], and give every question a key of its own. Set [`ServerBuilder::state_keys`] where more
//! than one process answers, or one that restarts.
//!
//! # What is taken care of
//!
//! Arguments are validated against the very schema that clients see, and so are structured results. Lists are
//! paged, and written once per revision until they change. A handler that panics fails its own call only.
//! Mistakes in the description are found by [`ServerBuilder::build`], all of them at once. Features come and
//! go while the server runs with [`Server::edit`], and `visible_to` decides who may see and use one.

mod change;
mod clock;
mod coerce;
mod completion;
mod context;
mod edit;
mod error;
mod handler;
mod input;
mod lifecycle;
mod page;
mod principal;
mod prompt;
mod rate;
mod registry;
mod resource;
mod router;
mod section;
mod server;
mod service;
mod task;
mod template;
mod tool;
mod validate;

pub use change::{Change, ChangeHub, Changes};
pub use clock::Clock;
pub use completion::CompletionRequest;
pub use context::{ClientRequests, Context, Origin};
pub use edit::Edit;
pub use error::{BuildError, BuildErrors};
pub use handler::{
    AnyCall, Args, CallWithArguments, CompletionCall, ExtractError, FromCall, FromRef, Handler,
    IntoCompletion, IntoPromptResult, IntoReadResult, IntoToolResult, Json, Params, PromptCall,
    PromptError, PromptOutput, ResourceCall, ResourceError, ResourceOutput, Signature, State,
    ToolCall, ToolError, Uri,
};
pub use input::{
    Asked, Elicited, InputError, Question, SpentStates, StateKeyError, StateKeys, UrlCompletion,
};
pub use principal::Principal;
pub use prompt::Prompt;
pub use rate::{RateExceeded, RateLimit, RateLimited};
pub use resource::Resource;
pub use server::{Server, ServerBuilder};
pub use service::{McpService, ServiceInfo};
pub use task::{TaskKeeper, TaskSupport, TaskWatch, Tasks};
pub use template::UriTemplate;
pub use tool::Tool;
pub use validate::SchemaCheck;
