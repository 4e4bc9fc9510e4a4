//! Routes as tools: how they are described, what reaches them, and what comes back.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::shop::{Shop, text};

async fn tool(name: &str) -> Value {
    let tools = Shop::default().client();
    let tools = tools.modern("tools/list", json!({})).send().await.result();
    let tools = tools["tools"].as_array().unwrap().clone();
    tools.into_iter().find(|it| it["name"] == name).unwrap()
}

#[tokio::test]
async fn k3_7_and_k3_13_a_tool_is_made_from_its_route() {
    let search = tool("search_books").await;
    assert_eq!(search["title"], "Search books");
    assert_eq!(
        search["description"],
        "Searches the shelves.\n\nWhen to use: Somebody asks for a book.\n\n\
         Returns: The books, best first.\n\nInstructions: Name the title only."
    );
    let input = &search["inputSchema"];
    let arguments: Vec<&String> = input["properties"].as_object().unwrap().keys().collect();
    // Neither state nor extensions of the request are arguments.
    assert_eq!(arguments, ["text", "limit"]);
    assert_eq!(input["required"], json!(["text"]));
    assert_eq!(search["annotations"]["readOnlyHint"], true);
    assert_eq!(search["annotations"]["openWorldHint"], false);
    assert!(search["outputSchema"].is_object());
    let add = tool("add_book").await;
    assert_eq!(add["_meta"]["spanway/scopes"], json!(["books:write"]));
    assert_eq!(add["outputSchema"]["required"], json!(["title"]));
}

#[tokio::test]
async fn k3_8_arguments_are_validated_before_the_route_runs() {
    let shop = Shop::default();
    let arguments =
        json!({"shelf": "one", "title": 7, "copies": -1, "notify": "perhaps", "colour": "red"});
    let wrong = shop.client().modern_call("add_book", arguments);
    let result = wrong.send().await.result();
    assert_eq!(result["isError"], true);
    let places: Vec<&str> = text(&result)
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- ").or(Some(line.trim())))
        .filter(|line| line.starts_with('/'))
        .map(|line| line.split([':', ' ']).next().unwrap())
        .collect();
    let mut sorted = places.clone();
    sorted.sort_unstable();
    assert_eq!(places, sorted);
    for place in ["/shelf", "/title", "/copies", "/notify"] {
        assert!(places.contains(&place), "{place} in {}", text(&result));
    }
    assert_eq!(shop.requests.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn k3_9_a_call_goes_through_every_layer_of_the_application() {
    let shop = Shop::default();
    let client = shop.client().with_header("authorization", "Bearer writer");
    let arguments = json!({"shelf": 3, "notify": true, "title": "Emma", "copies": 1});
    let called = client.modern_call("add_book", arguments).send().await;
    let result = called.result();
    // Path, query and body are where the route expects them, and it found its state.
    let expected =
        json!({"title": "Emma", "copies": 1, "shelf": 3, "query": {"notify": "true"}, "seen": 1});
    assert_eq!(result["structuredContent"], expected, "{result}");
    let arguments = json!({"text": "sea", "limit": 4});
    let session = client.connect("2025-03-26").await;
    let result = session
        .call("search_books", arguments)
        .send()
        .await
        .result();
    assert!(
        text(&result).contains("sea by the early shift (Some(4))"),
        "{result}"
    );
    assert_eq!(shop.requests.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn k3_9_a_status_of_400_and_above_is_an_error_with_the_applications_own_body() {
    let client = Shop::default().client();
    let arguments = json!({"shelf": 3, "title": "Emma", "copies": 1});
    let refused = client.modern_call("add_book", arguments).send().await;
    let result = refused.result();
    assert_eq!(result["isError"], true);
    assert_eq!(
        text(&result),
        "HTTP 403 Forbidden\n{\"title\":\"who are you?\",\"code\":\"shop-17\"}"
    );
    let missing = client.modern_call("get_book", json!({"number": 13}));
    assert_eq!(text(&missing.send().await.result()), "HTTP 404 Not Found");
}

#[tokio::test]
async fn d3_2_what_a_schema_asks_for_is_what_the_route_takes() {
    let add = tool("add_book").await;
    let properties = add["inputSchema"]["properties"].as_object().unwrap();
    let mut all: Vec<&String> = properties.keys().collect();
    all.sort_unstable();
    assert_eq!(all, ["copies", "notify", "shelf", "title"]);
    let arguments = properties.iter().map(|(name, schema)| {
        let value = match schema["type"].as_str() {
            Some("string") => json!("text"),
            Some("integer") => json!(1),
            _ => json!(true),
        };
        (name.clone(), value)
    });
    let client = Shop::default()
        .client()
        .with_header("authorization", "Bearer writer");
    let call = client.modern_call("add_book", Value::Object(arguments.collect()));
    assert_eq!(call.send().await.result().get("isError"), None);
}

#[tokio::test]
async fn d3_11_an_output_schema_is_kept_or_the_result_says_that_it_is_not() {
    let client = Shop::default().client();
    let book = client.modern_call("get_book", json!({"number": 2}));
    let result = book.send().await.result();
    assert_eq!(
        result["structuredContent"],
        json!({"title": "Volume 2", "copies": 2})
    );
    let result = client.modern_call("lie", json!({})).send().await.result();
    assert_eq!(result["isError"], true);
    assert!(result.get("structuredContent").is_none());
}

#[tokio::test]
async fn d3_14_a_panic_of_a_route_tells_nothing_and_costs_one_call() {
    let client = Shop::default().client();
    let answer = client.modern_call("burst", json!({})).send().await;
    assert!(!String::from_utf8_lossy(&answer.body).contains("hunter2"));
    let next = client.modern_call("get_book", json!({"number": 2}));
    assert_eq!(next.send().await.result().get("isError"), None);
}

#[tokio::test]
async fn k3_11_a_route_that_allows_it_runs_as_a_task() {
    let client = Shop::default().client();
    let extension = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
    let call = client.modern_call("search_books", json!({ "text": "tea" }));
    let call = call.meta(
        "io.modelcontextprotocol/clientCapabilities",
        extension.clone(),
    );
    let made = call.send().await.result();
    assert_eq!(made["resultType"], "task", "{made}");
    let id = made["taskId"].as_str().unwrap().to_owned();
    let look = || {
        let look = client.modern("tasks/get", json!({ "taskId": id }));
        look.meta(
            "io.modelcontextprotocol/clientCapabilities",
            extension.clone(),
        )
    };
    let mut task = look().send().await.result();
    while task["status"] == "working" {
        tokio::task::yield_now().await;
        task = look().send().await.result();
    }
    assert_eq!(task["status"], "completed", "{task}");
    assert!(text(&task["result"]).contains("tea"), "{task}");
    let plain = client.modern_call("search_books", json!({ "text": "tea" }));
    assert!(text(&plain.send().await.result()).contains("tea"));
}
