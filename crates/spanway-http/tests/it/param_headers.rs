//! `Mcp-Param-*` over HTTP: compared after the tool is found and before it runs.

use http::header::ACCEPT;
use serde_json::{Map, Value, json};
use spanway_http::StreamableHttp;
use spanway_server::{Server, Tool};
use spanway_testkit::Client;

fn client() -> Client {
    let schema = json!({
        "type": "object",
        "properties": {
            "region": { "type": "string", "x-mcp-header": "Region" },
            "count": { "type": "integer", "x-mcp-header": "Count" },
        },
        "required": ["region"],
    });
    let echo = async |arguments: Map<String, Value>| Value::Object(arguments).to_string();
    let server = Server::builder("shop", "1")
        .tool(Tool::new("echo", echo).input_schema(schema))
        .tool(Tool::new("plain", async || "plain"))
        .build()
        .expect("a server");
    Client::new(StreamableHttp::new(server))
}

#[tokio::test]
async fn t_hdr_06_07_headers_and_arguments_say_the_same() {
    let client = client();
    let call = |arguments: Value| client.modern_call("echo", arguments);
    let good = call(json!({ "region": "North", "count": 42 }))
        .header("MCP-PARAM-REGION", "=?base64?Tm9ydGg=?=")
        .header("Mcp-Param-Count", "42.0")
        .header("Mcp-Param-Unknown", "ignored");
    assert_eq!(good.send().await.result()["isError"], Value::Null);
    for request in [
        call(json!({ "region": "North" })),
        call(json!({ "region": "North" })).header("mcp-param-region", "South"),
        call(json!({ "region": "North" })).header("mcp-param-region", "=?base64?Tm9ydGg?="),
        call(json!({ "region": "North" })).header("mcp-param-region", b"\xc3\xa9"),
        call(json!({ "region": "North" }))
            .header("mcp-param-region", "North")
            .header("mcp-param-region", "North"),
        call(json!({ "region": "North" }))
            .header("mcp-param-region", "North")
            .header("mcp-param-count", "1"),
        call(json!({})).header("mcp-param-region", "North"),
    ] {
        let answer = request.send().await;
        assert_eq!(answer.refusal(), (400, -32020));
        assert_eq!(answer.response()["id"], 1);
    }
}

#[tokio::test]
async fn t_hdr_06_the_status_is_kept_for_clients_that_take_streams_only() {
    let request = client().modern_call("echo", json!({ "region": "North" }));
    let answer = request.set(&ACCEPT, "text/event-stream").send().await;
    assert_eq!(answer.refusal(), (400, -32020));
    let fine = client().modern_call("plain", json!({}));
    let fine = fine.set(&ACCEPT, "text/event-stream").send().await;
    assert!(fine.is_stream());
    assert_eq!(fine.messages().len(), 1);
}

#[tokio::test]
async fn t_hdr_09_tools_that_mirror_nothing_take_any_such_header() {
    let request = client().modern_call("plain", json!({}));
    let answer = request.header("mcp-param-region", b"\xff").send().await;
    assert_eq!(answer.result()["content"][0]["text"], "plain");
    // Trap 24: what there is no tool of cannot be compared.
    let unknown = client().modern_call("nobody", json!({ "region": "North" }));
    assert_eq!(unknown.send().await.refusal(), (200, -32602));
}

#[tokio::test]
async fn t_hdr_06_only_the_modern_revision_mirrors() {
    let session = client().connect("2025-11-25").await;
    let answer = session
        .call("echo", json!({ "region": "North" }))
        .send()
        .await;
    assert_eq!(
        answer.result()["content"][0]["text"],
        r#"{"region":"North"}"#
    );
}
