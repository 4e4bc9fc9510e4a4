//! Stopping: nothing new, calls in flight finish, streams end, the rest is cut at the deadline.

use std::time::Duration;

use serde_json::{Value, json};
use spanway_http::Drained;
use spanway_testkit::{Client, Session};
use tokio::net::TcpStream;

use crate::probe::Probe;
use crate::serving::Serving;

fn modern_headers(tool: &str) -> String {
    format!("MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: {tool}\r\n")
}

fn modern_body(tool: &str) -> Value {
    json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {
            "name": tool, "arguments": {},
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        },
    })
}

async fn session_of(serving: &Serving) -> (Session, String) {
    let session = Client::new(serving.endpoint.clone())
        .connect("2025-11-25")
        .await;
    let header = format!(
        "Mcp-Session-Id: {}\r\n",
        session.id.clone().expect("a session")
    );
    (session, header)
}

fn legacy_body(tool: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool } })
}

#[tokio::test]
async fn d2_15_and_rmcp_2i_and_4_5_calls_in_flight_finish_and_streams_end() {
    let probe = Probe::new();
    let serving = Serving::start(probe.endpoint().build()).await;
    let (_, session) = session_of(&serving).await;
    let (mut idle, mut modern, mut legacy, mut stream) = (
        serving.connect().await,
        serving.connect().await,
        serving.connect().await,
        serving.connect().await,
    );
    idle.post("", &json!({})).await;
    assert!(idle.head().await.starts_with("http/1.1 400"));
    modern
        .post(&modern_headers("gate"), &modern_body("gate"))
        .await;
    probe.journal.wait_for("gate began").await;
    legacy.post(&session, &legacy_body("tell")).await;
    probe.journal.wait_for("tell began").await;
    let get = format!(
        "GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n{session}\r\n"
    );
    assert!(stream.write(get).await);
    stream.wait_for(":\r\n").await;

    let stopping = serving.stop();
    let rest = stream.rest().await;
    assert!(
        rest.contains("0\r\n\r\n"),
        "the stream ends as a stream does: {rest:?}"
    );
    assert_eq!(
        idle.rest().await.lines().count(),
        1,
        "only the body of its answer is left"
    );
    probe.open_gate();
    let (head, body) = modern.response().await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(body.contains("\"id\":1"), "{body}");
    let told = legacy.rest().await;
    assert!(told.contains("\"id\":1"), "{told}");
    assert_eq!(stopping.end().await, Drained::Complete);
}

#[tokio::test]
async fn nobody_new_is_let_in() {
    let probe = Probe::new();
    let serving = Serving::start(probe.endpoint().build()).await;
    let mut modern = serving.connect().await;
    modern
        .post(&modern_headers("gate"), &modern_body("gate"))
        .await;
    probe.journal.wait_for("gate began").await;
    let stopping = serving.stop();
    let address = stopping.address;
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    probe.open_gate();
    assert!(modern.head().await.starts_with("http/1.1 200"));
    assert_eq!(stopping.end().await, Drained::Complete);
}

#[tokio::test]
async fn a_call_whose_client_left_is_waited_for() {
    let probe = Probe::new();
    let serving = Serving::start(probe.endpoint().build()).await;
    let (_, session) = session_of(&serving).await;
    let mut legacy = serving.connect().await;
    legacy.post(&session, &legacy_body("gate")).await;
    probe.journal.wait_for("gate began").await;
    drop(legacy);
    let stopping = serving.stop();
    let open = async {
        tokio::task::yield_now().await;
        assert!(!probe.journal.has("gate dropped"));
        probe.open_gate();
    };
    let (drained, ()) = tokio::join!(stopping.end(), open);
    assert_eq!(drained, Drained::Complete);
    assert!(probe.journal.has("gate finished"));
}

#[tokio::test]
async fn what_does_not_end_is_cut_at_the_deadline() {
    for legacy in [false, true] {
        let probe = Probe::new();
        let serving = Serving::with(probe.endpoint().build(), |options| {
            options.drain_deadline = Duration::from_millis(50);
        })
        .await;
        let (_, session) = session_of(&serving).await;
        let mut client = serving.connect().await;
        if legacy {
            client.post(&session, &legacy_body("never")).await;
        } else {
            client
                .post(&modern_headers("never"), &modern_body("never"))
                .await;
        }
        probe.journal.wait_for("never began").await;
        assert_eq!(serving.stop().end().await, Drained::DeadlinePassed);
        client.rest().await;
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_does_not_hold_up_the_drain() {
    let serving = Serving::start(Probe::new().endpoint().build()).await;
    let (mut silent, mut half) = (serving.connect().await, serving.connect().await);
    assert!(half.write("POST /mcp HTTP/1.1\r\nHost: loc").await);
    let mut served = serving.connect().await;
    served.post("", &json!({})).await;
    served.response().await;
    let stopping = serving.stop();
    assert_eq!(stopping.end().await, Drained::Complete);
    silent.rest().await;
    half.rest().await;
}
