//! Both eras on one endpoint: which request belongs to which, and that nothing leaks between them.

use http::Method;
use serde_json::{Value, json};
use spanway_protocol::{METHOD, PROTOCOL_VERSION, SESSION_ID};
use spanway_testkit::{Client, RequestBuilder};

use crate::probe::{Probe, told};

const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

fn claim(version: &str) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

#[tokio::test]
async fn rmcp_2a_9_and_t_dual_01_get_is_for_sessions() {
    let client = Probe::new().client();
    let session = client.connect("2025-11-25").await;
    assert_eq!(session.listen().open().await.status, 200);
    let unknown = client.get().set(&SESSION_ID, "AAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(unknown.send().await.refusal(), (404, -32600));
    assert_eq!(client.get().send().await.refusal(), (400, -32600));
    for legacy in [session.listen(), session.resume("1"), client.get()] {
        let modern = legacy.set(&PROTOCOL_VERSION, "2026-07-28");
        assert_eq!(modern.send().await.status, 405);
    }
    let sessionless = Client::new(Probe::new().endpoint().without_sessions().build());
    assert_eq!(sessionless.get().send().await.status, 405);
}

#[tokio::test]
async fn t_dual_02_delete_is_for_sessions() {
    let client = Probe::new().client();
    let session = client.connect("2025-11-25").await;
    let modern = session.delete().set(&PROTOCOL_VERSION, "2026-07-28");
    assert_eq!(modern.send().await.status, 405);
    let delete = || client.request(Method::DELETE);
    assert_eq!(delete().send().await.refusal(), (400, -32600));
    let unknown = delete().set(&SESSION_ID, "AAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(unknown.send().await.refusal(), (404, -32600));
    assert_eq!(session.delete().send().await.status, 200);
}

#[tokio::test]
async fn t_dual_03_a_batch_never_hides_a_modern_request() {
    let client = Probe::new().client();
    let session = client.connect("2025-03-26").await;
    let plain = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    let hidden = json!({ "jsonrpc": "2.0", "id": 2, "method": "ping", "params": { "_meta": claim("2026-07-28") } });
    assert_eq!(session.post(json!([plain])).send().await.status, 200);
    let answer = session.post(json!([plain, hidden])).send().await;
    assert_eq!(answer.refusal(), (400, -32600));
    let modern = client
        .post_json(json!([plain]))
        .set(&PROTOCOL_VERSION, "2026-07-28");
    assert_eq!(modern.send().await.refusal(), (400, -32600));
    let sessionless = Client::new(Probe::new().endpoint().without_sessions().build());
    let answer = sessionless.post_json(json!([plain])).send().await;
    assert_eq!(answer.status, 200, "no header and no session: 2025-03-26");
}

#[tokio::test]
async fn t_dual_04_a_posted_response_belongs_to_a_session() {
    let client = Probe::new().client();
    let session = client.connect("2025-11-25").await;
    let response = json!({ "jsonrpc": "2.0", "id": 1, "result": {} });
    let taken = session.post(response.clone()).send().await;
    assert_eq!((taken.status, taken.body.len()), (202, 0));
    assert_eq!(client.post_json(response.clone()).send().await.status, 400);
    let modern = session.post(response).set(&PROTOCOL_VERSION, "2026-07-28");
    assert_eq!(modern.send().await.refusal(), (400, -32600));
}

#[tokio::test]
async fn t_dual_05_a_claim_is_modern_whatever_the_method_and_the_session() {
    let client = Probe::new().client();
    let session = client.connect("2025-11-25").await;
    let id = session.id.as_deref().expect("a session");
    let answer = client
        .modern_call("whoami", json!({}))
        .set(&SESSION_ID, id)
        .send()
        .await;
    assert_eq!(told(&answer.result())["version"], "2026-07-28");
    // Trap 2: the plain one must work, the one with a claim must not.
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "x", "version": "1" } });
    let claimed = client.modern("initialize", params).send().await;
    assert_eq!(claimed.refusal(), (404, -32601));
    assert_eq!(claimed.header("mcp-session-id"), None);
}

#[tokio::test]
async fn t_dual_06_a_modern_header_without_a_claim_is_never_legacy() {
    let client = Probe::new().client();
    let session = client.connect("2025-11-25").await;
    for version in ["2026-07-28", "2027-01-01"] {
        let request = session
            .request("ping", json!({}))
            .set(&PROTOCOL_VERSION, version);
        let answer = request.send().await;
        assert_eq!(answer.refusal(), (400, -32602), "{version}");
        assert!(
            answer
                .error_text()
                .contains("io.modelcontextprotocol/protocolVersion")
        );
        assert!(
            answer
                .error_text()
                .contains("io.modelcontextprotocol/clientCapabilities")
        );
    }
    let initialize = client
        .initialize("2025-11-25")
        .set(&PROTOCOL_VERSION, "2026-07-28");
    assert_eq!(initialize.send().await.refusal(), (400, -32020));
}

#[tokio::test]
async fn d2_14_and_t_dual_07_initialize_opens_a_fresh_session_whatever_came_with_it() {
    let client = Probe::new().client();
    let old = client.connect("2025-11-25").await;
    let gone = client.connect("2025-11-25").await;
    assert_eq!(gone.delete().send().await.status, 200);
    let old_id = old.id.as_deref().expect("a session");
    let gone_id = gone.id.as_deref().expect("a session");
    for stale in [old_id, gone_id, "nonsense", "ünïcode"] {
        let request = client
            .initialize("2025-06-18")
            .header("mcp-session-id", stale);
        let answer = request.header("mcp-method", "initialize").send().await;
        assert_eq!(answer.status, 200, "{stale}");
        let fresh = answer.header("mcp-session-id").expect("a session");
        assert_ne!(fresh, stale);
    }
    assert_eq!(old.request("ping", json!({})).send().await.status, 200);
    let contradicted = client
        .initialize("2025-06-18")
        .set(&PROTOCOL_VERSION, "2025-11-25");
    let agreed = contradicted.send().await.result();
    assert_eq!(agreed["protocolVersion"], "2025-06-18", "the body decides");
}

#[tokio::test]
async fn rmcp_4_13_and_t_dual_08_without_claim_and_session_a_request_is_400_or_served_as_assumed() {
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    let client = Probe::new().client();
    assert_eq!(client.post_json(ping).send().await.refusal(), (400, -32600));
    let sessionless = Client::new(Probe::new().endpoint().without_sessions().build());
    let who = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "whoami" } });
    let version =
        async |request: RequestBuilder| told(&request.send().await.result())["version"].clone();
    assert_eq!(
        version(sessionless.post_json(who.clone())).await,
        "2025-03-26"
    );
    for named in LEGACY {
        let request = sessionless
            .post_json(who.clone())
            .set(&PROTOCOL_VERSION, named);
        assert_eq!(version(request).await, named);
    }
    let caller = told(&sessionless.post_json(who.clone()).send().await.result());
    assert_eq!(caller["client"], Value::Null, "unknown, not made up");
    let unknown = sessionless
        .post_json(who)
        .set(&PROTOCOL_VERSION, "1999-01-01");
    assert_eq!(unknown.send().await.refusal(), (400, -32600));
}

#[tokio::test]
async fn t_dual_09_a_modern_notification_is_dropped_unless_its_version_is_unsupported() {
    let client = Probe::new().client();
    let note =
        |params: Value| json!({ "jsonrpc": "2.0", "method": "notifications/x", "params": params });
    let by_header = client
        .post_json(note(json!({})))
        .set(&PROTOCOL_VERSION, "2026-07-28");
    assert_eq!(by_header.send().await.status, 202);
    let claimed = json!({ "_meta": claim("2026-07-28") });
    let by_both = client
        .post_json(note(claimed.clone()))
        .set(&PROTOCOL_VERSION, "2026-07-28");
    assert_eq!(by_both.send().await.status, 202);
    let by_claim = client.post_json(note(claimed)).send().await;
    assert_eq!(
        by_claim.status, 202,
        "notifications have no header rules: {by_claim:?}"
    );
    let unknown = client
        .post_json(note(json!({})))
        .set(&PROTOCOL_VERSION, "2027-01-01");
    assert_eq!(unknown.send().await.refusal(), (400, -32022));
    let unknown = client.post_json(note(json!({ "_meta": claim("v999") })));
    let answer = unknown.send().await;
    assert_eq!(answer.refusal(), (400, -32022));
    assert_eq!(answer.response()["error"]["data"]["requested"], "v999");
}

#[tokio::test]
async fn t_dual_10_other_keys_of_the_metadata_claim_nothing() {
    let session = Probe::new().client().connect("2025-11-25").await;
    for meta in [
        json!({ "io.modelcontextprotocol/related-task": { "taskId": "1" } }),
        json!({ "traceparent": "00-0-0-00", "io.modelcontextprotocol/clientCapabilities": {} }),
        json!({ "protocolVersion": "2026-07-28" }),
    ] {
        let request = session.call("whoami", json!({}));
        let answer = request
            .edit(|message| message["params"]["_meta"] = meta.clone())
            .send()
            .await;
        assert_eq!(told(&answer.result())["version"], "2025-11-25", "{meta}");
    }
}

#[tokio::test]
async fn t_dual_11_a_claim_of_a_legacy_version_is_unsupported() {
    let client = Probe::new().client();
    for version in LEGACY {
        let request = client
            .modern("server/discover", json!({}))
            .meta("io.modelcontextprotocol/protocolVersion", version)
            .set(&PROTOCOL_VERSION, version);
        assert_eq!(request.send().await.refusal(), (400, -32022), "{version}");
    }
}

#[tokio::test]
async fn t_dual_12_initialize_never_agrees_on_a_modern_version() {
    let client = Probe::new().client();
    for asked in ["2026-07-28", "2027-01-01", "1.0", ""] {
        let answer = client.initialize(asked).send().await;
        assert_eq!(answer.result()["protocolVersion"], "2025-11-25", "{asked}");
    }
}

#[tokio::test]
async fn t_dual_13_a_claim_without_the_version_header_is_400() {
    let client = Probe::new().client();
    let request = client
        .modern_call("echo", json!({}))
        .without(&PROTOCOL_VERSION);
    assert_eq!(request.send().await.refusal(), (400, -32020));
}

#[tokio::test]
async fn t_dual_14_a_session_keeps_its_revision_and_tolerates_another_legacy_header() {
    let client = Probe::new().client();
    for agreed in LEGACY {
        let session = client.connect(agreed).await;
        for named in LEGACY {
            let request = session
                .call("whoami", json!({}))
                .set(&PROTOCOL_VERSION, named);
            let answer = request.send().await;
            assert_eq!(told(&answer.result())["version"], agreed);
            assert_eq!(answer.header("mcp-protocol-version"), Some(agreed));
        }
    }
}

#[tokio::test]
async fn t_dual_15_nothing_of_one_era_leaks_into_the_other() {
    let client = Probe::new().client();
    for version in LEGACY {
        let opened = client.initialize(version).send().await;
        let session = spanway_testkit::Session::of(client.clone(), &opened);
        let call = session.call("echo", json!({})).send().await;
        let ping = session.request("ping", json!({})).send().await;
        assert_eq!(ping.result(), json!({}));
        for answer in [opened, call, ping] {
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            for word in [
                "resultType",
                "ttlMs",
                "cacheScope",
                "io.modelcontextprotocol",
            ] {
                assert!(!text.contains(word), "{version}: {text}");
            }
        }
        let discover = session.request("server/discover", json!({})).send().await;
        assert_eq!(
            discover.refusal(),
            (200, -32601),
            "{version} has no such method"
        );
    }
    let modern = client.modern_call("echo", json!({})).send().await;
    assert_eq!(modern.header("mcp-session-id"), None);
    assert_eq!(modern.header("mcp-protocol-version"), Some("2026-07-28"));
}

#[tokio::test]
async fn modern_codes_never_appear_on_a_legacy_path() {
    let client = Probe::new().client();
    let session = client.connect("2025-11-25").await;
    let requests = [
        session
            .request("ping", json!({}))
            .set(&PROTOCOL_VERSION, "nonsense"),
        session
            .request("ping", json!({}))
            .set(&METHOD, "tools/call"),
        session.request("no/such", json!({})),
        session
            .request("ping", json!({}))
            .header("mcp-protocol-version", "2025-11-25"),
        session
            .request("ping", json!({}))
            .header("mcp-session-id", "x"),
        session.post(json!([1])),
    ];
    for request in requests {
        let answer = request.send().await;
        let code = answer.response()["error"]["code"]
            .as_i64()
            .unwrap_or_default();
        assert!(!(-32099..=-32020).contains(&code), "{answer:?}");
    }
}
