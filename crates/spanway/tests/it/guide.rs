//! What helps a model find its way among the routes.

use serde_json::json;
use spanway::Principal;
use spanway::openapi::{Exposure, Filter};

use crate::shop::{Shop, client, listed};

fn books() -> Filter {
    "tag:books".parse().unwrap()
}

#[tokio::test]
async fn k1b_8_tools_and_prompts_tell_what_there_is() {
    let routes = Shop::default().routes().include(books()).with_guide();
    let client = client(routes);
    let info = client.modern_call("server_info", json!({})).send().await;
    let info = info.result()["structuredContent"].take();
    assert_eq!(info["name"], "bookshop");
    assert_eq!(info["operations"], 3);
    let list = client.modern_call("list_operations", json!({}));
    let list = list.send().await.result()["structuredContent"].take();
    assert_eq!(
        listed(&list, "operations", "name"),
        ["search_books", "get_book", "add_book"]
    );
    let prompts = client.modern("prompts/list", json!({})).send().await;
    assert_eq!(
        listed(&prompts.result(), "prompts", "name"),
        ["usage", "list_books", "get_book", "create_book"]
    );
    let text = async |name: &str| {
        let get = client.modern("prompts/get", json!({ "name": name }));
        let message = get.send().await.result()["messages"][0].take();
        message["content"]["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        text("list_books").await,
        "Search books. Use the tool search_books for it. It needs: text."
    );
    let usage = text("usage").await;
    assert!(usage.contains("A small bookshop.") && usage.contains("\n- get_book: One book."));
}

#[tokio::test]
async fn d3_1_the_guide_tells_nobody_of_what_is_not_theirs() {
    let routes = Shop::default().routes().include(books()).with_guide();
    let ann =
        |principal: Option<&Principal>, _: &str| principal.is_some_and(|it| it.as_str() == "ann");
    let client = client(routes.exposure(Exposure::marked().grants(ann)));
    for (name, expected) in [("ann", true), ("bob", false)] {
        for (method, params) in [
            (
                "tools/call",
                json!({"name": "list_operations", "arguments": {}}),
            ),
            ("prompts/get", json!({"name": "usage"})),
        ] {
            let told = client.modern(method, params);
            let told = told.extension(Principal::new(name)).send().await;
            let told = told.result().to_string();
            assert_eq!(told.contains("add_book"), expected, "{name}: {told}");
        }
        let get = client.modern("prompts/get", json!({"name": "create_book"}));
        let get = get.extension(Principal::new(name)).send().await;
        assert_eq!(get.response().get("result").is_some(), expected);
    }
}
