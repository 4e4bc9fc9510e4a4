//! The GET stream of a session.

use std::time::Duration;

use http::header::ACCEPT;
use serde_json::{Value, json};
use spanway_protocol::Limits;
use spanway_server::Change;
use spanway_testkit::{Client, EventStream, Piece};
use tokio::time::{Instant, advance};

use crate::probe::Probe;

/// Opens a stream and reads what it begins with.
pub(crate) async fn listen(session: &spanway_testkit::Session) -> EventStream {
    let mut stream = session.listen().open().await;
    assert_eq!(stream.status, 200);
    assert_eq!(
        stream.next().await,
        Some(Piece::Comment),
        "the head is not held back"
    );
    if session.version == "2025-11-25" {
        let place = stream.next_event().await.expect("the first event");
        assert_eq!(place.data, "", "where the client stands");
    }
    stream
}

#[tokio::test]
async fn t_2503_10_get_is_an_event_stream_that_nobody_may_buffer() {
    let session = Probe::new().client().connect("2025-11-25").await;
    let stream = listen(&session).await;
    assert!(stream.is_stream());
    assert_eq!(stream.header("x-accel-buffering"), Some("no"));
    assert_eq!(
        stream.header("cache-control"),
        Some("no-cache, no-transform")
    );
    assert_eq!(stream.header("mcp-session-id"), session.id.as_deref());
    for accept in ["application/json", "text/html"] {
        let refused = session.listen().set(&ACCEPT, accept).send().await;
        assert_eq!(refused.refusal(), (406, -32600), "{accept}");
    }
}

#[tokio::test]
async fn t_2503_11_changes_of_lists_arrive_and_no_response_does() {
    let probe = Probe::new();
    let session = probe.client().connect("2025-11-25").await;
    let mut stream = listen(&session).await;
    for change in [Change::Tools, Change::Prompts, Change::Resources] {
        probe.hub.publish(&change);
        let message = stream.message().await;
        assert_eq!(
            message,
            json!({ "jsonrpc": "2.0", "method": change.method() })
        );
    }
    let call = session.call("progress", json!({})).meta("progressToken", 1);
    assert_eq!(call.send().await.messages().len(), 2);
    assert_eq!(
        stream.try_next(),
        None,
        "what belongs to a call stays on its own stream"
    );
}

#[tokio::test]
async fn d0_7_and_rmcp_4_12_and_t_2503_12_each_message_goes_to_exactly_one_stream_the_newest() {
    let probe = Probe::new();
    let session = probe.client().connect("2025-11-25").await;
    let mut older = listen(&session).await;
    let mut newer = listen(&session).await;
    probe.hub.publish(Change::Tools);
    assert_eq!(newer.message().await["method"], Change::Tools.method());
    assert_eq!(older.try_next(), None);
    drop(newer);
    probe.hub.publish(Change::Prompts);
    assert_eq!(older.message().await["method"], Change::Prompts.method());
}

#[tokio::test]
async fn a_waiting_stream_takes_over_by_itself_when_the_newest_leaves() {
    let probe = Probe::new();
    let session = probe.client().connect("2025-11-25").await;
    let mut older = listen(&session).await;
    let newer = listen(&session).await;
    let wait = async { older.message().await };
    let leave = async {
        tokio::task::yield_now().await;
        drop(newer);
        tokio::task::yield_now().await;
        probe.hub.publish(Change::Tools);
    };
    let (message, ()) = tokio::join!(wait, leave);
    assert_eq!(message["method"], Change::Tools.method());
}

#[tokio::test]
async fn d0_8_a_change_that_nobody_read_is_passed_to_the_stream_that_remains() {
    let probe = Probe::new();
    let session = probe.client().connect("2025-11-25").await;
    let mut older = listen(&session).await;
    let newer = listen(&session).await;
    probe.hub.publish(Change::Tools);
    drop(newer);
    assert_eq!(older.message().await["method"], Change::Tools.method());
}

#[tokio::test]
async fn every_session_hears_of_a_change_once() {
    let probe = Probe::new();
    let client = probe.client();
    let (one, two) = (
        client.connect("2025-03-26").await,
        client.connect("2025-11-25").await,
    );
    let (mut first, mut second) = (listen(&one).await, listen(&two).await);
    probe.hub.publish(Change::Tools);
    for stream in [&mut first, &mut second] {
        assert_eq!(stream.message().await["method"], Change::Tools.method());
        assert_eq!(stream.try_next(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn d1_3_and_d3_13_comments_keep_a_silent_stream_alive_at_the_interval() {
    let interval = Duration::from_secs(15);
    let probe = Probe::new();
    let session = Client::new(probe.endpoint().keep_alive(interval).build())
        .connect("2025-11-25")
        .await;
    let mut stream = listen(&session).await;
    for _ in 0..4 {
        let before = Instant::now();
        assert_eq!(stream.next().await, Some(Piece::Comment));
        assert_eq!(before.elapsed().as_secs(), interval.as_secs());
    }
    advance(interval / 2).await;
    probe.hub.publish(Change::Tools);
    assert!(matches!(stream.next().await, Some(Piece::Event(_))));
    let before = Instant::now();
    assert_eq!(stream.next().await, Some(Piece::Comment));
    assert_eq!(
        before.elapsed().as_secs(),
        interval.as_secs(),
        "counted from the last event"
    );
}

#[tokio::test]
async fn one_stream_too_many_is_429_until_one_leaves() {
    let mut limits = Limits::default();
    limits.streams_per_session_max = 2;
    let endpoint = Probe::new().endpoint().limits(limits).build();
    let session = Client::new(endpoint.clone()).connect("2025-11-25").await;
    let (_one, two) = (listen(&session).await, listen(&session).await);
    assert_eq!(session.listen().send().await.refusal(), (429, -32600));
    assert_eq!(endpoint.health().await.expect("healthy").streams, 2);
    drop(two);
    let _two = listen(&session).await;
}

#[tokio::test]
async fn d0_5_and_trap_6_an_event_without_data_goes_to_those_alone_who_know_what_it_means() {
    let probe = Probe::new();
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let session = probe.client().connect(version).await;
        let mut stream = session.listen().open().await;
        probe.hub.publish(Change::Tools);
        let first = stream.next_event().await.expect("an event");
        assert_eq!(first.data.is_empty(), version == "2025-11-25", "{version}");
        assert_eq!(first.retry_ms, None);
    }
}

/// What the events of a stream say, each of which must be a JSON-RPC message and of the standard type.
fn said(pieces: &[Piece]) -> Vec<Value> {
    let events = pieces.iter().filter_map(|piece| match piece {
        Piece::Event(event) if !event.data.is_empty() => Some(event),
        _ => None,
    });
    let messages = events.map(|event| {
        assert_eq!(event.event, "message", "{event:?}");
        let message: Value = serde_json::from_str(&event.data).expect("a message");
        assert_eq!(message["jsonrpc"], "2.0", "{message}");
        message
    });
    messages.collect()
}

#[tokio::test(start_paused = true)]
async fn d1_3_every_event_is_one_message_and_the_rest_are_comments() {
    let probe = Probe::new();
    for version in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let session = probe.client().connect(version).await;
        let mut stream = session.listen().open().await;
        let mut pieces = Vec::new();
        for _ in 0..5 {
            pieces.push(stream.next().await.expect("a comment"));
        }
        probe.hub.publish(Change::Tools);
        pieces.push(stream.next().await.expect("a change"));
        assert_eq!(said(&pieces).len(), 1, "{version}");
        let slow = json!({ "count": 2, "every_ms": 40_000 });
        let call = session.call("progress", slow).meta("progressToken", 1);
        let mut stream = call.open().await;
        let mut pieces = Vec::new();
        while let Some(piece) = stream.next().await {
            pieces.push(piece);
        }
        assert!(pieces.contains(&Piece::Comment), "it was silent for long");
        assert_eq!(said(&pieces).len(), 3, "{version}");
        assert_eq!(session.delete().send().await.status, 200);
    }
}

#[tokio::test]
async fn d1_1_and_d1_2_a_call_runs_once_and_is_answered_where_it_was_posted() {
    let probe = Probe::new();
    let session = probe.client().connect("2025-11-25").await;
    let began = || {
        let entries = probe.journal.entries();
        entries
            .iter()
            .filter(|entry| *entry == "echo began")
            .count()
    };
    // With no other stream open, and none ever opened.
    let streamed = session
        .call("echo", json!({}))
        .set(&ACCEPT, "text/event-stream");
    let answer = streamed.send().await;
    assert!(answer.is_stream());
    assert!(answer.result()["content"].is_array(), "{answer:?}");
    assert_eq!(began(), 1);
    // With several.
    let mut streams = [listen(&session).await, listen(&session).await];
    assert_eq!(session.call("echo", json!({})).send().await.status, 200);
    for stream in &mut streams {
        assert_eq!(stream.try_next(), None, "nothing of the call");
    }
    assert_eq!(began(), 2);
}

#[tokio::test]
async fn d2_7_and_rmcp_4_9_streams_that_nobody_reads_hold_up_nothing_else() {
    let probe = Probe::new();
    let session = probe.client().connect("2025-11-25").await;
    let mut listening = session.listen().open().await;
    let flood = json!({ "count": 2000 });
    let call = session.call("progress", flood).meta("progressToken", 1);
    let mut unread = call.open().await;
    for round in 0..100 {
        for change in [Change::Tools, Change::Prompts, Change::Resources] {
            probe.hub.publish(&change);
        }
        let answer = session.call("echo", json!({ "round": round })).send().await;
        assert_eq!(answer.status, 200);
        assert_eq!(session.request("ping", json!({})).send().await.status, 200);
    }
    let response = unread.rest().await.pop().expect("a response");
    assert!(response["result"]["content"].is_array(), "{response}");
    assert!(listening.message().await["method"].is_string());
}

#[tokio::test]
async fn trap_8_a_second_stream_is_no_conflict() {
    let session = Probe::new().client().connect("2025-11-25").await;
    let (one, two) = (listen(&session).await, listen(&session).await);
    assert_eq!((one.status, two.status), (200, 200));
}

#[tokio::test]
async fn a_stream_ends_with_the_drain() {
    let endpoint = Probe::new().endpoint().build();
    let session = Client::new(endpoint.clone()).connect("2025-11-25").await;
    let mut stream = listen(&session).await;
    endpoint.start_drain();
    assert_eq!(stream.next().await, None);
    let refused = session.listen().send().await;
    assert_eq!(refused.status, 503);
    assert!(refused.header("retry-after").is_some());
}

#[tokio::test]
async fn while_draining_nothing_begins_but_a_client_can_still_tell_and_leave() {
    let endpoint = Probe::new().endpoint().build();
    let session = Client::new(endpoint.clone()).connect("2025-11-25").await;
    endpoint.start_drain();
    assert_eq!(
        session.call("echo", json!({})).send().await.refusal(),
        (503, -32603)
    );
    assert_eq!(session.cancel(1).await.status, 202);
    assert_eq!(session.delete().send().await.status, 200);
}
