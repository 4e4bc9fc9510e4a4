//! Tools, resources, templates and prompts; pages; completion.

use serde_json::{Value, json};
use spanway_testkit::Answer;

use crate::{LEGACY, client};

async fn listed(version: &str, method: &str, params: Value) -> Answer {
    let client = client();
    if version == "2026-07-28" {
        return client.modern(method, params).send().await;
    }
    let session = client.connect(version).await;
    session.request(method, params).send().await
}

async fn tool(version: &str, name: &str) -> Value {
    let tools = listed(version, "tools/list", json!({})).await.result();
    let tools = tools["tools"].as_array().expect("tools").clone();
    let found = tools.into_iter().find(|tool| tool["name"] == name);
    found.expect("the tool is listed")
}

#[tokio::test]
async fn tools_are_described_as_each_revision_knows_it() {
    for version in LEGACY.into_iter().chain(["2026-07-28"]) {
        let add = tool(version, "add").await;
        assert_eq!(add["description"], "Adds two numbers");
        assert_eq!(add["inputSchema"]["type"], "object");
        assert_eq!(
            add.get("annotations").is_some(),
            version >= "2025-03-26",
            "{add}"
        );
        assert_eq!(add.get("title").is_some(), version >= "2025-06-18", "{add}");
        assert_eq!(
            add.get("outputSchema").is_some(),
            version >= "2025-06-18",
            "{add}"
        );
        assert_eq!(add.get("execution"), None);
    }
}

#[tokio::test]
async fn t_all_50_cursors_go_to_the_handler_and_come_from_it() {
    for version in ["2024-11-05", "2025-11-25", "2026-07-28"] {
        let first = listed(version, "resources/list", json!({})).await.result();
        assert_eq!(first["resources"][0]["uri"], "shop://book/1");
        assert_eq!(first["nextCursor"], "second");
        assert_eq!(first["_meta"]["page"], 1);
        let cursor = json!({ "cursor": "second" });
        let second = listed(version, "resources/list", cursor).await.result();
        assert_eq!(second["resources"][0]["uri"], "shop://book/2");
        assert_eq!(second.get("nextCursor"), None);
        let unknown = listed(version, "resources/list", json!({ "cursor": "x" })).await;
        assert_eq!(unknown.code(), -32602);
        let malformed = listed(version, "resources/list", json!({ "cursor": 1 })).await;
        assert_eq!(malformed.code(), -32602);
    }
}

#[tokio::test]
async fn t_2607_44_hints_of_caching_are_the_handlers_own_and_modern_only() {
    let own = listed("2026-07-28", "resources/list", json!({}))
        .await
        .result();
    assert_eq!(
        (&own["ttlMs"], &own["cacheScope"]),
        (&json!(1000), &json!("public"))
    );
    let default = listed("2026-07-28", "resources/templates/list", json!({}));
    let default = default.await.result();
    assert_eq!(
        (&default["ttlMs"], &default["cacheScope"]),
        (&json!(0), &json!("private"))
    );
    for result in [&own, &default] {
        assert_eq!(result["resultType"], "complete");
    }
    for version in LEGACY {
        let result = listed(version, "resources/list", json!({})).await.result();
        for key in ["ttlMs", "cacheScope", "resultType"] {
            assert_eq!(result.get(key), None, "{version}");
        }
    }
}

#[tokio::test]
async fn templates_and_prompts_are_listed() {
    let templates = listed("2025-06-18", "resources/templates/list", json!({}))
        .await
        .result();
    assert_eq!(
        templates["resourceTemplates"],
        json!([{ "uriTemplate": "shop://book/{id}", "name": "book", "title": "Any book" }])
    );
    let prompts = listed("2024-11-05", "prompts/list", json!({}))
        .await
        .result();
    assert_eq!(prompts["prompts"][0]["name"], "write");
    assert_eq!(
        prompts["prompts"][0]["arguments"],
        json!([{ "name": "topic", "required": true }])
    );
}

#[tokio::test]
async fn resources_are_read() {
    for version in LEGACY.into_iter().chain(["2026-07-28"]) {
        let params = json!({ "uri": "shop://book/7" });
        let result = listed(version, "resources/read", params).await.result();
        assert_eq!(result["contents"][0]["text"], "Emma");
        assert_eq!(result["contents"][1]["blob"], "AAEC");
        assert_eq!(result.get("ttlMs").is_some(), version == "2026-07-28");
    }
}

#[tokio::test]
async fn t_2411_18_t_2607_43_missing_resources_have_the_code_of_the_era() {
    for (version, code) in [("2025-11-25", -32002), ("2026-07-28", -32602)] {
        let answer = listed(version, "resources/read", json!({ "uri": "shop://x" })).await;
        assert_eq!(answer.code(), code);
        assert_eq!(answer.response()["error"]["data"]["uri"], "shop://x");
    }
}

#[tokio::test]
async fn prompts_are_filled_in_and_audio_is_told_in_words_to_clients_without_it() {
    for version in ["2024-11-05", "2025-03-26", "2026-07-28"] {
        let params = json!({ "name": "write", "arguments": { "topic": "rust" } });
        let result = listed(version, "prompts/get", params).await.result();
        assert_eq!(result["description"], "An essay");
        assert_eq!(result["messages"][0]["content"]["text"], "Write about rust");
        let second = &result["messages"][1];
        assert_eq!(second["role"], "assistant");
        let kind = if version == "2024-11-05" {
            "text"
        } else {
            "audio"
        };
        assert_eq!(second["content"]["type"], kind);
    }
}

#[tokio::test]
async fn completion_goes_to_the_handler() {
    let params = json!({
        "ref": { "type": "ref/prompt", "name": "write" },
        "argument": { "name": "topic", "value": "ru" },
    });
    for version in ["2025-03-26", "2026-07-28"] {
        let result = listed(version, "completion/complete", params.clone())
            .await
            .result();
        assert_eq!(result["completion"]["values"], json!(["ru-completed"]));
    }
    let malformed = listed("2025-06-18", "completion/complete", json!({ "ref": 1 })).await;
    assert_eq!(malformed.code(), -32602);
}
