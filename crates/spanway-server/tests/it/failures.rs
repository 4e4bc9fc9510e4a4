//! Handlers that fail, in every way there is.

use std::io;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use spanway_protocol::Rejection;
use spanway_protocol::jsonrpc::ErrorObject;
use spanway_protocol::schema::{CallToolResult, ToolDefinition};
use spanway_server::{
    Args, Json, Prompt, PromptError, Resource, ResourceError, Server, Tool, ToolError,
};

use crate::support::{MODERN, caller, callers};

async fn boom() -> String {
    panic!("a secret")
}

#[test]
fn panics_stay_inside_the_call() {
    let server = Server::builder("s", "1")
        .tool(Tool::new("boom", boom))
        .resource(Resource::new("a:b", "boom", boom))
        .prompt(Prompt::new("boom", boom))
        .build()
        .unwrap();
    for (version, caller) in callers(&server) {
        for (method, params) in [
            ("tools/call", json!({ "name": "boom" })),
            ("resources/read", json!({ "uri": "a:b" })),
            ("prompts/get", json!({ "name": "boom" })),
        ] {
            let (status, response) = caller.ask(method, params);
            let error = json!({ "code": -32603, "message": "internal error" });
            assert_eq!(
                (status, &response["error"]),
                (200, &error),
                "{version} {method}"
            );
        }
    }
}

#[test]
fn panics_while_arguments_are_read_stay_inside_the_call() {
    #[derive(JsonSchema)]
    struct Explosive {}
    impl<'de> Deserialize<'de> for Explosive {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            panic!("while reading")
        }
    }
    async fn tool(_: Args<Explosive>) {}
    let server = Server::builder("s", "1")
        .tool(Tool::new("tool", tool))
        .build()
        .unwrap();
    assert_eq!(
        caller(&server, MODERN).error("tools/call", json!({ "name": "tool" }))["code"],
        -32603
    );
}

#[test]
fn t_all_23_failures_of_tools_are_results_or_errors_as_the_handler_says() {
    async fn io() -> Result<String, ToolError> {
        Err(io::Error::other("the shelf is empty"))?;
        Ok(String::new())
    }
    async fn text() -> Result<(), ToolError> {
        Err(ToolError::new("try again tomorrow"))
    }
    async fn string() -> Result<(), String> {
        Err("just words".to_owned())
    }
    async fn code() -> Result<(), ToolError> {
        Err(ToolError::protocol(
            ErrorObject::new(17, "seventeen").with_data(json!({ "a": 1 })),
        ))
    }
    async fn rejected() -> Result<(), ToolError> {
        let refused: Result<(), Rejection> = Err(Rejection::MissingCapability {
            required: json!({ "sampling": {} }),
        });
        refused?;
        Ok(())
    }
    let server = Server::builder("s", "1")
        .tool(Tool::new("io", io))
        .tool(Tool::new("text", text))
        .tool(Tool::new("string", string))
        .tool(Tool::new("code", code))
        .tool(Tool::new("rejected", rejected))
        .build()
        .unwrap();
    for (version, caller) in callers(&server) {
        assert_eq!(caller.tool_error("io", json!({})), "the shelf is empty");
        assert_eq!(caller.tool_error("text", json!({})), "try again tomorrow");
        assert_eq!(caller.tool_error("string", json!({})), "just words");
        let error = caller.error("tools/call", json!({ "name": "code" }));
        assert_eq!(
            error,
            json!({ "code": 17, "message": "seventeen", "data": { "a": 1 } }),
            "{version}"
        );
        let (status, response) = caller.ask("tools/call", json!({ "name": "rejected" }));
        let code = response["error"]["code"].as_i64();
        // T-2607-27 in the modern era; none of its codes in the legacy one.
        let expected = if version == MODERN {
            (400, Some(-32021))
        } else {
            (200, Some(-32600))
        };
        assert_eq!((status, code), expected);
    }
}

#[test]
fn d1_15_and_d3_14_errors_of_resources_and_prompts_are_not_told_unless_chosen() {
    async fn hidden() -> Result<String, ResourceError> {
        Err(io::Error::other("/var/secret is missing"))?
    }
    async fn chosen() -> Result<String, ResourceError> {
        Err(ResourceError::new("the archive is closed"))
    }
    async fn prompt() -> Result<String, PromptError> {
        Err(io::Error::other("/var/secret is missing"))?
    }
    async fn invalid() -> Result<String, PromptError> {
        Err(PromptError::invalid("genre: there is no such genre"))
    }
    let server = Server::builder("s", "1")
        .resource(Resource::new("a:hidden", "hidden", hidden))
        .resource(Resource::new("a:chosen", "chosen", chosen))
        .prompt(Prompt::new("hidden", prompt))
        .prompt(Prompt::new("invalid", invalid))
        .build()
        .unwrap();
    for (version, caller) in callers(&server) {
        let error = |method: &str, params: Value| {
            let error = caller.error(method, params);
            (
                error["code"].as_i64().unwrap(),
                error["message"].as_str().unwrap().to_owned(),
            )
        };
        let internal = (-32603, "internal error".to_owned());
        assert_eq!(
            error("resources/read", json!({ "uri": "a:hidden" })),
            internal,
            "{version}"
        );
        assert_eq!(
            error("prompts/get", json!({ "name": "hidden" })),
            internal,
            "T-ALL-31"
        );
        let closed = (-32603, "the archive is closed".to_owned());
        assert_eq!(
            error("resources/read", json!({ "uri": "a:chosen" })),
            closed
        );
        let genre = (-32602, "genre: there is no such genre".to_owned());
        assert_eq!(error("prompts/get", json!({ "name": "invalid" })), genre);
    }
}

#[test]
fn t_2607_41_results_that_do_not_conform_are_never_passed_on() {
    #[derive(Serialize)]
    struct Wrong {
        count: &'static str,
    }
    impl JsonSchema for Wrong {
        fn schema_name() -> std::borrow::Cow<'static, str> {
            "Wrong".into()
        }
        fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
            schemars::json_schema!({ "type": "object", "properties": { "count": { "type": "integer" } } })
        }
    }
    let server = Server::builder("s", "1")
        .tool(Tool::new("wrong", async || Json(Wrong { count: "many" })))
        .tool(Tool::new("none", async || "text only").output_schema(json!({ "type": "object" })))
        .tool(
            Tool::new("failed", async || CallToolResult::error("no"))
                .output_schema(json!({ "type": "object" })),
        )
        .build()
        .unwrap();
    for (version, caller) in callers(&server) {
        let result = caller.call_tool("wrong", json!({}));
        assert_eq!(result["isError"], true, "{version}");
        assert!(result.get("structuredContent").is_none(), "{version}");
        let text = caller.tool_error("none", json!({}));
        assert!(
            text.ends_with("/: there is no structured content"),
            "{text}"
        );
        assert_eq!(caller.tool_error("failed", json!({})), "no");
    }
}

#[test]
fn t_2511_12_a_schema_that_does_not_compile_is_a_clear_error_at_the_first_call() {
    let run = async |_: Map<String, Value>| CallToolResult::text("ran");
    let bad = ToolDefinition::new(
        "bad",
        json!({ "type": "object", "properties": { "a": { "type": "nope" } } }),
    );
    let remote = ToolDefinition::new("remote", json!({ "type": "object" }))
        .with_output_schema(json!({ "$ref": "https://example.com/schema.json" }));
    let good = ToolDefinition::new("good", json!({ "type": "object" }));
    let server = Server::builder("s", "1")
        .tools([bad, remote, good].map(|definition| Tool::from_definition(definition, run)))
        .build()
        .unwrap();
    let caller = caller(&server, MODERN);
    for _ in 0..2 {
        let text = caller.tool_error("bad", json!({ "a": 1 }));
        assert!(
            text.starts_with("tool \"bad\" cannot be called: its input schema is not usable"),
            "{text}"
        );
        let text = caller.tool_error("remote", json!({}));
        assert!(
            text.starts_with("tool \"remote\" cannot be called: its output schema"),
            "{text}"
        );
    }
    assert_eq!(
        caller.call_tool("good", json!({}))["content"][0]["text"],
        "ran"
    );
}

#[test]
fn arguments_the_type_refuses_after_all_are_results() {
    #[derive(Deserialize, JsonSchema)]
    struct Even {
        #[serde(deserialize_with = "even")]
        number: u32,
    }
    fn even<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
        let number = u32::deserialize(deserializer)?;
        if number % 2 == 0 {
            Ok(number)
        } else {
            Err(serde::de::Error::custom("the number must be even"))
        }
    }
    async fn tool(Args(even): Args<Even>) -> String {
        even.number.to_string()
    }
    let server = Server::builder("s", "1")
        .tool(Tool::new("tool", tool))
        .build()
        .unwrap();
    let caller = caller(&server, MODERN);
    assert!(
        caller
            .tool_error("tool", json!({ "number": 3 }))
            .contains("the number must be even")
    );
    assert_eq!(
        caller.call_tool("tool", json!({ "number": 4 }))["content"][0]["text"],
        "4"
    );
}
