//! The server that inputs go to: tools that answer, wait, tell and ask, and a count of those that run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use spanway_http::{StreamableHttp, StreamableHttpBuilder};
use spanway_server::{
    Args, Context, Json, Principal, Prompt, Resource, Server, State, Tool, ToolError,
};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

/// A runtime of one thread, in which time passes only when nothing else happens.
pub(crate) fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    runtime.expect("a runtime")
}

/// Whom a layer before the endpoint found a request to come from.
pub(crate) fn ann() -> Principal {
    Principal::new("ann")
}

/// The server and what a target does to it from behind.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) server: Server,
    handlers: Handlers,
}

/// What the handlers share.
#[derive(Clone, Default)]
struct Handlers {
    gate: Arc<Notify>,
    running: Arc<AtomicUsize>,
}

impl Service {
    /// | tool | does |
    /// |---|---|
    /// | `echo` | answers with its arguments |
    /// | `wait` | says nothing, and answers once let go |
    /// | `tell` | tells progress, and answers once let go |
    /// | `ask` | asks the client for a name, and answers with it |
    pub(crate) fn new() -> Self {
        let handlers = Handlers::default();
        let server = Server::builder("fuzz", "1")
            .with_state(handlers.clone())
            .dynamic()
            .tool(Tool::new("echo", echo))
            .tool(Tool::new("wait", wait))
            .tool(Tool::new("tell", tell))
            .tool(Tool::new("ask", ask))
            .resource(Resource::text("a:1", "one", "text"))
            .prompt(Prompt::new("x", prompt).complete("name", suggest))
            .build();
        let server = server.expect("a server");
        Self { server, handlers }
    }

    pub(crate) fn endpoint(&self) -> StreamableHttpBuilder {
        StreamableHttp::builder(self.server.clone())
    }

    /// Lets the handlers go on that wait now.
    pub(crate) fn let_go(&self) {
        self.handlers.gate.notify_waiters();
    }

    /// How many handlers run.
    pub(crate) fn running(&self) -> usize {
        self.handlers.running.load(Ordering::SeqCst)
    }
}

/// Counts a handler for as long as it runs, however it ends.
struct Running(Arc<AtomicUsize>);

impl Running {
    fn of(handlers: &Handlers) -> Self {
        handlers.running.fetch_add(1, Ordering::SeqCst);
        Self(handlers.running.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn echo(Args(arguments): Args<Map<String, Value>>) -> Json<Map<String, Value>> {
    Json(arguments)
}

async fn wait(State(handlers): State<Handlers>) -> &'static str {
    let _running = Running::of(&handlers);
    handlers.gate.notified().await;
    "waited"
}

async fn tell(State(handlers): State<Handlers>, cx: Context) -> &'static str {
    let _running = Running::of(&handlers);
    cx.progress(1.0, None, "told");
    handlers.gate.notified().await;
    "told"
}

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

async fn ask(State(handlers): State<Handlers>, cx: Context) -> Result<String, ToolError> {
    let _running = Running::of(&handlers);
    let Name { name } = cx.elicit("name", "Your name?").await?.accepted()?;
    Ok(name)
}

async fn prompt(Args(Name { name }): Args<Name>) -> String {
    name
}

async fn suggest() -> Vec<String> {
    vec!["Emma".to_owned()]
}
