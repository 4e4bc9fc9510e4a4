//! One handler for all, or one for each session.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use spanway_http::StreamableHttp;
use spanway_rmcp::{HostLimits, RmcpService, host, try_host};
use spanway_testkit::{Client, Session};

use crate::text;
use crate::toolbox::{Inside, Toolbox};

async fn count(session: &Session) -> String {
    let result = session.call("count", json!({})).send().await.result();
    text(&result).to_owned()
}

async fn modern_count(client: &Client) -> String {
    let result = client.modern_call("count", json!({})).send().await.result();
    text(&result).to_owned()
}

#[tokio::test]
async fn one_handler_is_shared_by_all() {
    let client = Client::new(StreamableHttp::new(RmcpService::new(Toolbox::default())));
    let (first, second) = (
        client.connect("2025-06-18").await,
        client.connect("2025-06-18").await,
    );
    assert_eq!(count(&first).await, "1");
    assert_eq!(count(&second).await, "2");
    assert_eq!(modern_count(&client).await, "3");
}

#[tokio::test]
async fn sessions_have_a_handler_each_and_modern_calls_too() {
    let client = Client::new(StreamableHttp::new(host(Toolbox::default)));
    let (first, second) = (
        client.connect("2025-06-18").await,
        client.connect("2025-03-26").await,
    );
    assert_eq!(count(&first).await, "1");
    assert_eq!(count(&first).await, "2");
    assert_eq!(count(&second).await, "1");
    assert_eq!(modern_count(&client).await, "1");
    assert_eq!(modern_count(&client).await, "1");
}

#[tokio::test]
async fn the_handler_of_an_ended_session_is_dropped() {
    let inside = Arc::new(Inside::default());
    let made = inside.clone();
    let service = host(move || Toolbox::of(made.clone()));
    let client = Client::new(StreamableHttp::new(service));
    let before = Arc::strong_count(&inside);
    let session = client.connect("2025-11-25").await;
    inside.until("initialized by testkit").await;
    assert_eq!(Arc::strong_count(&inside), before + 1);
    session.delete().send().await;
    // The peer it kept is closed too, and waits for nobody.
    inside.kept.lock().await.clear();
    assert_eq!(Arc::strong_count(&inside), before);
}

#[tokio::test]
async fn a_handler_that_had_to_go_is_replaced_by_one_that_is_initialized_again() {
    let inside = Arc::new(Inside::default());
    let made = inside.clone();
    let mut limits = HostLimits::default();
    limits.handlers_max = 1;
    let service = host(move || Toolbox::of(made.clone())).with_limits(&limits);
    let client = Client::new(StreamableHttp::new(service));
    let first = client.connect("2025-06-18").await;
    inside.until("initialized by testkit").await;
    assert_eq!(count(&first).await, "1");
    inside.told.lock().await.clear();
    client.connect("2025-06-18").await;
    inside.until("initialized by testkit").await;
    inside.told.lock().await.clear();
    assert_eq!(count(&first).await, "1");
    inside.until("initialized by testkit").await;
    assert_eq!(count(&first).await, "2");
}

#[tokio::test]
async fn a_factory_that_fails_fails_the_call() {
    let calls = AtomicUsize::new(0);
    let service = try_host(move || match calls.fetch_add(1, Ordering::SeqCst) {
        0 => Ok(Toolbox::default()),
        _ => Err(io::Error::other("no database")),
    });
    let client = Client::new(StreamableHttp::new(service.expect("the first succeeds")));
    let answer = client.modern_call("count", json!({})).send().await;
    assert_eq!(answer.refusal(), (200, -32603));
    assert!(!answer.error_text().contains("database"));
    let at_the_start = try_host(|| Err::<Toolbox, _>(io::Error::other("no database")));
    assert!(at_the_start.is_err());
}

#[tokio::test]
async fn without_sessions_every_call_stands_alone() {
    let endpoint = StreamableHttp::builder(host(Toolbox::default)).without_sessions();
    let client = Client::new(endpoint.build());
    let session = client.connect("2025-06-18").await;
    assert_eq!(session.id, None);
    assert_eq!(count(&session).await, "1");
    assert_eq!(count(&session).await, "1");
}
