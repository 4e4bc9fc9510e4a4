//! What older clients need around the routes: sessions, their streams, and news of resources.

use axum::http::header::ACCEPT;
use serde_json::json;
use spanway::StreamableHttp;
use spanway_testkit::Client;

use crate::shop::Shop;

#[tokio::test]
async fn k3_2_origins_and_sessions_are_asked_for() {
    let server = Shop::default().routes().build().unwrap();
    let endpoint = StreamableHttp::builder(server).allow_origins(["https://shop.example"]);
    let client = Client::new(endpoint.build());
    for (origin, status) in [
        ("https://shop.example", 200),
        ("https://elsewhere.example", 403),
    ] {
        let request = client.modern("tools/list", json!({}));
        let answer = request.header("origin", origin).send().await;
        assert_eq!(answer.status, status, "{origin}");
    }
    let session = client.connect("2025-11-25").await;
    let stream = || client.get().header("accept", "text/event-stream");
    assert_eq!(stream().send().await.status, 400);
    let unknown = stream().header("mcp-session-id", "nobody").send().await;
    assert_eq!(unknown.status, 404);
    let page = session.listen().without(&ACCEPT);
    let page = page.header("accept", "text/html").send().await;
    assert!(matches!(page.status, 405 | 406), "{page:?}");
}

#[tokio::test]
async fn k3_15_a_route_can_tell_that_a_resource_changed() {
    let server = Shop::default().routes().build().unwrap();
    let client = Client::new(StreamableHttp::new(server.clone()));
    let session = client.connect("2025-06-18").await;
    let mut stream = session.listen().open().await;
    let uri = json!({"uri": "shop://books/7"});
    let subscribed = session.request("resources/subscribe", uri.clone());
    assert_eq!(subscribed.send().await.status, 200);
    server.notify_resource_updated("shop://books/8");
    server.notify_resource_updated("shop://books/7");
    let told = stream.message().await;
    assert_eq!(told["method"], "notifications/resources/updated");
    assert_eq!(told["params"], uri);
    server.notify_tools_changed();
    let told = stream.message().await;
    assert_eq!(told["method"], "notifications/tools/list_changed");
}
