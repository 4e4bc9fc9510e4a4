//! A service whose every behaviour a test chooses by the name of the tool.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use spanway_http::{StreamableHttp, StreamableHttpBuilder};
use spanway_protocol::schema::{
    CallToolResult, DiscoverResult, Implementation, InitializeResult, ListCapability, LoggingLevel,
    ServerCapabilities,
};
use spanway_protocol::{Answer, Call, Method, ProtocolVersion, Rejection, Reply};
use spanway_server::{ChangeHub, Context, McpService, ServiceInfo};
use spanway_testkit::Client;
use tokio::sync::Semaphore;

use crate::journal::{Ending, Journal};

/// Tools:
///
/// | name | does |
/// |---|---|
/// | `echo` | answers with its arguments |
/// | `whoami` | answers with what the context knows of the call |
/// | `progress` | tells progress `count` times, `every_ms` apart, then answers |
/// | `log` | logs one message of each level, then answers |
/// | `slow` | answers after `ms` |
/// | `gate` | answers once [`Probe::open_gate`] was called |
/// | `tell` | tells progress and logs at once, then waits for the gate |
/// | `release` | tells progress, lets go of the connection for `retry_ms`, tells progress again after the gate |
/// | `never` | never answers |
/// | `flood` | tells progress in long words without end, and never answers |
/// | `sample` | needs the client to declare `sampling` |
///
/// Each notes `NAME began`, and `NAME finished` or `NAME dropped`; NAME is the argument `as` if there is one.
#[derive(Clone)]
pub(crate) struct Probe {
    pub(crate) journal: Journal,
    pub(crate) hub: ChangeHub,
    info: Arc<ServiceInfo>,
    gate: Arc<Semaphore>,
}

impl Probe {
    pub(crate) fn new() -> Self {
        let offered = ServerCapabilities::default()
            .with_tools(ListCapability::with_changes())
            .with_logging();
        Self::offering(offered)
    }

    pub(crate) fn offering(capabilities: ServerCapabilities) -> Self {
        let info = ServiceInfo::new(Implementation::new("probe", "1.0.0"), capabilities, None);
        Self {
            journal: Journal::default(),
            hub: ChangeHub::new(),
            info: Arc::new(info.expect("a description")),
            gate: Arc::new(Semaphore::new(0)),
        }
    }

    /// Lets every waiting handler, and every later one, go on.
    pub(crate) fn open_gate(&self) {
        self.gate.close();
    }

    /// An endpoint in front of this probe, to be set up further.
    pub(crate) fn endpoint(&self) -> StreamableHttpBuilder {
        StreamableHttp::builder(self.clone())
    }

    /// A client of an endpoint with the default settings.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.endpoint().build())
    }
}

impl McpService for Probe {
    fn info(&self) -> &ServiceInfo {
        &self.info
    }

    fn call(&self, call: Call, context: Context) -> BoxFuture<'static, Reply> {
        let probe = self.clone();
        async move { probe.answer(&call, &context).await }.boxed()
    }

    fn changes(&self) -> &ChangeHub {
        &self.hub
    }
}

impl Probe {
    async fn answer(&self, call: &Call, context: &Context) -> Reply {
        match &call.method {
            Method::Initialize => Answer::Initialize(Box::new(InitializeResult::new(
                call.version,
                self.info.capabilities.clone(),
                self.info.implementation.clone(),
                None,
            )))
            .into(),
            Method::Discover => Answer::Discover(Box::new(DiscoverResult::new(
                vec![ProtocolVersion::LATEST],
                self.info.capabilities.clone(),
                None,
                spanway_protocol::schema::CacheHint::default(),
            )))
            .into(),
            Method::Ping => Answer::Empty.into(),
            Method::ToolsCall => self.tool(call, context).await,
            other => Rejection::MethodNotFound {
                method: other.as_str().to_owned(),
            }
            .into(),
        }
    }

    async fn tool(&self, call: &Call, context: &Context) -> Reply {
        let name: String = call.params.name.read().unwrap_or_default();
        let arguments: Value = call.params.arguments.read().unwrap_or_default();
        let ending = Ending::of(&self.journal, arguments["as"].as_str().unwrap_or(&name));
        let number = |key: &str, otherwise: u64| arguments[key].as_u64().unwrap_or(otherwise);
        match name.as_str() {
            "whoami" => {
                ending.finish();
                return text(&who(context));
            }
            "sample" if !context.client_capabilities().sampling() => {
                return Rejection::MissingCapability {
                    required: json!({ "sampling": {} }),
                }
                .into();
            }
            "echo" | "sample" => {}
            "progress" => {
                for step in 1..=u32::try_from(number("count", 1)).expect("a small count") {
                    context.progress(f64::from(step), None, "step");
                    pause(number("every_ms", 0)).await;
                }
            }
            "log" => {
                for level in LoggingLevel::ALL {
                    context.log(level, level.as_str());
                }
            }
            "slow" => pause(number("ms", 0)).await,
            "gate" => self.wait_at_gate().await,
            "tell" => {
                context.progress(1.0, None, "waiting");
                context.log(LoggingLevel::Warning, "waiting");
                self.wait_at_gate().await;
            }
            "release" => {
                context.progress(1.0, None, "before");
                context.release_connection(Duration::from_millis(number("retry_ms", 1000)));
                self.wait_at_gate().await;
                context.progress(2.0, None, "after");
            }
            "never" => std::future::pending().await,
            "flood" => flood(context).await,
            other => {
                return Rejection::InvalidParams {
                    detail: format!("unknown tool: {other}").into(),
                }
                .into();
            }
        }
        ending.finish();
        text(&arguments)
    }

    async fn wait_at_gate(&self) {
        // Closed means open here: nobody has to wait any more.
        let _ = self.gate.acquire().await;
    }
}

async fn pause(millis: u64) {
    if millis > 0 {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

async fn flood(context: &Context) {
    for step in 1_u32.. {
        context.progress(f64::from(step), None, "word ".repeat(10_000));
        tokio::task::yield_now().await;
    }
}

fn text(value: &Value) -> Reply {
    Answer::CallTool(CallToolResult::text(value.to_string())).into()
}

fn who(context: &Context) -> Value {
    json!({
        "principal": context.principal().map(spanway_server::Principal::as_str),
        "session": context.session(),
        "version": context.version().as_str(),
        "client": context.client_info().map(|client| client.name),
        "header": context.headers().get("x-test").and_then(|value| value.to_str().ok()),
    })
}

/// What a tool of the probe answered with.
pub(crate) fn told(result: &Value) -> Value {
    let text = result["content"][0]["text"].as_str();
    serde_json::from_str(text.expect("a text")).expect("JSON in it")
}
