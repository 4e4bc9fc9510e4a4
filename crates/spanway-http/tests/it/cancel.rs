//! A client that leaves, and a client that takes a call back: opposite meanings in the two eras.

use serde_json::{Value, json};
use spanway_http::ResponseMode;
use spanway_testkit::{Client, EventStream};

use crate::probe::Probe;

#[tokio::test]
async fn rmcp_2a_9_and_4_15_and_t_2607_08_a_modern_disconnect_before_the_answer_began_drops_the_handler_at_once()
 {
    let probe = Probe::new();
    let client = probe.client();
    let request = client.modern_call("never", json!({})).send();
    tokio::select! {
        _ = request => panic!("never answers"),
        () = probe.journal.wait_for("never began") => {}
    }
    assert!(
        probe.journal.has("never dropped"),
        "without any further poll"
    );
}

#[tokio::test]
async fn t_2607_08_a_modern_disconnect_in_the_stream_drops_the_handler_at_once() {
    let probe = Probe::new();
    let client = probe.client();
    let request = client
        .modern_call("tell", json!({}))
        .meta("progressToken", 1);
    let mut stream = request.open().await;
    assert_eq!(stream.message().await["method"], "notifications/progress");
    assert!(!probe.journal.has("tell dropped"));
    drop(stream);
    assert!(probe.journal.has("tell dropped"));
}

#[tokio::test]
async fn t_2607_08_a_modern_disconnect_from_a_forced_stream_drops_the_handler_at_once() {
    let probe = Probe::new();
    let client = Client::new(probe.endpoint().response_mode(ResponseMode::Sse).build());
    let mut stream = client.modern_call("never", json!({})).open().await;
    assert_eq!(stream.try_next(), None);
    assert!(probe.journal.has("never began"));
    drop(stream);
    assert!(probe.journal.has("never dropped"));
}

#[tokio::test]
async fn t_2503_08_a_legacy_disconnect_before_the_answer_lets_the_call_finish() {
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let probe = Probe::new();
        let session = probe.client().connect(version).await;
        let request = session.call("gate", json!({})).send();
        tokio::select! {
            _ = request => panic!("the gate is shut"),
            () = probe.journal.wait_for("gate began") => {}
        }
        assert!(!probe.journal.has("gate dropped"));
        let again = session.call("echo", json!({})).id(1).send().await;
        assert_eq!(again.status, 400, "the id is still taken");
        probe.open_gate();
        probe.journal.wait_for("gate finished").await;
        tokio::task::yield_now().await;
        let again = session.call("echo", json!({})).id(1).send().await;
        assert_eq!(again.status, 200, "free after the end");
    }
}

async fn telling(probe: &Probe, session: &spanway_testkit::Session) -> EventStream {
    let mut stream = session
        .call("tell", json!({}))
        .meta("progressToken", 1)
        .open()
        .await;
    assert_eq!(stream.message().await["method"], "notifications/progress");
    assert!(probe.journal.has("tell began"));
    stream
}

#[tokio::test]
async fn t_2503_08_a_legacy_disconnect_in_the_stream_lets_the_call_finish() {
    let probe = Probe::new();
    let session = probe.client().connect("2025-11-25").await;
    drop(telling(&probe, &session).await);
    assert!(!probe.journal.has("tell dropped"));
    probe.open_gate();
    probe.journal.wait_for("tell finished").await;
}

#[tokio::test]
async fn t_2503_08_a_legacy_call_without_sessions_finishes_too() {
    let probe = Probe::new();
    let client = Client::new(probe.endpoint().without_sessions().build());
    let session = client.connect("2025-06-18").await;
    let request = session.call("gate", json!({})).send();
    tokio::select! {
        _ = request => panic!("the gate is shut"),
        () = probe.journal.wait_for("gate began") => {}
    }
    probe.open_gate();
    probe.journal.wait_for("gate finished").await;
}

#[tokio::test]
async fn t_2411_15_a_cancelled_call_is_stopped_and_never_answered() {
    let probe = Probe::new();
    let session = probe.client().connect("2025-11-25").await;
    let call = session.call("never", json!({})).id("c").send();
    let cancel = async {
        probe.journal.wait_for("never began").await;
        assert_eq!(session.cancel("c").await.status, 202);
    };
    let (answer, ()) = tokio::join!(call, cancel);
    assert!(probe.journal.has("never dropped"));
    assert_eq!(
        (answer.status, answer.messages()),
        (200, Vec::<Value>::new())
    );
    assert!(
        answer.is_stream(),
        "a request gets JSON or a stream, here one that says nothing"
    );
    let again = session.call("echo", json!({})).id("c").send().await;
    assert_eq!(again.status, 200, "the id is free");
}

#[tokio::test]
async fn t_2411_15_a_call_cancelled_in_its_stream_ends_it_without_a_response() {
    let probe = Probe::new();
    let session = probe.client().connect("2025-11-25").await;
    let mut stream = telling(&probe, &session).await;
    assert_eq!(session.cancel(1).await.status, 202);
    let rest = stream.rest().await;
    assert!(
        rest.iter().all(|message| message.get("id").is_none()),
        "{rest:?}"
    );
    assert!(probe.journal.has("tell dropped"));
}

#[tokio::test]
async fn t_2411_15_a_call_whose_client_left_can_still_be_cancelled() {
    let probe = Probe::new();
    let session = probe.client().connect("2025-11-25").await;
    drop(telling(&probe, &session).await);
    assert_eq!(session.cancel(1).await.status, 202);
    probe.journal.wait_for("tell dropped").await;
}

#[tokio::test]
async fn t_2411_15_a_cancellation_reaches_only_its_own_session_and_type_of_id() {
    let probe = Probe::new();
    let client = probe.client();
    let session = client.connect("2025-11-25").await;
    let other = client.connect("2025-11-25").await;
    let call = session.call("gate", json!({})).id(1).send();
    let cancel = async {
        probe.journal.wait_for("gate began").await;
        other.cancel(1).await;
        session.cancel("1").await;
        session.cancel(2).await;
        probe.open_gate();
    };
    let (answer, ()) = tokio::join!(call, cancel);
    assert_eq!(answer.response()["id"], 1);
}

#[tokio::test]
async fn t_2411_15_a_late_cancellation_changes_nothing() {
    let session = Probe::new().client().connect("2025-11-25").await;
    assert_eq!(session.call("echo", json!({})).send().await.status, 200);
    assert_eq!(session.cancel(1).await.status, 202);
    assert_eq!(session.call("echo", json!({})).send().await.status, 200);
}

#[tokio::test]
async fn trap_5_the_same_disconnect_at_the_same_moment_branches_by_era() {
    let probe = Probe::new();
    let client = probe.client();
    let session = client.connect("2025-11-25").await;
    let modern = client.modern_call("gate", json!({ "as": "modern" })).send();
    let legacy = session.call("gate", json!({ "as": "legacy" })).send();
    let both_began = async {
        probe.journal.wait_for("modern began").await;
        probe.journal.wait_for("legacy began").await;
    };
    tokio::select! {
        _ = modern => panic!("the gate is shut"),
        _ = legacy => panic!("the gate is shut"),
        () = both_began => {}
    }
    assert!(probe.journal.has("modern dropped"));
    probe.open_gate();
    probe.journal.wait_for("legacy finished").await;
}
