//! The handshake revisions over HTTP: initialize, ping, notifications, logging, versions.

use serde_json::{Value, json};
use spanway_protocol::{PROTOCOL_VERSION, SESSION_ID};
use spanway_testkit::Client;

use crate::probe::{Probe, told};
use crate::streams::listen;

const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

#[tokio::test]
async fn d3_6_and_t_2411_10_initialize_tells_version_capabilities_and_server() {
    for version in LEGACY {
        let answer = Probe::new().client().initialize(version).send().await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.response()["id"], 0);
        let result = answer.result();
        assert_eq!(result["protocolVersion"], version);
        assert_eq!(result["serverInfo"]["name"], "probe");
        assert_eq!(result["capabilities"]["tools"]["listChanged"], true);
    }
}

#[tokio::test]
async fn t_2411_11_an_unsupported_version_is_not_an_error() {
    let answer = Probe::new().client().initialize("1.0").send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.result()["protocolVersion"], "2025-11-25");
}

#[tokio::test]
async fn t_2411_11_initialize_without_a_version_is_invalid() {
    let client = Probe::new().client();
    for params in [
        json!({}),
        json!({ "protocolVersion": 3 }),
        json!({ "protocolVersion": null }),
    ] {
        let request = client
            .initialize("x")
            .edit(|message| message["params"] = params.clone());
        let answer = request.send().await;
        assert_eq!(answer.code(), -32602, "{params}");
        assert_eq!(answer.response()["id"], 0);
        assert_eq!(
            answer.header("mcp-session-id"),
            None,
            "no session was opened"
        );
    }
}

#[tokio::test]
async fn rmcp_4_16_and_t_2411_12_requests_are_answered_before_initialized() {
    let probe = Probe::new();
    let client = probe.client();
    let opened = client.initialize("2025-11-25").send().await;
    let session = spanway_testkit::Session::of(client, &opened);
    let ping = session.request("ping", json!({})).send().await;
    assert_eq!(ping.status, 200, "ping may come before");
    let call = session.call("echo", json!({})).send().await;
    assert_eq!(
        call.status, 200,
        "clients that forget the notification are served"
    );
}

#[tokio::test]
async fn d0_12_and_t_2411_13_a_call_is_served_under_the_negotiated_version_and_client() {
    let client = Probe::new().client();
    for version in LEGACY {
        let session = client.connect(version).await;
        let call = session.call("whoami", json!({})).header("x-test", "seen");
        let answer = call.send().await;
        let who = told(&answer.result());
        assert_eq!(who["version"], version);
        assert_eq!(who["client"], "testkit");
        assert_eq!(who["session"], json!(session.id));
        assert_eq!(who["header"], "seen");
        assert_eq!(answer.header("mcp-protocol-version"), Some(version));
    }
}

#[tokio::test]
async fn d1_12_and_t_2411_14_ping_is_answered_with_an_empty_object() {
    for version in LEGACY {
        let session = Probe::new().client().connect(version).await;
        let answer = session.request("ping", json!({})).send().await;
        assert_eq!((answer.status, answer.result()), (200, json!({})));
        let bare = session.request("ping", json!({})).edit(|message| {
            message.as_object_mut().expect("an object").remove("params");
        });
        assert_eq!(bare.send().await.result(), json!({}));
    }
}

#[tokio::test]
async fn t_2411_15_malformed_or_unknown_cancellations_are_ignored() {
    let session = Probe::new().client().connect("2025-11-25").await;
    for params in [
        json!({}),
        json!({ "requestId": 99 }),
        json!({ "requestId": null }),
        json!({ "requestId": { "a": 1 } }),
        json!({ "requestId": 1.5, "reason": 3 }),
    ] {
        let answer = session
            .notify("notifications/cancelled", params.clone())
            .await;
        assert_eq!(answer.status, 202, "{params}");
    }
    assert_eq!(session.request("ping", json!({})).send().await.status, 200);
}

async fn levels_of(session: &spanway_testkit::Session) -> Vec<Value> {
    let answer = session.call("log", json!({})).send().await;
    let messages = answer.messages();
    let logs = messages
        .iter()
        .filter(|message| message["method"] == "notifications/message");
    logs.map(|message| message["params"]["level"].clone())
        .collect()
}

#[tokio::test]
async fn rmcp_2a_18_and_t_2411_16_set_level_decides_which_log_messages_come() {
    let client = Probe::new().client();
    let session = client.connect("2025-11-25").await;
    let other = client.connect("2025-11-25").await;
    let mut listening = listen(&session).await;
    assert_eq!(
        levels_of(&session).await.len(),
        7,
        "info and above by default"
    );
    let set = session.request("logging/setLevel", json!({ "level": "alert" }));
    assert_eq!(set.send().await.result(), json!({}));
    assert_eq!(levels_of(&session).await, ["alert", "emergency"]);
    assert_eq!(
        levels_of(&other).await.len(),
        7,
        "another session keeps its own"
    );
    for level in [json!("loud"), json!(3), json!(null)] {
        let set = session.request("logging/setLevel", json!({ "level": level }));
        assert_eq!(set.send().await.refusal(), (200, -32602), "{level}");
    }
    let set = session.request("logging/setLevel", json!({})).send().await;
    assert_eq!(set.code(), -32602);
    assert_eq!(
        levels_of(&session).await.len(),
        2,
        "a bad level changes nothing"
    );
    assert_eq!(listening.try_message(), None, "all on the call's stream");
}

#[tokio::test]
async fn d1_16_and_t_2503_01_one_path_answers_post_and_get() {
    let session = Probe::new().client().connect("2025-03-26").await;
    assert_eq!(session.request("ping", json!({})).send().await.status, 200);
    assert_eq!(session.listen().open().await.status, 200);
}

#[tokio::test]
async fn d1_11_and_d3_5_and_t_2503_05_and_t_all_05_notifications_and_responses_are_202_and_never_answered()
 {
    for version in LEGACY {
        let session = Probe::new().client().connect(version).await;
        for message in [
            json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
            json!({ "jsonrpc": "2.0", "method": "notifications/roots/list_changed" }),
            json!({ "jsonrpc": "2.0", "method": "no/such", "params": {} }),
            json!({ "jsonrpc": "2.0", "method": "tools/call", "params": { "name": "echo" } }),
            json!({ "jsonrpc": "2.0", "id": 1, "result": {} }),
            json!({ "jsonrpc": "2.0", "id": "x", "error": { "code": -1, "message": "no" } }),
            json!({ "jsonrpc": "2.0", "error": { "code": -32700, "message": "what?" } }),
        ] {
            let answer = session.post(message.clone()).send().await;
            assert_eq!((answer.status, answer.body.len()), (202, 0), "{message}");
            assert_eq!(answer.header("content-type"), None);
        }
    }
}

#[tokio::test]
async fn t_2503_05_a_notification_that_is_not_accepted_is_an_error_without_an_id() {
    let client = Probe::new().client();
    let note = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let answer = client.post_json(note).send().await;
    assert_eq!(answer.refusal(), (400, -32600));
    assert_eq!(answer.response().get("id"), None);
}

#[tokio::test]
async fn t_2503_06_and_07_a_request_gets_json_or_a_stream_that_ends_after_the_response() {
    let session = Probe::new().client().connect("2025-06-18").await;
    let silent = session.call("echo", json!({})).send().await;
    assert_eq!(silent.header("content-type"), Some("application/json"));
    let telling = session
        .call("progress", json!({ "count": 2 }))
        .meta("progressToken", 9);
    let answer = telling.send().await;
    assert!(answer.is_stream());
    let methods: Vec<_> = answer
        .messages()
        .iter()
        .map(|one| one["method"].clone())
        .collect();
    assert_eq!(
        methods,
        [
            json!("notifications/progress"),
            json!("notifications/progress"),
            Value::Null
        ]
    );
}

#[tokio::test]
async fn d0_3_and_d3_6_and_t_2506_02_a_version_header_nobody_knows_is_400_on_every_method() {
    let session = Probe::new().client().connect("2025-11-25").await;
    for version in ["1999-01-01", "nonsense", "", "2025-06-18,2025-06-18"] {
        for request in [
            session.request("ping", json!({})),
            session.post(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })),
            session.listen(),
            session.delete(),
        ] {
            let answer = request.set(&PROTOCOL_VERSION, version).send().await;
            assert_eq!(answer.refusal(), (400, -32600), "{version:?}");
            assert!(answer.error_text().contains("2025-11-25"), "{answer:?}");
        }
    }
    let without = session
        .request("ping", json!({}))
        .without(&PROTOCOL_VERSION);
    assert_eq!(
        without.send().await.status,
        200,
        "the session knows its version"
    );
}

#[tokio::test]
async fn t_2511_05_names_of_headers_ignore_case() {
    let session = Probe::new().client().connect("2025-11-25").await;
    let id = session.id.clone().expect("a session");
    let request = session.request("ping", json!({})).without(&SESSION_ID);
    let answer = request.header("MCP-Session-Id", id).send().await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn d2_2_and_t_2511_06_and_trap_43_errors_without_an_id_leave_it_out() {
    let answer = Probe::new().client().post("{").send().await;
    let response = answer.response();
    assert!(!response.as_object().expect("an object").contains_key("id"));
}

#[tokio::test]
async fn t_all_06_and_trap_4_an_unknown_method_is_200_in_a_session() {
    for version in LEGACY {
        let session = Probe::new().client().connect(version).await;
        for method in ["no/such", "resources/list", "subscriptions/listen", ""] {
            let answer = session.request(method, json!({})).send().await;
            assert_eq!(answer.refusal(), (200, -32601), "{version} {method:?}");
        }
    }
}

#[tokio::test]
async fn t_all_52_progress_ends_with_the_response_and_needs_a_token() {
    let session = Probe::new().client().connect("2025-11-25").await;
    let silent = session.call("progress", json!({ "count": 3 })).send().await;
    assert!(!silent.is_stream());
    for token in [json!("t"), json!(3)] {
        let request = session.call("progress", json!({ "count": 3 }));
        let answer = request.meta("progressToken", token.clone()).send().await;
        let messages = answer.messages();
        assert!(messages.last().expect("a message").get("result").is_some());
        for (step, message) in (1..).zip(&messages[..3]) {
            assert_eq!(message["params"]["progress"], step);
            assert_eq!(message["params"]["progressToken"], token);
        }
    }
    let bad = session
        .call("progress", json!({}))
        .meta("progressToken", json!([]));
    assert_eq!(bad.send().await.code(), -32602);
}

#[tokio::test]
async fn without_sessions_every_request_stands_alone() {
    let client = Client::new(Probe::new().endpoint().without_sessions().build());
    let session = client.connect("2025-06-18").await;
    assert_eq!(session.id, None);
    assert_eq!(session.call("echo", json!({})).send().await.status, 200);
    let named = session
        .request("ping", json!({}))
        .header("mcp-session-id", "anything");
    assert_eq!(
        named.send().await.status,
        200,
        "an id nobody gave is not looked at"
    );
    let set = session.request("logging/setLevel", json!({ "level": "debug" }));
    assert_eq!(set.send().await.result(), json!({}));
    let (one, two) = tokio::join!(
        session.call("echo", json!({ "n": 1 })).id(5).send(),
        session.call("echo", json!({ "n": 2 })).id(5).send(),
    );
    assert_eq!(
        (
            told(&one.result())["n"].clone(),
            told(&two.result())["n"].clone()
        ),
        (json!(1), json!(2))
    );
}
