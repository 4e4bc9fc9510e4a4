//! Nothing is left behind: whatever clients did, in the end no session is busy and no call runs.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use serde_json::{Value, json};
use spanway_protocol::Limits;
use spanway_server::{Args, Context as CallContext, Server, Tool};
use spanway_testkit::{Client, Session, SseConnection};
use tokio::task::JoinSet;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

/// Calls that run now.
#[derive(Clone, Default)]
struct Running(Arc<AtomicUsize>);

struct Guard(Running);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Work {
    /// Steps of a millisecond; progress is told after each.
    steps: u32,
}

async fn work(
    spanway_server::State(running): spanway_server::State<Running>,
    Args(Work { steps }): Args<Work>,
    cx: CallContext,
) -> String {
    running.0.fetch_add(1, Ordering::SeqCst);
    let _guard = Guard(running);
    for step in 1..=steps {
        tokio::time::sleep(Duration::from_millis(1)).await;
        cx.progress(f64::from(step), None, "");
    }
    "done".to_owned()
}

fn endpoint(running: &Running, ttl: Duration, change: impl FnOnce(&mut Limits)) -> StreamableHttp {
    let mut limits = Limits::default();
    limits.call_timeout = Duration::from_secs(1);
    change(&mut limits);
    let server = Server::builder("storm", "1.0.0")
        .with_state(running.clone())
        .tool(Tool::new("work", work))
        .build()
        .unwrap();
    StreamableHttp::builder(server)
        .limits(limits)
        .keep_alive(Duration::from_millis(7))
        .session_ttl(ttl)
        .build()
}

/// Random numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % sides
    }
}

fn batch(dice: &mut Dice, steps: u64) -> Value {
    let call = |id: u64| json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": "work", "arguments": { "steps": steps } } });
    json!([call(dice.roll(4)), { "jsonrpc": "2.0", "method": "x" }, call(dice.roll(4))])
}

/// One thing a client does, given up after a while whether it is done or not.
async fn act(session: &Session, client: &Client, dice: &mut Dice) {
    let steps = dice.roll(30);
    let id = dice.roll(4);
    let arguments = json!({ "steps": steps });
    let request = match dice.roll(9) {
        0 => session.listen(),
        1 => session.post(batch(dice, steps)),
        2 | 3 => session.call("work", arguments).id(id).meta("progressToken", 1),
        4 => session.call("work", arguments).id(id),
        5 => client.modern_call("work", arguments).meta("progressToken", 1),
        6 => session.request("ping", json!({})),
        7 => session.post(json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } })),
        _ if dice.roll(6) == 0 => session.delete(),
        _ => session.request("tools/list", json!({})),
    };
    let patience = Duration::from_millis(dice.roll(40));
    let _ = tokio::time::timeout(patience, async {
        let mut stream = request.open().await;
        assert!(stream.status < 500, "{stream:?}");
        if stream.is_stream() {
            while stream.next().await.is_some() {}
        }
    })
    .await;
}

async fn storm(endpoint: &StreamableHttp, seed: u64) {
    let mut clients = JoinSet::new();
    for number in 0..8 {
        let client = Client::new(endpoint.clone());
        clients.spawn(async move {
            let mut dice = Dice(seed * 100 + number);
            for _ in 0..4 {
                let session = client.connect("2025-03-26").await;
                let mut twins = JoinSet::new();
                for twin in 0..3 {
                    let (session, client) = (session.clone(), client.clone());
                    let mut dice = Dice(dice.roll(1 << 30) + twin);
                    twins.spawn(async move {
                        for _ in 0..6 {
                            act(&session, &client, &mut dice).await;
                        }
                    });
                }
                while twins.join_next().await.transpose().unwrap().is_some() {}
            }
        });
    }
    while clients.join_next().await.transpose().unwrap().is_some() {}
}

/// A client of HTTP+SSE, which may leave at any time.
async fn come_and_go(client: &Client, dice: &mut Dice) {
    let mut connection = SseConnection::open(client, "/sse").await;
    if dice.roll(5) == 0 {
        return;
    }
    connection.connect("2025-03-26", json!({})).await;
    for id in 0..dice.roll(8) {
        match dice.roll(4) {
            0 => connection.send(batch(dice, 3)).await,
            1 => {
                let params = json!({ "requestId": dice.roll(4) });
                connection.notify("notifications/cancelled", params).await;
            }
            _ => {
                let params = json!({ "name": "work", "arguments": { "steps": dice.roll(30) }, "_meta": { "progressToken": id } });
                connection.ask("tools/call", params).await;
            }
        }
        let patience = Duration::from_millis(dice.roll(20));
        let read = async { while connection.stream.next().await.is_some() {} };
        let _ = tokio::time::timeout(patience, read).await;
    }
}

async fn sse_storm(endpoint: &StreamableHttp, seed: u64) {
    let mut clients = JoinSet::new();
    for number in 0..16 {
        let client = Client::new(crate::App::new(endpoint.clone(), "/mcp"));
        clients.spawn(async move {
            let mut dice = Dice(seed * 100 + number);
            for _ in 0..8 {
                come_and_go(&client, &mut dice).await;
            }
        });
    }
    while clients.join_next().await.transpose().unwrap().is_some() {}
}

async fn nothing_is_left(endpoint: &StreamableHttp, running: &Running) {
    assert!(endpoint.finish_detached(Duration::from_secs(60)).await);
    let registry = endpoint.shared.sessions.as_ref().unwrap();
    assert_eq!(registry.busy_sessions(), 0);
    assert_eq!(endpoint.sse().unwrap().count(), 0);
    assert_eq!(running.0.load(Ordering::SeqCst), 0);
    assert_eq!(endpoint.health().await.unwrap().streams, 0);
}

#[tokio::test(start_paused = true)]
async fn rmcp_4_8_a_storm_of_clients_leaves_nothing_behind() {
    for seed in 0..5 {
        let running = Running::default();
        // Sessions expire right in the middle of it, and calls and streams outlive the time to live.
        let endpoint = endpoint(&running, Duration::from_millis(20), |_| {});
        storm(&endpoint, seed).await;
        nothing_is_left(&endpoint, &running).await;
        tokio::time::advance(Duration::from_millis(50)).await;
        assert_eq!(endpoint.health().await.unwrap().sessions, 0, "seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_storm_on_many_threads_leaves_nothing_behind() {
    let running = Running::default();
    let endpoint = endpoint(&running, HOUR, |_| {});
    storm(&endpoint, 77).await;
    nothing_is_left(&endpoint, &running).await;
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_connections_leaves_nothing_behind() {
    for seed in 0..5 {
        let running = Running::default();
        let endpoint = endpoint(&running, HOUR, |_| {});
        sse_storm(&endpoint, seed).await;
        assert_eq!(endpoint.health().await.unwrap().sessions, 0, "seed {seed}");
        nothing_is_left(&endpoint, &running).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_storm_of_connections_on_many_threads_leaves_nothing_behind() {
    let running = Running::default();
    let endpoint = endpoint(&running, HOUR, |_| {});
    sse_storm(&endpoint, 77).await;
    assert_eq!(endpoint.health().await.unwrap().sessions, 0);
    nothing_is_left(&endpoint, &running).await;
}

#[tokio::test]
async fn what_is_refused_leaves_no_busy_session() {
    let running = Running::default();
    let endpoint = endpoint(&running, HOUR, |limits| {
        limits.streams_per_session_max = 0;
        limits.calls_per_session_max = 0;
    });
    let client = Client::new(endpoint.clone());
    let session = client.connect("2025-11-25").await;
    assert_eq!(session.listen().send().await.status, 429);
    assert_eq!(session.request("ping", json!({})).send().await.status, 429);
    let client = Client::new(crate::App::new(endpoint.clone(), "/mcp"));
    assert_eq!(client.get().path("/sse").send().await.status, 429);
    nothing_is_left(&endpoint, &running).await;
}
