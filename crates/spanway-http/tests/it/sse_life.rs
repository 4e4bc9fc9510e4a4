//! HTTP+SSE connections: whose they are, how much they may hold, how they end.

use serde_json::{Value, json};
use spanway_http::auth::BearerTokens;
use spanway_http::{App, Drained, StreamableHttp};
use spanway_protocol::Limits;
use spanway_server::{Context, Server, Tool, ToolError};
use spanway_testkit::{Client, SseConnection};

use crate::probe::Probe;
use crate::serving::Serving;

fn app(endpoint: &StreamableHttp) -> Client {
    Client::new(App::new(endpoint.clone(), "/mcp"))
}

async fn connected(endpoint: &StreamableHttp) -> SseConnection {
    let mut connection = SseConnection::open(&app(endpoint), "/sse").await;
    connection.connect("2024-11-05", json!({})).await;
    connection
}

/// Sessions and streams.
async fn counted(endpoint: &StreamableHttp) -> (usize, usize) {
    let health = endpoint.health().await.expect("healthy");
    (health.sessions, health.streams)
}

fn call(id: i64, tool: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool, "arguments": {} } })
}

async fn ask(cx: Context) -> Result<String, ToolError> {
    Ok(cx.roots("roots").await?.len().to_string())
}

#[tokio::test]
async fn t_2411_05_and_trap_10_a_connection_belongs_to_the_principal_that_opened_it() {
    let server = Server::builder("asking", "1").tool(Tool::new("ask", ask));
    let tokens = BearerTokens::parse("ann: secret-of-ann\neve: secret-of-eve").expect("tokens");
    let endpoint = StreamableHttp::builder(server.build().expect("a server")).auth(tokens);
    let nobody = app(&endpoint.build());
    let of = |name: &str| nobody.with_header("authorization", &format!("Bearer secret-of-{name}"));
    assert_eq!(nobody.get().path("/sse").send().await.status, 401);
    let mut ann = SseConnection::open(&of("ann"), "/sse").await;
    let steal = async |message: Value, address: &str| {
        let stolen = of("eve").post_json(message).path(address).send().await;
        assert_eq!(stolen.refusal(), (404, -32600), "as if it did not exist");
    };
    // Not even before there is a session.
    steal(call(1, "ask"), &ann.address).await;
    ann.connect("2024-11-05", json!({ "roots": {} })).await;
    ann.call("ask", json!({})).await;
    let question = ann.message().await;
    let forged = json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "roots": [{ "uri": "file:///evil" }] } });
    let cancelled = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 2 } });
    for message in [forged, cancelled, call(3, "ask")] {
        steal(message, &ann.address).await;
    }
    for path in [
        ann.address.as_str(),
        "/messages?sessionId=AAAAAAAAAAAAAAAAAAAAAA",
    ] {
        let unknown = nobody.post_json(call(4, "ask")).path(path).send().await;
        assert_eq!(
            unknown.status, 401,
            "trap 47: credentials before the look-up"
        );
    }
    ann.respond(&question, json!({ "roots": [] })).await;
    let answer = ann.message().await;
    assert_eq!(answer["result"]["content"][0]["text"], "0");
}

#[tokio::test]
async fn trap_10_the_session_of_another_transport_cannot_be_posted_to() {
    let endpoint = Probe::new().endpoint().build();
    let session = Client::new(endpoint.clone()).connect("2025-11-25").await;
    let path = format!("/messages?sessionId={}", session.id.expect("a session"));
    let posted = app(&endpoint)
        .post_json(call(1, "echo"))
        .path(&path)
        .send()
        .await;
    assert_eq!(posted.status, 404);
}

#[tokio::test]
async fn t_2411_15_a_cancelled_call_is_stopped_and_never_answered() {
    let probe = Probe::new();
    let mut connection = connected(&probe.endpoint().build()).await;
    let id = connection.call("never", json!({})).await;
    assert_eq!(connection.stream.try_next(), None);
    assert!(probe.journal.has("never began"));
    let params = json!({ "requestId": id });
    connection.notify("notifications/cancelled", params).await;
    assert_eq!(connection.stream.try_next(), None);
    assert!(probe.journal.has("never dropped"));
    let response = connection.request("ping", json!({})).await;
    assert_eq!(response["result"], json!({}));
}

#[tokio::test]
async fn t_2411_06_closing_the_connection_ends_calls_and_session() {
    let probe = Probe::new();
    let endpoint = probe.endpoint().build();
    let mut connection = connected(&endpoint).await;
    connection.call("never", json!({})).await;
    assert_eq!(connection.stream.try_next(), None);
    // Posted, but not taken up by the stream yet.
    connection.call("echo", json!({})).await;
    assert_eq!(counted(&endpoint).await, (1, 1));
    let address = connection.address.clone();
    drop(connection);
    assert!(
        probe.journal.has("never dropped"),
        "without any further poll"
    );
    assert!(!probe.journal.has("echo began"));
    assert_eq!(counted(&endpoint).await, (0, 0));
    let late = app(&endpoint).post_json(call(9, "echo")).path(&address);
    assert_eq!(late.send().await.status, 404);
}

#[tokio::test]
async fn t_2411_06_closing_the_socket_ends_calls_and_session() {
    let probe = Probe::new();
    let serving = Serving::start(probe.endpoint().build()).await;
    let mut stream = serving.connect().await;
    let get = "GET /sse HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n";
    assert!(stream.write(get).await);
    stream.wait_for("data: messages?sessionId=").await;
    let id = stream.line().await;
    let client = app(&serving.endpoint);
    let post = async |message: Value| {
        let path = format!("/messages?sessionId={id}");
        let taken = client.post_json(message).path(&path).send().await;
        assert_eq!(taken.status, 202);
    };
    let mut initialize = call(0, "");
    initialize["method"] = json!("initialize");
    initialize["params"] = json!({ "protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": { "name": "x", "version": "0" } });
    post(initialize).await;
    stream.wait_for("\"serverInfo\"").await;
    post(call(1, "never")).await;
    probe.journal.wait_for("never began").await;
    drop(stream);
    probe.journal.wait_for("never dropped").await;
    while counted(&serving.endpoint).await != (0, 0) {
        tokio::task::yield_now().await;
    }
    assert_eq!(serving.stop().end().await, Drained::Complete);
}

#[tokio::test]
async fn the_end_of_the_session_is_the_end_of_the_connection() {
    let endpoint = Probe::new().endpoint().build();
    let mut connection = connected(&endpoint).await;
    let id = connection
        .address
        .rsplit('=')
        .next()
        .expect("an id")
        .to_owned();
    let deleted = app(&endpoint).request(http::Method::DELETE).path("/mcp");
    let deleted = deleted.header("mcp-session-id", &id).send().await;
    assert_eq!(deleted.status, 200);
    assert_eq!(connection.stream.next().await, None);
}

#[tokio::test]
async fn one_connection_too_many_is_503_even_if_none_initialized() {
    let mut limits = Limits::default();
    limits.sse_connections_max = 2;
    let endpoint = Probe::new().endpoint().limits(limits).build();
    let client = app(&endpoint);
    let one = SseConnection::open(&client, "/sse").await;
    let _two = SseConnection::open(&client, "/sse").await;
    assert_eq!(counted(&endpoint).await, (0, 2));
    let refused = client.get().path("/sse").send().await;
    assert_eq!(refused.refusal(), (503, -32600));
    assert!(refused.header("retry-after").is_some());
    drop(one);
    SseConnection::open(&client, "/sse").await;
}

#[tokio::test]
async fn a_session_too_many_is_told_on_the_stream() {
    let mut limits = Limits::default();
    limits.sessions_max = 1;
    let endpoint = Probe::new().endpoint().limits(limits).build();
    let _one = connected(&endpoint).await;
    let mut two = SseConnection::open(&app(&endpoint), "/sse").await;
    let params = json!({ "protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": { "name": "x", "version": "0" } });
    let refused = two.request("initialize", params).await;
    assert_eq!(refused["error"]["code"], -32600, "{refused}");
}

#[tokio::test]
async fn a_slow_reader_makes_its_calls_wait_and_loses_nothing() {
    let mut limits = Limits::default();
    limits.calls_per_session_max = 3;
    let probe = Probe::new();
    let endpoint = probe.endpoint().limits(limits).build();
    let mut slow = connected(&endpoint).await;
    for id in 1..=3 {
        slow.send(call(id, "echo")).await;
    }
    let full = slow.post(call(4, "echo")).send().await;
    assert_eq!(full.refusal(), (429, -32600));
    assert!(
        !probe.journal.has("echo began"),
        "nobody reads what it would say"
    );
    let mut quick = connected(&endpoint).await;
    assert_eq!(quick.request("ping", json!({})).await["result"], json!({}));
    let mut answered = Vec::new();
    for _ in 1..=3 {
        answered.push(slow.message().await["id"].as_i64());
    }
    answered.sort_unstable();
    assert_eq!(answered, [Some(1), Some(2), Some(3)]);
}

#[tokio::test]
async fn a_flood_is_told_only_as_fast_as_it_is_read_and_holds_up_nothing() {
    let probe = Probe::new();
    let mut connection = connected(&probe.endpoint().build()).await;
    let mut flood = call(7, "flood");
    flood["params"]["_meta"] = json!({ "progressToken": 1 });
    connection.send(flood).await;
    for _ in 0..20 {
        let message = connection.message().await;
        assert_eq!(message["method"], "notifications/progress");
    }
    connection
        .send(json!({ "jsonrpc": "2.0", "id": 8, "method": "ping" }))
        .await;
    probe.hub.publish(spanway_server::Change::Tools);
    let (mut ponged, mut told) = (false, false);
    while !(ponged && told) {
        let message = connection.message().await;
        ponged |= message["id"] == 8;
        told |= message["method"] == "notifications/tools/list_changed";
    }
}

#[tokio::test]
async fn an_id_in_flight_is_not_used_twice() {
    let probe = Probe::new();
    let mut connection = connected(&probe.endpoint().build()).await;
    connection.send(call(5, "gate")).await;
    connection.send(call(5, "echo")).await;
    assert_eq!(connection.message().await["error"]["code"], -32600);
    probe.open_gate();
    assert!(connection.message().await["result"].is_object());
}

#[tokio::test]
async fn a_drain_lets_calls_finish_and_ends_the_stream() {
    let probe = Probe::new();
    let endpoint = probe.endpoint().build();
    let (mut idle, mut busy) = (connected(&endpoint).await, connected(&endpoint).await);
    busy.call("gate", json!({})).await;
    assert_eq!(busy.stream.try_next(), None);
    endpoint.start_drain();
    assert_eq!(idle.stream.next().await, None);
    assert_eq!(busy.stream.try_next(), None, "its call is in flight");
    let refused = busy.post(call(9, "echo")).send().await;
    assert_eq!(refused.refusal(), (503, -32603));
    let params = json!({ "requestId": 99 });
    busy.notify("notifications/cancelled", params).await;
    probe.open_gate();
    assert!(busy.message().await["result"].is_object());
    assert_eq!(busy.stream.next().await, None);
    assert_eq!(counted(&endpoint).await, (0, 0));
    let refused = app(&endpoint).get().path("/sse").send().await;
    assert_eq!(refused.status, 503);
}

#[tokio::test]
async fn a_drain_over_a_socket_waits_for_nothing_else() {
    let serving = Serving::start(Probe::new().endpoint().build()).await;
    let mut stream = serving.connect().await;
    let get = "GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert!(stream.write(get).await);
    stream.wait_for("event: endpoint").await;
    let stopping = serving.stop();
    let rest = stream.rest().await;
    assert!(
        rest.ends_with("0\r\n\r\n"),
        "it ends as a stream does: {rest:?}"
    );
    assert_eq!(stopping.end().await, Drained::Complete);
}
