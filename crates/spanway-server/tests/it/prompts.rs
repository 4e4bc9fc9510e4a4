//! Prompts: listed with their arguments, filled in.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use spanway_protocol::ProtocolVersion;
use spanway_protocol::schema::{Content, GetPromptResult, PromptMessage, ResourceContents};
use spanway_server::{Args, Prompt, PromptError, Server, State};

use crate::support::{MODERN, caller, callers, names};

/// Recommends books.
#[derive(Deserialize, JsonSchema)]
struct Recommend {
    /// What kind of book.
    genre: String,
    /// How many.
    #[schemars(range(min = 1))]
    count: Option<u8>,
    #[serde(default)]
    ratio: f64,
    #[serde(default)]
    brief: bool,
    #[serde(default)]
    page: Page,
}

/// Where to begin.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct Page(u32);

async fn recommend(State(shop): State<&'static str>, Args(args): Args<Recommend>) -> String {
    format!(
        "{shop} {} {:?} {} {} {}",
        args.genre, args.count, args.ratio, args.brief, args.page.0
    )
}

async fn dialogue() -> Vec<PromptMessage> {
    vec![
        PromptMessage::user("Do you read?"),
        PromptMessage::assistant(Content::image([1], "image/png")),
        PromptMessage::user(Content::resource(ResourceContents::text("a:b", "text"))),
    ]
}

fn server() -> Server {
    Server::builder("s", "1")
        .with_state("Marks")
        .prompt(Prompt::new("recommend", recommend).title("Recommend"))
        .prompt(Prompt::new("dialogue", dialogue).description("A dialogue"))
        .prompt(Prompt::new("own", async || {
            Ok::<_, PromptError>(GetPromptResult::new(Vec::new()).with_description("its own"))
        }))
        .build()
        .unwrap()
}

#[test]
fn t_all_30_prompts_are_listed_with_their_arguments() {
    let server = server();
    for (version, caller) in callers(&server) {
        let prompts = caller.list("prompts/list", "prompts");
        assert_eq!(
            names(&prompts),
            ["recommend", "dialogue", "own"],
            "{version}"
        );
        assert_eq!(prompts[0]["description"], "Recommends books.");
        assert_eq!(
            prompts[0].get("title").is_some(),
            version >= ProtocolVersion::V2025_06_18
        );
        let arguments = json!([
            { "name": "genre", "description": "What kind of book.", "required": true },
            { "name": "count", "description": "How many." },
            { "name": "ratio" },
            { "name": "brief" },
            { "name": "page" },
        ]);
        assert_eq!(prompts[0]["arguments"], arguments, "{version}");
        assert!(prompts[1].get("arguments").is_none());
    }
}

#[test]
fn strings_are_read_as_the_schema_wants_them() {
    let server = server();
    for (version, caller) in callers(&server) {
        let text = |arguments: serde_json::Value| {
            let params = json!({ "name": "recommend", "arguments": arguments });
            let result = caller.result("prompts/get", params);
            assert_eq!(result["messages"][0]["role"], "user");
            assert_eq!(result["description"], "Recommends books.");
            result["messages"][0]["content"]["text"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let typed =
            json!({ "genre": "7", "count": "3", "ratio": "0.5", "brief": "true", "page": "2" });
        assert_eq!(text(typed), "Marks 7 Some(3) 0.5 true 2", "{version}");
        assert_eq!(
            text(json!({ "genre": "true" })),
            "Marks true None 0 false 0",
            "{version}"
        );
    }
}

#[test]
fn t_all_31_unknown_prompts_and_bad_arguments_are_invalid_params() {
    let server = server();
    for (version, caller) in callers(&server) {
        let message = |params: serde_json::Value| {
            let error = caller.error("prompts/get", params);
            assert_eq!(error["code"], -32602, "{version}");
            error["message"].as_str().unwrap().to_owned()
        };
        assert_eq!(
            message(json!({ "name": "nothing" })),
            "unknown prompt: \"nothing\""
        );
        assert!(message(json!({ "name": "recommend" })).contains("/genre: is required"));
        let wrong = json!({ "genre": "x", "count": "many" });
        let text = message(json!({ "name": "recommend", "arguments": wrong }));
        assert!(text.contains("/count: \"many\" is not of types"), "{text}");
        let text =
            message(json!({ "name": "recommend", "arguments": { "genre": "x", "count": "0" } }));
        assert!(
            text.contains("/count: 0 is less than the minimum of 1"),
            "T-ALL-33: {text}"
        );
        message(json!({ "name": "recommend", "arguments": [] }));
        message(json!({}));
    }
}

#[test]
fn t_all_32_messages_hold_any_content() {
    let server = server();
    for (version, caller) in callers(&server) {
        let result = caller.result("prompts/get", json!({ "name": "dialogue" }));
        assert_eq!(result["description"], "A dialogue", "{version}");
        let messages = json!([
            { "role": "user", "content": { "type": "text", "text": "Do you read?" } },
            { "role": "assistant", "content": { "type": "image", "data": "AQ==", "mimeType": "image/png" } },
            { "role": "user", "content": { "type": "resource", "resource": { "uri": "a:b", "text": "text" } } },
        ]);
        assert_eq!(result["messages"], messages, "{version}");
    }
    let own = caller(&server, MODERN).result("prompts/get", json!({ "name": "own" }));
    assert_eq!(
        (&own["description"], &own["messages"]),
        (&json!("its own"), &json!([]))
    );
}
