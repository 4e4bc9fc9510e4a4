//! Every wire type, for every revision that has it, against that revision's published JSON Schema.

use serde_json::{Value, json};
use spanway_protocol::schema::{
    CallToolResult, Completion, EmptyResult, GetPromptResult, Implementation, ListResult,
    LogMessage, LoggingLevel, Progress, ProgressToken, Project, PromptDefinition, PromptMessage,
    ReadResourceResult, ResourceDefinition, ResourceTemplateDefinition, ServerCapabilities,
    ToolDefinition,
};
use spanway_protocol::{Era, ProtocolVersion};

use crate::official::Definition;
use crate::samples::{self, write};

use ProtocolVersion as V;

fn since(first: V) -> impl Iterator<Item = V> {
    V::ALL.into_iter().filter(move |version| *version >= first)
}

fn older_than(first: V) -> impl Iterator<Item = V> {
    V::ALL.into_iter().filter(move |version| *version < first)
}

fn valid<T: Project>(
    versions: impl IntoIterator<Item = V>,
    definition: &'static str,
    values: &[T],
) {
    for version in versions {
        let Some(definition) = Definition::find(version, definition) else {
            return;
        };
        values.iter().for_each(|value| definition.check(value));
    }
}

fn everywhere<T: Project>(definition: &'static str, values: &[T]) {
    valid(V::ALL, definition, values);
}

#[test]
fn t_all_22_tools() {
    let minimal = ToolDefinition::new("ping", json!({ "type": "object" }));
    everywhere("Tool", &[samples::tool(), minimal]);
    everywhere("ListToolsResult", &[samples::list(samples::tool())]);
    let empty = ListResult::<ToolDefinition>::new(Vec::new(), None, Default::default());
    everywhere("ListToolsResult", &[empty]);
}

#[test]
fn t_2607_41_output_schemas_of_every_form() {
    let forms = [
        json!({ "type": "object", "properties": { "a": { "type": "string" }, "b": true } }),
        json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "array", "items": { "$ref": "#/$defs/a" }, "$defs": { "a": true } }),
        json!({ "type": ["object", "null"] }),
        json!({ "oneOf": [{ "type": "string" }, { "type": "object" }] }),
        json!({}),
        json!(true),
        json!(false),
    ];
    let tool = |schema: Value| samples::tool().with_output_schema(schema);
    everywhere("Tool", &forms.map(tool));
}

#[test]
fn tool_results() {
    let structured = |value: Value| CallToolResult::structured(value).with_meta(samples::meta());
    everywhere(
        "CallToolResult",
        &[
            CallToolResult::new(samples::contents()).with_meta(samples::meta()),
            CallToolResult::new(Vec::new()),
            CallToolResult::text("done"),
            CallToolResult::error("no such book"),
            structured(json!({ "title": "Emma" })),
            structured(json!({ "title": "Emma" })).with_wrap_structured(true),
            structured(json!(["Emma", "Persuasion"])),
            structured(json!(7)),
            CallToolResult::text("Emma").with_structured_content(json!("Emma")),
        ],
    );
}

#[test]
fn content_blocks() {
    let messages = samples::contents().into_iter().map(PromptMessage::user);
    everywhere("PromptMessage", &messages.collect::<Vec<_>>());
    let own = [
        ("TextContent", V::V2024_11_05, 0),
        ("ImageContent", V::V2024_11_05, 1),
        ("AudioContent", V::V2025_03_26, 2),
        ("ResourceLink", V::V2025_06_18, 3),
        ("EmbeddedResource", V::V2024_11_05, 4),
        ("EmbeddedResource", V::V2024_11_05, 5),
    ];
    for (definition, first, index) in own {
        let content = [samples::contents()[index].clone()];
        valid(since(first), definition, &content);
        valid(older_than(first), "TextContent", &content);
    }
    valid(
        since(V::V2025_03_26),
        "Annotations",
        &[samples::annotations()],
    );
}

#[test]
fn t_all_42_resources() {
    let minimal = ResourceDefinition::new("book://1", "book-1");
    everywhere("Resource", &[samples::resource(), minimal]);
    let minimal = ResourceTemplateDefinition::new("book://{id}", "book");
    everywhere("ResourceTemplate", &[samples::template(), minimal]);
    everywhere("ListResourcesResult", &[samples::list(samples::resource())]);
    let templates = samples::list(samples::template());
    everywhere("ListResourceTemplatesResult", &[templates]);
    everywhere("TextResourceContents", &[samples::text_contents()]);
    everywhere("BlobResourceContents", &[samples::blob_contents()]);
    let nothing = ReadResourceResult::new(Vec::new());
    everywhere("ReadResourceResult", &[samples::read_result(), nothing]);
}

#[test]
fn prompts() {
    let minimal = PromptDefinition::new("recommend");
    everywhere("Prompt", &[samples::prompt(), minimal]);
    everywhere("PromptArgument", &samples::prompt().arguments);
    everywhere("ListPromptsResult", &[samples::list(samples::prompt())]);
    let nothing = GetPromptResult::new(Vec::new());
    everywhere("GetPromptResult", &[samples::prompt_result(), nothing]);
}

#[test]
fn t_all_51_completions() {
    let some = Completion::new(vec!["Emma".to_owned()])
        .with_total(12)
        .with_more(true);
    let all = [samples::completion(), some, Completion::default()];
    everywhere("CompleteResult", &all);
}

#[test]
fn lifecycle() {
    for version in V::ALL {
        if version.era() == Era::Legacy {
            valid(
                [version],
                "InitializeResult",
                &[samples::initialize(version)],
            );
        }
    }
    valid([V::V2026_07_28], "DiscoverResult", &[samples::discover()]);
    let capabilities = [samples::capabilities(), ServerCapabilities::default()];
    everywhere("ServerCapabilities", &capabilities);
    let implementations = [samples::implementation(), Implementation::new("a", "")];
    everywhere("Implementation", &implementations);
    everywhere("EmptyResult", &[EmptyResult]);
    for version in since(V::V2025_11_25) {
        let Some(definition) = Definition::find(version, "Icon") else {
            return;
        };
        definition.check_json(&serde_json::to_value(samples::icon()).unwrap());
    }
}

#[test]
fn t_all_52_progress() {
    let full = |token: ProgressToken| Progress::new(token, 1.0, Some(2.5), Some("half".into()));
    let minimal = Progress::new("t".into(), 0.25, None, None);
    let all = [full("t".into()), full(7.into()), minimal];
    notifications("ProgressNotification", "notifications/progress", &all);
}

#[test]
fn t_all_53_log_messages() {
    let message = |level| LogMessage::new(level, json!({ "a": 1 })).with_logger("shop");
    let mut all = LoggingLevel::ALL.map(message).to_vec();
    all.push(LogMessage::new(LoggingLevel::Info, json!("words")));
    notifications("LoggingMessageNotification", "notifications/message", &all);
}

fn notifications<T: Project>(definition: &'static str, method: &str, params: &[T]) {
    for version in V::ALL {
        let Some(definition) = Definition::find(version, definition) else {
            return;
        };
        for params in params {
            let mut message = json!({ "method": method, "params": write(version, params) });
            // Definitions before 2025-11-25 leave the envelope's own field out.
            if version >= V::V2025_11_25 {
                message["jsonrpc"] = json!("2.0");
            }
            definition.check_json(&message);
        }
    }
}
