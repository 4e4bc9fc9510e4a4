//! What handlers can take.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use spanway_server::{
    Args, Context, ExtractError, FromCall, FromRef, Principal, Server, State, Tool, ToolCall,
};

use crate::support::{MODERN, caller};

#[derive(Clone)]
struct Shop {
    name: Arc<str>,
    shelves: Shelves,
}

#[derive(Clone, Copy)]
struct Shelves(u32);

impl FromRef<Shop> for Shelves {
    fn from_ref(shop: &Shop) -> Self {
        shop.shelves
    }
}

#[derive(Deserialize, JsonSchema)]
struct Word {
    word: String,
}

/// An extractor of a user's own.
struct Version(String);

impl<S> FromCall<S, ToolCall> for Version {
    fn from_call(call: &mut ToolCall, _: &S) -> Result<Self, ExtractError> {
        use spanway_server::AnyCall as _;
        Ok(Self(call.context().version().to_string()))
    }
}

async fn six(
    State(shop): State<Shop>,
    State(Shelves(shelves)): State<Shelves>,
    Args(Word { word }): Args<Word>,
    cx: Context,
    principal: Option<Principal>,
    Version(version): Version,
) -> String {
    let who = principal.as_ref().map_or("nobody", Principal::as_str);
    format!(
        "{} {shelves} {word} {} {who} {version}",
        shop.name,
        cx.principal().is_some()
    )
}

async fn nobody() -> &'static str {
    "none"
}

async fn raw(arguments: Map<String, Value>) -> String {
    Value::Object(arguments).to_string()
}

async fn members(principal: Principal) -> String {
    principal.as_str().to_owned()
}

fn server() -> Server {
    let shop = Shop {
        name: "Marks".into(),
        shelves: Shelves(84),
    };
    Server::builder("s", "1")
        .tool(Tool::new("before", nobody))
        .with_state(shop)
        .tool(Tool::new("six", six))
        .tool(Tool::new("raw", raw))
        .tool(Tool::new("members", members))
        .with_state("another")
        .tool(Tool::new(
            "after",
            async |State(text): State<&'static str>| text,
        ))
        .build()
        .unwrap()
}

#[test]
fn k3_7_state_and_context_are_left_out_of_the_schema() {
    let server = server();
    let tools = caller(&server, MODERN).list("tools/list", "tools");
    let schema = json!({
        "type": "object",
        "properties": { "word": { "type": "string" } },
        "required": ["word"],
    });
    assert_eq!(tools[1]["inputSchema"], schema);
    assert_eq!(tools[2]["inputSchema"], json!({ "type": "object" }));
    assert_eq!(
        tools[4]["inputSchema"],
        json!({ "type": "object", "additionalProperties": false })
    );
}

#[test]
fn six_parameters_in_any_order() {
    let server = server();
    let text = |caller: crate::support::Caller<'_>, name: &str, arguments: Value| {
        caller.call_tool(name, arguments)["content"][0]["text"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let word = json!({ "word": "Emma" });
    assert_eq!(
        text(caller(&server, MODERN), "six", word.clone()),
        "Marks 84 Emma false nobody 2026-07-28"
    );
    assert_eq!(
        text(caller(&server, MODERN).named("ada"), "six", word),
        "Marks 84 Emma true ada 2026-07-28"
    );
    assert_eq!(
        text(caller(&server, MODERN), "raw", json!({ "b": 1, "a": [2] })),
        r#"{"b":1,"a":[2]}"#
    );
    assert_eq!(text(caller(&server, MODERN), "before", json!({})), "none");
    assert_eq!(text(caller(&server, MODERN), "after", json!({})), "another");
}

#[test]
fn a_required_principal_must_be_there() {
    let server = server();
    let text = caller(&server, MODERN).tool_error("members", json!({}));
    assert_eq!(text, "this needs an authenticated caller");
    let result = caller(&server, MODERN)
        .named("ada")
        .call_tool("members", json!({}));
    assert_eq!(result["content"][0]["text"], "ada");
}
