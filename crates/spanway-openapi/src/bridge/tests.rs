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
async fn a_document_leads_to_private_addresses_only_where_the_operator_says() {
    let metadata = json!([{"url": "http://169.254.169.254/latest"}]);
    let loopback = json!([{"url": "http://localhost:1/"}]);
    let elsewhere = Some("https://docs.example.com/openapi.yaml");
    let builder = |servers: &Value, origin: Option<&str>| {
        let root = json!({"openapi": "3.1.0", "servers": servers, "paths": {"/a": {"get": {}}}});
        let origin = origin.map(|it| Url::parse(it).unwrap());
        let document = Document::from_value(root, origin).unwrap();
        let upstream = crate::upstream::HttpUpstream::new().unwrap();
        Bridge::builder(Catalog::read(&document), upstream)
    };
    for (servers, origin) in [
        (&metadata, None),
        (&metadata, elsewhere),
        (&loopback, elsewhere),
    ] {
        let error = builder(servers, origin).build().unwrap_err().to_string();
        assert!(
            error.contains("--private-host") && error.contains("--upstream"),
            "{error}"
        );
    }
    let named = builder(&metadata, elsewhere).private_host("169.254.169.254");
    named.build().unwrap();
    let base = Url::parse("http://10.0.0.1/").unwrap();
    builder(&metadata, elsewhere)
        .base_url(base)
        .build()
        .unwrap();
    builder(&loopback, None).build().unwrap();
    let own = Some("http://10.0.0.1/openapi.yaml");
    builder(&json!([{"url": "http://10.0.0.1:8080/"}]), own)
        .build()
        .unwrap();
    builder(&loopback, Some("http://127.0.0.1:9/openapi.yaml"))
        .build()
        .unwrap();
    // In this process there is no network.
    let recorder = Recorder::default();
    let bridge = Bridge::builder(catalog(metadata, elsewhere), recorder);
    bridge.build().unwrap();
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

/// Answers every request with this status and repeats its headers.
struct Parrot(StatusCode);

impl Upstream for Parrot {
    fn call(&self, request: Request<Bytes>) -> ResponseFuture<'_> {
        let lines = request.headers().iter();
        let lines = lines.map(|(name, value)| format!("{name}={}\n", value.to_str().unwrap()));
        let mut response = Response::new(Bytes::from(lines.collect::<String>()));
        *response.status_mut() = self.0;
        Box::pin(std::future::ready(Ok(response)))
    }
}

#[tokio::test]
async fn an_error_does_not_repeat_the_headers_of_the_operator_or_the_token_of_the_caller() {
    let builder = Bridge::builder(
        catalog(json!([{"url": "http://h"}]), None),
        Parrot(StatusCode::FORBIDDEN),
    );
    let builder = builder.header("X-Key", "Token s3cret").unwrap();
    let builder = builder.forward_header("Authorization").unwrap();
    let bridge = builder.forward_header("X-Tenant").unwrap().build().unwrap();
    let caller = [("authorization", "Bearer hunter2"), ("x-tenant", "blue")];
    let caller =
        caller.map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
    let result = bridge
        .call_at(0, &Map::new(), &HeaderMap::from_iter(caller))
        .await;
    let said = result.content[0].as_text().unwrap();
    assert!(
        !said.contains("s3cret") && !said.contains("hunter2"),
        "{said}"
    );
    assert!(said.contains("x-tenant=blue"), "{said}");
}

#[tokio::test]
async fn a_success_does_not_repeat_credentials_and_is_else_as_it_came() {
    let servers = json!([{"url": "http://h"}]);
    let mut builder = Bridge::builder(catalog(servers, None), Parrot(StatusCode::OK));
    for (name, value) in [
        ("X-Api-Key", "s3cret-of-the-operator"),
        ("X-Api-Version", "2026-11-21"),
        ("X-Auth", "short"),
    ] {
        builder = builder.header(name, value).unwrap();
    }
    let bridge = builder.build().unwrap();
    let result = bridge.call("plain", &Map::new()).await.unwrap();
    let said = result.content[0].as_text().unwrap();
    assert!(said.contains("x-api-key=[redacted]\n"), "{said}");
    // What is short or says no secret is data.
    assert!(
        said.contains("x-api-version=2026-11-21") && said.contains("x-auth=short"),
        "{said}"
    );
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

/// Answers one of these statuses after the other, the last for ever; 0 is a broken connection.
#[derive(Clone)]
struct Script {
    statuses: Arc<Mutex<Vec<u16>>>,
    retry_after: Option<&'static str>,
    calls: Arc<Mutex<Vec<Instant>>>,
}

impl Script {
    fn new(statuses: &[u16]) -> Self {
        Self {
            statuses: Arc::new(Mutex::new(statuses.to_vec())),
            retry_after: None,
            calls: Arc::default(),
        }
    }

    fn calls(&self) -> usize {
        self.calls.lock().unwrap().len()
    }
}

impl Upstream for Script {
    fn call(&self, _: Request<Bytes>) -> ResponseFuture<'_> {
        self.calls.lock().unwrap().push(Instant::now());
        let mut statuses = self.statuses.lock().unwrap();
        let status = if statuses.len() > 1 {
            statuses.remove(0)
        } else {
            statuses[0]
        };
        let mut response = Response::new(Bytes::new());
        if let Some(after) = self.retry_after {
            let after = http::HeaderValue::from_static(after);
            response.headers_mut().insert("retry-after", after);
        }
        let answer = match StatusCode::from_u16(status) {
            Ok(status) => {
                *response.status_mut() = status;
                Ok(response)
            }
            Err(_) => Err(UpstreamError::Connect),
        };
        Box::pin(std::future::ready(answer))
    }
}

fn scripted(script: &Script) -> BridgeBuilder {
    let methods = json!({"get": {"operationId": "get"}, "post": {"operationId": "post"}, "put": {"operationId": "put"}});
    let root =
        json!({"openapi": "3.1.0", "servers": [{"url": "http://api/"}], "paths": {"/a": methods}});
    let document = Document::from_value(root, None).unwrap();
    Bridge::builder(Catalog::read(&document), script.clone())
}

async fn said(bridge: &Bridge, name: &str) -> String {
    let result = bridge.call(name, &Map::new()).await.unwrap();
    format!(
        "{} {}",
        result.is_error,
        result.content[0].as_text().unwrap()
    )
}

#[tokio::test(start_paused = true)]
async fn k1b_7_a_post_is_never_tried_again() {
    for status in [0, 408, 429, 500, 502, 503, 504] {
        let mut script = Script::new(&[status, 200]);
        script.retry_after = Some("1");
        let bridge = scripted(&script).retries(5).build().unwrap();
        let said = said(&bridge, "post").await;
        assert!(said.starts_with("true "), "{status}: {said}");
        assert_eq!(script.calls(), 1, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn k1b_7_what_may_be_repeated_is_tried_again_after_a_failure_that_may_pass() {
    for (statuses, name, calls, wanted) in [
        (&[503, 429, 200][..], "get", 3, "false HTTP 200"),
        (&[0, 0, 200], "put", 3, "false HTTP 200"),
        (&[502, 502, 502, 200], "get", 3, "true HTTP 502"),
        (&[503, 200], "post", 1, "true HTTP 503"),
        (&[500, 200], "get", 1, "true HTTP 500"),
        (&[404, 200], "get", 1, "true HTTP 404"),
    ] {
        let script = Script::new(statuses);
        let bridge = scripted(&script).build().unwrap();
        let said = said(&bridge, name).await;
        assert!(said.starts_with(wanted), "{statuses:?}: {said}");
        assert_eq!(script.calls(), calls, "{statuses:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn k1b_7_retry_after_is_kept_to_up_to_a_limit_and_the_time_limit_holds() {
    let mut script = Script::new(&[429, 200]);
    script.retry_after = Some("3");
    said(&scripted(&script).build().unwrap(), "get").await;
    let calls = script.calls.lock().unwrap().clone();
    let waited = calls[1] - calls[0];
    assert!(
        waited >= Duration::from_secs(3) && waited < Duration::from_secs(4),
        "{waited:?}"
    );
    script.retry_after = Some("3600");
    let script = Script {
        statuses: Arc::new(Mutex::new(vec![429, 200])),
        calls: Arc::default(),
        ..script
    };
    assert!(
        said(&scripted(&script).build().unwrap(), "get")
            .await
            .starts_with("true HTTP 429")
    );
    let script = Script {
        retry_after: Some("3"),
        statuses: Arc::new(Mutex::new(vec![429, 200])),
        calls: Arc::default(),
    };
    let hurried = scripted(&script)
        .timeout(Duration::from_secs(2))
        .build()
        .unwrap();
    assert!(
        said(&hurried, "get").await.starts_with("true HTTP 429"),
        "the answer that there is"
    );
}

#[tokio::test(start_paused = true)]
async fn an_api_that_fails_is_left_alone_and_then_tried_with_one_call() {
    let script = Script::new(&[504, 504, 504, 200]);
    let builder = scripted(&script).circuit_breaker(3, Duration::from_secs(15));
    let bridge = builder.retries(0).build().unwrap();
    for _ in 0..3 {
        assert!(said(&bridge, "get").await.starts_with("true HTTP 504"));
    }
    let refused = said(&bridge, "post").await;
    assert!(
        refused.contains("left alone; try again in 16 s") || refused.contains("in 15 s"),
        "{refused}"
    );
    assert_eq!(script.calls(), 3);
    tokio::time::advance(Duration::from_secs(15)).await;
    assert!(said(&bridge, "get").await.starts_with("false"));
    assert!(said(&bridge, "get").await.starts_with("false"));
}

#[tokio::test(start_paused = true)]
async fn calls_over_the_limit_wait_for_a_place_within_their_time() {
    let bridge = Bridge::builder(catalog(json!([{"url": "http://api/"}]), None), Silent)
        .base_url(Url::parse("http://api/").unwrap())
        .concurrency(1)
        .timeout(Duration::from_secs(5))
        .operation_timeout("op:own".parse().unwrap(), Duration::from_secs(3))
        .circuit_breaker(0, Duration::ZERO)
        .build()
        .unwrap();
    let started = Instant::now();
    let (one, two) = tokio::join!(said(&bridge, "plain"), said(&bridge, "own"));
    assert!(one.contains("did not answer within 5 s"), "{one}");
    assert!(two.contains("no place within 3 s"), "{two}");
    assert_eq!(started.elapsed().as_secs(), 5);
}
