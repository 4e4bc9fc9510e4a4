//! An axum router as the API in the same process, end to end: document, tools, call, answer.

use std::time::Duration;

use axum::Router;
use axum::extract::{Path, RawQuery, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use serde_json::{Value, json};
use spanway_openapi::{
    Bridge, BridgeBuilder, Catalog, HttpUpstream, ServiceUpstream, Source, SourceError,
    UpstreamError, parse_document,
};
use spanway_protocol::schema::CallToolResult;
use url::Url;

const DOCUMENT: &str = r#"
openapi: 3.1.0
info: {title: Echo, version: "1"}
paths:
  /echo/{id}:
    post:
      operationId: echo
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
        - {name: q, in: query, schema: {type: array, items: {type: string}}}
        - {name: X-Mark, in: header, schema: {type: string}}
        - {name: c, in: cookie, schema: {type: string}}
      requestBody:
        content:
          application/json:
            schema: {type: object, properties: {a: {type: integer}}}
      responses:
        200:
          description: What came.
          content: {application/json: {schema: {type: object, required: [path], properties: {path: {type: string}}}}}
  /big: {get: {operationId: big}}
  /slow: {get: {operationId: slow}}
  /fail: {get: {operationId: fail}}
  /here: {get: {operationId: here}}
  /away: {get: {operationId: away}}
"#;

fn app() -> Router {
    Router::new()
        .route("/echo/{id}", post(echo))
        .route("/big", get(async || "x".repeat(17 * 1024 * 1024)))
        .route("/slow", get(std::future::pending::<&'static str>))
        .route(
            "/fail",
            get(async || (StatusCode::BAD_GATEWAY, "the database is down")),
        )
        .route("/here", get(async || Redirect::temporary("/fail")))
        .route(
            "/away",
            get(async || Redirect::temporary("http://127.0.0.1:9/stolen")),
        )
}

async fn echo(
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    request: Request,
) -> impl IntoResponse {
    let text = |name: &str| headers.get(name).map(|it| it.to_str().unwrap().to_owned());
    let body = axum::body::to_bytes(request.into_body(), 1024)
        .await
        .unwrap();
    axum::Json(json!({
        "path": id,
        "query": query,
        "mark": text("x-mark"),
        "cookie": text("cookie"),
        "host": text(header::HOST.as_str()),
        "is_operator": text("authorization").as_deref() == Some("Bearer operator"),
        "authorization": text("authorization"),
        "body": String::from_utf8_lossy(&body),
    }))
}

fn catalog() -> Catalog {
    Catalog::read(&parse_document(DOCUMENT.as_bytes(), None).unwrap())
}

fn in_process() -> BridgeBuilder {
    Bridge::builder(catalog(), ServiceUpstream::new(app()))
}

/// The same service behind a real socket.
async fn over_the_network() -> (BridgeBuilder, tokio::task::JoinSet<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, app()).await.unwrap() });
    let base = Url::parse(&format!("http://{address}")).unwrap();
    let builder = Bridge::builder(catalog(), HttpUpstream::new().unwrap()).base_url(base);
    (builder, tasks)
}

async fn call(bridge: &Bridge, name: &str, arguments: Value) -> CallToolResult {
    let Value::Object(arguments) = arguments else {
        panic!("not an object")
    };
    bridge.call(name, &arguments).await.unwrap()
}

fn text(result: &CallToolResult) -> &str {
    result.content[0].as_text().unwrap()
}

async fn check_echo(builder: BridgeBuilder) {
    let bridge = builder
        .header("Authorization", "Bearer operator")
        .unwrap()
        .build()
        .unwrap();
    let arguments = json!({"id": "a/ b", "q": ["1", "2&3"], "X-Mark": "m", "c": "k", "a": 7});
    let result = call(&bridge, "echo", arguments).await;
    assert!(!result.is_error, "{result:?}");
    let seen = result.structured_content.unwrap();
    assert_eq!(seen["path"], "a/ b");
    assert_eq!(seen["query"], "q=1&q=2%263");
    assert_eq!(seen["mark"], "m");
    assert_eq!(seen["cookie"], "c=k");
    assert_eq!(seen["is_operator"], true);
    assert_eq!(seen["authorization"], "[redacted]");
    assert_eq!(seen["body"], r#"{"a":7}"#);
    assert!(seen["host"].is_string());
}

#[tokio::test]
async fn every_argument_arrives_in_process() {
    check_echo(in_process()).await;
}

#[tokio::test]
async fn every_argument_arrives_over_the_network() {
    let (builder, _tasks) = over_the_network().await;
    check_echo(builder).await;
}

async fn check_failures(builder: BridgeBuilder) {
    let bridge = builder.timeout(Duration::from_secs(30)).build().unwrap();
    let result = call(&bridge, "fail", json!({})).await;
    assert!(result.is_error);
    assert_eq!(text(&result), "HTTP 502 Bad Gateway\nthe database is down");
    let result = call(&bridge, "big", json!({})).await;
    assert!(result.is_error);
    let too_large = UpstreamError::TooLarge {
        bytes_max: 16 * 1024 * 1024,
    };
    assert_eq!(text(&result), too_large.to_string());
    let result = call(&bridge, "away", json!({})).await;
    assert!(result.is_error);
    assert!(text(&result).starts_with("HTTP 307"), "{result:?}");
}

#[tokio::test]
async fn failures_are_results_in_process() {
    check_failures(in_process()).await;
}

#[tokio::test]
async fn failures_are_results_over_the_network() {
    let (builder, _tasks) = over_the_network().await;
    check_failures(builder).await;
}

#[tokio::test]
async fn a_redirect_is_followed_on_the_same_origin_only() {
    let (builder, _tasks) = over_the_network().await;
    let bridge = builder.build().unwrap();
    let result = call(&bridge, "here", json!({})).await;
    assert!(text(&result).starts_with("HTTP 502"), "{result:?}");
}

#[tokio::test]
async fn a_slow_answer_is_given_up_over_the_network() {
    let (builder, _tasks) = over_the_network().await;
    let bridge = builder.timeout(Duration::from_millis(50)).build().unwrap();
    let result = call(&bridge, "slow", json!({})).await;
    assert!(
        result.is_error && text(&result).contains("did not answer"),
        "{result:?}"
    );
}

#[tokio::test]
async fn d1_14_a_slow_upstream_holds_up_no_other_call() {
    let (builder, _tasks) = over_the_network().await;
    let bridge = builder.timeout(Duration::from_secs(60)).build().unwrap();
    let slow = call(&bridge, "slow", json!({}));
    let others = async {
        for _ in 0..3 {
            let result = call(&bridge, "fail", json!({})).await;
            assert_eq!(text(&result), "HTTP 502 Bad Gateway\nthe database is down");
        }
    };
    tokio::select! {
        _ = slow => panic!("it never answers"),
        () = others => {}
    }
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_a_useful_sentence() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let base = Url::parse(&format!("http://{address}")).unwrap();
    let builder = Bridge::builder(catalog(), HttpUpstream::new().unwrap()).base_url(base);
    let result = call(&builder.build().unwrap(), "fail", json!({})).await;
    assert!(result.is_error);
    assert_eq!(text(&result), UpstreamError::Connect.to_string());
}

#[tokio::test]
async fn a_document_is_fetched_and_its_relative_server_means_where_it_came_from() {
    let spec = r#"{"openapi": "3.1.0", "servers": [{"url": "../api"}], "paths": {"/ping": {"get": {"operationId": "ping"}}}}"#;
    let app = Router::new()
        .route(
            "/docs/openapi",
            get(async move || ([("content-type", "text/plain")], spec)),
        )
        .route("/api/ping", get(async || "pong"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
    let source = Source::new(&format!("{origin}/docs/openapi?key=secret"));
    let document = source.clone().load().await.unwrap();
    let bridge = Bridge::builder(Catalog::read(&document), HttpUpstream::new().unwrap());
    let result = call(&bridge.build().unwrap(), "ping", json!({})).await;
    assert_eq!(text(&result), "pong");
    let error = source.bytes_max(20).load().await.unwrap_err();
    assert!(matches!(error, SourceError::TooLarge { bytes_max: 20, .. }));
    let missing = Source::new(&format!("{origin}/nothing?key=secret"));
    let error = missing.load().await.unwrap_err().to_string();
    assert!(
        error.contains("404") && !error.contains("secret"),
        "{error}"
    );
}
