//! What is served beside the endpoint, and on which paths.

use http::Method;
use serde_json::json;
use spanway_http::App;
use spanway_testkit::{Client, RequestBuilder};

use crate::probe::Probe;

fn app_on(path: &str) -> (App, Client) {
    let app = App::new(Probe::new().endpoint().build(), path);
    let client = Client::new(app.clone());
    (app, client)
}

/// A request for what is served beside MCP, which is not held against its schemas.
fn beside(client: &Client, method: Method, path: &str) -> RequestBuilder {
    let request = client.request(method).path(path);
    request.unchecked("a path that is not the endpoint's")
}

#[tokio::test]
async fn the_endpoint_is_served_with_and_without_trailing_slash_and_never_redirects() {
    for configured in ["/mcp", "/mcp/"] {
        let (_, client) = app_on(configured);
        for path in ["/mcp", "/mcp/", "/mcp?x=1", "/mcp/?x=1"] {
            let answer = client.initialize("2025-11-25").path(path).send().await;
            assert_eq!(answer.status, 200, "{configured} {path}");
        }
        for path in ["/", "/mcpx", "/mcp/x", "/MCP", "//mcp", "/mcp//", "/%6dcp"] {
            let elsewhere = client.initialize("2025-11-25").path(path);
            let answer = elsewhere.unchecked("nothing is there").send().await;
            assert_eq!(answer.status, 404, "{configured} {path}");
            assert_eq!(answer.header("location"), None);
        }
    }
}

#[tokio::test]
async fn the_root_can_be_the_endpoint() {
    let (_, client) = app_on("/");
    assert_eq!(
        client
            .initialize("2025-11-25")
            .path("/")
            .send()
            .await
            .status,
        200
    );
    assert_eq!(
        beside(&client, Method::GET, "/livez").send().await.status,
        200
    );
}

#[tokio::test]
async fn health_needs_no_credentials_and_counts_sessions_and_streams() {
    let tokens = spanway_http::auth::BearerTokens::parse("ann: secret-of-ann").expect("tokens");
    let app = App::new(Probe::new().endpoint().auth(tokens).build(), "/mcp");
    let client = Client::new(app.clone());
    let ann =
        Client::new(app.endpoint().clone()).with_header("authorization", "Bearer secret-of-ann");
    let session = ann.connect("2025-11-25").await;
    let stream = session.listen().open().await;
    for path in ["/livez", "/readyz", "/health"] {
        let answer = beside(&client, Method::GET, path).send().await;
        assert_eq!(answer.status, 200, "{path}");
        let posted = beside(&client, Method::POST, path).send().await;
        assert_eq!(
            (posted.status, posted.header("allow")),
            (405, Some("GET, HEAD")),
            "{path}"
        );
    }
    let health = async || beside(&client, Method::GET, "/health").send().await.json();
    let told = health().await;
    assert_eq!(
        (&told["status"], &told["sessions"], &told["streams"]),
        (&json!("ok"), &json!(1), &json!(1))
    );
    assert!(told["uptime_seconds"].is_u64());
    drop(stream);
    session.delete().send().await;
    let told = health().await;
    assert_eq!(
        (&told["sessions"], &told["streams"]),
        (&json!(0), &json!(0))
    );
    assert!(!told.to_string().contains("ann"));
}

#[tokio::test]
async fn rmcp_2i_a_draining_server_is_alive_but_not_ready() {
    let (app, client) = app_on("/mcp");
    app.endpoint().start_drain();
    let status = async |path: &str| beside(&client, Method::GET, path).send().await.status;
    assert_eq!(
        (status("/livez").await, status("/readyz").await),
        (200, 503)
    );
    let health = beside(&client, Method::GET, "/health").send().await;
    assert_eq!(health.json()["status"], "draining");
    for request in [
        client.initialize("2025-11-25"),
        client.modern_call("echo", json!({})),
    ] {
        let refused = request.path("/mcp").send().await;
        assert_eq!(refused.refusal(), (503, -32603));
        assert!(refused.header("retry-after").is_some());
    }
}

#[tokio::test]
async fn a_wrong_path_is_404_that_says_where_mcp_is() {
    let (_, client) = app_on("/tools/mcp");
    let path = "/\"quoted\"<b>".replace(['"', '<', '>'], "%22");
    let answer = beside(&client, Method::GET, &path).send().await;
    assert_eq!(answer.status, 404);
    assert!(
        answer.json()["error"]
            .as_str()
            .expect("a text")
            .contains("/tools/mcp")
    );
}

#[tokio::test]
async fn mcp_remotes_first_get_without_a_session_is_refused_promptly() {
    let (_, client) = app_on("/mcp");
    let answer = client.get().path("/mcp").send().await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn an_axum_router_can_mount_the_endpoint() {
    let router = axum::Router::new().nest_service("/mcp", Probe::new().endpoint().build());
    let client = Client::new(router);
    for path in ["/mcp", "/mcp/"] {
        let answer = client.initialize("2025-11-25").path(path).send().await;
        assert_eq!(answer.status, 200, "{path}");
    }
}
