//! Progress and log messages of a handler, on the stream of its call.

use serde_json::{Value, json};
use spanway_testkit::Answer;

use crate::{LEGACY, client};

fn of<'a>(messages: &'a [Value], method: &str) -> Vec<&'a Value> {
    let told = messages
        .iter()
        .filter(|message| message["method"] == method);
    told.map(|message| &message["params"]).collect()
}

async fn called(version: &str, tool: &str, meta: Value) -> Answer {
    let client = client();
    if version == "2026-07-28" {
        let call = client.modern_call(tool, json!({})).edit(|message| {
            for (key, value) in meta.as_object().expect("an object") {
                message["params"]["_meta"][key] = value.clone();
            }
        });
        return call.send().await;
    }
    let session = client.connect(version).await;
    let params = json!({ "name": tool, "arguments": {}, "_meta": meta });
    session.request("tools/call", params).send().await
}

#[tokio::test]
async fn progress_goes_out_on_the_calls_own_stream_before_its_result() {
    for version in LEGACY.into_iter().chain(["2026-07-28"]) {
        for token in [json!("t"), json!(7)] {
            let answer = called(version, "progress", json!({ "progressToken": token })).await;
            assert!(answer.is_stream(), "{version}");
            let messages = answer.messages();
            let progress = of(&messages, "notifications/progress");
            let steps: Vec<_> = progress
                .iter()
                .map(|step| step["progress"].as_i64())
                .collect();
            assert_eq!(steps, [Some(1), Some(2)]);
            assert_eq!(
                (&progress[0]["progressToken"], &progress[0]["total"]),
                (&token, &json!(2))
            );
            let worded = progress[0].get("message").is_some();
            assert_eq!(worded, version >= "2025-03-26");
            assert_eq!(messages.len(), 3);
            assert!(messages[2].get("result").is_some());
        }
    }
}

#[tokio::test]
async fn nobody_is_told_of_progress_who_did_not_ask() {
    for version in ["2025-11-25", "2026-07-28"] {
        let answer = called(version, "progress", json!({})).await;
        assert!(!answer.is_stream());
    }
}

#[tokio::test]
async fn t_2411_16_log_messages_go_out_on_the_calls_stream_from_the_sessions_level_on() {
    let session = client().connect("2025-06-18").await;
    let level = json!({ "level": "error" });
    let answer = session.request("logging/setLevel", level).send().await;
    assert_eq!(answer.status, 200);
    let messages = session.call("log", json!({})).send().await.messages();
    let logged = of(&messages, "notifications/message");
    assert_eq!(logged.len(), 1);
    assert_eq!(
        *logged[0],
        json!({ "level": "error", "logger": "toolbox", "data": "hear" })
    );
}

/// rmcp's own server sends them all the same.
#[tokio::test]
async fn t_2607_45_modern_clients_get_log_messages_only_if_they_ask() {
    let silent = called("2026-07-28", "log", json!({})).await;
    assert!(!silent.is_stream());
    let meta = json!({ "io.modelcontextprotocol/logLevel": "debug" });
    let messages = called("2026-07-28", "log", meta).await.messages();
    assert_eq!(of(&messages, "notifications/message").len(), 2);
}
