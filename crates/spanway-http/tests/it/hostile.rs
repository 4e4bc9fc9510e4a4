//! Clients that mean harm, or are merely strange.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use spanway_http::App;
use spanway_protocol::Timestamp;
use spanway_protocol::legacy::{Session, SessionId};
use spanway_store::{MemoryStore, SessionChange, SessionStore, StoreError, Stores};
use spanway_testkit::{Client, SseConnection};
use tokio::sync::Semaphore;

use crate::probe::Probe;

/// A store that can be told to answer the next look-up late, or to fail.
struct Slow {
    inner: MemoryStore,
    hold_next: AtomicBool,
    hold_insert: AtomicBool,
    held: Semaphore,
    go_on: Semaphore,
    down: AtomicBool,
}

/// Sessions in a slow store, the rest in memory.
fn stores(sessions: &Arc<Slow>) -> Stores {
    let limits = spanway_protocol::Limits::default();
    Stores::memory(Duration::from_secs(3600), &limits).with_sessions(sessions.clone())
}

impl Slow {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            inner: MemoryStore::new(Duration::from_secs(3600), 10),
            hold_next: AtomicBool::new(false),
            hold_insert: AtomicBool::new(false),
            held: Semaphore::new(0),
            go_on: Semaphore::new(0),
            down: AtomicBool::new(false),
        })
    }

    /// The next look-up finds what is there now, and tells it only when let go on.
    fn hold_next(&self) {
        self.hold_next.store(true, Ordering::SeqCst);
    }

    async fn hold(&self, whether: &AtomicBool) {
        if whether.swap(false, Ordering::SeqCst) {
            self.held.add_permits(1);
            self.go_on.acquire().await.expect("never closed").forget();
        }
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("10.0.0.7:6379 refused".into()));
        }
        Ok(())
    }
}

impl SessionStore for Slow {
    fn insert(&self, session: Session, now: Timestamp) -> BoxFuture<'_, Result<(), StoreError>> {
        async move {
            self.check()?;
            self.hold(&self.hold_insert).await;
            self.inner.insert(session, now).await
        }
        .boxed()
    }

    fn load<'a>(
        &'a self,
        id: &'a SessionId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Arc<Session>>, StoreError>> {
        async move {
            self.check()?;
            let found = self.inner.load(id, now).await;
            self.hold(&self.hold_next).await;
            found
        }
        .boxed()
    }

    fn change<'a>(
        &'a self,
        id: &'a SessionId,
        change: SessionChange,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.inner.change(id, change, now)
    }

    fn renew<'a>(
        &'a self,
        ids: &'a [SessionId],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        match self.check() {
            Ok(()) => self.inner.renew(ids, now),
            Err(error) => std::future::ready(Err(error)).boxed(),
        }
    }

    fn remove<'a>(
        &'a self,
        id: &'a SessionId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.inner.remove(id, now)
    }

    fn count(&self, now: Timestamp) -> BoxFuture<'_, Result<usize, StoreError>> {
        match self.check() {
            Ok(()) => self.inner.count(now),
            Err(error) => std::future::ready(Err(error)).boxed(),
        }
    }
}

#[tokio::test]
async fn a_get_that_races_a_delete_opens_no_stream_that_nobody_ends() {
    let store = Slow::new();
    let endpoint = Probe::new().endpoint().stores(stores(&store)).build();
    let session = Client::new(endpoint.clone()).connect("2025-11-25").await;
    store.hold_next();
    let delete = async {
        let _ = store.held.acquire().await.expect("never closed");
        assert_eq!(session.delete().send().await.status, 200);
        store.go_on.add_permits(1);
    };
    let (stream, ()) = tokio::join!(session.listen().open(), delete);
    assert_eq!(stream.status, 404);
    assert_eq!(endpoint.health().await.expect("healthy").streams, 0);
}

#[tokio::test]
async fn a_client_that_leaves_while_it_initializes_leaves_no_session() {
    for at_insert in [false, true] {
        let store = Slow::new();
        let endpoint = Probe::new().endpoint().stores(stores(&store)).build();
        let client = Client::new(App::new(endpoint.clone(), "/mcp"));
        let connection = SseConnection::open(&client, "/sse").await;
        let hold = if at_insert {
            &store.hold_insert
        } else {
            &store.hold_next
        };
        hold.store(true, Ordering::SeqCst);
        let initialize = client.initialize("2024-11-05").path(&connection.address);
        let leave = async {
            let _ = store.held.acquire().await.expect("never closed");
            drop(connection);
            store.go_on.add_permits(1);
        };
        tokio::join!(initialize.send(), leave);
        let health = endpoint.health().await.expect("healthy");
        assert_eq!((health.sessions, health.streams), (0, 0));
    }
}

#[tokio::test]
async fn a_get_that_races_the_drain_opens_no_stream_that_nobody_ends() {
    let store = Slow::new();
    let endpoint = Probe::new().endpoint().stores(stores(&store)).build();
    let session = Client::new(endpoint.clone()).connect("2025-11-25").await;
    store.hold_next();
    let drain = async {
        let _ = store.held.acquire().await.expect("never closed");
        endpoint.start_drain();
        store.go_on.add_permits(1);
    };
    let (stream, ()) = tokio::join!(session.listen().open(), drain);
    assert_eq!(stream.status, 503);
}

#[tokio::test]
async fn a_call_that_races_a_delete_ends_and_leaves_the_endpoint_usable() {
    let probe = Probe::new();
    let store = Slow::new();
    let endpoint = probe.endpoint().stores(stores(&store)).build();
    let session = Client::new(endpoint.clone()).connect("2025-11-25").await;
    store.hold_next();
    let delete = async {
        let _ = store.held.acquire().await.expect("never closed");
        assert_eq!(session.delete().send().await.status, 200);
        store.go_on.add_permits(1);
    };
    let (answer, ()) = tokio::join!(session.call("echo", json!({})).send(), delete);
    assert!(matches!(answer.status, 200 | 404), "{answer:?}");
    assert_eq!(session.call("echo", json!({})).send().await.status, 404);
    assert_eq!(endpoint.health().await.expect("healthy").sessions, 0);
}

#[tokio::test]
async fn a_store_that_is_away_is_503_and_tells_no_internals() {
    let store = Slow::new();
    let client = Client::new(Probe::new().endpoint().stores(stores(&store)).build());
    let session = client.connect("2025-11-25").await;
    store.down.store(true, Ordering::SeqCst);
    for request in [
        client.initialize("2025-11-25"),
        session.request("ping", json!({})),
        session.listen(),
        session.delete(),
    ] {
        let answer = request.send().await;
        assert_eq!(answer.refusal(), (503, -32603));
        assert!(answer.header("retry-after").is_some());
        assert!(!answer.error_text().contains("6379"), "{answer:?}");
    }
    let modern = client.modern_call("echo", json!({})).send().await;
    assert_eq!(modern.status, 200, "stateless requests need no store");
    store.down.store(false, Ordering::SeqCst);
    assert_eq!(session.request("ping", json!({})).send().await.status, 200);
}

#[tokio::test]
async fn huge_ids_methods_and_names_are_served_or_refused_like_small_ones() {
    let session = Probe::new().client().connect("2025-11-25").await;
    let huge = "\u{1f4a5}\"\\".repeat(100_000);
    let answer = session
        .request("ping", json!({}))
        .id(huge.clone())
        .send()
        .await;
    assert_eq!(answer.response()["id"], huge);
    let answer = session.request(&huge, json!({})).send().await;
    assert_eq!(answer.refusal(), (200, -32601));
    let answer = session.call(&huge, json!({})).send().await;
    assert_eq!(answer.refusal(), (200, -32602));
    let token = session
        .call("progress", json!({}))
        .meta("progressToken", huge.clone());
    assert_eq!(
        token.send().await.messages()[0]["params"]["progressToken"],
        huge
    );
}

#[tokio::test]
async fn line_breaks_in_ids_and_tokens_do_not_break_the_stream() {
    let client = Probe::new().client();
    for evil in [
        "\n\ndata: {\"jsonrpc\":\"2.0\"}\n\n",
        "\r\r",
        "\u{2028}\u{2029}\u{0}",
        "\r\nid: 7\r\n",
    ] {
        let request = client
            .modern_call("progress", json!({ "text": evil }))
            .id(evil);
        let answer = request.meta("progressToken", evil).send().await;
        let messages = answer.messages();
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[0]["params"]["progressToken"], evil);
        assert_eq!(messages[1]["id"], evil);
    }
}

#[tokio::test]
async fn header_values_of_any_bytes_never_panic_and_never_open_a_door() {
    let client = Probe::new().client();
    let session = client.connect("2025-11-25").await;
    let values: [&[u8]; 7] = [
        b"",
        b" ",
        b"\xff\xfe\xfd",
        b"\t\t",
        b"\"",
        b"=?base64?",
        b"a,b;c=d",
    ];
    let names = [
        "host",
        "origin",
        "accept",
        "content-type",
        "authorization",
        "mcp-session-id",
        "mcp-protocol-version",
        "mcp-method",
        "mcp-name",
        "last-event-id",
        "content-length",
    ];
    for name in names {
        for value in values {
            let header = http::HeaderName::from_static(name);
            for request in [
                client.modern_call("echo", json!({})),
                session.call("echo", json!({})),
                session.listen(),
                session.delete(),
                client.initialize("2025-11-25"),
                client.request(http::Method::OPTIONS),
            ] {
                let stream = request.without(&header).header(name, value).open().await;
                assert!(
                    stream.status < 500,
                    "{name}: {value:?} gives {}",
                    stream.status
                );
                if stream.status >= 400 {
                    let answer = stream.whole().await;
                    assert!(answer.response()["error"]["code"].is_i64(), "{answer:?}");
                }
            }
        }
    }
    // The deletes above were the only ones with the right to end it, if any had.
    let _ = session.request("ping", json!({})).send().await;
}

#[tokio::test]
async fn d0_10_and_rmcp_4_18_every_refusal_is_a_json_rpc_error_with_a_message() {
    let client = Probe::new().client();
    let refused = [
        client
            .initialize("x")
            .header("origin", "http://evil.example.com"),
        client.request(http::Method::PUT),
        client.get(),
        client.request(http::Method::DELETE),
        client.post("nope"),
        client.post("[]"),
        client
            .initialize("x")
            .set(&http::header::ACCEPT, "text/html"),
        client.initialize("x").without(&http::header::CONTENT_TYPE),
        client.modern("no/such", json!({})),
    ];
    for request in refused {
        let answer = request.send().await;
        assert!((400..500).contains(&answer.status));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert!(!answer.error_text().is_empty());
        assert_eq!(answer.header("mcp-session-id"), None);
    }
}

/// Valid bodies with one byte changed, left out or doubled.
fn nearly(body: &str) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for at in 0..body.len() {
        for byte in *b"\"\\{[,0\xff\n" {
            let mut changed = body.as_bytes().to_vec();
            changed[at] = byte;
            all.push(changed);
        }
        let mut shorter = body.as_bytes().to_vec();
        let byte = shorter.remove(at);
        all.push(shorter.clone());
        all.push(body.as_bytes()[..at].to_vec());
        shorter.splice(at..at, [byte, byte]);
        all.push(shorter);
    }
    all
}

#[tokio::test]
async fn a_body_with_one_wrong_byte_is_served_or_refused_with_a_json_rpc_error() {
    let client = Probe::new().client();
    let session = client.connect("2025-03-26").await;
    let modern = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":[1]},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"progressToken":"p"}}}"#;
    let batch = r#"[{"jsonrpc":"2.0","id":"a","method":"ping"},{"jsonrpc":"2.0","method":"x"}]"#;
    let bodies = nearly(modern).into_iter().map(|body| (true, body));
    for (is_modern, body) in bodies.chain(nearly(batch).into_iter().map(|body| (false, body))) {
        let request = if is_modern {
            client.modern_call("echo", json!({}))
        } else {
            session.post(Value::Null)
        };
        let answer = request.body(body.clone()).send().await;
        let shown = String::from_utf8_lossy(&body).into_owned();
        match answer.status {
            202 => assert!(answer.body.is_empty(), "{shown}"),
            200 | 400 | 404 => {
                for message in answer.messages() {
                    assert_eq!(message["jsonrpc"], "2.0", "{shown}");
                    let outcomes = [message.get("result"), message.get("error")];
                    assert_eq!(outcomes.iter().flatten().count(), 1, "{shown}");
                }
            }
            other => panic!("{other} for {shown}"),
        }
    }
}

#[tokio::test]
async fn many_sessions_and_streams_at_once_hear_of_one_change_each() {
    let probe = Probe::new();
    let client = probe.client();
    let mut streams = Vec::new();
    for _ in 0..200 {
        let session = client.connect("2025-11-25").await;
        let mut older = session.listen().open().await;
        let mut newer = session.listen().open().await;
        assert!(older.next().await.is_some() && newer.next().await.is_some());
        streams.push((older, newer));
    }
    probe.hub.publish(spanway_server::Change::Tools);
    for (older, newer) in &mut streams {
        assert_eq!(
            newer.message().await["method"],
            "notifications/tools/list_changed"
        );
        assert_eq!(
            (newer.try_message(), older.try_message()),
            (None::<Value>, None)
        );
    }
}
