//! Cancellation and lost connections: the handler is told, and may clean up.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use spanway_http::StreamableHttp;
use spanway_protocol::Limits;
use spanway_rmcp::{HostLimits, RmcpService};
use spanway_testkit::Client;

use crate::Underway;
use crate::toolbox::{Inside, Toolbox};

fn observed() -> (Arc<Inside>, RmcpService<Toolbox>) {
    let inside = Arc::new(Inside::default());
    let service = RmcpService::new(Toolbox::of(inside.clone()));
    (inside, service)
}

#[tokio::test]
async fn t_2411_15_a_cancelled_call_is_told_so_and_not_answered() {
    let (inside, service) = observed();
    let session = Client::new(StreamableHttp::new(service))
        .connect("2025-11-25")
        .await;
    let call = Underway::begin(session.call("wait", json!({})).id("call"));
    inside.until("waiting").await;
    session.cancel("call").await;
    inside.until("cancelled").await;
    let answer = call.answer().await;
    assert!(answer.is_stream() && answer.events().is_empty());
    // rmcp never drops a handler: it is still there to clean up.
    inside.go_on.notify_one();
    inside.until("cleaned up").await;
}

#[tokio::test]
async fn t_2607_08_a_modern_disconnect_tells_the_handler_at_once() {
    let (inside, service) = observed();
    let client = Client::new(StreamableHttp::new(service));
    let call = Underway::begin(client.modern_call("wait", json!({})));
    inside.until("waiting").await;
    call.disconnect().await;
    inside.until("cancelled").await;
    inside.go_on.notify_one();
    inside.until("cleaned up").await;
}

#[tokio::test]
async fn t_2503_08_a_legacy_disconnect_lets_the_call_go_on() {
    let (inside, service) = observed();
    let session = Client::new(StreamableHttp::new(service))
        .connect("2025-06-18")
        .await;
    let call = Underway::begin(session.call("wait", json!({})));
    inside.until("waiting").await;
    call.disconnect().await;
    assert!(
        !inside
            .told
            .lock()
            .await
            .iter()
            .any(|told| told == "cancelled")
    );
    session.delete().send().await;
    inside.until("cancelled").await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_too_long_is_cancelled_and_then_dropped() {
    let (inside, service) = observed();
    let mut limits = Limits::default();
    limits.call_timeout = Duration::from_secs(5);
    let mut bounds = HostLimits::default();
    bounds.linger = Duration::from_secs(20);
    let service = service.with_limits(&bounds);
    let endpoint = StreamableHttp::builder(service).limits(limits).build();
    let client = Client::new(endpoint);
    let answer = client.modern_call("wait", json!({})).send().await;
    assert_eq!(answer.code(), -32603);
    inside.until("cancelled").await;
    // It holds the rest of the server while it lingers: nothing of it is left afterwards.
    assert_eq!(Arc::strong_count(&inside), 2);
    tokio::time::sleep(Duration::from_secs(21)).await;
    inside.go_on.notify_one();
    tokio::task::yield_now().await;
    assert!(
        !inside
            .told
            .lock()
            .await
            .iter()
            .any(|told| told == "cleaned up")
    );
}

#[tokio::test(start_paused = true)]
async fn only_so_many_handlers_linger() {
    let (inside, service) = observed();
    let mut bounds = HostLimits::default();
    bounds.lingering_max = 0;
    let client = Client::new(StreamableHttp::new(service.with_limits(&bounds)));
    let call = Underway::begin(client.modern_call("wait", json!({})));
    inside.until("waiting").await;
    call.disconnect().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(
        inside.told.lock().await.last().map(String::as_str),
        Some("waiting")
    );
}

/// rmcp's own server answers the second one and lets the first hang.
#[tokio::test]
async fn an_id_in_flight_is_not_used_twice() {
    let (inside, service) = observed();
    let session = Client::new(StreamableHttp::new(service))
        .connect("2025-11-25")
        .await;
    let first = Underway::begin(session.call("pause", json!({})).id(7));
    inside.until("pausing").await;
    let second = session.call("count", json!({})).id(7).send().await;
    assert_eq!(second.refusal(), (400, -32600));
    inside.go_on.notify_one();
    let first = first.answer().await.result();
    assert_eq!(crate::text(&first), "went on");
}
