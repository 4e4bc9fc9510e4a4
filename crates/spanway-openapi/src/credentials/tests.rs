//! Credentials through the bridge: where they go, which are chosen, when tokens are fetched, what is shown.

use std::sync::atomic::{AtomicUsize, Ordering};

use http::{HeaderMap, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::*;
use crate::bridge::{Bridge, BridgeBuilder, BridgeError};
use crate::catalog::Catalog;
use crate::document::Document;
use crate::upstream::ResponseFuture;

/// An API that remembers what came and gives out tokens at `/token`, which it refuses when told.
#[derive(Clone, Default)]
struct Api(Arc<ApiState>);

#[derive(Default)]
struct ApiState {
    calls: Mutex<Vec<Request<Bytes>>>,
    tokens: AtomicUsize,
    token_fails: Mutex<bool>,
    wants_json: Mutex<bool>,
    issuer: Mutex<Option<&'static str>>,
    refused: Mutex<Option<String>>,
    asked: Mutex<Vec<Request<Bytes>>>,
}

impl Api {
    fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        if request.uri().path().ends_with("/openid-configuration") {
            let issuer = *self.0.issuer.lock().unwrap();
            let metadata =
                json!({"issuer": issuer, "token_endpoint": "https://id.example.com/token"});
            return Response::new(metadata.to_string().into());
        }
        if request.uri().path() == "/token" {
            let is_json = header(&request, "content-type").unwrap() == "application/json";
            self.0.asked.lock().unwrap().push(request);
            if *self.0.wants_json.lock().unwrap() && !is_json {
                let mut response = Response::new(Bytes::from(r#"{"detail": []}"#));
                *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
                return response;
            }
            if *self.0.token_fails.lock().unwrap() {
                let mut response = Response::new(Bytes::from(r#"{"error": "invalid_client"}"#));
                *response.status_mut() = StatusCode::BAD_REQUEST;
                return response;
            }
            let number = self.0.tokens.fetch_add(1, Ordering::SeqCst);
            let token = json!({"access_token": format!("token-{number}"), "expires_in": "600"});
            return Response::new(token.to_string().into());
        }
        let shown = format!("{} {:?}", request.uri(), header(&request, "authorization"));
        let mut response = Response::new(Bytes::from(shown));
        let refused = self.0.refused.lock().unwrap().clone();
        let is_refused =
            |it: &String| it == "*" || header(&request, "authorization").as_ref() == Some(it);
        if refused.is_some_and(|it| is_refused(&it)) {
            *response.status_mut() = StatusCode::UNAUTHORIZED;
        }
        self.0.calls.lock().unwrap().push(request);
        response
    }

    fn last(&self) -> Request<Bytes> {
        self.0.calls.lock().unwrap().last().unwrap().clone()
    }
}

impl Upstream for Api {
    fn call(&self, request: Request<Bytes>) -> ResponseFuture<'_> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            Ok(self.answer(request))
        })
    }
}

fn header(request: &Request<Bytes>, name: &str) -> Option<String> {
    let value = request.headers().get(name)?;
    Some(value.to_str().unwrap().to_owned())
}

fn builder(api: &Api) -> BridgeBuilder {
    let operation = |security: Value| json!({"get": {"security": security}});
    let root = json!({
        "openapi": "3.1.0",
        "servers": [{"url": "https://api.example.com/"}],
        "security": [{"head": []}],
        "components": {"securitySchemes": {
            "head": {"type": "apiKey", "in": "header", "name": "X-Key"},
            "query": {"type": "apiKey", "in": "query", "name": "the key"},
            "cookie": {"type": "apiKey", "in": "cookie", "name": "sid"},
            "basic": {"type": "http", "scheme": "Basic"},
            "bearer": {"type": "http", "scheme": "bearer"},
            "oauth": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/token", "scopes": {}}}},
            "login": {"type": "oauth2", "flows": {"password": {"tokenUrl": "token"}}},
            "oidc": {"type": "openIdConnect", "openIdConnectUrl": "https://id.example.com/.well-known/openid-configuration"},
            "person": {"type": "oauth2", "flows": {"implicit": {}}},
            "tls": {"type": "mutualTLS"},
        }},
        "paths": {
            "/root": {"get": {}},
            "/none": operation(json!([])),
            "/optional": operation(json!([{}, {"head": []}])),
            "/query": operation(json!([{"query": []}])),
            "/cookie": operation(json!([{"cookie": []}])),
            "/basic": operation(json!([{"basic": []}])),
            "/either": operation(json!([{"tls": []}, {"head": [], "query": []}, {"bearer": []}])),
            "/oauth": operation(json!([{"oauth": ["read", "write"]}])),
            "/login": operation(json!([{"login": []}])),
            "/oidc": operation(json!([{"oidc": ["read"]}])),
            "/person": operation(json!([{"person": []}])),
        },
    });
    let document = Document::from_value(root, None).unwrap();
    Bridge::builder(Catalog::read(&document), api.clone())
}

fn value(text: &str) -> CredentialSource {
    CredentialSource::Value(Secret::new(text))
}

async fn text(bridge: &Bridge, name: &str) -> String {
    let result = bridge.call(name, &Map::new()).await.unwrap();
    let text = result.content[0].as_text().unwrap();
    format!("{}{text}", if result.is_error { "error: " } else { "" })
}

#[tokio::test]
async fn each_kind_goes_where_its_scheme_wants_it_and_nowhere_else() {
    let api = Api::default();
    let bridge = builder(&api)
        .credential("head", value("hush-head"))
        .credential("query", value("hush query"))
        .credential("cookie", value("hush-cookie"))
        .credential("basic", value("me:hush:basic"))
        .credential("person", value("hush-person"))
        .build()
        .unwrap();
    text(&bridge, "get_root").await;
    assert_eq!(header(&api.last(), "x-key").unwrap(), "hush-head");
    text(&bridge, "get_query").await;
    assert_eq!(api.last().uri().query(), Some("the%20key=hush%20query"));
    assert!(api.last().headers().get("x-key").is_none());
    text(&bridge, "get_cookie").await;
    assert_eq!(header(&api.last(), "cookie").unwrap(), "sid=hush-cookie");
    text(&bridge, "get_basic").await;
    let expected = "Basic bWU6aHVzaDpiYXNpYw==";
    assert_eq!(header(&api.last(), "authorization").unwrap(), expected);
    text(&bridge, "get_person").await;
    let expected = "Bearer hush-person";
    assert_eq!(header(&api.last(), "authorization").unwrap(), expected);
    text(&bridge, "get_none").await;
    assert!(api.last().headers().get("x-key").is_none());
}

#[tokio::test]
async fn the_first_alternative_that_is_all_there_is_taken() {
    let api = Api::default();
    let bridge = builder(&api)
        .credential("head", value("hush-head"))
        .credential("bearer", value("hush-bearer"))
        .build()
        .unwrap();
    text(&bridge, "get_either").await;
    assert!(
        api.last().headers().get("x-key").is_none(),
        "query is missing"
    );
    assert_eq!(
        header(&api.last(), "authorization").unwrap(),
        "Bearer hush-bearer"
    );
    text(&bridge, "get_optional").await;
    assert_eq!(header(&api.last(), "x-key").unwrap(), "hush-head");
    let bare = builder(&api).build().unwrap();
    text(&bare, "get_optional").await;
    assert!(api.last().headers().get("x-key").is_none());
}

#[tokio::test]
async fn what_is_missing_is_named_with_how_to_give_it_and_the_tool_is_listed() {
    let api = Api::default();
    let bridge = builder(&api).build().unwrap();
    let said = text(&bridge, "get_either").await;
    for wanted in [
        "error: ",
        "\"bearer\" (a bearer token)",
        "\"X-Key\"",
        "--credential",
        "\"tls\"",
    ] {
        assert!(said.contains(wanted), "{said}");
    }
    assert!(api.0.calls.lock().unwrap().is_empty(), "nothing was sent");
    assert_eq!(bridge.operations().len(), 11);
}

#[tokio::test]
async fn static_headers_headers_passed_on_and_none_count_as_given() {
    let api = Api::default();
    let bridge = builder(&api)
        .header("X-Key", "static")
        .unwrap()
        .forward_header("authorization")
        .unwrap()
        .credential("cookie", CredentialSource::Unneeded)
        .build()
        .unwrap();
    assert!(!text(&bridge, "get_root").await.starts_with("error"));
    assert!(!text(&bridge, "get_cookie").await.starts_with("error"));
    assert!(text(&bridge, "get_basic").await.starts_with("error"));
    let index = bridge
        .operations()
        .position(|it| it.name == "get_basic")
        .unwrap();
    let mut caller = HeaderMap::new();
    caller.insert("authorization", "Basic eDp5".parse().unwrap());
    caller.insert("x-other", "stays".parse().unwrap());
    assert!(!bridge.call_at(index, &Map::new(), &caller).await.is_error);
    assert_eq!(header(&api.last(), "authorization").unwrap(), "Basic eDp5");
    assert!(api.last().headers().get("x-other").is_none());
}

#[test]
fn headers_of_the_connection_and_of_mcp_cannot_be_passed_on() {
    let refused = [
        "Host",
        "Content-Length",
        "mcp-session-id",
        "Transfer-Encoding",
        "a b",
        "Origin",
    ];
    for name in refused {
        let error = builder(&Api::default()).forward_header(name).unwrap_err();
        assert!(matches!(error, BridgeError::Forward { .. }), "{name}");
    }
}

fn oauth(api: &Api) -> Bridge {
    let client = value("my id:hush/secret");
    builder(api).credential("oauth", client).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_token_is_fetched_once_kept_and_renewed_before_it_expires() {
    let api = Api::default();
    let bridge = oauth(&api);
    let many = (0..5).map(|_| text(&bridge, "get_oauth"));
    for said in futures(many).await {
        assert!(said.contains("Bearer token-0"), "{said}");
    }
    assert_eq!(api.0.tokens.load(Ordering::SeqCst), 1, "single flight");
    tokio::time::advance(Duration::from_secs(530)).await;
    assert!(text(&bridge, "get_oauth").await.contains("token-0"));
    tokio::time::advance(Duration::from_secs(20)).await;
    assert!(
        text(&bridge, "get_oauth").await.contains("token-1"),
        "50 s before its end"
    );
    // While a renewal fails the token is used to its end, and not longer.
    *api.0.token_fails.lock().unwrap() = true;
    tokio::time::advance(Duration::from_secs(580)).await;
    assert!(text(&bridge, "get_oauth").await.contains("token-1"));
    tokio::time::advance(Duration::from_secs(30)).await;
    let said = text(&bridge, "get_oauth").await;
    assert!(
        said.starts_with("error") && said.contains("\"oauth\""),
        "{said}"
    );
    assert!(!said.contains("hush"), "{said}");
}

/// Polls all at once, in this task.
async fn futures<F: Future<Output = String>>(all: impl Iterator<Item = F>) -> Vec<String> {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|cx| {
        all.retain_mut(|it| match it.as_mut().poll(cx) {
            std::task::Poll::Ready(text) => {
                done.push(text);
                false
            }
            std::task::Poll::Pending => true,
        });
        if all.is_empty() {
            return std::task::Poll::Ready(());
        }
        std::task::Poll::Pending
    })
    .await;
    done
}

#[tokio::test]
async fn a_token_that_is_refused_is_fetched_anew_once() {
    let api = Api::default();
    let bridge = oauth(&api);
    text(&bridge, "get_oauth").await;
    *api.0.refused.lock().unwrap() = Some("Bearer token-0".to_owned());
    assert!(text(&bridge, "get_oauth").await.contains("token-1"));
    *api.0.refused.lock().unwrap() = Some("*".to_owned());
    let said = text(&bridge, "get_oauth").await;
    assert!(said.starts_with("error: HTTP 401"), "{said}");
    assert_eq!(
        api.0.tokens.load(Ordering::SeqCst),
        3,
        "one more try, then no other"
    );
}

impl Api {
    /// What the token endpoint was last asked.
    fn asked(&self) -> (String, Option<String>) {
        let asked = self.0.asked.lock().unwrap();
        let request = asked.last().unwrap();
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        (
            format!("{} {body}", request.uri()),
            header(request, "authorization"),
        )
    }
}

#[tokio::test]
async fn a_login_and_a_discovered_client_are_exchanged_and_a_token_is_sent_as_it_is() {
    let api = Api::default();
    let bridge = builder(&api)
        .credential("login", value("me:hush & word"))
        .credential("oidc", value("client:hush"))
        .credential("oauth", value("hush-token"))
        .build()
        .unwrap();
    assert!(text(&bridge, "get_login").await.contains("Bearer token-0"));
    let wanted =
        "https://api.example.com/token grant_type=password&username=me&password=hush%20%26%20word";
    assert_eq!(api.asked(), (wanted.to_owned(), None));
    *api.0.issuer.lock().unwrap() = Some("https://id.example.com/");
    assert!(text(&bridge, "get_oidc").await.contains("Bearer token-1"));
    let wanted = "https://id.example.com/token grant_type=client_credentials&scope=read";
    assert_eq!(
        api.asked(),
        (wanted.to_owned(), Some("Basic Y2xpZW50Omh1c2g=".to_owned()))
    );
    text(&bridge, "get_oauth").await;
    assert_eq!(
        header(&api.last(), "authorization").unwrap(),
        "Bearer hush-token"
    );
    assert_eq!(api.0.tokens.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn metadata_of_another_issuer_is_not_used() {
    let api = Api::default();
    let bridge = builder(&api).credential("oidc", value("client:hush"));
    let bridge = bridge.build().unwrap();
    for issuer in [None, Some("https://evil.example.com")] {
        *api.0.issuer.lock().unwrap() = issuer;
        let said = text(&bridge, "get_oidc").await;
        assert!(
            said.starts_with("error") && said.contains("\"oidc\""),
            "{said}"
        );
    }
    assert!(api.0.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_client_that_is_not_known_by_header_is_sent_in_the_body() {
    let api = Api::default();
    *api.0.token_fails.lock().unwrap() = true;
    text(&oauth(&api), "get_oauth").await;
    let wanted = "https://api.example.com/token grant_type=client_credentials&client_id=my%20id&client_secret=hush%2Fsecret&scope=read%20write";
    assert_eq!(api.asked(), (wanted.to_owned(), None));
    assert_eq!(api.0.asked.lock().unwrap().len(), 2);
}

#[test]
fn the_secret_of_a_client_goes_to_https_loopback_or_the_host_of_the_api_only() {
    let base = Url::parse("http://internal/").unwrap();
    let fine = |url: &str| token::token_url(url, Some(&base)).is_ok();
    assert!(fine("https://login.example.com/token") && fine("/token"));
    assert!(fine("http://internal:81/token") && fine("http://127.0.0.1:3/t"));
    assert!(!fine("http://login.example.com/token") && !fine("ftp://internal/"));
    assert!(token::token_url("/token", None).is_err());
}

#[tokio::test]
async fn what_else_a_token_is_asked_with_is_the_operators_and_scopes_are_the_documents_unless_told()
{
    let api = Api::default();
    let with = |builder: BridgeBuilder| {
        builder
            .credential("oauth", value("client:hush"))
            .token_parameter("oauth", "audience", "https://shop/")
            .token_parameter("oauth", "resource", "a&b")
    };
    text(&with(builder(&api)).build().unwrap(), "get_oauth").await;
    let asked = "https://api.example.com/token grant_type=client_credentials&scope=read%20write\
        &audience=https%3A%2F%2Fshop%2F&resource=a%26b";
    assert_eq!(api.asked().0, asked);
    let own = with(builder(&api)).token_parameter("oauth", "scope", "all");
    text(&own.build().unwrap(), "get_oauth").await;
    let (asked, _) = api.asked();
    assert!(
        asked.ends_with("&scope=all") && !asked.contains("read"),
        "{asked}"
    );
    for (scheme, name) in [
        ("oauth", "grant_type"),
        ("oauth", "client_id"),
        ("bearer", "audience"),
        ("login", "a"),
    ] {
        let builder = builder(&api)
            .credential("oauth", value("client:hush"))
            .credential("bearer", value("hush"))
            .token_parameter(scheme, name, "x");
        let error = builder.build().unwrap_err();
        assert!(
            matches!(&error, BridgeError::Credential { scheme: it, .. } if it == scheme),
            "{error}"
        );
    }
    let unknown = builder(&api)
        .token_parameter("oath", "audience", "x")
        .build();
    assert!(matches!(unknown.unwrap_err(), BridgeError::Scheme { .. }));
}

#[tokio::test]
async fn k1b_6_a_login_is_repeated_as_json_only_where_the_operator_says() {
    let api = Api::default();
    *api.0.wants_json.lock().unwrap() = true;
    let login = || builder(&api).credential("login", value("me:hush \"word\""));
    let said = text(&login().build().unwrap(), "get_login").await;
    assert!(
        said.starts_with("error") && api.0.asked.lock().unwrap().len() == 1,
        "{said}"
    );
    let bridge = login().json_login("login").build().unwrap();
    assert!(text(&bridge, "get_login").await.contains("Bearer token-0"));
    let body = r#"{"username":"me","password":"hush \"word\""}"#;
    assert_eq!(
        api.asked(),
        (format!("https://api.example.com/token {body}"), None)
    );
    // The form comes first.
    assert_eq!(api.0.asked.lock().unwrap().len(), 3);
    let client = builder(&api).credential("oauth", value("client:hush"));
    assert!(client.json_login("oauth").build().is_err());
}

#[tokio::test]
async fn secrets_are_never_shown() {
    let api = Api::default();
    *api.0.refused.lock().unwrap() = Some("Bearer hush-bearer".to_owned());
    let builder = builder(&api)
        .credential("bearer", value("hush-bearer"))
        .credential("query", value("hush query"));
    assert!(!format!("{builder:?}").contains("hush"));
    let bridge = builder.build().unwrap();
    assert!(!format!("{bridge:?}").contains("hush"));
    assert!(!format!("{:?}", value("hush")).contains("hush"));
    let said = text(&bridge, "get_either").await;
    assert!(
        said.contains("401") && said.contains("[redacted]"),
        "{said}"
    );
    assert!(!said.contains("hush"), "{said}");
    let error = "env:".parse::<CredentialSource>().unwrap_err();
    assert_eq!(error, "hush".parse::<CredentialSource>().unwrap_err());
    assert!(!error.to_string().contains("hush"));
}

/// Answers with a list whose next page is where the request was, one further.
struct Linking;

impl Upstream for Linking {
    fn call(&self, request: Request<Bytes>) -> ResponseFuture<'_> {
        let uri = request.uri();
        let next = format!("<{uri}&page=2>; rel=next");
        let mut response = Response::new(Bytes::from(r#"[1, "hush query"]"#));
        let headers = response.headers_mut();
        headers.insert("link", next.parse().unwrap());
        headers.insert("content-type", "application/json".parse().unwrap());
        Box::pin(std::future::ready(Ok(response)))
    }
}

#[tokio::test]
async fn a_key_in_the_link_to_the_next_page_is_not_shown() {
    let root = json!({
        "openapi": "3.1.0",
        "servers": [{"url": "https://api.example.com/"}],
        "components": {"securitySchemes": {"query": {"type": "apiKey", "in": "query", "name": "key"}}},
        "paths": {"/list": {"get": {"operationId": "list", "security": [{"query": []}]}}},
    });
    let document = Document::from_value(root, None).unwrap();
    let bridge = Bridge::builder(Catalog::read(&document), Linking);
    let bridge = bridge.credential("query", value("hush query")).pages(2);
    let result = bridge
        .build()
        .unwrap()
        .call("list", &Map::new())
        .await
        .unwrap();
    let said = format!("{:?}", result.content);
    assert!(
        said.contains("there may be more") && said.contains("[redacted]"),
        "{said}"
    );
    assert!(!said.contains("hush"), "{said}");
}

#[tokio::test]
async fn files_are_read_for_every_call_and_commands_until_they_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, "first\n").unwrap();
    let api = Api::default();
    let bridge = builder(&api)
        .credential("head", CredentialSource::File(path.clone()))
        .credential("bearer", "command: echo bear; echo er >&2".parse().unwrap())
        .build()
        .unwrap();
    text(&bridge, "get_root").await;
    assert_eq!(header(&api.last(), "x-key").unwrap(), "first");
    std::fs::write(&path, "second").unwrap();
    text(&bridge, "get_root").await;
    assert_eq!(header(&api.last(), "x-key").unwrap(), "second");
    text(&bridge, "get_either").await;
    assert_eq!(header(&api.last(), "authorization").unwrap(), "Bearer bear");
    std::fs::remove_file(&path).unwrap();
    let said = text(&bridge, "get_root").await;
    assert!(
        said.starts_with("error") && !said.contains("key\""),
        "{said}"
    );
}

#[test]
fn mistakes_show_at_the_start() {
    let api = Api::default();
    let unknown = builder(&api).credential("haed", value("x")).build();
    let said = unknown.unwrap_err().to_string();
    assert!(
        said.contains("\"haed\"") && said.contains("bearer"),
        "{said}"
    );
    let unset = CredentialSource::Env("SPANWAY_TEST_NOT_SET".to_owned());
    let said = builder(&api).credential("head", unset).build().unwrap_err();
    assert!(said.to_string().contains("SPANWAY_TEST_NOT_SET"), "{said}");
}
