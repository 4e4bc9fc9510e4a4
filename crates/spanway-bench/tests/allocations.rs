//! How often a call allocates, HTTP excluded: from the request that an HTTP server has read to the last byte of
//! the answer's body. Counts are exact, so a budget holds on a noisy machine.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where what it expects is not there"
)]

use std::alloc::System;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use spanway::{Args, Server, StreamableHttp, Tool};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tower::Service;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The first calls fill what is made once.
const WARM_UP: usize = 10;
const CALLS: usize = 100;

#[derive(Deserialize, JsonSchema)]
struct Echo {
    text: String,
}

async fn echo(Args(Echo { text }): Args<Echo>) -> String {
    text
}

fn endpoint() -> StreamableHttp {
    let server = Server::builder("bench", "1.0.0").tool(Tool::new("echo", echo));
    StreamableHttp::new(server.build().unwrap())
}

fn post(headers: &[(&str, &str)], body: &Value) -> Request<Full<Bytes>> {
    let mut request = Request::post("/mcp")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request
        .body(Full::new(Bytes::from(body.to_string())))
        .unwrap()
}

async fn send(endpoint: &mut StreamableHttp, request: Request<Full<Bytes>>) -> Response<Bytes> {
    let Ok(response) = endpoint.call(request).await;
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Response::from_parts(parts, bytes)
}

/// How often the calls allocate, on average.
async fn allocations(endpoint: &mut StreamableHttp, request: &Request<Full<Bytes>>) -> f64 {
    let mut requests = vec![request.clone(); WARM_UP + CALLS].into_iter();
    for request in requests.by_ref().take(WARM_UP) {
        let answer = send(endpoint, request).await;
        assert_eq!(answer.status(), 200);
        let answer: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(answer["result"]["content"][0]["text"], "hello");
    }
    let region = Region::new(ALLOCATOR);
    for request in requests {
        send(endpoint, request).await;
    }
    let counted = region.change();
    (counted.allocations + counted.reallocations) as f64 / CALLS as f64
}

fn modern() -> Request<Full<Bytes>> {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "bench", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({ "_meta": meta, "name": "echo", "arguments": { "text": "hello" } });
    let headers = [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "echo"),
    ];
    post(
        &headers,
        &json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }),
    )
}

#[tokio::test]
async fn a_modern_call_stays_within_its_budget() {
    let found = allocations(&mut endpoint(), &modern()).await;
    println!("{found} allocations for each modern tools/call");
    assert!(found <= 20.0, "{found} allocations");
}

#[tokio::test]
async fn a_call_in_a_session_stays_within_its_budget() {
    let mut endpoint = endpoint();
    let client = json!({
        "protocolVersion": "2025-11-25",
        "clientInfo": { "name": "bench", "version": "1" },
        "capabilities": {},
    });
    let initialize = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": client });
    let opened = send(&mut endpoint, post(&[], &initialize)).await;
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
