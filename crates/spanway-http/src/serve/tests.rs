//! When a connection is closed and when it is not, to the second.

use bytes::Bytes;
use http::Version;
use http_body_util::{BodyExt, Empty};
use serde_json::json;
use spanway_server::{Server, Tool};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, sleep, timeout};

use super::*;
use crate::endpoint::StreamableHttp;

const LIVEZ: &str = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Longer than the time for a head, shorter than that for a call.
const LONG: Duration = Duration::from_secs(50);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// One connection with the default options, and time that only passes when everybody waits.
struct Connected {
    client: DuplexStream,
    endpoint: StreamableHttp,
    host: Arc<Host>,
    server: JoinSet<()>,
    since: Instant,
}

impl Connected {
    fn new() -> Self {
        Self::speaking(Speaks::Http1, 64 * 1024)
    }

    /// `bytes` are how much of an answer is on its way at once.
    fn speaking(speaks: Speaks, bytes: usize) -> Self {
        let service = Server::builder("idle", "1.0.0").tool(Tool::new("long", async || {
            sleep(LONG).await;
            "done".to_owned()
        }));
        let endpoint = StreamableHttp::builder(service.build().unwrap())
            .keep_alive(DAY)
            .build();
        let app = App::new(endpoint.clone(), "/mcp");
        let host = Arc::new(Host::new(app, ServeOptions::default()));
        let (client, stream) = tokio::io::duplex(bytes);
        let (mut server, since) = (JoinSet::new(), Instant::now());
        server.spawn(host.clone().connection(stream, speaks, since));
        Self {
            client,
            endpoint,
            host,
            server,
            since,
        }
    }

    async fn write(&mut self, text: &str) {
        self.client.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads until `end` has come.
    async fn read_to(&mut self, end: &str) -> String {
        let mut read = String::new();
        while !read.contains(end) {
            let byte = self.client.read_u8().await;
            read.push(char::from(byte.expect("the connection is open")));
        }
        read
    }

    async fn ask(&mut self) {
        self.write(LIVEZ).await;
        self.read_to("{\"status\":\"ok\"}").await;
    }

    /// After how many seconds of its life the connection was closed, with nothing more said.
    async fn closed(&mut self) -> u64 {
        let mut rest = String::new();
        let read = timeout(DAY, self.client.read_to_string(&mut rest)).await;
        read.expect("closed at some time").unwrap();
        assert_eq!(rest, "");
        assert!(self.server.join_next().await.unwrap().is_ok());
        self.since.elapsed().as_secs()
    }
}

fn call_of_long() -> String {
    let message = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {
            "name": "long", "arguments": {},
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        },
    })
    .to_string();
    format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n\
         Mcp-Method: tools/call\r\nMcp-Name: long\r\nContent-Length: {}\r\n\r\n{message}",
        message.len()
    )
}

#[tokio::test(start_paused = true)]
async fn a_head_has_its_time_from_the_last_answer_on() {
    for (beginning, speaks) in [
        ("", Speaks::Http1),
        ("G", Speaks::Http1),
        ("GET /livez HTTP/1.1\r\nHost: loc", Speaks::Http1),
        ("P", Speaks::Either),
        ("PRI * HT", Speaks::Either),
        ("PROPFIND / HTTP/1.1\r\nHost: loc", Speaks::Either),
    ] {
        let mut first = Connected::speaking(speaks, 1024);
        first.write(beginning).await;
        assert_eq!(first.closed().await, 30, "{beginning:?} as the first");
        let mut second = Connected::new();
        for _ in 0..4 {
            sleep(Duration::from_secs(25)).await;
            second.ask().await;
        }
        sleep(Duration::from_secs(20)).await;
        second.write(beginning).await;
        assert_eq!(second.closed().await, 130, "{beginning:?} as a later one");
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_for_a_head_runs_before_its_first_byte_too() {
    let host = Connected::new().host;
    let since = Instant::now();
    assert_eq!(host.first(sleep(DAY)).await, None);
    assert_eq!(since.elapsed().as_secs(), 30);
    assert_eq!(host.first(async { "G" }).await, Some("G"));
    host.stop.tell();
    assert_eq!(host.first(async { "G" }).await, None);
}

#[tokio::test(start_paused = true)]
async fn who_has_said_nothing_is_sent_away_by_the_stop() {
    let (host, since) = (Connected::new().host, Instant::now());
    let stop = async {
        sleep(Duration::from_secs(1)).await;
        host.stop.tell();
    };
    let (silent, ()) = tokio::join!(host.first(sleep(DAY)), stop);
    assert_eq!(silent, None);
    assert_eq!(since.elapsed().as_secs(), 1);
}

#[tokio::test]
async fn the_first_bytes_tell_the_version_and_stay() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for (text, speaks) in [
        ("POST /mcp HTTP/1.1\r\n", Speaks::Http1),
        ("GET", Speaks::Http1),
        ("", Speaks::Http1),
        ("P", Speaks::Either),
        ("PRI * HTTP/2.0\r\n", Speaks::Either),
        ("PROPFIND", Speaks::Either),
    ] {
        let address = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(address).await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        client.write_all(text.as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
        assert_eq!(Speaks::seen(&stream).await.unwrap(), speaks, "{text:?}");
        let mut read = String::new();
        stream.read_to_string(&mut read).await.unwrap();
        assert_eq!(read, text);
    }
}

#[tokio::test(start_paused = true)]
async fn requests_sent_at_once_are_all_answered_before_the_connection_counts_as_idle() {
    let mut connected = Connected::new();
    sleep(Duration::from_secs(20)).await;
    connected.write(&LIVEZ.repeat(40)).await;
    for _ in 0..40 {
        connected.read_to("{\"status\":\"ok\"}").await;
    }
    assert_eq!(connected.closed().await, 50);
}

#[tokio::test(start_paused = true)]
async fn a_call_may_take_longer_than_a_head() {
    let mut connected = Connected::new();
    for _ in 0..2 {
        connected.write(&call_of_long()).await;
        let head = connected.read_to("\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        connected.read_to("}}}}").await;
    }
    connected.ask().await;
    assert_eq!(connected.closed().await, 2 * LONG.as_secs() + 30);
}

#[tokio::test(start_paused = true)]
async fn a_stream_may_be_silent_for_hours_and_idle_time_begins_at_its_end() {
    let mut connected = Connected::new();
    let get = "GET /sse HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n";
    connected.write(get).await;
    connected.read_to("event: endpoint").await;
    connected.read_to("\n\n").await;
    sleep(Duration::from_secs(7200)).await;
    connected.endpoint.start_drain();
    connected.read_to("0\r\n\r\n").await;
    assert_eq!(connected.closed().await, 7230);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_read_slowly_comes_whole() {
    let mut connected = Connected::speaking(Speaks::Http1, 64);
    let begun = Instant::now();
    connected.write(LIVEZ).await;
    let mut answer = String::new();
    while !answer.contains("{\"status\":\"ok\"}") {
        sleep(Duration::from_secs(20)).await;
        let mut piece = [0; 20];
        let length = connected.client.read(&mut piece).await.unwrap();
        assert!(length > 0, "cut off after {answer:?}");
        answer.push_str(&String::from_utf8_lossy(&piece[..length]));
    }
    assert!(begun.elapsed() > Duration::from_secs(120), "slow enough");
}

#[tokio::test(start_paused = true)]
async fn the_stop_closes_what_is_quiet_at_once_and_lets_calls_end() {
    for beginning in ["", "GET /livez HTTP/1.1\r\nHost: loc"] {
        for asks in 0..2 {
            let mut connected = Connected::new();
            for _ in 0..asks {
                connected.ask().await;
            }
            connected.write(beginning).await;
            sleep(Duration::from_secs(1)).await;
            connected.host.stop.tell();
            assert_eq!(connected.closed().await, 1, "{asks}, then {beginning:?}");
        }
    }
    let mut connected = Connected::new();
    connected.write(&call_of_long()).await;
    sleep(Duration::from_secs(1)).await;
    connected.host.stop.tell();
    let answer = connected.read_to("}}}}").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(connected.closed().await, LONG.as_secs());
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_of_http_2_stays_while_its_client_lives() {
    let connected = Connected::speaking(Speaks::Either, 64 * 1024);
    let io = TokioIo::new(connected.client);
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
    let (mut requests, client) = handshake.await.unwrap();
    let mut clients = JoinSet::new();
    clients.spawn(client);
    for _ in 0..3 {
        let request = http::Request::get("http://localhost/livez").body(Empty::<Bytes>::new());
        let answer = requests.send_request(request.unwrap()).await.unwrap();
        assert_eq!(
            (answer.version(), answer.status().as_u16()),
            (Version::HTTP_2, 200)
        );
        answer.into_body().collect().await.unwrap();
        sleep(Duration::from_secs(300)).await;
    }
}
