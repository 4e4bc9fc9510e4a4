//! HTTP/1.1 on a real socket: keep-alive, disconnects, and clients that do not keep to the rules.

use std::time::Duration;

use serde_json::{Value, json};
use spanway_protocol::Limits;
use spanway_testkit::{Client, Socket};

use crate::probe::Probe;
use crate::serving::Serving;

const NO_MCP: &str = "a path that is not the endpoint's";
const MODERN: &str = "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\n";

fn call(tool: &str, arguments: Value) -> Value {
    json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {
            "name": tool, "arguments": arguments,
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
                "progressToken": 1,
            },
        },
    })
}

async fn modern(socket: &mut Socket, tool: &str, arguments: Value) {
    let headers = format!("{MODERN}Mcp-Name: {tool}\r\n");
    socket.post(&headers, &call(tool, arguments)).await;
}

async fn still_serves(serving: &Serving) {
    let mut socket = serving.connect().await;
    modern(&mut socket, "echo", json!({ "as": "still" })).await;
    let (head, _) = socket.response().await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let serving = Serving::start(Probe::new().endpoint().build()).await;
    let mut socket = serving.connect().await;
    for round in 0..5 {
        modern(&mut socket, "echo", json!({ "round": round })).await;
        let (head, body) = socket.response().await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert!(body.contains(&format!("round\\\":{round}")), "{body}");
        socket.post("", &json!({ "not": "json-rpc" })).await;
        assert!(
            socket.response().await.0.starts_with("http/1.1 400"),
            "an error keeps it open"
        );
    }
}

#[tokio::test]
async fn requests_sent_at_once_are_answered_in_their_order() {
    let serving = Serving::start(Probe::new().endpoint().build()).await;
    let mut socket = serving.connect().await;
    for round in 0..5 {
        modern(&mut socket, "echo", json!({ "round": round })).await;
    }
    for round in 0..5 {
        let (_, body) = socket.response().await;
        assert!(body.contains(&format!("round\\\":{round}")), "{body}");
    }
}

#[tokio::test]
async fn t_2607_08_a_lost_connection_cancels_a_modern_call() {
    let probe = Probe::new();
    let serving = Serving::start(probe.endpoint().build()).await;
    let mut silent = serving.connect().await;
    modern(&mut silent, "never", json!({})).await;
    probe.journal.wait_for("never began").await;
    drop(silent);
    probe.journal.wait_for("never dropped").await;
    let mut streaming = serving.connect().await;
    modern(&mut streaming, "tell", json!({})).await;
    streaming.wait_for("notifications/progress").await;
    drop(streaming);
    probe.journal.wait_for("tell dropped").await;
}

#[tokio::test]
async fn t_2503_08_a_lost_connection_lets_a_legacy_call_finish() {
    let probe = Probe::new();
    let serving = Serving::start(probe.endpoint().build()).await;
    let session = Client::new(serving.endpoint.clone())
        .connect("2025-11-25")
        .await;
    let header = format!(
        "Mcp-Session-Id: {}\r\n",
        session.id.clone().expect("a session")
    );
    let mut socket = serving.connect().await;
    let message =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "gate" } });
    socket.post(&header, &message).await;
    probe.journal.wait_for("gate began").await;
    drop(socket);
    still_serves(&serving).await;
    assert!(!probe.journal.has("gate dropped"));
    probe.open_gate();
    probe.journal.wait_for("gate finished").await;
}

#[tokio::test]
async fn a_lost_connection_ends_a_get_stream() {
    let serving = Serving::start(Probe::new().endpoint().build()).await;
    let session = Client::new(serving.endpoint.clone())
        .connect("2025-11-25")
        .await;
    let id = session.id.clone().expect("a session");
    let mut socket = serving.connect().await;
    let get = format!(
        "GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nMcp-Session-Id: {id}\r\n\r\n"
    );
    assert!(socket.write(get).await);
    socket.wait_for(":\r\n").await;
    let streams = async || serving.endpoint.health().await.expect("healthy").streams;
    assert_eq!(streams().await, 1);
    drop(socket);
    let gone = async {
        while streams().await > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone)
        .await
        .expect("the stream is noticed to be gone");
}

#[tokio::test]
async fn a_client_that_never_finishes_its_head_is_cut_off() {
    let serving = Serving::with(Probe::new().endpoint().build(), |options| {
        options.head_timeout = Duration::from_millis(50);
        options.connections_max = 4;
    })
    .await;
    // As many as there is room for, so that anybody else is only served once these are gone.
    let beginnings = [
        "",
        "P",
        "POST /mcp HTTP/1.1\r\nHost: localh",
        "PRI * HTTP/2.0\r\n",
    ];
    let mut slow = Vec::new();
    for beginning in beginnings {
        let mut socket = serving.connect().await;
        assert!(socket.write(beginning).await);
        slow.push((beginning, socket));
    }
    still_serves(&serving).await;
    for (beginning, mut socket) in slow {
        let rest = socket.rest().await;
        assert!(!rest.contains("200"), "{beginning:?} got {rest:?}");
    }
}

#[tokio::test]
async fn a_connection_that_is_idle_between_requests_is_closed_too() {
    let serving = Serving::with(Probe::new().endpoint().build(), |options| {
        options.head_timeout = Duration::from_millis(50);
    })
    .await;
    let mut socket = serving.connect().await;
    modern(&mut socket, "echo", json!({})).await;
    assert!(socket.response().await.0.starts_with("http/1.1 200"));
    assert_eq!(socket.rest().await, "");
}

#[tokio::test]
async fn a_body_that_stays_away_is_408_and_the_connection_closed() {
    let mut limits = Limits::default();
    limits.body_timeout = Duration::from_millis(50);
    let serving = Serving::start(Probe::new().endpoint().limits(limits).build()).await;
    for framing in [
        "Content-Length: 100\r\n\r\n{",
        "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"j",
    ] {
        let mut socket = serving.connect().await;
        let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
        assert!(socket.write(format!("{head}{framing}")).await);
        let answer = socket.rest().await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{framing:?}: {answer}");
    }
    still_serves(&serving).await;
}

#[tokio::test]
async fn lies_about_the_length_are_refused_and_harm_nobody_else() {
    let serving = Serving::start(Probe::new().endpoint().build()).await;
    let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    for lie in [
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n",
        "Content-Length: -5\r\n\r\n{}",
        "Content-Length: 99999999999999999999999\r\n\r\n{}",
        "Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        "Content-Length: 18446744073709551615\r\n\r\n{}",
        "Transfer-Encoding: gzip\r\n\r\n{}",
    ] {
        let mut socket = serving.connect().await;
        assert!(socket.write(format!("{head}{lie}")).await);
        let answer = socket.head().await;
        let status = answer.get(9..12).unwrap_or_default();
        assert!(matches!(status, "400" | "413" | "431"), "{lie:?}: {answer}");
        assert_eq!(
            socket.rest().await.matches("HTTP/1.1").count(),
            0,
            "{lie:?} smuggled a request"
        );
    }
    still_serves(&serving).await;
}

#[tokio::test]
async fn an_endless_chunked_body_is_413_while_it_is_sent() {
    let mut limits = Limits::default();
    limits.body_bytes_max = 1000;
    let serving = Serving::start(Probe::new().endpoint().limits(limits).build()).await;
    let mut socket = serving.connect().await;
    let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert!(socket.write(head).await);
    let chunk = format!("64\r\n{}\r\n", " ".repeat(100));
    for _ in 0..11 {
        assert!(socket.write(&chunk).await);
    }
    assert!(socket.head().await.starts_with("http/1.1 413"));
}

#[tokio::test]
async fn heads_that_are_too_long_or_have_too_many_headers_are_431() {
    let serving = Serving::start(Probe::new().endpoint().build()).await;
    let long = format!("X-Long: {}\r\n", "a".repeat(2 << 20));
    let many = "X-Many: a\r\n".repeat(500);
    for headers in [long, many] {
        let mut socket = serving.connect().await;
        socket
            .write(format!(
                "POST /mcp HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"
            ))
            .await;
        let answer = socket.rest().await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
            "{answer}"
        );
    }
    let mut socket = serving.connect().await;
    let long = format!("Mcp-Session-Id: {}\r\n", "a".repeat(60_000));
    socket
        .post(
            &long,
            &json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }),
        )
        .await;
    assert!(socket.head().await.starts_with("http/1.1 404"));
}

#[tokio::test]
async fn a_client_may_ask_before_it_sends_the_body() {
    let serving = Serving::start(Probe::new().endpoint().build()).await;
    let mut socket = serving.connect().await;
    let message = call("echo", json!({})).to_string();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{MODERN}Mcp-Name: echo\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        message.len()
    );
    assert!(socket.write(head).await);
    assert!(socket.head().await.starts_with("http/1.1 100"));
    assert!(socket.write(message).await);
    assert!(socket.head().await.starts_with("http/1.1 200"));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off_and_its_call_cancelled() {
    let probe = Probe::new();
    let serving = Serving::with(probe.endpoint().build(), |options| {
        options.stall_timeout = Duration::from_millis(100);
    })
    .await;
    let mut socket = serving.connect().await;
    modern(&mut socket, "flood", json!({})).await;
    probe.journal.wait_for("flood began").await;
    probe.journal.wait_for("flood dropped").await;
    still_serves(&serving).await;
    assert!(!socket.rest().await.is_empty());
}

#[tokio::test]
async fn http_1_0_and_garbage_are_answered_or_cut_off() {
    let serving = Serving::start(Probe::new().endpoint().build()).await;
    for garbage in [
        "\u{16}\u{3}\u{1}\0\u{5}hello TLS",
        "GET\r\n\r\n",
        "\0\0\0\0\0\0\0\0\r\n\r\n",
        "POST /mcp HTTP/9.9\r\n\r\n",
        "POST http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /mcp HTTP/1.1\r\nHost : localhost\r\n\r\n",
    ] {
        let mut socket = serving.connect().await;
        socket.write(garbage).await;
        let answer = socket.rest().await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{garbage:?}: {answer}"
        );
    }
    let mut socket = serving.connect().await.unchecked(NO_MCP);
    assert!(socket.write("GET /livez HTTP/1.0\r\n\r\n").await);
    assert!(socket.rest().await.starts_with("HTTP/1.0 200"));
    still_serves(&serving).await;
}
