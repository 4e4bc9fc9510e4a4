//! Tools: how they are listed, called and validated.

use std::sync::atomic::{AtomicUsize, Ordering};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use spanway_protocol::ProtocolVersion;
use spanway_protocol::schema::{CallToolResult, Content, Icon, ToolDefinition};
use spanway_server::{Args, Json, Server, Tool, ToolError};

use crate::support::{MODERN, SINCE_2506, caller, callers};

/// Looks for books.
#[derive(Deserialize, JsonSchema)]
struct Search {
    /// Words to look for in title and author.
    query: String,
    #[schemars(range(max = 100))]
    limit: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
struct Found {
    titles: Vec<String>,
}

async fn search(Args(search): Args<Search>) -> Json<Found> {
    let limit = search.limit.unwrap_or(1) as usize;
    Json(Found {
        titles: vec![search.query; limit],
    })
}

async fn count(Args(search): Args<Search>) -> Json<Vec<String>> {
    Json(vec![search.query])
}

async fn hello() -> &'static str {
    "hello"
}

fn server() -> Server {
    let search = Tool::new("search", search)
        .title("Search books")
        .icon(Icon::new("https://shop.example/icon.png"))
        .read_only()
        .idempotent()
        .open_world(false)
        .meta("example/key", 1);
    Server::builder("shop", "1")
        .tool(search)
        .tool(
            Tool::new("hello", hello)
                .description("Says hello")
                .destructive(),
        )
        .tool(Tool::new("count", count))
        .build()
        .unwrap()
}

#[test]
fn t_all_22_tools_are_listed_with_an_object_schema() {
    let server = server();
    for (version, caller) in callers(&server) {
        let tools = caller.list("tools/list", "tools");
        assert_eq!(
            caller.tool_names(),
            ["search", "hello", "count"],
            "{version}"
        );
        assert!(
            tools
                .iter()
                .all(|tool| tool["inputSchema"]["type"] == "object"),
            "{version}"
        );
        assert_eq!(tools[0]["description"], "Looks for books.");
        let properties = &tools[0]["inputSchema"]["properties"];
        assert_eq!(
            properties["query"]["description"],
            "Words to look for in title and author."
        );
        assert_eq!(tools[0]["inputSchema"]["required"], json!(["query"]));
        // T-2511-12: a tool without arguments says so.
        assert_eq!(
            tools[1]["inputSchema"],
            json!({ "type": "object", "additionalProperties": false })
        );
    }
}

#[test]
fn k3_7_descriptions_are_projected_to_each_revision() {
    let server = server();
    for (version, caller) in callers(&server) {
        let tool = &caller.list("tools/list", "tools")[0];
        let since = |first| version >= first;
        for (field, first) in [
            ("annotations", ProtocolVersion::V2025_03_26),
            ("title", ProtocolVersion::V2025_06_18),
            ("outputSchema", ProtocolVersion::V2025_06_18),
            ("_meta", ProtocolVersion::V2025_06_18),
            ("icons", ProtocolVersion::V2025_11_25),
        ] {
            assert_eq!(tool.get(field).is_some(), since(first), "{version} {field}");
        }
        if since(ProtocolVersion::V2025_03_26) {
            let hints =
                json!({ "readOnlyHint": true, "idempotentHint": true, "openWorldHint": false });
            assert_eq!(tool["annotations"], hints);
        }
    }
}

#[test]
fn d3_14_and_rmcp_4_19_tools_are_made_once_and_not_for_each_request() {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    #[derive(Deserialize)]
    struct Counted {}
    impl JsonSchema for Counted {
        fn schema_name() -> std::borrow::Cow<'static, str> {
            "Counted".into()
        }
        fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
            MADE.fetch_add(1, Ordering::SeqCst);
            schemars::json_schema!({ "type": "object" })
        }
    }
    async fn tool(Args(Counted {}): Args<Counted>) {}
    let server = Server::builder("s", "1")
        .tool(Tool::new("tool", tool))
        .build()
        .unwrap();
    let made = MADE.load(Ordering::SeqCst);
    for (version, caller) in callers(&server) {
        for _ in 0..3 {
            assert_eq!(caller.tool_names(), ["tool"], "{version}");
            caller.call_tool("tool", json!({}));
        }
    }
    assert_eq!(MADE.load(Ordering::SeqCst), made);
}

#[test]
fn d3_11_structured_results_come_as_text_too() {
    let server = server();
    for (version, caller) in callers(&server) {
        let result = caller.call_tool("search", json!({ "query": "emma", "limit": 2 }));
        let found = json!({ "titles": ["emma", "emma"] });
        let text = result["content"][0]["text"].as_str().unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(text).unwrap(),
            found,
            "{version}"
        );
        let structured = SINCE_2506.contains(&version).then_some(&found);
        assert_eq!(result.get("structuredContent"), structured, "{version}");
        assert!(result.get("isError").is_none(), "{version}");
    }
}

#[test]
fn t_2607_41_results_that_are_no_objects_are_wrapped_for_legacy_revisions() {
    let server = server();
    for (version, caller) in callers(&server) {
        let result = caller.call_tool("count", json!({ "query": "emma" }));
        let expected = match version {
            ProtocolVersion::V2024_11_05 | ProtocolVersion::V2025_03_26 => None,
            MODERN => Some(json!(["emma"])),
            _ => Some(json!({ "result": ["emma"] })),
        };
        assert_eq!(
            result.get("structuredContent"),
            expected.as_ref(),
            "{version}"
        );
        let schema = &caller.list("tools/list", "tools")[2]["outputSchema"];
        match version {
            ProtocolVersion::V2024_11_05 | ProtocolVersion::V2025_03_26 => {
                assert!(schema.is_null())
            }
            MODERN => assert_eq!(schema["type"], "array"),
            _ => assert_eq!(schema["properties"]["result"]["type"], "array"),
        }
    }
}

#[test]
fn d1_13_and_t_2511_13_invalid_arguments_are_results_that_name_every_problem() {
    let server = server();
    for (version, caller) in callers(&server) {
        let text = caller.tool_error("search", json!({ "limit": 300 }));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "the arguments are not valid:",
                "/limit: 300 is greater than the maximum of 100",
                "/query: is required",
            ],
            "{version}"
        );
        let text = caller.tool_error("hello", json!({ "surprise": 1 }));
        assert!(text.contains("/surprise: is not expected"), "{text}");
    }
}

#[test]
fn t_all_23_malformed_calls_are_invalid_params() {
    let server = server();
    for (version, caller) in callers(&server) {
        for params in [
            json!({ "name": "missing", "arguments": {} }),
            json!({ "name": "SEARCH", "arguments": {} }),
            json!({ "arguments": {} }),
            json!({ "name": 7 }),
            json!({ "name": ["search"] }),
            json!({ "name": "search", "arguments": [] }),
            json!({ "name": "search", "arguments": "query" }),
            json!({}),
        ] {
            let (status, response) = caller.ask("tools/call", params.clone());
            assert_eq!(
                (status, &response["error"]["code"]),
                (200, &json!(-32602)),
                "{version} {params}"
            );
        }
        let error = caller.error("tools/call", json!({ "name": "mis\"sing" }));
        assert_eq!(error["message"], "unknown tool: \"mis\\\"sing\"");
    }
}

#[test]
fn missing_arguments_are_none() {
    let server = server();
    for (version, caller) in callers(&server) {
        for params in [
            json!({ "name": "hello" }),
            json!({ "name": "hello", "arguments": null }),
        ] {
            let result = caller.result("tools/call", params);
            assert_eq!(
                result["content"],
                json!([{ "type": "text", "text": "hello" }]),
                "{version}"
            );
        }
    }
}

/// The schema of the official suite's fixture.
fn full_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
            },
        },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" },
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false,
    })
}

#[test]
fn t_2607_41_schemas_are_kept_verbatim_and_validate() {
    let echo = |arguments: Map<String, Value>| async { Json(arguments) };
    let server = Server::builder("s", "1")
        .tool(Tool::new("full", echo).input_schema(full_schema()))
        .build()
        .unwrap();
    for (version, caller) in callers(&server) {
        let schema = &caller.list("tools/list", "tools")[0]["inputSchema"];
        assert_eq!(schema.to_string(), full_schema().to_string(), "{version}");
        // D3.2: exactly what is advertised is accepted.
        let fits = json!({ "contactMethod": "phone", "phone": "1", "address": { "city": "Bath" } });
        assert!(
            caller.call_tool("full", fits).get("isError").is_none(),
            "{version}"
        );
        let text = caller.tool_error(
            "full",
            json!({ "contactMethod": "phone", "email": "a@b.c" }),
        );
        assert!(text.contains("/phone: is required"), "{text}");
        let text = caller.tool_error(
            "full",
            json!({ "email": "a@b.c", "address": { "city": 1 } }),
        );
        assert!(
            text.contains("/address/city: 1 is not of type \"string\""),
            "{text}"
        );
    }
}

#[test]
fn d3_2_typed_schemas_accept_what_they_advertise() {
    #[derive(Deserialize, Serialize, JsonSchema)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Deep {
        some_number: i64,
        #[serde(default)]
        nested: Vec<Inner>,
        kind: Kind,
    }
    #[derive(Deserialize, Serialize, JsonSchema)]
    struct Inner {
        flag: bool,
    }
    #[derive(Deserialize, Serialize, JsonSchema)]
    #[serde(tag = "type", rename_all = "snake_case")]
    enum Kind {
        OnePage { page: u8 },
        All,
    }
    async fn deep(Args(deep): Args<Deep>) -> Json<Deep> {
        Json(deep)
    }
    let server = Server::builder("s", "1")
        .tool(Tool::new("deep", deep))
        .build()
        .unwrap();
    let caller = caller(&server, MODERN);
    let arguments = json!({
        "someNumber": -5,
        "nested": [{ "flag": true }],
        "kind": { "type": "one_page", "page": 3 },
    });
    assert_eq!(
        caller.call_tool("deep", arguments.clone())["structuredContent"],
        arguments
    );
    let text = caller.tool_error(
        "deep",
        json!({ "some_number": 1, "kind": { "type": "all" }, "nested": [{}] }),
    );
    for line in [
        "/nested/0/flag: is required",
        "/someNumber: is required",
        "/some_number: is not expected",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn every_kind_of_content_is_returned() {
    let server = Server::builder("s", "1")
        .tool(Tool::new("nothing", async || ()))
        .tool(Tool::new("string", async || String::from("text")))
        .tool(Tool::new("image", async || {
            Content::image([1, 2, 3], "image/png")
        }))
        .tool(Tool::new("many", async || {
            vec![Content::text("a"), Content::text("b")]
        }))
        .tool(Tool::new("result", async || CallToolResult::error("no")))
        .tool(Tool::new("fallible", async || Ok::<_, ToolError>("fine")))
        .build()
        .unwrap();
    for (version, caller) in callers(&server) {
        let content = |name: &str| caller.call_tool(name, json!({}))["content"].clone();
        assert_eq!(content("nothing"), json!([]), "trap 45, {version}");
        assert_eq!(content("string")[0]["text"], "text");
        let image = json!({ "type": "image", "data": "AQID", "mimeType": "image/png" });
        assert_eq!(content("image"), json!([image]));
        assert_eq!(content("many").as_array().unwrap().len(), 2);
        assert_eq!(caller.tool_error("result", json!({})), "no");
        assert_eq!(content("fallible")[0]["text"], "fine");
    }
}

#[test]
fn tools_from_definitions_are_validated_and_called() {
    let schema = json!({ "type": "object", "properties": { "id": { "type": "integer" } }, "required": ["id"] });
    let definition = ToolDefinition::new("pets.get", schema)
        .with_title("Get a pet")
        .with_output_schema(json!({ "type": "object", "required": ["name"] }));
    let echo = |arguments: Map<String, Value>| async move {
        Ok::<_, ToolError>(CallToolResult::structured(Value::Object(arguments)))
    };
    let server = Server::builder("s", "1")
        .with_state(7)
        .tool(Tool::from_definition(definition, echo))
        .build()
        .unwrap();
    let caller = caller(&server, MODERN);
    assert_eq!(caller.tool_names(), ["pets.get"]);
    let result = caller.call_tool("pets.get", json!({ "id": 1, "name": "Rex" }));
    assert_eq!(
        result["structuredContent"],
        json!({ "id": 1, "name": "Rex" })
    );
    assert!(
        caller
            .tool_error("pets.get", json!({ "id": "1" }))
            .contains("/id: \"1\" is not of type")
    );
    let text = caller.tool_error("pets.get", json!({ "id": 1 }));
    assert!(
        text.contains("does not match its output schema:\n/name: is required"),
        "{text}"
    );
}

#[test]
fn what_a_handler_gets_is_what_was_validated() {
    let schema = json!({
        "type": "object",
        "properties": { "who": { "type": "object", "properties": { "role": { "enum": ["user"] } } } },
    });
    let echo = |arguments: Map<String, Value>| async move {
        Ok::<_, ToolError>(CallToolResult::structured(Value::Object(arguments)))
    };
    let tool = Tool::from_definition(ToolDefinition::new("echo", schema), echo);
    let server = Server::builder("s", "1").tool(tool).build().unwrap();
    let caller = caller(&server, MODERN);
    let user = json!({ "who": { "role": "user" }, "more": [1, true] });
    assert_eq!(
        caller.call_tool("echo", user.clone())["structuredContent"],
        user
    );
    // serde_json reads such a member as what stands in it.
    let hidden = json!({ "who": { "$serde_json::private::RawValue": "{\"role\":\"admin\"}" } });
    let text = caller.tool_error("echo", hidden);
    assert!(
        text.contains("/who/role: \"admin\" is not one of"),
        "{text}"
    );
}
