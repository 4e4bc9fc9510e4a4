//! Sessions: given, required, ended, expired, bounded, and owned.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::json;
use spanway_http::App;
use spanway_protocol::{Limits, SESSION_ID};
use spanway_server::Principal;
use spanway_testkit::{Client, Session};
use tokio::time::advance;

use crate::probe::Probe;

const TTL: Duration = Duration::from_secs(3600);

async fn is_alive(session: &Session) -> bool {
    let answer = session.request("ping", json!({})).send().await;
    assert!(matches!(answer.status, 200 | 404), "{answer:?}");
    answer.status == 200
}

#[tokio::test]
async fn t_2503_20_a_session_id_comes_with_initialize_and_is_visible_ascii_of_128_random_bits() {
    let client = Probe::new().client();
    let mut seen = HashSet::new();
    for _ in 0..200 {
        let answer = client.initialize("2025-11-25").send().await;
        let id = answer.header("mcp-session-id").expect("an id").to_owned();
        assert!(id.bytes().all(|byte| (0x21..=0x7e).contains(&byte)), "{id}");
        assert!(id.len() >= 22, "{id} has fewer than 128 bits");
        assert!(seen.insert(id), "an id was given twice");
    }
}

#[tokio::test]
async fn d0_1_and_t_2503_21_and_trap_9_without_the_header_400_with_an_unknown_one_404() {
    let client = Probe::new().client();
    let session = client.connect("2025-11-25").await;
    let request = || session.request("ping", json!({}));
    let missing = request().without(&SESSION_ID).send().await;
    assert_eq!(missing.refusal(), (400, -32600));
    for id in [
        "AAAAAAAAAAAAAAAAAAAAAA",
        "",
        " ",
        "x",
        "\"quoted\"",
        "..%2f..%2f",
        &"A".repeat(5000),
    ] {
        let unknown = request().set(&SESSION_ID, id).send().await;
        assert_eq!(unknown.refusal(), (404, -32600), "{id}");
        assert!(
            !unknown.error_text().contains(id) || id.trim().len() < 2,
            "{id} is not echoed"
        );
    }
    let known = session.id.clone().expect("a session");
    for request in [
        request().header("mcp-session-id", &known),
        request()
            .without(&SESSION_ID)
            .header("mcp-session-id", "\u{fc}nic\u{f6}de"),
        request().set(&SESSION_ID, &known.to_lowercase()),
        request().set(&SESSION_ID, &format!("{known}=")),
    ] {
        assert_eq!(request.send().await.status, 404);
    }
    assert!(is_alive(&session).await);
}

#[tokio::test]
async fn d0_2_and_d1_7_only_initialize_opens_a_session() {
    let mut limits = Limits::default();
    limits.body_bytes_max = 1000;
    let endpoint = Probe::new().endpoint().limits(limits).build();
    let client = Client::new(endpoint.clone());
    let message =
        |method: &str| json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": {} });
    for request in [
        client.post_json(message("tools/list")),
        client.post_json(message("ping")),
        client.post_json(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })),
        client.post_json(json!({ "jsonrpc": "2.0", "id": 1, "result": {} })),
        client
            .post_json(message("ping"))
            .set(&SESSION_ID, "unknown"),
        client.modern_call("echo", json!({})),
        client.get(),
        // Not this one either: it is no message, too large, or has no version.
        client.post("{\"method\":\"initialize\""),
        client.post(vec![b' '; 1001]),
        client.post_json(message("initialize")),
    ] {
        let answer = request.send().await;
        assert_eq!(answer.header("mcp-session-id"), None, "{answer:?}");
    }
    assert_eq!(endpoint.health().await.expect("healthy").sessions, 0);
    client.connect("2025-11-25").await;
    assert_eq!(endpoint.health().await.expect("healthy").sessions, 1);
}

#[tokio::test]
async fn d1_8_a_session_is_named_in_its_header_and_nowhere_else() {
    let app = App::new(Probe::new().endpoint().build(), "/mcp");
    let client = Client::new(app);
    let opened = client.initialize("2025-11-25").path("/mcp").send().await;
    let session = Session::of(client.clone(), &opened);
    let id = session.id.as_deref().expect("a session");
    for (path, status) in [
        (format!("/mcp?sessionId={id}"), 400),
        (format!("/mcp?mcp-session-id={id}"), 400),
        (format!("/mcp/{id}"), 404),
        (format!("/mcp/sse/{id}"), 404),
        (format!("/mcp/sessions/{id}"), 404),
    ] {
        for request in [
            session.request("ping", json!({})),
            session.listen(),
            session.delete(),
        ] {
            let request = request.without(&SESSION_ID).path(&path);
            let answer = request.unchecked("no MCP is at some").send().await;
            assert_eq!(answer.status, status, "{path}");
        }
    }
    let ping = session.request("ping", json!({})).path("/mcp").send().await;
    assert_eq!(ping.status, 200, "it is still there");
}

#[tokio::test]
async fn d0_9_and_d3_9_and_rmcp_2a_17_and_t_2503_22_and_23_after_delete_everything_is_404() {
    let session = Probe::new().client().connect("2025-11-25").await;
    let deleted = session.delete().send().await;
    assert_eq!((deleted.status, deleted.body.len()), (200, 0));
    assert!(!is_alive(&session).await);
    let note = session.notify("notifications/initialized", json!({})).await;
    assert_eq!(note.status, 404);
    assert_eq!(session.listen().send().await.status, 404);
    assert_eq!(session.delete().send().await.status, 404);
    let response = json!({ "jsonrpc": "2.0", "id": 1, "result": {} });
    assert_eq!(session.post(response).send().await.status, 404);
}

#[tokio::test]
async fn delete_ends_calls_and_streams_of_the_session_and_of_no_other() {
    let probe = Probe::new();
    let client = probe.client();
    let (session, other) = (
        client.connect("2025-11-25").await,
        client.connect("2025-11-25").await,
    );
    let mut listening = session.listen().open().await;
    let mut other_listening = other.listen().open().await;
    for stream in [&mut listening, &mut other_listening] {
        assert!(
            stream.next_event().await.is_some(),
            "where the client stands"
        );
    }
    let call = session.call("never", json!({}));
    let other_call = other.call("gate", json!({})).send();
    let delete = async {
        probe.journal.wait_for("never began").await;
        probe.journal.wait_for("gate began").await;
        assert_eq!(session.delete().send().await.status, 200);
        probe.journal.wait_for("never dropped").await;
        probe.open_gate();
    };
    let (ended, finished, ()) = tokio::join!(call.send(), other_call, delete);
    assert_eq!(
        ended.messages(),
        Vec::<serde_json::Value>::new(),
        "no response to a call that was ended"
    );
    assert_eq!(finished.status, 200);
    assert_eq!(listening.next().await, None);
    assert_eq!(other_listening.try_next(), None, "still open");
}

#[tokio::test(start_paused = true)]
async fn d2_13_and_rmcp_4_6_an_unused_session_expires_and_use_renews_it() {
    let endpoint = Probe::new().endpoint().session_ttl(TTL).build();
    let session = Client::new(endpoint.clone()).connect("2025-11-25").await;
    for _ in 0..5 {
        advance(TTL - Duration::from_secs(1)).await;
        assert!(is_alive(&session).await);
    }
    assert_eq!(endpoint.health().await.expect("healthy").sessions, 1);
    advance(TTL + Duration::from_secs(1)).await;
    assert_eq!(endpoint.health().await.expect("healthy").sessions, 0);
    assert!(!is_alive(&session).await);
}

#[tokio::test(start_paused = true)]
async fn rmcp_2e_6_and_4_2_a_call_in_flight_keeps_its_session() {
    let probe = Probe::new();
    let mut limits = Limits::default();
    limits.call_timeout = TTL * 10;
    let endpoint = probe.endpoint().limits(limits).session_ttl(TTL).build();
    let client = Client::new(endpoint.clone());
    let session = client.connect("2025-11-25").await;
    let mut call = session.call("gate", json!({})).open().await;
    assert!(call.is_stream(), "after a while of silence");
    for _ in 0..3 {
        advance(TTL * 2).await;
        // Room for a new session is made of expired ones; this is none.
        client.connect("2025-11-25").await;
        assert!(endpoint.health().await.expect("healthy").sessions >= 1);
    }
    probe.open_gate();
    assert_eq!(call.rest().await.len(), 1);
    assert!(
        is_alive(&session).await,
        "its idle time began when the call ended"
    );
    advance(TTL - Duration::from_secs(1)).await;
    assert!(is_alive(&session).await);
}

#[tokio::test(start_paused = true)]
async fn d1_15_and_rmcp_2e_6_an_open_stream_keeps_its_session_and_idle_time_begins_at_its_end() {
    let endpoint = Probe::new().endpoint().session_ttl(TTL).build();
    let session = Client::new(endpoint.clone()).connect("2025-11-25").await;
    let listening = session.listen().open().await;
    advance(TTL * 3).await;
    assert_eq!(endpoint.health().await.expect("healthy").sessions, 1);
    assert_eq!(endpoint.health().await.expect("healthy").streams, 1);
    advance(TTL * 3).await;
    drop(listening);
    assert!(is_alive(&session).await, "the very next request");
    assert_eq!(endpoint.health().await.expect("healthy").streams, 0);
    advance(TTL + Duration::from_secs(1)).await;
    assert!(!is_alive(&session).await);
}

#[tokio::test(start_paused = true)]
async fn d1_7_and_rmcp_2e_5_one_session_too_many_is_503_with_retry_after_until_one_ends_or_expires()
{
    let mut limits = Limits::default();
    limits.sessions_max = 2;
    let client = Client::new(
        Probe::new()
            .endpoint()
            .limits(limits)
            .session_ttl(TTL)
            .build(),
    );
    let first = client.connect("2025-11-25").await;
    let second = client.connect("2025-11-25").await;
    let refused = client.initialize("2025-11-25").send().await;
    assert_eq!(refused.refusal(), (503, -32600));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(refused.response()["id"], 0);
    assert_eq!(refused.header("mcp-session-id"), None);
    assert!(
        is_alive(&first).await && is_alive(&second).await,
        "those that are there stay"
    );
    assert_eq!(
        client.modern_call("echo", json!({})).send().await.status,
        200
    );
    first.delete().send().await;
    client.connect("2025-11-25").await;
    let listening = second.listen().open().await;
    advance(TTL + Duration::from_secs(1)).await;
    let _third = client.connect("2025-11-25").await;
    let refused = client.initialize("2025-11-25").send().await;
    assert_eq!(refused.status, 503, "the open stream keeps its session");
    drop(listening);
}

#[tokio::test]
async fn d2_6_and_rmcp_2a_16_a_duplicate_id_is_refused_at_once_and_the_first_call_still_answered() {
    let probe = Probe::new();
    let session = probe.client().connect("2025-11-25").await;
    let first = session.call("gate", json!({})).id("same").send();
    let second = async {
        probe.journal.wait_for("gate began").await;
        let refused = session.call("echo", json!({})).id("same").send().await;
        assert_eq!(refused.refusal(), (400, -32600));
        assert_eq!(refused.response()["id"], "same");
        let other = session.call("echo", json!({})).id("other").send().await;
        assert_eq!(other.status, 200);
        probe.open_gate();
    };
    let (first, ()) = tokio::join!(first, second);
    assert_eq!(first.response()["id"], "same");
    assert_eq!(first.status, 200);
    let again = session.call("echo", json!({})).id("same").send().await;
    assert_eq!(again.status, 200, "free once it is answered");
}

#[tokio::test]
async fn d2_6_the_same_id_is_free_in_another_session_and_with_another_type() {
    let probe = Probe::new();
    let client = probe.client();
    let (one, two) = (
        client.connect("2025-11-25").await,
        client.connect("2025-11-25").await,
    );
    let wait = async {
        for name in ["a", "b", "c"] {
            probe.journal.wait_for(&format!("{name} began")).await;
        }
        probe.open_gate();
    };
    let (a, b, c, ()) = tokio::join!(
        one.call("gate", json!({ "as": "a" })).id(1).send(),
        two.call("gate", json!({ "as": "b" })).id(1).send(),
        one.call("gate", json!({ "as": "c" })).id("1").send(),
        wait,
    );
    assert_eq!((a.status, b.status, c.status), (200, 200, 200));
    assert_eq!(a.response()["id"], 1);
    assert_eq!(c.response()["id"], "1");
}

#[tokio::test]
async fn one_call_too_many_in_a_session_is_429() {
    let probe = Probe::new();
    let mut limits = Limits::default();
    limits.calls_per_session_max = 1;
    let session = Client::new(probe.endpoint().limits(limits).build())
        .connect("2025-11-25")
        .await;
    let first = session.call("gate", json!({})).send();
    let second = async {
        probe.journal.wait_for("gate began").await;
        let refused = session.call("echo", json!({})).send().await;
        assert_eq!(refused.refusal(), (429, -32600));
        assert!(refused.header("retry-after").is_some());
        probe.open_gate();
    };
    let (first, ()) = tokio::join!(first, second);
    assert_eq!(first.status, 200);
    assert_eq!(session.call("echo", json!({})).send().await.status, 200);
}

#[tokio::test]
async fn d1_8_and_t_2503_24_and_trap_10_a_session_belongs_to_the_principal_that_opened_it() {
    let client = Probe::new().client();
    let as_ann = client
        .initialize("2025-11-25")
        .extension(Principal::new("ann"));
    let session = Session::of(client.clone(), &as_ann.send().await);
    let response = json!({ "jsonrpc": "2.0", "id": 1, "result": {} });
    let requests = || {
        [
            session.request("ping", json!({})),
            session.post(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })),
            session.post(response.clone()),
            session.listen(),
            session.delete(),
        ]
    };
    for request in requests() {
        let stranger = request.extension(Principal::new("bob")).send().await;
        assert_eq!(stranger.refusal(), (404, -32600), "bob is told nothing");
    }
    for request in requests() {
        assert_eq!(request.send().await.status, 404, "nor is nobody");
    }
    let owner = session
        .request("ping", json!({}))
        .extension(Principal::new("ann"));
    assert_eq!(owner.send().await.status, 200);
    let open = client.connect("2025-11-25").await;
    let ann = open
        .request("ping", json!({}))
        .extension(Principal::new("ann"));
    assert_eq!(
        ann.send().await.status,
        404,
        "a session of nobody is nobody's"
    );
}
