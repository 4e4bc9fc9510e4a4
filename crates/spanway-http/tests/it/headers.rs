//! The headers that mirror the body (SEP-2243).

use serde_json::json;
use spanway_protocol::{METHOD, NAME, PROTOCOL_VERSION};
use spanway_testkit::{Client, RequestBuilder};

use crate::probe::Probe;

const MISMATCH: (u16, i64) = (400, -32020);

fn call(client: &Client, tool: &str) -> RequestBuilder {
    client.modern_call(tool, json!({}))
}

#[tokio::test]
async fn t_2607_22_the_version_header_is_there_and_equals_the_claim() {
    let client = Probe::new().client();
    let request = || call(&client, "echo");
    let missing = request().without(&PROTOCOL_VERSION);
    assert_eq!(missing.send().await.refusal(), MISMATCH);
    for other in [
        "2025-11-25",
        "2027-01-01",
        "v999",
        "",
        "2026-07-28, 2026-07-28",
    ] {
        let answer = request().set(&PROTOCOL_VERSION, other).send().await;
        assert_eq!(answer.refusal(), MISMATCH, "{other}");
    }
    let twice = request().header("mcp-protocol-version", "2026-07-28");
    assert_eq!(twice.send().await.refusal(), MISMATCH);
}

#[tokio::test]
async fn trap_3_metadata_comes_before_the_headers_and_they_before_the_version() {
    let client = Probe::new().client();
    let claim = "io.modelcontextprotocol/protocolVersion";
    let version_differs = call(&client, "echo").meta(claim, "v999");
    assert_eq!(version_differs.send().await.refusal(), MISMATCH);
    let all_wrong = call(&client, "echo")
        .without(&METHOD)
        .edit(|message| message["params"]["_meta"] = json!({ claim: "v999" }));
    assert_eq!(all_wrong.send().await.refusal(), (400, -32602));
    let unknown_everywhere = client
        .modern("no/such", json!({}))
        .meta(claim, "v999")
        .set(&PROTOCOL_VERSION, "v999");
    assert_eq!(unknown_everywhere.send().await.refusal(), (400, -32022));
}

#[tokio::test]
async fn t_hdr_01_the_method_header_is_there_and_equal_letter_by_letter() {
    let client = Probe::new().client();
    let request = || call(&client, "echo");
    assert_eq!(request().without(&METHOD).send().await.refusal(), MISMATCH);
    for other in ["Tools/Call", "tools/list", "", "tools/call,tools/call"] {
        let answer = request().set(&METHOD, other).send().await;
        assert_eq!(answer.refusal(), MISMATCH, "{other}");
        assert_eq!(answer.response()["id"], 1);
    }
    let twice = request().header("mcp-method", "tools/call");
    assert_eq!(twice.send().await.refusal(), MISMATCH);
    let not_text = request()
        .without(&METHOD)
        .header("mcp-method", b"tools\xff");
    assert_eq!(not_text.send().await.refusal(), MISMATCH);
}

#[tokio::test]
async fn t_hdr_02_the_name_header_is_there_and_equal_for_the_three_methods() {
    let client = Probe::new().client();
    for (method, key) in [
        ("tools/call", "name"),
        ("prompts/get", "name"),
        ("resources/read", "uri"),
    ] {
        let request = || client.modern(method, json!({ key: "a" }));
        assert_eq!(
            request().without(&NAME).send().await.refusal(),
            MISMATCH,
            "{method}"
        );
        let other = request().set(&NAME, "A").send().await;
        assert_eq!(other.refusal(), MISMATCH, "{method}");
        let twice = request().header("mcp-name", "a").send().await;
        assert_eq!(twice.refusal(), MISMATCH, "{method}");
        assert_ne!(request().send().await.code(), -32020, "{method}");
    }
    let unnamed = client
        .modern("server/discover", json!({}))
        .header("mcp-name", "x");
    assert_eq!(
        unnamed.send().await.status,
        200,
        "not a named method: not looked at"
    );
}

#[tokio::test]
async fn t_hdr_03_names_of_headers_ignore_case_and_values_their_surrounding_space() {
    let client = Probe::new().client();
    let padded = call(&client, "echo")
        .without(&METHOD)
        .header("MCP-METHOD", " \ttools/call\t ")
        .set(&NAME, "  echo ");
    assert_eq!(padded.send().await.status, 200);
}

#[tokio::test]
async fn t_hdr_04_names_in_base64_are_decoded_before_they_are_compared() {
    let client = Probe::new().client();
    let named = |tool: &str, header: &str| call(&client, tool).set(&NAME, header);
    assert_eq!(
        named("echo", "=?base64?ZWNobw==?=").send().await.status,
        200
    );
    for (tool, header) in [
        ("echo", "=?base64?ZWNobw?="),
        ("echo", "=?base64?ZWNobx==?="),
        ("echo", "=?base64?ZWNo bw==?="),
        ("echo", "=?base64?!!!!?="),
        ("echo", "=?BASE64?ZWNobw==?="),
        ("echo", "=?base64?ZWNobw=="),
        ("echo", "=?base64??="),
        ("echo", "=?base64?"),
        ("echo", "=?base64?="),
        ("\u{fffd}", "=?base64?/w==?="),
    ] {
        let answer = named(tool, header).send().await;
        assert_eq!(answer.refusal(), MISMATCH, "{header}");
    }
    // Without the exact markers a value stands for itself.
    let literal = "=?BASE64?ZWNobw==?=";
    assert_ne!(named(literal, literal).send().await.code(), -32020);
}

#[tokio::test]
async fn a_body_without_a_usable_name_is_judged_by_its_parameters() {
    let client = Probe::new().client();
    for name in [json!(3), json!(null), json!(["echo"])] {
        let request =
            call(&client, "echo").edit(|message| message["params"]["name"] = name.clone());
        assert_eq!(request.send().await.code(), -32602, "{name}");
    }
}
