//! Answers of an API as its callers get them: streams line by line, and what of them came in time.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use http_body::Frame;
use serde_json::{Value, json};
use spanway_openapi::{
    Bridge, BridgeBuilder, Catalog, Document, HttpUpstream, ServiceUpstream, UpstreamError,
};
use spanway_protocol::jsonrpc::{self, Incoming, Message};
use spanway_protocol::{Call, Emission, Limits, ProtocolVersion};
use spanway_server::{Context, McpService, Origin, Server};

/// Gives these chunks, then nothing more, and does not end.
struct Endless(Vec<&'static str>);

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.0.is_empty() {
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(Frame::data(self.0.remove(0).into()))))
    }
}

fn endless(
    media_type: &'static str,
    chunks: &[&'static str],
) -> ([(&'static str, &'static str); 1], Body) {
    (
        [("content-type", media_type)],
        Body::new(Endless(chunks.to_vec())),
    )
}

fn app() -> Router {
    Router::new()
        .route(
            "/events",
            get(async || endless("text/event-stream", &["data: one\n\nda", "ta: two\n\n"])),
        )
        .route("/json", get(async || endless("application/json", &["[1,"])))
        .route(
            "/rows",
            get(async || ([("content-type", "text/csv")], "a,b\n1,2\n")),
        )
}

fn catalog() -> Catalog {
    let get = |id: &str| json!({"get": {"operationId": id}});
    let paths = json!({"/events": get("events"), "/json": get("json"), "/rows": get("rows")});
    let document = json!({"openapi": "3.1.0", "paths": paths});
    Catalog::read(&Document::from_value(document, None).unwrap())
}

/// The texts of a call's result, and what the client is told before it.
async fn called(bridge: BridgeBuilder, name: &str) -> (bool, Vec<String>, Vec<String>) {
    let bridge = bridge.timeout(Duration::from_secs(1)).retries(0);
    let tools = bridge.build().unwrap().into_tools();
    let builder = Server::builder("test", "1");
    let builder = tools.into_iter().fold(builder, |it, tool| it.tool(tool));
    let server = builder.build().unwrap();
    let params = json!({"name": name, "arguments": {}});
    let asked = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let incoming = jsonrpc::parse(&asked.to_string().into(), &Limits::default()).unwrap();
    let Incoming::Single(Message::Request(request)) = incoming else {
        panic!("not a request")
    };
    let version = ProtocolVersion::V2025_11_25;
    let mut call = Call::new(request.id.clone(), request.method, request.params, version);
    call.progress_token = Some(1.into());
    let context = Context::new(&call, Origin::default(), 16);
    let reply = server.call(call, context.clone()).await;
    let mut told = Vec::new();
    let waiting = TaskContext::from_waker(Waker::noop());
    while let Poll::Ready(emission) = context.poll_emission(&waiting) {
        if let Emission::Progress(progress) = emission {
            told.push(progress.message.unwrap_or_default());
        }
    }
    let outgoing = spanway_protocol::encode(
        version,
        &request.id,
        &reply,
        server.info().raw_implementation(),
    );
    let answer: Value = serde_json::from_slice(&outgoing.body).unwrap();
    let result = &answer["result"];
    let texts = result["content"].as_array().unwrap().iter();
    let texts = texts
        .map(|it| it["text"].as_str().unwrap().to_owned())
        .collect();
    (result["isError"] == json!(true), texts, told)
}

async fn check(bridge: impl Fn() -> BridgeBuilder) {
    let (is_error, texts, told) = called(bridge(), "events").await;
    assert!(!is_error, "{texts:?}");
    assert!(
        texts[0].starts_with("[truncated: the API was still sending"),
        "{texts:?}"
    );
    assert_eq!(texts[1], "data: one\n\ndata: two\n\n");
    assert_eq!(told.last().unwrap(), "two");
    let (is_error, texts, told) = called(bridge(), "json").await;
    assert!(is_error && told.is_empty());
    assert_eq!(texts, [UpstreamError::Timeout { seconds: 1 }.to_string()]);
    let (is_error, texts, told) = called(bridge(), "rows").await;
    assert!(!is_error);
    assert_eq!(texts, ["a,b\n1,2\n"]);
    assert_eq!(told.last().unwrap(), "1,2");
}

#[tokio::test(start_paused = true)]
async fn k1b_10_streams_are_told_and_end_in_time_in_process() {
    check(|| Bridge::builder(catalog(), ServiceUpstream::new(app()))).await;
}

#[tokio::test]
async fn k1b_10_streams_are_told_and_end_in_time_over_the_network() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base: url::Url = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, app()).await.unwrap() });
    let bridge = || Bridge::builder(catalog(), HttpUpstream::new().unwrap()).base_url(base.clone());
    check(bridge).await;
}
