//! Routes as resources, templates and prompts.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use spanway::openapi::{Exposure, Reads, from_router};
use spanway_testkit::Client;

use crate::shop::{Shop, client, listed};

async fn read(client: &Client, uri: &str) -> Value {
    let answer = client.modern("resources/read", json!({ "uri": uri }));
    answer.send().await.result()["contents"][0].clone()
}

async fn code(client: &Client, uri: &str) -> i64 {
    let answer = client.modern("resources/read", json!({ "uri": uri }));
    answer.send().await.code()
}

#[tokio::test]
async fn k3_10_a_route_is_a_resource_or_a_template() {
    let client = Shop::default().client();
    let list = client.modern("resources/list", json!({}));
    let list = list.send().await.result();
    assert_eq!(listed(&list, "resources", "uri"), ["app://whoami"]);
    let list = client.modern("resources/templates/list", json!({}));
    let list = list.send().await.result();
    let templates = listed(&list, "resourceTemplates", "uriTemplate");
    assert_eq!(
        templates,
        ["shop://books/{number}", "shop://covers/{number}"]
    );
    let book = &list["resourceTemplates"][0];
    assert_eq!(book["description"], "A book on the shelves.");
    assert_eq!(book["mimeType"], "application/json");
    let book = read(&client, "shop://books/7").await;
    assert_eq!(book["mimeType"], "application/json");
    assert_eq!(book["text"], r#"{"title":"Volume 7","copies":7}"#);
    let cover = read(&client, "shop://covers/7").await;
    assert_eq!(
        (&cover["blob"], &cover["mimeType"]),
        (&json!("iVAA/w=="), &json!("image/png"))
    );
}

#[tokio::test]
async fn k3_10_what_the_route_does_not_have_is_not_found() {
    let shop = Shop::default();
    let client = shop.client();
    assert_eq!(code(&client, "shop://books/13").await, -32602);
    let session = client.connect("2025-11-25").await;
    let read = session.request("resources/read", json!({"uri": "shop://books/13"}));
    assert_eq!(read.send().await.code(), -32002);
    let asked = shop.requests.load(Ordering::Relaxed);
    // Not what the path takes, so the route need not be asked.
    assert_eq!(code(&client, "shop://books/thirteen").await, -32602);
    assert_eq!(shop.requests.load(Ordering::Relaxed), asked);
}

#[tokio::test]
async fn k3_10_the_document_is_a_resource_where_that_is_wanted() {
    let shop = Shop::default();
    assert_eq!(code(&shop.client(), "app://openapi").await, -32602);
    let routes = shop.routes().with_document().with_schemas();
    let client = client(routes.exposure(Exposure::marked().scheme("shop")));
    let document = read(&client, "shop://openapi").await;
    let document: Value = serde_json::from_str(document["text"].as_str().unwrap()).unwrap();
    assert_eq!(document["info"]["title"], "bookshop");
    let schema = read(&client, "shop://schemas/Book").await;
    assert_eq!(schema["mimeType"], "application/schema+json");
}

#[tokio::test]
async fn k3_10_reads_are_resources_by_rule() {
    let shop = Shop::default();
    let rule = Exposure::all().scheme("shop").reads(Reads::Resources);
    let document = json!({"openapi": "3.1.0", "paths": {
        "/books": {
            "get": {"operationId": "search", "parameters": [
                {"name": "text", "in": "query", "required": true, "schema": {"type": "string"}}]},
            "post": {"operationId": "add"},
        },
        "/books/{number}": {"get": {"operationId": "book"}},
        "/whoami": {"get": {"operationId": "whoami"}},
        "/secret": {"get": {"operationId": "secret", "x-mcp": false}},
    }});
    let routes = |reads| {
        let exposure = rule.clone().reads(reads);
        client(from_router(shop.app().0, &document).exposure(exposure))
    };
    let names = async |client: &Client| {
        let mut all = Vec::new();
        for (method, key, name) in [
            ("tools/list", "tools", "name"),
            ("resources/list", "resources", "uri"),
            (
                "resources/templates/list",
                "resourceTemplates",
                "uriTemplate",
            ),
        ] {
            let list = client
                .modern(method, json!({}))
                .unchecked("there may be none");
            let list = list.send().await.response()["result"].take();
            if list.is_object() {
                all.push(listed(&list, key, name).join(" "));
            }
        }
        all
    };
    let resources = ["shop://whoami", "shop://books/{number}"];
    let client = routes(Reads::Resources);
    assert_eq!(
        names(&client).await,
        [&["search add"], &resources[..]].concat()
    );
    let book = read(&client, "shop://books/5").await;
    assert!(book["text"].as_str().unwrap().contains("Volume 5"));
    assert_eq!(
        names(&routes(Reads::Both)).await,
        [&["search add book whoami"], &resources[..]].concat()
    );
    assert_eq!(
        names(&routes(Reads::Tools)).await,
        ["search add book whoami"]
    );
}

#[tokio::test]
async fn k3_13_a_route_is_a_prompt() {
    let client = Shop::default().client();
    let list = client
        .modern("prompts/list", json!({}))
        .send()
        .await
        .result();
    assert_eq!(list["prompts"][0]["name"], "recommend");
    let arguments = listed(&list["prompts"][0], "arguments", "name");
    assert_eq!(arguments, ["genre", "count"]);
    let arguments = json!({"genre": "crime", "count": "3"});
    let get = client.modern(
        "prompts/get",
        json!({"name": "recommend", "arguments": arguments}),
    );
    let message = get.send().await.result()["messages"][0].take();
    assert_eq!(message["role"], "user");
    assert_eq!(message["content"]["text"], "Recommend 3 books: crime.");
    let arguments = json!({"genre": "cooking"});
    let get = client.modern(
        "prompts/get",
        json!({"name": "recommend", "arguments": arguments}),
    );
    assert_eq!(get.send().await.code(), -32602);
}

#[tokio::test]
async fn k3_6_arguments_that_the_document_lists_are_completed() {
    let client = Shop::default().client();
    let complete = client.modern(
        "completion/complete",
        json!({
            "ref": {"type": "ref/prompt", "name": "recommend"},
            "argument": {"name": "genre", "value": "p"},
        }),
    );
    let result = complete.send().await.result();
    assert_eq!(result["completion"]["values"], json!(["poetry"]));
}
