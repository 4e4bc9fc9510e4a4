//! Operations read as resources: shown as a tool's answer is.

use axum::Router;
use axum::extract::Path;
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

/// A server of files that are tools and resources, each file larger than what stands in a result.
fn files() -> Server {
    let query = json!({"name": "page", "in": "query", "schema": {"type": "integer"}});
    let document = json!({"openapi": "3.1.0", "paths": {
        "/files/{name}": {"get": {"operationId": "file", "parameters": [query]}},
    }});
    let disposition = [
        ("content-type", "image/png"),
        ("content-disposition", "attachment; filename=a.png"),
    ];
    let file = async move |Path(name): Path<String>| match name.as_str() {
        "a /b" => (disposition, vec![0_u8; 3000]),
        _ => (disposition, vec![0_u8; 5000]),
    };
    let app = Router::new().route("/files/{name}", get(file));
    let catalog = Catalog::read(&Document::from_value(document, None).unwrap());
    let bridge = Bridge::builder(catalog, ServiceUpstream::new(app));
    let bridge = bridge
        .inline_bytes_max(2999)
        .binary_bytes_max(4000)
        .build()
        .unwrap();
    let features = bridge.into_features(&Exposure::all().reads(Reads::Both));
    features
        .add_to(Server::builder("test", "1"))
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_large_file_is_a_link_where_it_can_be_read_and_only_there() {
    let server = files();
    let version = ProtocolVersion::V2025_11_25;
    let call = async |arguments: Value| {
        let params = json!({"name": "file", "arguments": arguments});
        ask(&server, version, "tools/call", params).await["content"][0].take()
    };
    let link = call(json!({"name": "a /b"})).await;
    let uri = "app://files/a%20%2Fb";
    let expected = json!({"type": "resource_link", "uri": uri, "name": "a.png", "mimeType": "image/png", "size": 3000});
    assert_eq!(link, expected);
    let read = ask(
        &server,
        version,
        "resources/read",
        json!({"uri": link["uri"]}),
    )
    .await;
    assert_eq!(read["contents"][0]["blob"].as_str().unwrap().len(), 4000);
    // With more than the URI says it would be another file.
    assert_eq!(
        call(json!({"name": "a /b", "page": 2})).await["type"],
        "image"
    );
    // What is too large to be read is no link either.
    let said = call(json!({"name": "huge"})).await;
    assert!(
        said["text"].as_str().unwrap().contains("5000 bytes"),
        "{said}"
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
