//! The native server behind the endpoint: what only shows when both work together.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use spanway_http::StreamableHttp;
use spanway_server::{Context, Json, Server, Tool};
use spanway_testkit::Client;

use crate::probe::told;

async fn who(cx: Context) -> String {
    json!({ "version": cx.version().as_str(), "session": cx.session() }).to_string()
}

fn server() -> Server {
    Server::builder("native", "1.0.0")
        .tool(Tool::new("who", who))
        .build()
        .expect("a server")
}

#[tokio::test]
async fn one_tool_answers_in_every_revision() {
    let client = Client::new(StreamableHttp::new(server()));
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let session = client.connect(version).await;
        let tools = session
            .request("tools/list", json!({}))
            .send()
            .await
            .result();
        assert_eq!(tools["tools"][0]["name"], "who");
        let answer = session.call("who", json!({})).send().await;
        assert_eq!(told(&answer.result())["version"], version);
    }
    let answer = client.modern_call("who", json!({})).send().await;
    assert_eq!(
        told(&answer.result()),
        json!({ "version": "2026-07-28", "session": Value::Null })
    );
}

#[tokio::test]
async fn t_2607_36_what_is_not_offered_is_404_for_modern_and_200_for_legacy_clients() {
    let client = Client::new(StreamableHttp::new(server()));
    let session = client.connect("2025-11-25").await;
    for method in ["prompts/list", "resources/list", "completion/complete"] {
        assert_eq!(
            client.modern(method, json!({})).send().await.refusal(),
            (404, -32601),
            "{method}"
        );
        assert_eq!(
            session.request(method, json!({})).send().await.refusal(),
            (200, -32601),
            "{method}"
        );
    }
}

#[tokio::test]
async fn t_all_21_an_edit_is_told_on_the_stream_of_each_session() {
    let server = server();
    let client = Client::new(StreamableHttp::new(server.clone()));
    let session = client.connect("2025-11-25").await;
    let mut stream = session.listen().open().await;
    let edited = server.edit(|edit| {
        edit.add_tool(Tool::new("second", who));
    });
    edited.expect("a good edit");
    assert_eq!(
        stream.message().await["method"],
        "notifications/tools/list_changed"
    );
    let tools = session
        .request("tools/list", json!({}))
        .send()
        .await
        .result();
    assert_eq!(tools["tools"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn rmcp_2a_15_and_t_all_23_unknown_tools_and_malformed_parameters_are_invalid_params() {
    let client = Client::new(StreamableHttp::new(server()));
    let session = client.connect("2025-11-25").await;
    for params in [
        json!({ "name": "nope" }),
        json!({}),
        json!({ "name": 3 }),
        json!({ "name": "who", "arguments": [] }),
    ] {
        let answer = session.request("tools/call", params.clone()).send().await;
        assert_eq!(answer.refusal(), (200, -32602), "{params}");
    }
}

#[derive(Serialize, JsonSchema)]
struct Book {
    title: &'static str,
    sequel: Option<&'static str>,
}

async fn book() -> Json<Book> {
    Json(Book {
        title: "Emma",
        sequel: None,
    })
}

#[tokio::test]
async fn d0_11_nulls_within_data_are_kept() {
    let server = Server::builder("native", "1.0.0").tool(Tool::new("book", book));
    let client = Client::new(StreamableHttp::new(server.build().expect("a server")));
    let emma = json!({ "title": "Emma", "sequel": null });
    let session = client.connect("2025-11-25").await;
    for request in [
        session.call("book", json!({})),
        client.modern_call("book", json!({})),
    ] {
        let result = request.send().await.result();
        assert_eq!(result["structuredContent"], emma);
        assert_eq!(told(&result), emma);
    }
}
