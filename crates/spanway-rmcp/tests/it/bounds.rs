//! Peers: how many there are, and that none speaks for somebody else.

use std::sync::Arc;

use rmcp::model::{ProgressNotificationParam, ProgressToken};
use serde_json::json;
use spanway_http::StreamableHttp;
use spanway_rmcp::{HostLimits, RmcpService};
use spanway_testkit::Client;

use crate::Underway;
use crate::toolbox::{Inside, Toolbox};

fn bounded(limits: &HostLimits) -> (Arc<Inside>, Client) {
    let inside = Arc::new(Inside::default());
    let service = RmcpService::new(Toolbox::of(inside.clone())).with_limits(limits);
    (inside, Client::new(StreamableHttp::new(service)))
}

#[tokio::test]
async fn one_call_too_many_is_503_until_one_ends() {
    let mut limits = HostLimits::default();
    limits.peers_max = 1;
    let (inside, client) = bounded(&limits);
    let first = Underway::begin(client.modern_call("pause", json!({})));
    inside.until("pausing").await;
    let second = client.modern_call("count", json!({})).send().await;
    assert_eq!(second.refusal(), (503, -32600));
    assert_eq!(second.header("retry-after"), Some("1"));
    inside.go_on.notify_one();
    assert_eq!(first.answer().await.status, 200);
    assert_eq!(
        client.modern_call("count", json!({})).send().await.status,
        200
    );
}

#[tokio::test]
async fn peers_kept_for_sessions_make_room_for_calls() {
    let mut limits = HostLimits::default();
    limits.peers_max = 1;
    let (inside, client) = bounded(&limits);
    for _ in 0..3 {
        let session = client.connect("2025-11-25").await;
        assert_eq!(session.call("count", json!({})).send().await.status, 200);
    }
    inside.until("initialized by testkit").await;
    assert_eq!(
        client.modern_call("count", json!({})).send().await.status,
        200
    );
}

#[tokio::test]
async fn a_kept_peer_of_one_client_never_speaks_to_another() {
    let (inside, client) = bounded(&HostLimits::default());
    // Modern clients have nothing in common: a peer dies with its call.
    client.modern_call("keep", json!({})).send().await;
    let modern = inside.kept.lock().await.remove(0);
    modern
        .notify_tool_list_changed()
        .await
        .expect_err("its call is over");

    let (first, second) = (
        client.connect("2025-11-25").await,
        client.connect("2025-11-25").await,
    );
    first.call("keep", json!({})).send().await;
    let kept = inside.kept.lock().await.pop().expect("a peer");
    let params = json!({ "name": "pause", "arguments": {}, "_meta": { "progressToken": 1 } });
    let call = second.request("tools/call", params);
    let call = Underway::begin(call);
    inside.until("pausing").await;
    let token = ProgressToken(rmcp::model::NumberOrString::Number(1));
    let progress = ProgressNotificationParam::new(token, 1.0);
    kept.notify_progress(progress)
        .await
        .expect("it is taken, and dropped");
    #[expect(deprecated, reason = "roots are deprecated, and still asked for")]
    let asked = kept.list_roots().await;
    asked.expect_err("there is no call to ask on");
    inside.go_on.notify_one();
    let answer = call.answer().await;
    assert!(!answer.is_stream(), "{answer:?}");
}
