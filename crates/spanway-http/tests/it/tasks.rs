//! Tasks in both forms, through the endpoint: one server, and clients of either revision.

mod asking;
mod core;
mod extension;
mod life;
mod listening;
mod nodes;
mod owners;
mod promotion;

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use spanway_http::{StreamableHttp, StreamableHttpBuilder};
use spanway_protocol::jsonrpc::ErrorObject;
use spanway_server::{
    Args, Asked, Context, Principal, Question, Server, ServerBuilder, State, TaskSupport, Tool,
    ToolError,
};
use spanway_testkit::{Client, RequestBuilder, Session};

use crate::journal::{Ending, Journal};

pub(crate) const RELATED: &str = "io.modelcontextprotocol/related-task";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

#[derive(Deserialize, JsonSchema)]
struct Work {
    /// What it is called in the journal.
    #[serde(default, rename = "as")]
    name: String,
    #[serde(default)]
    ms: u64,
}

#[derive(Deserialize, JsonSchema)]
struct Repeat {
    times: usize,
}

async fn work(State(journal): State<Journal>, Args(Work { name, ms }): Args<Work>) -> String {
    let ending = Ending::of(&journal, &name);
    tokio::time::sleep(Duration::from_millis(ms)).await;
    ending.finish();
    format!("{name} is done")
}

async fn tell(cx: Context) -> &'static str {
    for step in 1..=3 {
        cx.progress(f64::from(step), Some(3.0), format!("step {step}"));
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    cx.status("tidying up");
    tokio::time::sleep(Duration::from_secs(10)).await;
    "told"
}

async fn repeat(Args(Repeat { times }): Args<Repeat>) -> String {
    "x".repeat(times)
}

async fn fails() -> Result<String, ToolError> {
    Err(ToolError::new("out of paper"))
}

async fn breaks() -> Result<String, ToolError> {
    Err(ToolError::protocol(ErrorObject::new(7, "broken")))
}

async fn panics() -> String {
    tokio::task::yield_now().await;
    panic!("on purpose")
}

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

impl Question for Name {
    const KEY: &'static str = "name";
    const MESSAGE: &'static str = "Who are you?";
}

async fn greet(cx: Context) -> Result<String, ToolError> {
    let Name { name } = cx.elicit("who", "Who?").await?.accepted()?;
    Ok(format!("Hello, {name}!"))
}

async fn pair(cx: Context) -> Result<String, ToolError> {
    let one = cx.elicit::<Name>("one", "One?");
    let two = cx.elicit::<Name>("two", "Two?");
    let (one, two) = futures_util::future::try_join(one, two).await?;
    Ok(format!(
        "{} and {}",
        one.accepted()?.name,
        two.accepted()?.name
    ))
}

/// A side effect between two questions.
async fn order(State(journal): State<Journal>, cx: Context) -> Result<String, ToolError> {
    let one: Name = cx.elicit("one", "One?").await?.accepted()?;
    let charge = async {
        journal.note("charged");
        Ok::<_, std::io::Error>(journal.entries().len())
    };
    cx.once("charge", charge).await?;
    let two: Name = cx.elicit("two", "Two?").await?.accepted()?;
    Ok(format!("{} and {}", one.name, two.name))
}

async fn welcome(Asked(name): Asked<Name>) -> Result<String, ToolError> {
    Ok(format!("Welcome, {}!", name.accepted()?.name))
}

fn builder(journal: &Journal) -> ServerBuilder<Journal> {
    let patience = TaskSupport::After(Duration::from_secs(5));
    Server::builder("tasks", "1.0.0")
        .with_state(journal.clone())
        .tool(Tool::new("plain", work))
        .tool(Tool::new("work", work).tasks(TaskSupport::Optional))
        .tool(
            Tool::new("safe", work)
                .tasks(TaskSupport::Optional)
                .idempotent(),
        )
        .tool(Tool::new("must", work).tasks(TaskSupport::Required))
        .tool(Tool::new("later", work).tasks(patience))
        .tool(Tool::new("tell", tell).tasks(TaskSupport::Optional))
        .tool(Tool::new("tell_later", tell).tasks(TaskSupport::After(Duration::from_secs(15))))
        .tool(Tool::new("repeat", repeat).tasks(TaskSupport::Optional))
        .tool(Tool::new("fails", fails).tasks(TaskSupport::Optional))
        .tool(Tool::new("breaks", breaks).tasks(TaskSupport::Optional))
        .tool(Tool::new("panics", panics).tasks(TaskSupport::Optional))
        .tool(Tool::new("greet", greet).tasks(TaskSupport::Optional))
        .tool(Tool::new("greet_later", greet).tasks(patience))
        .tool(Tool::new("pair", pair).tasks(TaskSupport::Optional))
        .tool(Tool::new("order", order).tasks(TaskSupport::Optional))
        .tool(Tool::new("welcome", welcome).tasks(TaskSupport::Required))
}

/// A server and what its handlers did.
#[derive(Clone)]
pub(crate) struct Bench {
    journal: Journal,
    server: Server,
}

impl Bench {
    fn new() -> Self {
        Self::of(|builder| builder)
    }

    fn of(change: impl FnOnce(ServerBuilder<Journal>) -> ServerBuilder<Journal>) -> Self {
        let journal = Journal::default();
        let server = change(builder(&journal)).build().expect("a server");
        Self { journal, server }
    }

    fn endpoint(&self) -> StreamableHttpBuilder {
        StreamableHttp::builder(self.server.clone())
    }

    fn client(&self) -> Client {
        Client::new(self.endpoint().build())
    }

    /// A client of the extension.
    fn taker(&self) -> Taker {
        Taker::of(self.client())
    }

    /// A client of the core form, in a session of its own.
    async fn session(&self) -> Session {
        connect(&self.client(), "2025-11-25").await
    }

    /// How often something happened.
    fn times(&self, entry: &str) -> usize {
        let entries = self.journal.entries();
        entries.iter().filter(|noted| *noted == entry).count()
    }
}

/// A session whose client can answer forms.
pub(crate) async fn connect(client: &Client, version: &str) -> Session {
    let initialize = client.initialize(version).edit(|message| {
        message["params"]["capabilities"] = json!({ "elicitation": {} });
    });
    let session = Session::of(client.clone(), &initialize.send().await);
    session.notify("notifications/initialized", json!({})).await;
    session
}

/// A client of 2026-07-28 that takes tasks.
#[derive(Clone)]
pub(crate) struct Taker {
    client: Client,
    capabilities: Value,
    principal: Option<Principal>,
}

impl Taker {
    fn of(client: Client) -> Self {
        let extensions = json!({ "io.modelcontextprotocol/tasks": {} });
        Self {
            client,
            capabilities: json!({ "extensions": extensions, "elicitation": {} }),
            principal: None,
        }
    }

    fn declaring(mut self, capabilities: Value) -> Self {
        self.capabilities = capabilities;
        self
    }

    fn named(mut self, name: &str) -> Self {
        self.principal = Some(Principal::new(name));
        self
    }

    fn request(&self, method: &str, params: Value) -> RequestBuilder {
        let request = self.client.modern(method, params);
        let request = request.meta(CAPABILITIES, self.capabilities.clone());
        match &self.principal {
            Some(principal) => request.extension(principal.clone()),
            None => request,
        }
    }

    fn calling(&self, tool: &str, arguments: Value) -> RequestBuilder {
        let params = json!({ "name": tool, "arguments": arguments });
        self.request("tools/call", params)
    }

    async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.calling(tool, arguments).send().await.result()
    }

    /// Calls a tool that must become a task; its id.
    async fn begin(&self, tool: &str, arguments: Value) -> String {
        let result = self.call(tool, arguments).await;
        assert_eq!(result["resultType"], "task", "{result}");
        result["taskId"].as_str().expect("an id").to_owned()
    }

    async fn get(&self, id: &str) -> Value {
        let request = self.request("tasks/get", json!({ "taskId": id }));
        request.send().await.result()
    }

    async fn cancel(&self, id: &str) -> Value {
        let request = self.request("tasks/cancel", json!({ "taskId": id }));
        request.send().await.result()
    }

    async fn update(&self, id: &str, answers: Value) -> Value {
        let params = json!({ "taskId": id, "inputResponses": answers });
        self.request("tasks/update", params).send().await.result()
    }

    /// Looks at a task until it is in this status.
    async fn until(&self, id: &str, status: &str) -> Value {
        for _ in 0..10_000 {
            let task = self.get(id).await;
            if task["status"] == status {
                return task;
            }
            assert!(!is_terminal(&task), "not {status}, but {task}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("it is never {status}")
    }
}

fn is_terminal(task: &Value) -> bool {
    let status = task["status"].as_str().expect("a status");
    ["completed", "failed", "cancelled"].contains(&status)
}

/// An answer to a form.
pub(crate) fn yes(name: &str) -> Value {
    json!({ "action": "accept", "content": { "name": name } })
}

/// A client of the core form.
pub(crate) trait Core {
    /// Calls a tool as a task, and gives the task.
    async fn begin(&self, tool: &str, arguments: Value) -> Value;
    async fn ask(&self, method: &str, id: &str) -> spanway_testkit::Answer;
    async fn until(&self, id: &str, status: &str) -> Value;
}

/// A `tools/call` that wants a task.
pub(crate) fn as_task(
    session: &Session,
    tool: &str,
    arguments: Value,
    task: Value,
) -> RequestBuilder {
    let params = json!({ "name": tool, "arguments": arguments, "task": task });
    session.request("tools/call", params)
}

impl Core for Session {
    async fn begin(&self, tool: &str, arguments: Value) -> Value {
        let mut result = as_task(self, tool, arguments, json!({}))
            .send()
            .await
            .result();
        assert_eq!(result["task"]["status"], "working", "{result}");
        result["task"].take()
    }

    async fn ask(&self, method: &str, id: &str) -> spanway_testkit::Answer {
        self.request(method, json!({ "taskId": id })).send().await
    }

    async fn until(&self, id: &str, status: &str) -> Value {
        for _ in 0..10_000 {
            let task = self.ask("tasks/get", id).await.result();
            if task["status"] == status {
                return task;
            }
            assert!(!is_terminal(&task), "not {status}, but {task}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("it is never {status}")
    }
}

pub(crate) fn id_of(task: &Value) -> String {
    task["taskId"].as_str().expect("an id").to_owned()
}

/// Lets what is due happen, without time passing.
pub(crate) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}
