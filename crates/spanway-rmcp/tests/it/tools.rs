//! Calls of tools: arguments, results, failures, and what a handler knows of its call.

use serde_json::json;
use spanway_http::StreamableHttp;
use spanway_rmcp::RmcpService;
use spanway_server::Principal;
use spanway_testkit::Client;

use crate::toolbox::Toolbox;
use crate::{LEGACY, client, text};

#[tokio::test]
async fn structured_results_come_as_text_too_where_there_is_no_structure() {
    for version in LEGACY {
        let session = client().connect(version).await;
        let result = session
            .call("add", json!({ "a": 2, "b": 3 }))
            .send()
            .await
            .result();
        assert_eq!(text(&result), r#"{"sum":5}"#);
        let structured = (version >= "2025-06-18").then(|| json!({ "sum": 5 }));
        assert_eq!(result.get("structuredContent"), structured.as_ref());
        assert_eq!(result.get("resultType"), None);
    }
    let modern = client()
        .modern_call("add", json!({ "a": 2, "b": 3 }))
        .send()
        .await;
    assert_eq!(modern.status, 200);
    let result = modern.result();
    assert_eq!(result["structuredContent"], json!({ "sum": 5 }));
    assert_eq!(result["resultType"], "complete");
    assert_eq!(
        result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"],
        "toolbox"
    );
}

/// rmcp's own server answers these with -32601, or hangs.
#[tokio::test]
async fn malformed_parameters_are_32602_in_every_revision() {
    let malformed = [
        json!({}),
        json!({ "name": 1 }),
        json!({ "name": "add", "arguments": [1] }),
        json!({ "name": "add", "arguments": "x" }),
    ];
    for version in LEGACY {
        let session = client().connect(version).await;
        for params in &malformed {
            let answer = session.request("tools/call", params.clone()).send().await;
            assert_eq!(answer.refusal(), (200, -32602), "{params}");
        }
    }
    let modern = client().modern_call("add", json!([1])).send().await;
    assert_eq!(modern.code(), -32602);
    let unknown = client().modern_call("nothing", json!({})).send().await;
    assert_eq!(unknown.code(), -32602);
}

#[tokio::test]
async fn arguments_a_tool_cannot_read_are_told_to_the_model() {
    let session = client().connect("2025-11-25").await;
    let result = session
        .call("add", json!({ "a": "x" }))
        .send()
        .await
        .result();
    assert_eq!(result["isError"], true);
}

#[tokio::test]
async fn failures_are_results_and_refusals_keep_their_code() {
    let session = client().connect("2025-06-18").await;
    let failed = session.call("fail", json!({})).send().await.result();
    assert_eq!(
        (&failed["isError"], text(&failed)),
        (&json!(true), "out of paper")
    );
    let own_code = "the code is the handler's own";
    let refused = session.call("refuse", json!({})).unchecked(own_code);
    let refused = refused.send().await;
    let error = refused.response()["error"].clone();
    assert_eq!(
        error,
        json!({ "code": -32050, "message": "not now", "data": { "try": "later" } })
    );
    let modern = client().modern_call("refuse", json!({}));
    assert_eq!(modern.unchecked(own_code).send().await.code(), -32050);
}

#[tokio::test]
async fn t_dual_15_codes_of_the_modern_era_do_not_reach_legacy_clients() {
    let session = client().connect("2025-11-25").await;
    let legacy = session.call("refuse_modern", json!({})).send().await;
    assert_eq!(legacy.refusal(), (200, -32600));
    let modern = client()
        .modern_call("refuse_modern", json!({}))
        .send()
        .await;
    assert_eq!(modern.refusal(), (400, -32021));
}

#[tokio::test]
async fn a_panic_stays_in_its_call() {
    let client = client();
    let session = client.connect("2025-06-18").await;
    assert_eq!(
        session.call("panic", json!({})).send().await.refusal(),
        (200, -32603)
    );
    assert_eq!(
        client.modern_call("panic", json!({})).send().await.code(),
        -32603
    );
    let result = session
        .call("add", json!({ "a": 1, "b": 1 }))
        .send()
        .await
        .result();
    assert_eq!(text(&result), r#"{"sum":2}"#);
}

#[tokio::test]
async fn handlers_find_the_request_the_caller_and_the_client() {
    let client = Client::new(StreamableHttp::new(RmcpService::new(Toolbox::default())))
        .with_header("x-own", "yes");
    let modern = client
        .modern_call("who", json!({}))
        .extension(Principal::new("ann"))
        .extension(7_u8)
        .id("an id");
    let result = modern.send().await.result();
    assert_eq!(
        text(&result),
        r#"Some("yes") Some(7) Some("ann") Some("testkit") Some("2026-07-28") an id"#
    );
    let session = client.connect("2025-03-26").await;
    let result = session.call("who", json!({})).send().await.result();
    assert_eq!(
        text(&result),
        r#"Some("yes") None None Some("testkit") Some("2025-03-26") 1"#
    );
}

#[tokio::test]
async fn t_all_03_ids_are_echoed_as_they_came() {
    let client = client();
    for id in [json!(0), json!("a"), json!(u64::MAX)] {
        let answer = client
            .modern_call("count", json!({}))
            .id(id.clone())
            .send()
            .await;
        assert_eq!(answer.response()["id"], id);
    }
}

#[tokio::test]
async fn t_hdr_06_mirrored_arguments_are_compared_with_their_headers() {
    let client = client();
    let call = || client.modern_call("regional", json!({ "region": "eu" }));
    assert_eq!(call().send().await.refusal(), (400, -32020));
    let wrong = call().header("Mcp-Param-Region", "us").send().await;
    assert_eq!(wrong.refusal(), (400, -32020));
    let right = call().header("Mcp-Param-Region", "eu").send().await;
    assert_eq!(text(&right.result()), "eu");
    // Nothing is mirrored before 2026-07-28.
    let session = client.connect("2025-11-25").await;
    let result = session
        .call("regional", json!({ "region": "eu" }))
        .send()
        .await
        .result();
    assert_eq!(text(&result), "eu");
}

#[tokio::test]
async fn batches_of_2025_03_26_are_answered_as_one() {
    let session = client().connect("2025-03-26").await;
    let batch = json!([
        { "jsonrpc": "2.0", "id": 1, "method": "tools/call",
          "params": { "name": "add", "arguments": { "a": 1, "b": 2 } } },
        { "jsonrpc": "2.0", "method": "notifications/roots/list_changed" },
        { "jsonrpc": "2.0", "id": 2, "method": "ping" },
    ]);
    let messages = session.post(batch).send().await.messages();
    let mut ids: Vec<_> = messages
        .iter()
        .map(|message| message["id"].as_i64())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, [Some(1), Some(2)]);
}
