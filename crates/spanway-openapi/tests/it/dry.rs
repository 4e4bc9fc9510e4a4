//! Dry runs: nothing reaches the API, and what is shown holds no secret.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::any;
use serde_json::{Map, Value, json};
use spanway_openapi::{Bridge, Catalog, CredentialSource, Document, Secret, ServiceUpstream};

const SECRETS: [&str; 3] = ["header-secret", "key-secret", "query-secret"];

fn document() -> Document {
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "Shop", "version": "1" },
        "components": { "securitySchemes": {
            "key": { "type": "apiKey", "in": "query", "name": "key" },
        } },
        "security": [{ "key": [] }],
        "paths": { "/orders/{id}": { "post": {
            "operationId": "order",
            "parameters": [
                { "name": "id", "in": "path", "required": true, "schema": { "type": "string" } },
                { "name": "note", "in": "query", "schema": { "type": "string" } },
            ],
            "requestBody": { "content": { "application/json": { "schema": {
                "type": "object", "properties": { "copies": { "type": "integer" } },
            } } } },
            "responses": { "200": { "description": "", "content": { "application/json": {
                "schema": { "type": "object" },
            } } } },
        } } },
    });
    Document::from_value(document, None).unwrap()
}

fn bridge(calls: &Arc<AtomicUsize>) -> Bridge {
    let calls = calls.clone();
    let app = Router::new().fallback(any(move || {
        calls.fetch_add(1, Ordering::SeqCst);
        async { "called" }
    }));
    Bridge::builder(Catalog::read(&document()), ServiceUpstream::new(app))
        .base_url("http://shop.example/v1?t=query-secret".parse().unwrap())
        .header("Authorization", "Bearer header-secret")
        .unwrap()
        .credential("key", CredentialSource::Value(Secret::new(SECRETS[1])))
        .dry_run()
        .build()
        .unwrap()
}

#[tokio::test]
async fn k1b_5_a_dry_run_sends_nothing_and_shows_no_secret() {
    let calls = Arc::<AtomicUsize>::default();
    let bridge = bridge(&calls);
    let operation = bridge.operations().next().unwrap();
    assert_eq!(operation.tool_definition().output_schema, None);
    let arguments: Map<String, Value> =
        serde_json::from_value(json!({ "id": "a/b", "note": "x y", "copies": 2 })).unwrap();
    let result = bridge.call("order", &arguments).await.unwrap();
    assert!(!result.is_error);
    let text = result.content[0].as_text().unwrap();
    let shown: Value = serde_json::from_str(text).unwrap();
    assert_eq!(shown["sent"], false);
    assert_eq!(shown["method"], "POST");
    assert_eq!(
        shown["url"],
        "http://shop.example/v1/orders/a%2Fb?[redacted]&note=x%20y"
    );
    assert_eq!(shown["headers"]["authorization"], "[redacted]");
    assert_eq!(shown["headers"]["content-type"], "application/json");
    assert_eq!(shown["credentials"], json!([["key"]]));
    assert_eq!(shown["body"], json!({ "copies": 2 }));
    for secret in SECRETS {
        assert!(!text.contains(secret), "{text}");
    }
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}
