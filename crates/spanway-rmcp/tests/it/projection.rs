//! Content as each revision knows it: nothing newer leaks.

use serde_json::{Value, json};

use crate::client;

async fn kinds(version: &str) -> Value {
    let client = client();
    if version == "2026-07-28" {
        return client.modern_call("kinds", json!({})).send().await.result();
    }
    let session = client.connect(version).await;
    session.call("kinds", json!({})).send().await.result()
}

fn types(result: &Value) -> Vec<&str> {
    let blocks = result["content"].as_array().expect("content");
    let types = blocks.iter().map(|block| block["type"].as_str());
    types.map(|kind| kind.expect("a type")).collect()
}

#[tokio::test]
async fn t_dual_15_content_is_told_in_words_where_the_revision_has_no_such_kind() {
    for (version, audio, link) in [
        ("2024-11-05", "text", "text"),
        ("2025-03-26", "audio", "text"),
        ("2025-06-18", "audio", "resource_link"),
        ("2025-11-25", "audio", "resource_link"),
        ("2026-07-28", "audio", "resource_link"),
    ] {
        let result = kinds(version).await;
        assert_eq!(
            types(&result),
            ["text", "image", audio, "resource", link],
            "{version}"
        );
        assert_eq!(
            result["content"][4].get("icons").is_some(),
            version >= "2025-11-25"
        );
        assert_eq!(result["_meta"]["own"], 1, "{version}");
    }
}

#[tokio::test]
async fn annotations_and_media_arrive_as_they_were_given() {
    let result = kinds("2025-11-25").await;
    assert_eq!(
        result["content"][0]["annotations"],
        json!({ "audience": ["user"], "priority": 0.3 })
    );
    assert_eq!(
        result["content"][1],
        json!({ "type": "image", "data": "aW1n", "mimeType": "image/png" })
    );
    assert_eq!(
        result["content"][3]["resource"],
        json!({ "uri": "file:///a", "mimeType": "text/plain", "text": "inside" })
    );
}
