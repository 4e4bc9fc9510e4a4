//! Streams over a log that is slow, or fails: nothing is told before it is kept, nothing twice, and nobody
//! waits for ever.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use spanway_protocol::Limits;
use spanway_protocol::sse::Event;
use spanway_store::suite::{Fault, Faulty};
use spanway_store::{MemoryLog, Stores};
use spanway_testkit::{Client, EventStream, Session};

use crate::probe::Probe;

/// A client of a server whose log has this fault, every `every` operations.
fn client(probe: &Probe, fault: Fault, every: usize) -> Client {
    let limits = Limits::default();
    let log = Faulty::new(Arc::new(MemoryLog::new(&limits)), fault, every);
    let stores = Stores::memory(Duration::from_secs(3600), &limits).with_logs(Arc::new(log));
    Client::new(probe.endpoint().stores(stores).build())
}

fn steps(session: &Session, count: u32) -> spanway_testkit::RequestBuilder {
    let arguments = json!({ "count": count, "every_ms": 5 });
    let call = session.call("progress", arguments).id("s");
    call.meta("progressToken", 1)
}

/// What a message says, in short.
fn said(event: &Event) -> String {
    let message: Value = serde_json::from_str(&event.data).expect("a message");
    match message["params"]["progress"].as_f64() {
        Some(step) => step.to_string(),
        None => message["id"].as_str().expect("a response").to_owned(),
    }
}

async fn rest(stream: &mut EventStream) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(event) = stream.next_message().await {
        events.push(event);
    }
    events
}

#[tokio::test(start_paused = true)]
async fn a_slow_log_delays_and_loses_nothing_wherever_the_connection_breaks() {
    let expected = ["1", "2", "3", "4", "5", "s"];
    for seen in 0..expected.len() {
        for late in [1, 7] {
            let probe = Probe::new();
            let session = client(&probe, Fault::Late(late), 1)
                .connect("2025-11-25")
                .await;
            let mut stream = steps(&session, 5).open().await;
            let mut place = stream.next_event().await.expect("the place").id;
            let mut told = Vec::new();
            for _ in 0..seen {
                let event = stream.next_message().await.expect("a message");
                told.push(said(&event));
                place = event.id;
            }
            drop(stream);
            let mut stream = session.resume(&place.expect("an id")).open().await;
            told.extend(rest(&mut stream).await.iter().map(said));
            assert_eq!(told, expected, "broken after {seen}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn ids_count_up_by_one_over_a_slow_log() {
    let probe = Probe::new();
    let session = client(&probe, Fault::Late(3), 2)
        .connect("2025-11-25")
        .await;
    let events = steps(&session, 9).send().await.events();
    for (number, event) in events.iter().enumerate() {
        let id = event.id.as_deref().expect("an id");
        assert!(id.ends_with(&format!("-{number}")), "{id} is not {number}");
    }
    assert_eq!(events.len(), 11);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_fails_costs_the_ids_and_not_the_answer() {
    for fault in [Fault::Refused, Fault::Lost] {
        for every in 1..8 {
            let probe = Probe::new();
            let session = client(&probe, fault, every).connect("2025-11-25").await;
            let mut stream = steps(&session, 5).open().await;
            let told: Vec<String> = rest(&mut stream).await.iter().map(said).collect();
            assert_eq!(told, ["1", "2", "3", "4", "5", "s"], "{fault:?} {every}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_resumes_a_stream_whose_log_failed_is_told_that_the_rest_is_lost() {
    let probe = Probe::new();
    // The place and the first step are kept; the next append and the look at the log fail.
    let session = client(&probe, Fault::Refused, 3)
        .connect("2025-11-25")
        .await;
    let mut stream = steps(&session, 5).open().await;
    let place = stream.next_event().await.expect("the place").id;
    for _ in 0..3 {
        stream.next_message().await.expect("a step");
    }
    drop(stream);
    let mut resumed = session.resume(&place.expect("an id")).open().await;
    let events = rest(&mut resumed).await;
    let last: Value = serde_json::from_str(&events.last().expect("an end").data).expect("JSON");
    assert_eq!(
        (&last["id"], &last["error"]["code"]),
        (&json!("s"), &json!(-32603))
    );
}
