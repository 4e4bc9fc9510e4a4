//! What is exposed, and to whom: what is not listed cannot be called.

use serde_json::{Value, json};
use spanway::openapi::{
    Bridge, Catalog, Exposure, Filter, RoutesError, ServiceUpstream, from_router, parse_document,
    search_features,
};
use spanway::{Principal, Server, StreamableHttp};
use spanway_testkit::Client;

use crate::shop::{Shop, client, listed};

async fn tools(client: &Client) -> Vec<String> {
    let list = client.modern("tools/list", json!({})).send().await.result();
    let names = listed(&list, "tools", "name").into_iter();
    names.map(str::to_owned).collect()
}

async fn is_called(client: &Client, tool: &str, arguments: Value) -> bool {
    let answer = client.modern_call(tool, arguments).send().await;
    answer.response().get("result").is_some()
}

fn filter(text: &str) -> Filter {
    text.parse().unwrap()
}

#[tokio::test]
async fn d3_1_what_is_not_marked_is_neither_listed_nor_callable() {
    let shop = Shop::default();
    let client = shop.client();
    let listed = tools(&client).await;
    assert!(!listed.iter().any(|it| it == "purge"), "{listed:?}");
    assert!(!is_called(&client, "purge", json!({})).await);
    // Nor is what is a resource only.
    assert!(!is_called(&client, "cover", json!({"number": 1})).await);
    let client = crate::shop::client(shop.routes().exposure(Exposure::all()));
    assert!(is_called(&client, "purge", json!({})).await);
}

#[tokio::test]
async fn d3_1_and_k3_13_filters_hold_for_lists_and_calls() {
    let shop = Shop::default();
    let routes = shop.routes().include(filter("tag:books"));
    let client = client(routes.exclude(filter("op:add_book")));
    assert_eq!(tools(&client).await, ["search_books", "get_book"]);
    assert!(
        !is_called(
            &client,
            "add_book",
            json!({"shelf": 1, "title": "a", "copies": 1})
        )
        .await
    );
    assert!(!is_called(&client, "whoami", json!({})).await);
    let read = client.modern("resources/read", json!({"uri": "app://whoami"}));
    assert_eq!(read.send().await.code(), -32602);
    let read = client.modern("resources/read", json!({"uri": "shop://covers/1"}));
    assert_eq!(read.send().await.code(), -32602);
}

#[tokio::test]
async fn d3_1_scopes_decide_who_sees_and_calls() {
    let granted = |principal: Option<&Principal>, scope: &str| {
        principal.is_some_and(|it| it.as_str() == "ann") && scope == "books:write"
    };
    let routes = Shop::default().routes();
    let client = client(routes.exposure(Exposure::marked().grants(granted)));
    let client = client.with_header("authorization", "Bearer writer");
    let arguments = json!({"shelf": 1, "title": "a", "copies": 1});
    for (name, may) in [("ann", true), ("bob", false)] {
        let list = client.modern("tools/list", json!({}));
        let list = list.extension(Principal::new(name)).send().await.result();
        let names = listed(&list, "tools", "name");
        assert_eq!(names.contains(&"add_book"), may, "{name}");
        let call = client.modern_call("add_book", arguments.clone());
        let answer = call.extension(Principal::new(name)).send().await;
        assert_eq!(answer.response().get("result").is_some(), may, "{name}");
    }
}

#[tokio::test]
async fn d3_1_what_is_no_tool_cannot_be_found_or_called_by_search_either() {
    let document = json!({"openapi": "3.1.0", "paths": {
        "/plain": {"get": {"operationId": "plain"}},
        "/hidden": {"get": {"operationId": "hidden", "x-mcp": false}},
        "/read": {"get": {"operationId": "read", "x-mcp-resource": "t://read"}},
    }});
    let document = parse_document(document.to_string().as_bytes(), None).unwrap();
    let upstream = ServiceUpstream::new(Shop::default().app().0);
    let bridge = Bridge::builder(Catalog::read(&document), upstream);
    let features = search_features(vec![(bridge.build().unwrap(), Exposure::all())]);
    let server = features.add_to(Server::builder("t", "1")).build();
    let client = Client::new(StreamableHttp::new(server.unwrap()));
    let resources = client.modern("resources/list", json!({})).send().await;
    assert_eq!(
        listed(&resources.result(), "resources", "uri"),
        ["t://read"]
    );
    let found = client.modern_call("search_operations", json!({"query": ""}));
    let found = found.send().await.result()["structuredContent"].take();
    assert_eq!(listed(&found, "operations", "name"), ["plain"]);
    for name in ["hidden", "read"] {
        let call = client.modern_call("call_operation", json!({ "name": name }));
        assert_eq!(call.send().await.result()["isError"], true, "{name}");
    }
}

#[tokio::test]
async fn k3_13_marks_can_have_the_applications_own_names() {
    let document = json!({"openapi": "3.1.0", "paths": {
        "/whoami": {"get": {"operationId": "a", "x-agent-tool": "who", "x-agent-hint": "Rarely."}},
        "/books/{number}": {"get": {"operationId": "b", "x-agent": {"resource-template": "b://{number}"}}},
    }});
    let router = Shop::default().app().0;
    let routes = from_router(router.clone(), &document)
        .rename_mark("tool", "x-agent-tool")
        .rename_mark("when-to-use", "x-agent-hint")
        .rename_mark("mcp", "x-agent");
    let client = client(routes);
    let list = client.modern("tools/list", json!({})).send().await.result();
    assert_eq!(list["tools"][0]["name"], "who");
    let description = list["tools"][0]["description"].as_str().unwrap();
    assert!(
        description.ends_with("When to use: Rarely."),
        "{description}"
    );
    let read = client.modern("resources/read", json!({"uri": "b://3"}));
    assert_eq!(read.send().await.result()["contents"][0]["uri"], "b://3");
    let error = from_router(router, &document).rename_mark("tol", "x-a");
    assert!(matches!(error.build(), Err(RoutesError::Mark(it)) if it == "tol"));
}

#[test]
fn what_cannot_be_done_is_said_at_once() {
    let document = json!({"openapi": "3.1.0", "paths": {
        "/a": {"post": {"operationId": "a", "x-mcp-resource": true}},
        "/b": {"get": {"operationId": "b", "x-mcp-resource-template": "b://{other}"}},
        "/c/{id}": {"get": {"operationId": "c", "x-mcp-resource": "c://all"}},
        "/d": {"get": {"operationId": "d", "x-mcp-tool": 7}},
    }});
    let build = |document: Value| from_router(Shop::default().app().0, &document).build();
    let error = build(document).unwrap_err().to_string();
    for part in [
        "/paths/~1a/post: a resource is read with GET",
        "{other} of b://{other} is no argument",
        "c://all does not say what the required argument \"id\" is",
        "/paths/~1d/get/x-mcp-tool: must be a boolean or a name",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    let unmarked = json!({"openapi": "3.1.0", "paths": {"/a": {"get": {}}}});
    assert!(matches!(build(unmarked), Err(RoutesError::Nothing)));
    assert!(matches!(build(json!([])), Err(RoutesError::Document(_))));
}
