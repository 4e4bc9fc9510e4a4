//! Streams that go on where the connection ended: `Last-Event-ID`, polling, and whose events they are.

use std::time::Duration;

use http::header::ACCEPT;
use serde_json::{Value, json};
use spanway_http::App;
use spanway_protocol::Limits;
use spanway_protocol::sse::Event;
use spanway_server::{Change, Principal};
use spanway_testkit::{Client, EventStream, Session, SseConnection};

use crate::probe::Probe;
use crate::streams::listen;

/// The revisions whose streams are resumed, and the one among them whose clients are told their place.
const RESUMABLE: [&str; 3] = ["2025-03-26", "2025-06-18", "2025-11-25"];

async fn telling(session: &Session) -> EventStream {
    let call = session
        .call("tell", json!({}))
        .id("t")
        .meta("progressToken", 1);
    call.open().await
}

fn method(event: &Event) -> String {
    let message: Value = serde_json::from_str(&event.data).expect("a message");
    message["method"].as_str().unwrap_or("response").to_owned()
}

async fn resumed(session: &Session, event: &str) -> Vec<Event> {
    let mut stream = session.resume(event).open().await;
    assert_eq!(stream.status, 200);
    assert!(stream.is_stream());
    events(&mut stream).await
}

async fn events(stream: &mut EventStream) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(event) = stream.next_message().await {
        events.push(event);
    }
    events
}

#[tokio::test]
async fn d2_11_and_t_2511_02_the_stream_of_a_call_begins_with_its_place_on_2025_11_25_alone() {
    for version in RESUMABLE {
        let session = Probe::new().client().connect(version).await;
        let mut stream = telling(&session).await;
        let first = stream.next_event().await.expect("an event");
        assert!(first.id.is_some(), "{version}");
        assert_eq!(first.data.is_empty(), version == "2025-11-25", "{version}");
    }
}

#[tokio::test]
async fn d3_3_and_rmcp_2d_1_and_t_2503_16_a_broken_stream_goes_on_exactly_after_the_last_event_seen()
 {
    for version in RESUMABLE {
        let probe = Probe::new();
        let session = probe.client().connect(version).await;
        let mut stream = telling(&session).await;
        let seen = stream.next_message().await.expect("progress");
        assert_eq!(method(&seen), "notifications/progress");
        drop(stream);
        probe.open_gate();
        probe.journal.wait_for("tell finished").await;
        for _ in 0..2 {
            let rest = resumed(&session, seen.id.as_deref().expect("an id")).await;
            let methods: Vec<String> = rest.iter().map(method).collect();
            assert_eq!(methods, ["notifications/message", "response"], "{version}");
            let response: Value = serde_json::from_str(&rest[1].data).expect("a message");
            assert_eq!(response["id"], "t");
            assert!(response["result"]["content"].is_array());
        }
    }
}

#[tokio::test]
async fn d0_8_and_d2_10_and_t_2503_16_replay_hands_over_to_live_without_gap_or_duplicate() {
    let probe = Probe::new();
    let session = probe.client().connect("2025-11-25").await;
    let mut stream = telling(&session).await;
    let place = stream.next_event().await.expect("the place");
    drop(stream);
    let mut stream = session
        .resume(place.id.as_deref().expect("an id"))
        .open()
        .await;
    let mut told = Vec::new();
    for _ in 0..2 {
        told.push(method(&stream.next_message().await.expect("replayed")));
    }
    assert_eq!(stream.try_message(), None, "the call still runs");
    let finish = async {
        tokio::task::yield_now().await;
        probe.open_gate();
    };
    let (rest, ()) = tokio::join!(events(&mut stream), finish);
    told.extend(rest.iter().map(method));
    let expected = [
        "notifications/progress",
        "notifications/message",
        "response",
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn d2_10_a_resumed_stream_is_taken_from_a_connection_that_is_only_half_open() {
    let probe = Probe::new();
    let session = probe.client().connect("2025-11-25").await;
    // Its client is gone, and nobody polls this body any more: the call must not wait for that.
    let mut half_open = telling(&session).await;
    let seen = half_open.next_message().await.expect("progress");
    let mut stream = session
        .resume(seen.id.as_deref().expect("an id"))
        .open()
        .await;
    assert_eq!(stream.message().await["method"], "notifications/message");
    probe.open_gate();
    assert_eq!(stream.message().await["id"], "t");
    assert_eq!(stream.next().await, None);
    let rest = events(&mut half_open).await;
    assert!(rest.iter().all(|event| method(event) != "response"));
}

#[tokio::test]
async fn t_2503_12_of_two_connections_that_resume_one_stream_the_newer_reads_it() {
    let probe = Probe::new();
    let session = probe.client().connect("2025-11-25").await;
    let mut stream = telling(&session).await;
    let place = stream.next_event().await.expect("the place").id;
    let place = place.expect("an id");
    drop(stream);
    let mut older = session.resume(&place).open().await;
    assert_eq!(older.message().await["method"], "notifications/progress");
    let mut newer = session.resume(&place).open().await;
    assert_eq!(newer.message().await["method"], "notifications/progress");
    assert!(events(&mut older).await.len() <= 1, "the older one ends");
    probe.open_gate();
    assert_eq!(events(&mut newer).await.len(), 2);
}

#[tokio::test]
async fn d2_11_and_t_2511_03_a_released_connection_is_closed_and_the_call_read_on_later() {
    let probe = Probe::new();
    let session = probe.client().connect("2025-11-25").await;
    let call = session.call("release", json!({ "retry_ms": 250 }));
    let mut stream = call.id("r").meta("progressToken", 1).open().await;
    assert_eq!(stream.message().await["params"]["progress"], 1.0);
    let last = stream.next_event().await.expect("when to come back");
    assert_eq!((last.data.as_str(), last.retry_ms), ("", Some(250)));
    assert_eq!(stream.next().await, None, "closed by the server");
    assert!(!probe.journal.has("release dropped"));
    probe.open_gate();
    let rest = resumed(&session, last.id.as_deref().expect("an id")).await;
    assert_eq!(rest.len(), 2, "the second progress and the response");
    assert_eq!(method(&rest[1]), "response");
}

#[tokio::test]
async fn t_2511_03_a_call_may_release_the_connection_before_it_says_anything() {
    let probe = Probe::new();
    let session = probe.client().connect("2025-11-25").await;
    let mut stream = session.call("release", json!({})).open().await;
    let first = stream.next_event().await.expect("the place");
    let last = stream.next_event().await.expect("when to come back");
    assert_eq!(first.id, last.id);
    assert_eq!(last.retry_ms, Some(1000));
    assert_eq!(stream.next().await, None);
    probe.open_gate();
    let rest = resumed(&session, first.id.as_deref().expect("an id")).await;
    assert_eq!(rest.len(), 1, "it asked for no progress");
}

#[tokio::test]
async fn trap_6_clients_that_do_not_poll_keep_their_connection() {
    let probe = Probe::new();
    let client = probe.client();
    let mut streams = Vec::new();
    for version in ["2025-03-26", "2025-06-18"] {
        let session = client.connect(version).await;
        let call = session.call("release", json!({})).meta("progressToken", 1);
        streams.push(call.open().await);
    }
    let modern = client
        .modern_call("release", json!({}))
        .meta("progressToken", 1);
    streams.push(modern.open().await);
    let json_only = client.connect("2025-11-25").await;
    let json_only = json_only
        .call("release", json!({}))
        .set(&ACCEPT, "application/json");
    for stream in &mut streams {
        assert_eq!(stream.message().await["method"], "notifications/progress");
        assert_eq!(stream.try_next(), None, "open, and nothing said of retry");
    }
    probe.open_gate();
    for stream in &mut streams {
        assert_eq!(stream.rest().await.len(), 2);
    }
    assert_eq!(json_only.send().await.status, 200);
}

#[tokio::test]
async fn d0_6_and_rmcp_2d_1_and_t_2511_04_a_get_stream_goes_on_under_its_own_ids() {
    let probe = Probe::new();
    let session = probe.client().connect("2025-11-25").await;
    let mut stream = session.listen().open().await;
    let place = stream.next_event().await.expect("the place").id;
    let place = place.expect("an id");
    probe.hub.publish(Change::Tools);
    let first = stream.next_message().await.expect("a change").id;
    drop(stream);
    probe.hub.publish(Change::Prompts);
    let mut stream = session.resume(&place).open().await;
    let again = stream.next_message().await.expect("replayed");
    assert_eq!(
        (again.id.clone(), method(&again)),
        (first, Change::Tools.method().to_owned())
    );
    let mut known = vec![again.id];
    probe.hub.publish(Change::Resources);
    let live = stream.next_message().await.expect("live");
    known.push(live.id);
    assert_eq!(known[0].as_deref(), Some(&*place.replace("-0", "-1")));
    assert_eq!(known[1].as_deref(), Some(&*place.replace("-0", "-2")));
}

#[tokio::test]
async fn d0_8_and_t_2503_16_streams_are_not_mixed() {
    let probe = Probe::new();
    let session = probe.client().connect("2025-11-25").await;
    let mut get = session.listen().open().await;
    let get_place = get.next_event().await.expect("the place").id;
    let mut call = telling(&session).await;
    let call_place = call.next_event().await.expect("the place").id;
    probe.hub.publish(Change::Tools);
    assert_eq!(get.message().await["method"], Change::Tools.method());
    drop((get, call));
    probe.open_gate();
    let of_call = resumed(&session, &call_place.expect("an id")).await;
    assert_eq!(of_call.len(), 3);
    assert!(
        of_call
            .iter()
            .all(|event| method(event) != Change::Tools.method())
    );
    let mut of_get = session.resume(&get_place.expect("an id")).open().await;
    assert_eq!(of_get.message().await["method"], Change::Tools.method());
    assert_eq!(of_get.try_message(), None);
}

#[tokio::test]
async fn d2_8_and_rmcp_2d_2_and_trap_10_events_of_another_session_or_principal_are_as_unknown_as_any()
 {
    let probe = Probe::new();
    let client = probe.client();
    let session = client.connect("2025-11-25").await;
    let other = client.connect("2025-11-25").await;
    let mut stream = telling(&session).await;
    let place = stream.next_event().await.expect("the place").id;
    let place = place.expect("an id");
    let foreign = other.resume(&place).send().await;
    assert_eq!(foreign.refusal(), (410, -32600));
    let unknown = other.resume("00000000000000aa-3").send().await;
    assert_eq!(
        (unknown.status, &unknown.body),
        (foreign.status, &foreign.body)
    );
    let mallory = session.resume(&place).extension(Principal::new("mallory"));
    assert_eq!(mallory.send().await.status, 404, "not even the session");
    assert_eq!(stream.message().await["method"], "notifications/progress");
}

#[tokio::test]
async fn rmcp_4_4_an_event_id_nobody_gave_is_refused() {
    let probe = Probe::new();
    let session = probe.client().connect("2025-11-25").await;
    let mut stream = session.listen().open().await;
    let place = stream.next_event().await.expect("the place").id;
    let future = place.expect("an id").replace("-0", "-1");
    for id in [
        "",
        "0",
        "s1:99999999999999999999",
        "../../etc",
        "\u{1f4a5}",
        &future,
    ] {
        let refused = session.listen().header("last-event-id", id).send().await;
        assert_eq!(refused.refusal(), (410, -32600), "{id}");
    }
}

#[tokio::test]
async fn d2_9_an_event_id_where_nothing_is_kept_is_answered_plainly() {
    let endpoint = Probe::new().endpoint();
    let sessionless = Client::new(endpoint.without_sessions().build());
    let refused = sessionless.get().header("last-event-id", "1").send().await;
    assert_eq!(refused.refusal(), (405, -32600));
    let client = Client::new(App::new(Probe::new().endpoint().build(), "/mcp"));
    let stream = client.get().path("/sse").header("last-event-id", "1");
    let stream = stream.open().await;
    let mut connection = SseConnection::of(client, "/sse", stream).await;
    connection.connect("2024-11-05", json!({})).await;
}

#[tokio::test]
async fn d1_9_and_d3_13_a_place_that_fell_off_the_log_is_refused_and_later_ones_are_read() {
    let mut limits = Limits::default();
    limits.replay_events_max = 4;
    let probe = Probe::new();
    let client = Client::new(probe.endpoint().limits(limits).build());
    let session = client.connect("2025-11-25").await;
    let call = session.call("progress", json!({ "count": 9 }));
    let answer = call.meta("progressToken", 1).send().await;
    let ids: Vec<String> = answer
        .events()
        .into_iter()
        .filter_map(|event| event.id)
        .collect();
    assert_eq!(ids.len(), 11, "the place, nine steps and the response");
    for id in &ids[..6] {
        let refused = session.resume(id).send().await;
        assert_eq!(refused.refusal(), (410, -32600), "{id}");
    }
    for (left, id) in ids.iter().rev().enumerate().take(5).skip(1) {
        assert_eq!(resumed(&session, id).await.len(), left, "{id}");
    }
}

#[tokio::test]
async fn rmcp_4_4_and_t_2503_10_a_stream_that_is_over_and_read_is_405() {
    for version in RESUMABLE {
        let probe = Probe::new();
        let session = probe.client().connect(version).await;
        let mut stream = telling(&session).await;
        let seen = stream.next_message().await.expect("progress").id;
        let seen = seen.expect("an id");
        let cancelled = json!({ "requestId": "t" });
        let notice = session.notify("notifications/cancelled", cancelled).await;
        assert_eq!(notice.status, 202);
        let rest = events(&mut stream).await;
        assert!(rest.iter().all(|event| method(event) != "response"));
        let last = rest.last().map_or(Some(seen), |event| event.id.clone());
        let refused = session.resume(&last.expect("an id")).send().await;
        assert_eq!(refused.refusal(), (405, -32600), "{version}");
        assert_eq!(refused.header("allow"), Some("POST, DELETE"));
    }
}

#[tokio::test]
async fn t_2511_02_a_resumed_connection_begins_with_its_place_too() {
    for version in RESUMABLE {
        let probe = Probe::new();
        let session = probe.client().connect(version).await;
        let mut stream = telling(&session).await;
        let seen = stream.next_message().await.expect("progress").id;
        drop(stream);
        let seen = seen.expect("an id");
        let mut stream = session.resume(&seen).open().await;
        let first = stream.next_event().await.expect("an event");
        assert_eq!(first.data.is_empty(), version == "2025-11-25", "{version}");
        assert_eq!(first.id.as_ref() == Some(&seen), version == "2025-11-25");
    }
}

#[tokio::test(start_paused = true)]
async fn rmcp_4_3_a_finished_stream_can_be_read_for_a_while() {
    let limits = Limits::default();
    let session = Probe::new().client().connect("2025-11-25").await;
    let call = session.call("progress", json!({})).meta("progressToken", 1);
    let place = call.send().await.events().remove(0).id.expect("an id");
    tokio::time::advance(limits.replay_age_max - Duration::from_secs(1)).await;
    assert_eq!(resumed(&session, &place).await.len(), 2);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(session.resume(&place).send().await.status, 410);
}

#[tokio::test(start_paused = true)]
async fn a_get_stream_that_was_long_silent_can_still_be_resumed() {
    let probe = Probe::new();
    let session = probe.client().connect("2025-11-25").await;
    let mut stream = session.listen().open().await;
    let place = stream.next_event().await.expect("the place").id;
    for _ in 0..100 {
        assert!(stream.next().await.is_some(), "a comment");
    }
    drop(stream);
    let mut stream = session.resume(&place.expect("an id")).open().await;
    probe.hub.publish(Change::Tools);
    assert_eq!(stream.message().await["method"], Change::Tools.method());
}

#[tokio::test]
async fn resumed_streams_end_with_their_session() {
    let probe = Probe::new();
    let endpoint = probe.endpoint().build();
    let session = Client::new(endpoint.clone()).connect("2025-11-25").await;
    let mut stream = telling(&session).await;
    let place = stream.next_event().await.expect("the place").id;
    drop(stream);
    let mut stream = session.resume(&place.expect("an id")).open().await;
    assert_eq!(stream.message().await["method"], "notifications/progress");
    assert_eq!(endpoint.health().await.expect("healthy").streams, 1);
    assert_eq!(session.delete().send().await.status, 200);
    assert!(
        events(&mut stream)
            .await
            .iter()
            .all(|event| method(event) != "response")
    );
    drop(stream);
    probe.journal.wait_for("tell dropped").await;
    assert_eq!(endpoint.health().await.expect("healthy").streams, 0);
}

#[tokio::test]
async fn resumed_streams_count_as_open_ones() {
    let mut limits = Limits::default();
    limits.streams_per_session_max = 1;
    let probe = Probe::new();
    let session = Client::new(probe.endpoint().limits(limits).build())
        .connect("2025-11-25")
        .await;
    let mut stream = telling(&session).await;
    let place = stream.next_event().await.expect("the place").id;
    let place = place.expect("an id");
    let listening = listen(&session).await;
    assert_eq!(session.resume(&place).send().await.status, 429);
    drop(listening);
    assert_eq!(session.resume(&place).open().await.status, 200);
}

#[tokio::test]
async fn a_refused_resumption_takes_the_stream_from_nobody() {
    let mut limits = Limits::default();
    limits.streams_per_session_max = 1;
    let probe = Probe::new();
    let session = Client::new(probe.endpoint().limits(limits).build())
        .connect("2025-11-25")
        .await;
    let (mut stream, mut listening) = (telling(&session).await, listen(&session).await);
    let place = stream.next_event().await.expect("the place").id;
    let refused = session.resume(&place.expect("an id")).send().await;
    assert_eq!(refused.status, 429);
    probe.hub.publish(Change::Tools);
    assert_eq!(listening.message().await["method"], Change::Tools.method());
    probe.open_gate();
    assert_eq!(stream.rest().await.len(), 3, "still on its own connection");
}
