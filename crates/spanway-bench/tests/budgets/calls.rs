//! How often a call allocates: from the request that an HTTP server has read to the last byte of the answer's
//! body.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use spanway::{Server, StreamableHttp, Tool};
use stats_alloc::Region;

use super::{ALLOCATOR, echo, endpoint, initialize, post, send};

/// The first calls fill what is made once.
const WARM_UP: usize = 10;
const CALLS: usize = 100;

/// How often the calls allocate, on average.
async fn allocations(endpoint: &mut StreamableHttp, request: &Request<Full<Bytes>>) -> f64 {
    let mut requests = vec![request.clone(); WARM_UP + CALLS].into_iter();
    for request in requests.by_ref().take(WARM_UP) {
        let answer = send(endpoint, request).await;
        assert_eq!(answer.status(), 200);
        let answer: Value = serde_json::from_slice(answer.body()).unwrap();
        assert!(answer["result"].is_object(), "{answer}");
    }
    let region = Region::new(ALLOCATOR);
    for request in requests {
        send(endpoint, request).await;
    }
    let counted = region.change();
    (counted.allocations + counted.reallocations) as f64 / CALLS as f64
}

fn modern(method: &str, mut params: Value) -> Request<Full<Bytes>> {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "bench", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let mut headers = vec![
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", method),
    ];
    if method == "tools/call" {
        headers.push(("mcp-name", "echo"));
    }
    post(
        &headers,
        &json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }),
    )
}

#[tokio::test]
async fn a_modern_call_stays_within_its_budget() {
    let call = modern(
        "tools/call",
        json!({ "name": "echo", "arguments": { "text": "hello" } }),
    );
    let found = allocations(&mut endpoint(), &call).await;
    println!("{found} allocations for each modern tools/call");
    assert!(found <= 20.0, "{found} allocations");
}

#[tokio::test]
async fn a_call_in_a_session_stays_within_its_budget() {
    let mut endpoint = endpoint();
    let opened = send(&mut endpoint, initialize()).await;
    let session = opened.headers()["mcp-session-id"].to_str().unwrap();
    let headers = [
        ("mcp-protocol-version", "2025-11-25"),
        ("mcp-session-id", session),
    ];
    let params = json!({ "name": "echo", "arguments": { "text": "hello" } });
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let found = allocations(&mut endpoint, &post(&headers, &call)).await;
    println!("{found} allocations for each tools/call in a session");
    assert!(found <= 22.0, "{found} allocations");
}

#[tokio::test]
async fn a_list_costs_the_same_for_one_tool_and_for_a_thousand() {
    let list = modern("tools/list", json!({}));
    let mut found = Vec::new();
    for count in [1, 1000] {
        let tools = (0..count).map(|number| Tool::new(format!("echo_{number}"), echo));
        let server = Server::builder("bench", "1.0.0")
            .tools(tools)
            .build()
            .unwrap();
        found.push(allocations(&mut StreamableHttp::new(server), &list).await);
    }
    println!("{found:?} allocations for tools/list");
    // One more for the cursor of the next page.
    assert!(found[1] <= found[0] + 1.0, "{found:?} allocations");
    assert!(found[0] <= 20.0, "{found:?} allocations");
}
