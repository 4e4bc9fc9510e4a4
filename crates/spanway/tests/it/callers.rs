//! Who calls, as a route sees it, and what nobody can claim.

use axum::http::HeaderMap;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use spanway::http::auth::BearerTokens;
use spanway::openapi::{Exposure, from_router};
use spanway::{Principal, StreamableHttp};
use spanway_testkit::{Client, RequestBuilder};

use crate::shop::{Shop, Tenant, client, text};

fn whoami(client: &Client, arguments: Value) -> RequestBuilder {
    client.modern_call("whoami", arguments)
}

async fn seen(request: RequestBuilder) -> Value {
    let result = request.send().await.result();
    serde_json::from_str(text(&result)).unwrap()
}

#[tokio::test]
async fn k3_12_a_route_sees_the_principal_and_the_headers_that_are_named() {
    let shop = Shop::default();
    let client = shop.client();
    let anonymous = seen(whoami(&client, json!({}))).await;
    assert_eq!(anonymous["principal"], Value::Null);
    let request = whoami(&client, json!({}))
        .extension(Principal::new("ann"))
        .extension(Tenant("north"))
        .header("authorization", "Bearer ann's")
        .header("cookie", "session=1")
        .header("x-request-id", "7")
        .header("x-forwarded-for", "10.0.0.1");
    let named = seen(request).await;
    assert_eq!(named["principal"], "ann");
    // It was there, and is not repeated to the model.
    assert_eq!(named["authorization"], "[redacted]");
    // Extensions and other headers pass only by name.
    assert_eq!(named["tenant"], Value::Null);
    assert_eq!(
        named["headers"],
        json!(["accept", "authorization", "x-request-id", "host"])
    );
}

#[tokio::test]
async fn k3_12_a_key_that_the_document_names_reaches_the_route_and_is_not_repeated() {
    let app = Router::new().route(
        "/key",
        get(async |headers: HeaderMap| {
            let text = |name: &str| headers.get(name).map(|it| it.to_str().unwrap().to_owned());
            let is_right = text("x-shop-pass").as_deref() == Some("key-of-ann");
            Json(json!({"right": is_right, "pass": text("x-shop-pass"), "other": text("x-other-pass")}))
        }),
    );
    let pass = json!({"type": "apiKey", "in": "header", "name": "X-Shop-Pass"});
    let document = json!({
        "openapi": "3.1.0",
        "components": {"securitySchemes": {"pass": pass}},
        "paths": {"/key": {"get": {"operationId": "whoami", "security": [{"pass": []}]}}},
    });
    let routes = from_router(app, &document).exposure(Exposure::all());
    let request = whoami(&client(routes), json!({}))
        .header("x-shop-pass", "key-of-ann")
        .header("x-other-pass", "key-of-ann");
    let told = json!({"right": true, "pass": "[redacted]", "other": null});
    assert_eq!(seen(request).await, told);
}

#[tokio::test]
async fn k3_12_what_is_passed_on_can_be_chosen() {
    let shop = Shop::default();
    let routes = shop.routes().without_caller_headers();
    let routes = routes
        .forward_header("X-Team")
        .forward_extension::<Tenant>();
    let client = client(routes);
    let request = whoami(&client, json!({}))
        .extension(Tenant("north"))
        .header("authorization", "Bearer ann's")
        .header("x-team", "blue");
    let seen = seen(request).await;
    assert_eq!(seen["tenant"], "north");
    assert_eq!(seen["authorization"], Value::Null);
    assert_eq!(seen["headers"], json!(["accept", "x-team", "host"]));
    let error = shop.routes().forward_header("Mcp-Session-Id").build();
    assert!(error.unwrap_err().to_string().contains("mcp-session-id"));
}

#[tokio::test]
async fn k3_12_the_principal_is_there_in_sessions_and_for_resources() {
    let server = Shop::default().routes().build().unwrap();
    let tokens = BearerTokens::parse("ann: secret-of-ann\n").unwrap();
    let client = Client::new(StreamableHttp::builder(server).auth(tokens).build());
    let client = client.with_header("authorization", "Bearer secret-of-ann");
    let session = client.connect("2025-06-18").await;
    let told = seen(session.call("whoami", json!({}))).await;
    assert_eq!(told["principal"], "ann");
    let uri = json!({"uri": "app://whoami"});
    for read in [
        session.request("resources/read", uri.clone()),
        client.modern("resources/read", uri),
    ] {
        let contents = read.send().await.result()["contents"][0].take();
        let told: Value = serde_json::from_str(contents["text"].as_str().unwrap()).unwrap();
        assert_eq!(told["principal"], "ann");
    }
}

#[tokio::test]
async fn d3_10_nobody_can_say_who_they_are_in_headers_or_arguments() {
    let client = Shop::default().client();
    let request = whoami(&client, json!({"X-Claimed": "root"}))
        .extension(Principal::new("ann"))
        .header("x-mcp-client-id", "root")
        .header("mcp-client-id", "root")
        .path("/?clientId=root&client_id=root");
    let told = seen(request).await;
    assert_eq!(told["principal"], "ann");
    // The argument is a header because the route takes it, and is no more than that.
    let expected = json!(["x-claimed", "accept", "host"]);
    assert_eq!(told["headers"], expected);
}
