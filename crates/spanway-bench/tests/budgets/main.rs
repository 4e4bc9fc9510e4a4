//! What can be counted exactly, so that a budget holds on a noisy machine: how often a call allocates, HTTP
//! excluded, and what sessions and streams keep.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where what it expects is not there"
)]

mod calls;
mod memory;

use std::alloc::System;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use spanway::{Args, Server, StreamableHttp, Tool};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tower::Service;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[derive(Deserialize, JsonSchema)]
struct Echo {
    text: String,
}

async fn echo(Args(Echo { text }): Args<Echo>) -> String {
    text
}

fn server() -> Server {
    let server = Server::builder("bench", "1.0.0").tool(Tool::new("echo", echo));
    server.build().unwrap()
}

fn endpoint() -> StreamableHttp {
    StreamableHttp::new(server())
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
        .body(Full::new(received(&body.to_string())))
        .unwrap()
}

/// As HTTP gives it: a part of the buffer of its connection, which stays for as long as somebody keeps a part of it.
fn received(text: &str) -> Bytes {
    const BUFFER: usize = 8192;
    let mut buffer = text.as_bytes().to_vec();
    buffer.resize(BUFFER.max(text.len()), 0);
    Bytes::from(buffer).slice(..text.len())
}

async fn send(endpoint: &mut StreamableHttp, request: Request<Full<Bytes>>) -> Response<Bytes> {
    let Ok(response) = endpoint.call(request).await;
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Response::from_parts(parts, bytes)
}

fn initialize() -> Request<Full<Bytes>> {
    let client = json!({
        "protocolVersion": "2025-11-25",
        "clientInfo": { "name": "bench", "version": "1" },
        "capabilities": {},
    });
    post(
        &[],
        &json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": client }),
    )
}
