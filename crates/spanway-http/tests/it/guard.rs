//! What is refused before the body is read: hosts, origins, methods, media types; and CORS.

use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HOST, ORIGIN};
use serde_json::json;
use spanway_http::StreamableHttpBuilder;
use spanway_testkit::{Answer, Client, RequestBuilder};

use crate::probe::Probe;

fn every_method(client: &Client) -> [RequestBuilder; 3] {
    [
        client.initialize("2025-11-25"),
        client.get(),
        client.request(Method::DELETE),
    ]
}

fn open_to(hosts: &[&str], origins: &[&str]) -> StreamableHttpBuilder {
    Probe::new()
        .endpoint()
        .allow_hosts(hosts)
        .allow_origins(origins)
}

#[tokio::test]
async fn d0_9_and_d1_6_and_d2_1_and_t_all_10_an_origin_that_is_not_allowed_gets_403_on_every_method()
 {
    for request in every_method(&Probe::new().client()) {
        let answer = request
            .header("origin", "http://evil.example.com")
            .send()
            .await;
        assert_eq!(answer.refusal(), (403, -32600));
        assert!(
            answer
                .error_text()
                .contains("--allow-origin http://evil.example.com")
        );
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(answer.response().get("id"), None);
    }
}

#[tokio::test]
async fn d3_8_and_rmcp_2e_2_and_t_2511_01_a_wrong_origin_is_403_for_every_revision() {
    let client = Probe::new().client().with_header("origin", "null");
    for version in ["2025-06-18", "2025-11-25"] {
        assert_eq!(client.initialize(version).send().await.status, 403);
    }
    assert_eq!(
        client
            .modern("server/discover", json!({}))
            .send()
            .await
            .status,
        403
    );
}

#[tokio::test]
async fn d1_6_and_rmcp_4_10_and_t_all_13_a_host_that_is_not_allowed_gets_403_naming_the_flag() {
    for request in every_method(&Probe::new().client()) {
        let answer = request
            .set(&HOST, "evil.example.com")
            .set(&ORIGIN, "http://evil.example.com")
            .send()
            .await;
        assert_eq!(answer.refusal(), (403, -32600));
        assert!(
            answer
                .error_text()
                .contains("--allow-host evil.example.com")
        );
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "a rebound name is told nothing a script could read"
        );
    }
}

#[tokio::test]
async fn t_all_13_loopback_hosts_and_origins_are_served() {
    for name in ["localhost", "127.0.0.1:8000", "[::1]:8000"] {
        let answer = Probe::new()
            .client()
            .initialize("2025-11-25")
            .set(&HOST, name)
            .set(&ORIGIN, &format!("http://{name}"))
            .send()
            .await;
        assert_eq!(answer.status, 200, "{name}");
    }
}

#[tokio::test]
async fn a_doubled_host_or_origin_is_refused() {
    let client = Probe::new().client();
    let twice = client.initialize("2025-11-25").header("host", "localhost");
    assert_eq!(twice.send().await.status, 403);
    let twice = client
        .initialize("2025-11-25")
        .header("origin", "http://localhost")
        .header("origin", "http://evil.example.com");
    assert_eq!(twice.send().await.status, 403);
}

#[tokio::test]
async fn what_the_operator_allows_is_allowed() {
    let endpoint = open_to(&["mcp.example"], &["https://app.example"]).build();
    let client = Client::new(endpoint).with_header("host", "mcp.example");
    let request = || client.initialize("2025-11-25");
    assert_eq!(request().send().await.status, 200);
    let allowed = request().header("origin", "https://app.example");
    assert_eq!(allowed.send().await.status, 200);
    let other = request().header("origin", "https://other.example");
    assert_eq!(other.send().await.status, 403);
}

async fn preflight(client: &Client, origin: &str, headers: &str) -> Answer {
    client
        .request(Method::OPTIONS)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", headers)
        .send()
        .await
}

#[tokio::test]
async fn a_preflight_of_an_allowed_origin_admits_every_mcp_header() {
    let client = Probe::new().client();
    let asked = "authorization,content-type,last-event-id,mcp-method,mcp-name,mcp-param-region,\
                 mcp-protocol-version,mcp-session-id";
    let answer = preflight(&client, "http://localhost:6274", asked).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("http://localhost:6274")
    );
    let allowed = answer
        .header("access-control-allow-headers")
        .expect("headers");
    for name in asked.split(',') {
        assert!(allowed.contains(name), "{name} in {allowed}");
    }
    let methods = answer
        .header("access-control-allow-methods")
        .expect("methods");
    for method in ["GET", "POST", "DELETE"] {
        assert!(methods.contains(method), "{methods}");
    }
    assert!(answer.header("access-control-max-age").is_some());
}

#[tokio::test]
async fn a_preflight_comes_before_authentication_and_of_other_origins_gets_nothing() {
    let tokens = spanway_http::auth::BearerTokens::parse("ann: secret-of-ann").expect("tokens");
    let client = Client::new(Probe::new().endpoint().auth(tokens).build());
    let answer = preflight(&client, "http://localhost:6274", "authorization").await;
    assert_eq!(answer.status, 200);
    let answer = preflight(&client, "http://evil.example.com", "authorization").await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn d1_5_and_rmcp_2e_2_pages_of_allowed_origins_can_read_what_they_need() {
    let client = Probe::new()
        .client()
        .with_header("origin", "http://localhost:6274");
    let answer = client.initialize("2025-11-25").send().await;
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("http://localhost:6274")
    );
    let exposed = answer
        .header("access-control-expose-headers")
        .expect("exposed");
    for name in ["mcp-session-id", "www-authenticate", "mcp-protocol-version"] {
        assert!(exposed.contains(name), "{exposed}");
    }
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        None,
        "a page brings its own credentials, never those the browser keeps"
    );
    let refused = client.get().send().await;
    assert_eq!(refused.status, 400);
    assert!(
        refused.header("access-control-allow-origin").is_some(),
        "errors can be read as well"
    );
    assert!(answer.headers.get_all("vary").iter().any(|value| {
        value
            .to_str()
            .is_ok_and(|names| names.to_lowercase().contains("origin"))
    }));
}

#[tokio::test]
async fn d2_14_any_other_method_is_405_with_what_is_allowed() {
    let client = Probe::new().client();
    for method in [Method::PUT, Method::PATCH, Method::HEAD, Method::TRACE] {
        let answer = client.request(method.clone()).send().await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), Some("GET, POST, DELETE"));
    }
    let sessionless = Client::new(Probe::new().endpoint().without_sessions().build());
    for method in [Method::PUT, Method::GET, Method::DELETE] {
        let answer = sessionless.request(method.clone()).send().await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), Some("POST"), "{method}");
    }
}

#[tokio::test]
async fn d0_9_and_d3_8_a_body_that_is_not_declared_as_json_is_415() {
    let client = Probe::new().client();
    let request = || client.initialize("2025-11-25");
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
        "json",
    ] {
        let answer = request().set(&CONTENT_TYPE, kind).send().await;
        assert_eq!(answer.refusal(), (415, -32600), "{kind}");
    }
    assert_eq!(request().without(&CONTENT_TYPE).send().await.status, 415);
    let twice = request().header("content-type", "text/plain");
    assert_eq!(twice.send().await.status, 415);
    let charset = request().set(&CONTENT_TYPE, "Application/JSON;charset=UTF-8");
    assert_eq!(charset.send().await.status, 200);
}

#[tokio::test]
async fn d2_3_and_d3_8_and_rmcp_2a_17_and_t_2503_02_an_accept_that_admits_neither_form_is_406() {
    let client = Probe::new().client();
    let request = |accept: &str| client.initialize("2025-11-25").set(&ACCEPT, accept);
    let neither = [
        "text/html",
        "",
        ",,;q=1,",
        "application/json;q=0, text/html",
        "application/jsonx",
        "*/*;q=0.000",
    ];
    for accept in neither {
        assert_eq!(
            request(accept).send().await.refusal(),
            (406, -32600),
            "{accept}"
        );
    }
    let not_text = client
        .initialize("2025-11-25")
        .without(&ACCEPT)
        .header("accept", b"\xff/\xfe");
    assert_eq!(not_text.send().await.status, 406);
    for accept in [
        "*/*",
        "application/json",
        "text/*",
        "text/html, application/*;q=0.1",
    ] {
        assert_eq!(request(accept).send().await.status, 200, "{accept}");
    }
    let none = client.initialize("2025-11-25").without(&ACCEPT);
    assert_eq!(none.send().await.status, 200);
}

#[tokio::test]
async fn the_head_is_judged_before_a_byte_of_the_body_is_read() {
    let never = || futures_util::stream::pending();
    let client = Probe::new().client();
    let post = || client.initialize("2025-11-25").pieces(never());
    assert_eq!(
        post().set(&HOST, "evil.example.com").send().await.status,
        403
    );
    assert_eq!(
        post().set(&CONTENT_TYPE, "text/plain").send().await.status,
        415
    );
    assert_eq!(post().set(&ACCEPT, "text/html").send().await.status, 406);
}
