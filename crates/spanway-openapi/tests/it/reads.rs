//! Operations read as resources: shown as a tool's answer is.

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::get;
use serde_json::{Value, json};
use spanway_openapi::{
    Bridge, BridgeBuilder, Catalog, Document, Exposure, Reads, ServiceUpstream, Shape,
};
use spanway_protocol::ProtocolVersion;
use spanway_server::Server;

use crate::tools::ask;

fn app() -> Router {
    let echo = async |headers: HeaderMap| {
        let key = headers
            .get("x-key")
            .map(|it| it.to_str().unwrap().to_owned());
        axum::Json(json!({"key": key, "more": [1, 2]}))
    };
    Router::new()
        .route(
            "/list",
            get(async || axum::Json((0..1000).collect::<Vec<_>>())),
        )
        .route("/text", get(async || "word ".repeat(1000)))
        .route("/file", get(async || vec![0_u8; 3000]))
        .route("/echo", get(echo))
}

/// What reading the resource of a path gives, as a client sees it.
async fn read(path: &str, set: impl FnOnce(BridgeBuilder) -> BridgeBuilder) -> Value {
    let paths = ["/list", "/text", "/file", "/echo"].map(|it| (it.to_owned(), json!({"get": {}})));
    let paths: Value = paths.into_iter().collect::<serde_json::Map<_, _>>().into();
    let document = json!({"openapi": "3.1.0", "paths": paths});
    let catalog = Catalog::read(&Document::from_value(document, None).unwrap());
    let bridge = set(Bridge::builder(catalog, ServiceUpstream::new(app())));
    let bridge = bridge.build().unwrap();
    let exposure = Exposure::all().reads(Reads::Resources);
    let features = bridge.into_features(&exposure);
    let server: Server = features
        .add_to(Server::builder("test", "1"))
        .build()
        .unwrap();
    let params = json!({"uri": format!("app://{path}")});
    ask(
        &server,
        ProtocolVersion::V2025_11_25,
        "resources/read",
        params,
    )
    .await
}

#[tokio::test]
async fn a_resource_is_within_the_budget_and_says_so() {
    let result = read("list", |it| it.answer_tokens_max(50)).await;
    let [list, mark] = result["contents"].as_array().unwrap().as_slice() else {
        panic!("{result}")
    };
    let items: Vec<u32> = serde_json::from_str(list["text"].as_str().unwrap()).unwrap();
    assert!((10..100).contains(&items.len()), "{items:?}");
    assert_eq!(list["mimeType"], "application/json");
    assert_eq!(
        (&mark["uri"], &mark["mimeType"]),
        (&json!("app://list"), &json!("text/plain"))
    );
    assert!(
        mark["text"]
            .as_str()
            .unwrap()
            .starts_with("[truncated to about"),
        "{mark}"
    );
    let result = read("text", |it| it.answer_tokens_max(50)).await;
    let text = result["contents"][0]["text"].as_str().unwrap();
    assert!(
        text.ends_with("[truncated: 200 of 5000 bytes shown]"),
        "{text}"
    );
}

#[tokio::test]
async fn a_resource_has_the_operators_shape() {
    let set = |it: BridgeBuilder| {
        it.shape(
            "path:/echo".parse().unwrap(),
            "more".parse::<Shape>().unwrap(),
        )
    };
    assert_eq!(read("echo", set).await["contents"][0]["text"], "[1,2]");
}

#[tokio::test]
async fn bytes_over_the_limit_are_no_resource() {
    let whole = read("file", |it| it).await;
    assert!(whole["contents"][0]["blob"].is_string(), "{whole}");
    let refused = read("file", |it| it.binary_bytes_max(2999)).await;
    let said = refused["message"].as_str().unwrap();
    assert!(
        said.contains("3000 bytes") && said.contains("the 2999 bytes"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_resource_does_not_repeat_credentials() {
    let result = read("echo", |it| {
        it.header("X-Key", "s3cret-of-the-operator").unwrap()
    })
    .await;
    let text = result["contents"][0]["text"].as_str().unwrap();
    assert_eq!(text, r#"{"key":"[redacted]","more":[1,2]}"#);
}
