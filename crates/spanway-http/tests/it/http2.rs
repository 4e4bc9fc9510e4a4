//! HTTP/2 with prior knowledge, on a real socket.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Version};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::probe::Probe;
use crate::serving::Serving;

struct Http2 {
    requests: SendRequest<Full<Bytes>>,
    _connection: JoinSet<()>,
}

impl Http2 {
    async fn connect(serving: &Serving) -> Self {
        let stream = TcpStream::connect(serving.address)
            .await
            .expect("the server listens");
        let handshake =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
        let (requests, connection) = handshake.await.expect("HTTP/2");
        let mut running = JoinSet::new();
        running.spawn(async move {
            let _ = connection.await;
        });
        Self {
            requests,
            _connection: running,
        }
    }

    async fn call(&self, tool: &str, arguments: Value) -> http::Response<hyper::body::Incoming> {
        let message = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {
                "name": tool, "arguments": arguments,
                "_meta": {
                    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                    "io.modelcontextprotocol/clientCapabilities": {},
                    "progressToken": 1,
                },
            },
        });
        let request = Request::builder()
            .method(Method::POST)
            .version(Version::HTTP_2)
            .uri("http://localhost/mcp")
            .header("content-type", "application/json")
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", "tools/call")
            .header("mcp-name", tool)
            .body(Full::new(Bytes::from(message.to_string())))
            .expect("a request");
        let answer = self.requests.clone().send_request(request).await;
        answer.expect("an answer")
    }
}

#[tokio::test]
async fn calls_share_a_connection() {
    let probe = Probe::new();
    let serving = Serving::start(probe.endpoint().build()).await;
    let client = Http2::connect(&serving).await;
    let wait = async {
        probe.journal.wait_for("one began").await;
        let quick = client.call("echo", json!({})).await;
        assert_eq!(quick.status(), 200, "not behind the one that waits");
        probe.open_gate();
    };
    let (one, ()) = tokio::join!(client.call("gate", json!({ "as": "one" })), wait);
    assert_eq!(
        (one.status().as_u16(), one.version()),
        (200, Version::HTTP_2)
    );
    let body = one.into_body().collect().await.expect("a body").to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("\"id\":1"));
}

#[tokio::test]
async fn t_2607_08_a_reset_stream_cancels_a_modern_call_and_no_other() {
    let probe = Probe::new();
    let serving = Serving::start(probe.endpoint().build()).await;
    let client = Http2::connect(&serving).await;
    let other = client.call("gate", json!({ "as": "other" }));
    let resets = async {
        probe.journal.wait_for("other began").await;
        tokio::select! {
            _ = client.call("never", json!({})) => panic!("never answers"),
            () = probe.journal.wait_for("never began") => {}
        }
        probe.journal.wait_for("never dropped").await;
        let mut streaming = client.call("tell", json!({})).await;
        assert!(streaming.body_mut().frame().await.is_some());
        drop(streaming);
        probe.journal.wait_for("tell dropped").await;
        probe.open_gate();
    };
    let (other, ()) = tokio::join!(other, resets);
    assert_eq!(other.status(), 200);
}

#[tokio::test]
async fn the_host_is_checked_in_the_target_as_well() {
    let serving = Serving::start(Probe::new().endpoint().build()).await;
    let client = Http2::connect(&serving).await;
    let request = Request::builder()
        .method(Method::POST)
        .uri("http://evil.example.com/mcp")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from_static(b"{}")))
        .expect("a request");
    let answer = client.requests.clone().send_request(request).await;
    assert_eq!(answer.expect("an answer").status(), 403);
}

#[tokio::test]
async fn the_drain_lets_calls_on_a_connection_finish() {
    let probe = Probe::new();
    let serving = Serving::start(probe.endpoint().build()).await;
    let client = Http2::connect(&serving).await;
    let stopping = async {
        probe.journal.wait_for("gate began").await;
        let stopping = serving.stop();
        probe.open_gate();
        stopping.end().await
    };
    let (answer, drained) = tokio::join!(client.call("gate", json!({})), stopping);
    let body = tokio::time::timeout(Duration::from_secs(20), answer.into_body().collect());
    assert!(body.await.expect("in time").is_ok());
    assert_eq!(drained, spanway_http::Drained::Complete);
}
