//! How often callers may call, where the operator says.

use serde_json::{Value, json};

use crate::messages::client;
use crate::program::{Serving, spanway};
use crate::serving::file;

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap()
}

#[tokio::test]
async fn a_call_too_many_is_a_result_that_says_when_to_try_again_in_every_era() {
    let serving = Serving::start(&mut spanway(["serve", "--rate-limit", "2/h"]));
    let client = client(&serving.url);
    let search = json!({ "query": "sea" });
    let session = client.connect("2025-06-18").await;
    for _ in 0..2 {
        let call = session.call("search_books", search.clone()).send().await;
        assert_ne!(call.result()["isError"], true);
    }
    let legacy = session.call("search_books", search.clone()).send().await;
    let modern = client.modern_call("search_books", search).send().await;
    for refused in [legacy.result(), modern.result()] {
        assert_eq!(refused["isError"], true);
        let said = text(&refused);
        assert!(said.starts_with("too many calls: 2 in 3600s"), "{said}");
        assert!(
            said.contains("try again in 1") && said.ends_with(" s"),
            "{said}"
        );
        let wait = refused["_meta"]["spanway/retryAfter"].as_u64().unwrap();
        assert!((1..=1800).contains(&wait), "{refused}");
    }
    // What runs nothing does not count.
    let listed = client.modern("tools/list", json!({})).send().await;
    assert!(listed.result()["tools"].is_array());
}

#[tokio::test]
async fn each_principal_has_a_limit_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = file(&folder, "tokens", "ann: ann-has-this\nbob: bob-has-this\n");
    let tokens = tokens.to_str().unwrap();
    let args = ["serve", "--auth-tokens", tokens, "--rate-limit", "1/h"];
    let serving = Serving::start(&mut spanway(args));
    let client = client(&serving.url);
    for (name, is_refused) in [("ann", false), ("ann", true), ("bob", false)] {
        let call = client.modern_call("search_books", json!({ "query": "sea" }));
        let token = format!("Bearer {name}-has-this");
        let result = call.header("authorization", &token).send().await.result();
        assert_eq!(result["isError"] == true, is_refused, "{name}: {result}");
    }
}
