//! Servers written with rmcp, hosted: raw requests of every revision, and rmcp's own client over a socket.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "a helper that meets the unexpected fails its test, and takes json! values as they are"
)]

mod asking;
mod bounds;
mod cancel;
mod changes;
mod lifecycle;
mod lists;
mod oracle;
mod projection;
mod sessions;
mod speaking;
mod toolbox;
mod tools;

use serde_json::{Value, json};
use spanway_http::StreamableHttp;
use spanway_rmcp::RmcpService;
use spanway_testkit::{Answer, Client, RequestBuilder, Session};
use tokio::task::JoinSet;

use toolbox::Toolbox;

/// The revisions with a handshake.
const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/// A client of one toolbox.
fn client() -> Client {
    Client::new(StreamableHttp::new(RmcpService::new(Toolbox::default())))
}

/// Everything a client can declare.
fn everything() -> Value {
    json!({ "elicitation": { "form": {}, "url": {} }, "sampling": { "tools": {} }, "roots": {} })
}

async fn connect(client: &Client, version: &str, capabilities: Value) -> Session {
    let initialize = client
        .initialize(version)
        .edit(|message| message["params"]["capabilities"] = capabilities);
    let session = Session::of(client.clone(), &initialize.send().await);
    session.notify("notifications/initialized", json!({})).await;
    session
}

/// A request on its way.
struct Underway(JoinSet<Answer>);

impl Underway {
    fn begin(request: RequestBuilder) -> Self {
        let mut task = JoinSet::new();
        task.spawn(request.send());
        Self(task)
    }

    async fn answer(mut self) -> Answer {
        let answer = self.0.join_next().await;
        answer.expect("one task").expect("an answer")
    }

    /// The client goes away.
    async fn disconnect(mut self) {
        self.0.shutdown().await;
    }
}

/// The words of the first block of a result.
fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().expect("a text block")
}
