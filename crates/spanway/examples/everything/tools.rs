//! The fixture tools.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use spanway::protocol::Rejection;
use spanway::protocol::schema::{Content, LoggingLevel, ResourceContents};
use spanway::{Args, Context, Json, Prompt, State, Tool, ToolError};
use tokio::time::sleep;

use crate::Fixture;
use crate::samples::{RED_PIXEL, SILENCE};

/// Between two steps of a tool that takes its time.
const STEP: Duration = Duration::from_millis(50);

pub(crate) fn all() -> Vec<Tool<Fixture>> {
    vec![
        Tool::new("test_simple_text", simple_text)
            .description("Answers a sentence.")
            .read_only(),
        Tool::new("test_image_content", image)
            .description("Answers a picture.")
            .read_only(),
        Tool::new("test_audio_content", audio)
            .description("Answers a sound.")
            .read_only(),
        Tool::new("test_embedded_resource", embedded)
            .description("Answers a resource.")
            .read_only(),
        Tool::new("test_multiple_content_types", mixed)
            .description("Answers text, a picture and a resource."),
        Tool::new("test_tool_with_logging", logging)
            .description("Sends log messages while it works."),
        Tool::new("test_logging_tool", quiet_logging)
            .description("Sends a log message if one is wanted."),
        Tool::new("test_tool_with_progress", progress)
            .description("Tells its progress while it works."),
        Tool::new("test_reconnection", reconnection)
            .description("Closes the connection in the middle; the answer is read on another one."),
        Tool::new("test_error_handling", failing).description("Always fails."),
        Tool::new("test_missing_capability", needs_sampling)
            .description("Needs a client that can sample."),
        Tool::new("test_trigger_tool_change", change_tools)
            .description("Adds a tool, or takes it away again."),
        Tool::new("test_trigger_prompt_change", change_prompts)
            .description("Adds a prompt, or takes it away again."),
        Tool::new("json_schema_2020_12_tool", any_schema)
            .description("Takes arguments of a schema that uses many keywords.")
            .input_schema(schema_2020_12()),
        Tool::new("test_x_mcp_header", mirrored)
            .description("Echoes a value that a header mirrors.")
            .read_only(),
        Tool::new("add", add)
            .title("Add")
            .description("Adds two numbers.")
            .read_only()
            .idempotent(),
    ]
}

async fn simple_text() -> &'static str {
    "This is a simple text response for testing."
}

async fn image() -> Content {
    Content::image(RED_PIXEL, "image/png")
}

async fn audio() -> Content {
    Content::audio(SILENCE, "audio/wav")
}

async fn embedded() -> Content {
    let text = "This is an embedded resource content.";
    Content::resource(
        ResourceContents::text("test://embedded-resource", text).with_mime_type("text/plain"),
    )
}

async fn mixed() -> Vec<Content> {
    let resource = ResourceContents::text(
        "test://mixed-content-resource",
        r#"{"test":"data","value":123}"#,
    );
    vec![
        Content::text("Multiple content types test:"),
        Content::image(RED_PIXEL, "image/png"),
        Content::resource(resource.with_mime_type("application/json")),
    ]
}

async fn logging(cx: Context) -> &'static str {
    cx.log(LoggingLevel::Info, "Tool execution started");
    sleep(STEP).await;
    cx.log(LoggingLevel::Info, "Tool processing data");
    sleep(STEP).await;
    cx.log(LoggingLevel::Info, "Tool execution completed");
    "Tool with logging executed successfully"
}

async fn quiet_logging(cx: Context) -> &'static str {
    cx.log(LoggingLevel::Info, "A log message, for those who want it");
    "Done"
}

async fn progress(cx: Context) -> &'static str {
    for step in [0.0, 50.0, 100.0] {
        cx.progress(step, Some(100.0), format!("Completed step {step} of 100"));
        sleep(STEP).await;
    }
    "Tool with progress executed successfully"
}

async fn reconnection(cx: Context) -> &'static str {
    cx.release_connection(STEP);
    sleep(2 * STEP).await;
    "Reconnection test completed successfully"
}

async fn failing() -> Result<String, ToolError> {
    Err(ToolError::new(
        "This tool intentionally returns an error for testing",
    ))
}

async fn needs_sampling(cx: Context) -> Result<&'static str, ToolError> {
    if cx.client_capabilities().sampling() {
        return Ok("The client can sample.");
    }
    Err(ToolError::rejected(Rejection::MissingCapability {
        required: json!({ "sampling": {} }),
    }))
}

async fn change_tools(State(fixture): State<Fixture>) -> Result<&'static str, ToolError> {
    let server = fixture
        .server()
        .ok_or_else(|| ToolError::new("the server is not up yet"))?;
    let extra = || Tool::new("test_extra", simple_text).description("There now, gone next time.");
    if server.edit(|edit| edit.add_tool(extra())).is_err() {
        server.edit(|edit| edit.remove_tool("test_extra"))?;
    }
    Ok("The list of tools has changed.")
}

async fn change_prompts(State(fixture): State<Fixture>) -> Result<&'static str, ToolError> {
    let server = fixture
        .server()
        .ok_or_else(|| ToolError::new("the server is not up yet"))?;
    let extra =
        || Prompt::new("test_extra_prompt", simple_text).description("There now, gone next time.");
    if server.edit(|edit| edit.add_prompt(extra())).is_err() {
        server.edit(|edit| edit.remove_prompt("test_extra_prompt"))?;
    }
    Ok("The list of prompts has changed.")
}

async fn any_schema(Args(arguments): Args<Map<String, Value>>) -> String {
    format!("Taken: {}", Value::Object(arguments))
}

#[derive(Deserialize, JsonSchema)]
struct Mirrored {
    /// What to echo.
    #[schemars(extend("x-mcp-header" = "Value"))]
    value: String,
}

async fn mirrored(Args(Mirrored { value }): Args<Mirrored>) -> String {
    value
}

#[derive(Deserialize, JsonSchema)]
struct Add {
    /// The first number.
    a: f64,
    /// The second number.
    b: f64,
}

#[derive(Serialize, JsonSchema)]
struct Sum {
    sum: f64,
}

async fn add(Args(Add { a, b }): Args<Add>) -> Json<Sum> {
    Json(Sum { sum: a + b })
}

/// The suite wants to see these keywords come through unchanged.
fn schema_2020_12() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } }
            }
        },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" }
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false
    })
}
