//! 2026-07-28 over HTTP: every request carries all that is needed to serve it.

use http::Method;
use serde_json::{Value, json};
use spanway_protocol::PROTOCOL_VERSION;
use spanway_protocol::schema::ServerCapabilities;
use spanway_testkit::Client;

use crate::probe::{Probe, told};

const CLAIM: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";

#[tokio::test]
async fn t_2607_01_only_post_is_answered() {
    let client = Probe::new().client();
    for method in [Method::GET, Method::DELETE, Method::PUT] {
        let request = client
            .request(method.clone())
            .header("accept", "text/event-stream");
        let answer = request.set(&PROTOCOL_VERSION, "2026-07-28").send().await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), Some("POST"));
    }
}

#[tokio::test]
async fn t_2607_02_arrays_and_responses_are_refused() {
    let client = Probe::new().client();
    let one = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
    let response = json!({ "jsonrpc": "2.0", "id": 1, "result": {} });
    for body in [json!([one]), json!([]), response] {
        let request = client
            .post_json(body.clone())
            .set(&PROTOCOL_VERSION, "2026-07-28");
        assert_eq!(request.send().await.refusal(), (400, -32600), "{body}");
    }
}

#[tokio::test]
async fn t_2607_03_a_notification_is_202_without_a_body() {
    let client = Probe::new().client();
    let note = json!({ "jsonrpc": "2.0", "method": "notifications/whatever" });
    let answer = client
        .post_json(note)
        .set(&PROTOCOL_VERSION, "2026-07-28")
        .send()
        .await;
    assert_eq!((answer.status, answer.body.len()), (202, 0));
    assert_eq!(answer.header("content-type"), None);
}

#[tokio::test]
async fn t_2607_04_a_request_is_answered_with_one_object_or_a_stream() {
    let client = Probe::new().client();
    let silent = client.modern_call("echo", json!({})).send().await;
    assert_eq!(silent.header("content-type"), Some("application/json"));
    assert!(silent.json().is_object());
    let telling = client
        .modern_call("progress", json!({}))
        .meta("progressToken", 1);
    let telling = telling.send().await;
    assert!(telling.is_stream());
    assert_eq!(telling.status, 200);
}

#[tokio::test]
async fn t_2607_05_notifications_come_before_the_response_which_ends_the_stream() {
    let client = Probe::new().client();
    let request = client.modern_call("progress", json!({ "count": 3 }));
    let answer = request.meta("progressToken", "p").send().await;
    let messages = answer.messages();
    let (response, before) = messages.split_last().expect("messages");
    assert_eq!(response["id"], 1);
    assert_eq!(before.len(), 3);
    for (step, message) in (1..).zip(before) {
        assert_eq!(message["method"], "notifications/progress");
        assert_eq!(message["params"]["progressToken"], "p");
        assert_eq!(message["params"]["progress"], step);
        assert_eq!(message.get("id"), None, "never a request");
    }
}

#[tokio::test]
async fn rmcp_2a_9_and_t_2607_06_streams_are_not_buffered_and_have_no_event_ids() {
    let client = Probe::new().client();
    let request = client
        .modern_call("progress", json!({}))
        .meta("progressToken", 1);
    let answer = request.header("last-event-id", "anything").send().await;
    assert_eq!(answer.header("x-accel-buffering"), Some("no"));
    assert_eq!(
        answer.header("cache-control"),
        Some("no-cache, no-transform")
    );
    for event in answer.events() {
        assert_eq!((event.id, event.retry_ms), (None, None));
        assert_eq!(event.event, "message");
    }
}

#[tokio::test]
async fn t_2607_07_a_session_id_is_ignored_and_never_given() {
    let client = Probe::new().client();
    let session = client.connect("2025-11-25").await;
    for id in [
        session.id.as_deref().expect("an id"),
        "nonsense",
        "",
        "ünïcode",
    ] {
        let request = client.modern_call("whoami", json!({}));
        let answer = request.header("mcp-session-id", id).send().await;
        assert_eq!(answer.header("mcp-session-id"), None);
        assert_eq!(told(&answer.result())["session"], Value::Null, "{id}");
    }
    let sessionless = Client::new(Probe::new().endpoint().without_sessions().build());
    assert_eq!(
        sessionless
            .modern_call("echo", json!({}))
            .send()
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn t_2607_09_nothing_is_remembered_from_one_request_to_the_next() {
    let probe = Probe::new();
    let client = probe.client();
    let loud = client
        .modern_call("log", json!({}))
        .meta(LOG_LEVEL, "debug");
    assert!(loud.send().await.is_stream());
    let quiet = client.modern_call("log", json!({})).send().await;
    assert!(
        !quiet.is_stream(),
        "the level was asked for by the other request"
    );
    // The same id again and again, even at once: clients do not know of each other.
    let one = client.modern_call("gate", json!({ "as": "one" })).send();
    let two = client.modern_call("gate", json!({ "as": "two" })).send();
    let open = async {
        probe.journal.wait_for("one began").await;
        probe.journal.wait_for("two began").await;
        probe.open_gate();
    };
    let (one, two, ()) = tokio::join!(one, two, open);
    assert_eq!(told(&one.result())["as"], "one");
    assert_eq!(told(&two.result())["as"], "two");
}

#[tokio::test]
async fn t_2607_20_missing_metadata_is_400_invalid_params() {
    let client = Probe::new().client();
    let request = || client.modern("server/discover", json!({}));
    for params in [
        json!({}),
        json!({ "_meta": {} }),
        json!({ "_meta": { CLAIM: "2026-07-28" } }),
        json!({ "_meta": { CAPABILITIES: {} } }),
        json!({ "_meta": { CLAIM: 3, CAPABILITIES: {} } }),
        json!({ "_meta": { CLAIM: null, CAPABILITIES: {} } }),
        json!({ "_meta": { CLAIM: "2026-07-28", CAPABILITIES: null } }),
        json!({ "_meta": { CLAIM: "2026-07-28", CAPABILITIES: [] } }),
        json!({ "_meta": "2026-07-28" }),
        json!({ "_meta": [] }),
    ] {
        let answer = request()
            .edit(|message| message["params"] = params.clone())
            .send()
            .await;
        assert_eq!(answer.refusal(), (400, -32602), "{params}");
        assert_eq!(answer.response()["id"], 1);
    }
    let no_params = request().edit(|message| {
        message.as_object_mut().expect("an object").remove("params");
    });
    assert_eq!(no_params.send().await.refusal(), (400, -32602));
}

#[tokio::test]
async fn rmcp_4_13_and_t_2607_21_client_info_is_optional() {
    let client = Probe::new().client();
    let anonymous = client.modern_call("whoami", json!({})).edit(|message| {
        let meta = message["params"]["_meta"]
            .as_object_mut()
            .expect("an object");
        meta.remove("io.modelcontextprotocol/clientInfo");
    });
    assert_eq!(
        told(&anonymous.send().await.result())["client"],
        Value::Null
    );
    let named = client.modern_call("whoami", json!({})).send().await;
    assert_eq!(told(&named.result())["client"], "testkit");
}

#[tokio::test]
async fn t_2607_23_an_unsupported_version_is_400_with_what_is_supported() {
    let client = Probe::new().client();
    for version in ["v999", "2027-01-01", "2025-11-25", ""] {
        let request = client
            .modern("server/discover", json!({}))
            .meta(CLAIM, version);
        let answer = request.set(&PROTOCOL_VERSION, version).send().await;
        assert_eq!(answer.refusal(), (400, -32022), "{version}");
        let data = &answer.response()["error"]["data"];
        assert_eq!(
            *data,
            json!({ "supported": ["2026-07-28"], "requested": version })
        );
    }
    let discovered = client
        .modern("server/discover", json!({}))
        .send()
        .await
        .result();
    assert_eq!(discovered["supportedVersions"], json!(["2026-07-28"]));
}

#[tokio::test]
async fn t_2607_24_and_t_2607_47_unknown_and_retired_methods_are_404() {
    let client = Probe::new().client();
    for method in [
        "no/such",
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        "notifications/cancelled",
        "tasks/list",
    ] {
        let answer = client.modern(method, json!({})).send().await;
        assert_eq!(answer.refusal(), (404, -32601), "{method}");
        assert_eq!(answer.response()["id"], 1);
    }
}

#[tokio::test]
async fn t_all_06_a_method_whose_capability_is_not_offered_is_unknown() {
    let probe = Probe::offering(ServerCapabilities::default());
    let client = probe.client();
    let params = json!({ "name": "x" });
    let answer = client.modern("prompts/get", params.clone()).send().await;
    assert_eq!(answer.refusal(), (404, -32601));
    let session = client.connect("2025-11-25").await;
    let answer = session.request("prompts/get", params).send().await;
    assert_eq!(
        answer.refusal(),
        (200, -32601),
        "trap 4: 404 would mean the session is gone"
    );
    let answer = session.request("logging/setLevel", json!({ "level": "info" }));
    assert_eq!(answer.send().await.refusal(), (200, -32601));
}

#[tokio::test]
async fn t_2607_25_and_26_results_say_who_answered_and_that_they_are_complete() {
    let client = Probe::new().client();
    let telling = client
        .modern_call("progress", json!({}))
        .meta("progressToken", 1);
    for request in [
        client.modern("server/discover", json!({})),
        client.modern_call("echo", json!({})),
        telling,
    ] {
        let answer = request.send().await;
        let response = answer.messages().pop().expect("a response");
        let result = &response["result"];
        assert_eq!(result["resultType"], "complete");
        assert_eq!(
            result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"],
            "probe"
        );
    }
}

#[tokio::test]
async fn t_2607_27_an_undeclared_capability_is_400_with_what_is_required_as_an_object() {
    let client = Probe::new().client();
    let request = || client.modern_call("sample", json!({}));
    let answer = request().send().await;
    assert_eq!(answer.refusal(), (400, -32021));
    let response = answer.response();
    assert_eq!(response["id"], 1);
    assert_eq!(
        response["error"]["data"],
        json!({ "requiredCapabilities": { "sampling": {} } })
    );
    let declared = request().meta(CAPABILITIES, json!({ "sampling": {} }));
    assert_eq!(declared.send().await.status, 200);
    let session = client.connect("2025-11-25").await;
    let legacy = session.call("sample", json!({})).send().await;
    assert_eq!(
        legacy.refusal(),
        (200, -32600),
        "no modern code on a legacy path"
    );
}

#[tokio::test]
async fn t_2607_28_trace_context_in_the_metadata_is_let_through() {
    let client = Probe::new().client();
    let request = client
        .modern_call("echo", json!({}))
        .meta(
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )
        .meta("baggage", "a=b");
    assert_eq!(request.send().await.status, 200);
}

#[tokio::test]
async fn rmcp_2a_8_and_t_2607_45_log_messages_come_only_if_asked_for_and_from_that_level_on() {
    let client = Probe::new().client();
    let silent = client.modern_call("log", json!({})).send().await;
    assert!(!silent.is_stream());
    let request = client
        .modern_call("log", json!({}))
        .meta(LOG_LEVEL, "error");
    let levels: Vec<_> = request
        .send()
        .await
        .messages()
        .iter()
        .filter_map(|message| message["params"]["level"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(levels, ["error", "critical", "alert", "emergency"]);
    let request = client.modern_call("log", json!({})).meta(LOG_LEVEL, "loud");
    assert_eq!(request.send().await.code(), -32602);
}

#[tokio::test]
async fn t_2607_46_progress_comes_only_with_a_token_of_the_same_type() {
    let client = Probe::new().client();
    let silent = client.modern_call("progress", json!({})).send().await;
    assert!(!silent.is_stream());
    for token in [json!("a"), json!(7), json!("7")] {
        let request = client.modern_call("progress", json!({}));
        let answer = request.meta("progressToken", token.clone()).send().await;
        assert_eq!(answer.messages()[0]["params"]["progressToken"], token);
    }
    let bad = client
        .modern_call("progress", json!({}))
        .meta("progressToken", 1.5);
    assert_eq!(bad.send().await.refusal(), (400, -32602));
}

#[tokio::test]
async fn trap_28_a_posted_cancellation_reaches_no_call_of_anybody() {
    let probe = Probe::new();
    let client = probe.client();
    let call = client.modern_call("gate", json!({})).send();
    let cancel = async {
        probe.journal.wait_for("gate began").await;
        let note = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } });
        let noted = client
            .post_json(note)
            .set(&PROTOCOL_VERSION, "2026-07-28")
            .send()
            .await;
        assert_eq!(noted.status, 202);
        probe.open_gate();
    };
    let (answer, ()) = tokio::join!(call, cancel);
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn trap_12_and_14_errors_have_the_shapes_of_the_final_text() {
    let client = Probe::new().client();
    let unknown = client.modern_call("no-such-tool", json!({})).send().await;
    assert_eq!(
        unknown.refusal(),
        (200, -32602),
        "a handler's refusal is no transport error"
    );
    let version = client
        .modern("server/discover", json!({}))
        .meta(CLAIM, "v1");
    let data = version.set(&PROTOCOL_VERSION, "v1").send().await.response();
    assert_eq!(data["error"]["data"].get("supportedVersions"), None);
}
