//! HTTP/2 with prior knowledge, on a real socket.

use std::convert::Infallible;
use std::time::Duration;

use http::Version;
use http::header::HOST;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use spanway_testkit::{Client, EventStream, RequestBuilder};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::probe::Probe;
use crate::serving::Serving;

struct Http2 {
    client: Client,
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
        let over_http2 = tower::service_fn(move |request| {
            let mut requests = requests.clone();
            async move {
                let answer = requests.send_request(request).await.expect("an answer");
                assert_eq!(answer.version(), Version::HTTP_2);
                Ok::<_, Infallible>(answer)
            }
        });
        Self {
            client: Client::new(over_http2),
            _connection: running,
        }
    }

    /// A call as HTTP/2 has it: the host stands in the target.
    fn request(&self, tool: &str, arguments: Value) -> RequestBuilder {
        let call = self.client.modern_call(tool, arguments);
        let call = call.meta("progressToken", 1).without(&HOST);
        call.path("http://localhost/mcp")
    }

    async fn call(&self, tool: &str, arguments: Value) -> EventStream {
        self.request(tool, arguments).open().await
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
        assert_eq!(quick.status, 200, "not behind the one that waits");
        probe.open_gate();
    };
    let (one, ()) = tokio::join!(client.call("gate", json!({ "as": "one" })), wait);
    let one = one.whole().await;
    assert_eq!((one.status, &one.response()["id"]), (200, &json!(1)));
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
        assert!(streaming.next().await.is_some());
        drop(streaming);
        probe.journal.wait_for("tell dropped").await;
        probe.open_gate();
    };
    let (other, ()) = tokio::join!(other, resets);
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn the_host_is_checked_in_the_target_as_well() {
    let serving = Serving::start(Probe::new().endpoint().build()).await;
    let client = Http2::connect(&serving).await;
    let request = client.request("echo", json!({}));
    let answer = request.path("http://evil.example.com/mcp").send().await;
    assert_eq!(answer.status, 403);
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
    let whole = tokio::time::timeout(Duration::from_secs(20), answer.whole());
    assert_eq!(whole.await.expect("in time").status, 200);
    assert_eq!(drained, spanway_http::Drained::Complete);
}
