//! Calls through the bridge, from arguments to the upstream and back.

use std::sync::Mutex;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::json;

use super::*;
use crate::document::Document;
use crate::upstream::ResponseFuture;

/// Answers every request with 200 and remembers its URI.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Request<Bytes>>>>);

impl Upstream for Recorder {
    fn call(&self, request: Request<Bytes>) -> ResponseFuture<'_> {
        self.0.lock().unwrap().push(request);
        Box::pin(async { Ok(Response::new(Bytes::from_static(b"ok"))) })
    }
}

/// Never answers.
struct Silent;

impl Upstream for Silent {
    fn call(&self, _: Request<Bytes>) -> ResponseFuture<'_> {
        Box::pin(std::future::pending())
    }
}

fn catalog(servers: Value, origin: Option<&str>) -> Catalog {
    let mut root = json!({"openapi": "3.1.0", "paths": {
        "/a": {"get": {"operationId": "plain"}},
        "/b": {"get": {"operationId": "own", "servers": [{"url": "https://own.example.com/x"}]}},
    }});
    if !servers.is_null() {
        root["servers"] = servers;
    }
    let origin = origin.map(|it| Url::parse(it).unwrap());
    Catalog::read(&Document::from_value(root, origin).unwrap())
}

async fn called(builder: BridgeBuilder, recorder: &Recorder) -> Vec<String> {
    let bridge = builder.build().unwrap();
    for name in ["plain", "own"] {
        bridge.call(name, &Map::new()).await.unwrap();
    }
    let requests = recorder.0.lock().unwrap();
    requests.iter().map(|it| it.uri().to_string()).collect()
}

#[tokio::test]
async fn the_base_url_is_found() {
    let origin = Some("https://docs.example.com/v3/openapi.yaml");
    for (servers, origin, expected) in [
        (
            json!([{"url": "https://api.example.com/v1"}]),
            None,
            "https://api.example.com/v1/a",
        ),
        (
            json!([{"url": "https://api.example.com/v1/"}]),
            origin,
            "https://api.example.com/v1/a",
        ),
        (
            json!([{"url": "/api"}]),
            origin,
            "https://docs.example.com/api/a",
        ),
        (
            json!([{"url": "../v4"}]),
            origin,
            "https://docs.example.com/v4/a",
        ),
        (json!(null), origin, "https://docs.example.com/a"),
        (json!([]), origin, "https://docs.example.com/a"),
    ] {
        let recorder = Recorder::default();
        let builder = Bridge::builder(catalog(servers, origin), recorder.clone());
        let uris = called(builder, &recorder).await;
        assert_eq!(uris, [expected, "https://own.example.com/x/b"]);
    }
}

#[tokio::test]
async fn a_base_url_given_wins_over_every_server() {
    let recorder = Recorder::default();
    let builder = Bridge::builder(catalog(json!(null), None), recorder.clone())
        .base_url(Url::parse("http://127.0.0.1:4010/base").unwrap());
    let uris = called(builder, &recorder).await;
    assert_eq!(
        uris,
        [
            "http://127.0.0.1:4010/base/a",
            "http://127.0.0.1:4010/base/b"
        ]
    );
}

#[test]
fn without_a_base_url_there_is_no_bridge() {
    for servers in [json!(null), json!([{"url": "/api"}])] {
        let builder = Bridge::builder(catalog(servers, None), Recorder::default());
        let error = builder.build().unwrap_err();
        assert!(error.to_string().contains("--upstream"), "{error}");
    }
}

#[test]
fn unusable_base_urls_are_refused_without_showing_secrets() {
    for url in ["ftp://h/", "https://me:secret@h/"] {
        let builder = Bridge::builder(catalog(json!(null), None), Recorder::default());
        let error = builder
            .base_url(Url::parse(url).unwrap())
            .build()
            .unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn static_headers_are_sent_and_never_shown() {
    let recorder = Recorder::default();
    let builder = Bridge::builder(
        catalog(json!([{"url": "http://h"}]), None),
        recorder.clone(),
    )
    .header("Authorization", "Bearer s3cret")
    .unwrap();
    assert!(!format!("{builder:?}").contains("s3cret"));
    let bridge = builder.build().unwrap();
    assert!(!format!("{bridge:?}").contains("s3cret"));
    bridge.call("plain", &Map::new()).await.unwrap();
    let requests = recorder.0.lock().unwrap();
    assert_eq!(requests[0].headers()["authorization"], "Bearer s3cret");
    assert!(!format!("{:?}", requests[0]).contains("s3cret"));
    let builder = Bridge::builder(catalog(json!(null), None), Recorder::default());
    let error = builder.header("X-Key", "s3cret\r\nX: y").unwrap_err();
    assert!(!error.to_string().contains("s3cret"));
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_in_time() {
    let builder = Bridge::builder(catalog(json!([{"url": "http://h"}]), None), Silent);
    let bridge = builder.timeout(Duration::from_secs(5)).build().unwrap();
    let result = bridge.call("plain", &Map::new()).await.unwrap();
    assert!(result.is_error);
    assert!(result.content[0].as_text().unwrap().contains("within 5 s"));
}

#[tokio::test]
async fn bad_arguments_reach_no_upstream() {
    let recorder = Recorder::default();
    let builder = Bridge::builder(
        catalog(json!([{"url": "http://h"}]), None),
        recorder.clone(),
    );
    let bridge = builder.build().unwrap();
    let arguments = Map::from_iter([("nope".to_owned(), json!(1))]);
    assert!(bridge.call("plain", &arguments).await.unwrap().is_error);
    assert!(recorder.0.lock().unwrap().is_empty());
    assert!(bridge.call("nothing", &Map::new()).await.is_none());
}
