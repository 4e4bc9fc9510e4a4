//! What `spanway serve` writes, in every revision: the test client holds each message against its schema.

use std::convert::Infallible;

use http::{Request, Response};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use spanway_testkit::{Client, RequestBody};

use crate::program::{Serving, spanway};

/// A client of a server in another process.
pub(crate) fn client(url: &str) -> Client {
    // Another test of this process may have installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let network = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = url.to_owned();
    Client::new(tower::service_fn(move |request: Request<RequestBody>| {
        let (parts, body) = request.into_parts();
        let request = network.request(parts.method, &url).headers(parts.headers);
        async move {
            let body = body.collect().await.unwrap().to_bytes();
            let answer = request.body(body).send().await.unwrap();
            Ok::<_, Infallible>(Response::from(answer))
        }
    }))
}

/// A call of each tool; some lack what the tool needs, which is a result too.
fn calls(tools: &Value) -> Vec<(String, Value)> {
    let tools = tools["tools"].as_array().unwrap();
    assert_eq!(tools.len(), 9);
    let arguments = |tool: &Value| match tool["name"].as_str().unwrap() {
        name @ "search_books" => (name.to_owned(), json!({ "query": "holmes" })),
        name @ "sales_report" => (name.to_owned(), json!({ "seconds": 0 })),
        name => (name.to_owned(), json!({})),
    };
    tools.iter().map(arguments).collect()
}

#[tokio::test]
async fn every_message_of_the_bookshop_is_what_its_revision_publishes() {
    let serving = Serving::start(&mut spanway(["serve"]));
    let client = client(&serving.url);
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let session = client.connect(version).await;
        let tools = session.request("tools/list", json!({})).send().await;
        for (name, arguments) in calls(&tools.result()) {
            let call = session.call(&name, arguments).meta("progressToken", 1);
            assert!(call.send().await.result()["content"].is_array());
        }
        let missing = session.request("prompts/list", json!({})).send().await;
        assert_eq!(missing.code(), -32601);
        session.delete().send().await;
    }
    client.modern("server/discover", json!({})).send().await;
    let tools = client.modern("tools/list", json!({})).send().await;
    for (name, arguments) in calls(&tools.result()) {
        let answer = client.modern_call(&name, arguments).send().await;
        assert_eq!(answer.result()["resultType"], "complete");
    }
}
