//! MCP beside the routes: one application, one server description, a guard in front.

use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use serde_json::json;
use spanway::StreamableHttp;
use spanway_testkit::Client;

use crate::shop::Shop;

#[tokio::test]
async fn k3_1_mcp_is_one_more_path_of_the_application() {
    let (app, _) = Shop::default().app();
    let server = Shop::default().routes().build().unwrap();
    let mcp = axum::Router::new()
        .fallback_service(StreamableHttp::new(server))
        .layer(from_fn(
            async |request: axum::extract::Request, next: Next| {
                // A guard of the mount, not of the routes.
                match request.headers().contains_key("x-blocked") {
                    true => StatusCode::FORBIDDEN.into_response(),
                    false => next.run(request).await,
                }
            },
        ));
    let client = Client::new(app.nest("/mcp", mcp));
    let discover = client.modern("server/discover", json!({})).path("/mcp");
    assert_eq!(discover.send().await.status, 200);
    let page = client.get().path("/books/4");
    let page = page.unchecked("a page of the application").send().await;
    assert_eq!(page.json()["title"], "Volume 4");
    let initialize = client.initialize("2025-11-25").path("/mcp").send().await;
    let id = initialize.header("mcp-session-id").unwrap().to_owned();
    let end = client.request(axum::http::Method::DELETE).path("/mcp");
    let end = end.header("mcp-session-id", &id);
    assert!(end.send().await.status < 300);
    let blocked = client.modern("server/discover", json!({})).path("/mcp");
    let blocked = blocked
        .header("x-blocked", "1")
        .unchecked("the guard's answer");
    assert_eq!(blocked.send().await.status, 403);
}

#[tokio::test]
async fn k3_5_the_server_is_named_by_the_document() {
    let client = Shop::default().client();
    let answer = client.initialize("2025-11-25").send().await.result();
    assert_eq!(answer["serverInfo"]["name"], "bookshop");
    assert_eq!(answer["serverInfo"]["version"], "2.1.0");
    assert_eq!(answer["instructions"], "A small bookshop.");
    let offered = answer["capabilities"].as_object().unwrap();
    for capability in ["tools", "resources", "prompts", "completions"] {
        assert!(offered.contains_key(capability), "{capability}");
    }
}
