//! The published example messages: read as they are, or written just so.

use std::collections::BTreeMap;
use std::fs;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use spanway_protocol::ProtocolVersion::V2026_07_28;
use spanway_protocol::jsonrpc::RequestId;
use spanway_protocol::schema::{
    CacheHint, CallToolParams, CallToolResult, CancelledParams, ClientCapabilities, CompleteParams,
    Completion, CompletionReference, Content, DiscoverResult, GetPromptParams, ListCapability,
    ListParams, LogMessage, LoggingLevel, Progress, Project, ReadResourceParams,
    ResourcesCapability, ServerCapabilities, ToolDefinition,
};
use spanway_testkit::published::folder;

use crate::samples::write;

/// The text of an example; `None` where the published data is not at hand.
fn example(path: &str) -> Option<String> {
    let file = folder()?.join("wire").join(path).with_extension("json");
    Some(fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())))
}

fn read<T: DeserializeOwned>(path: &str) -> Option<T> {
    let text = example(path)?;
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}")))
}

/// Whether the value is written as the example is, apart from what the server adds to every result.
fn is_written_as<T: Project>(path: &str, value: &T) {
    let Some(expected) = read::<Value>(path) else {
        return;
    };
    let mut written = write(V2026_07_28, value);
    for added in ["_meta", "resultType"] {
        if expected.get(added).is_none() {
            written.as_object_mut().unwrap().remove(added);
        }
    }
    if expected.get("_meta").is_some() {
        written["_meta"] = expected["_meta"].clone();
    }
    assert_eq!(written, expected, "{path}");
}

#[test]
fn calls_are_read() {
    for name in [
        "get-weather-tool-call-params",
        "tool-call-params-with-progress-token",
    ] {
        let Some(text) = example(&format!("CallToolRequestParams/{name}")) else {
            return;
        };
        let params: CallToolParams<'_> = serde_json::from_str(&text).unwrap();
        assert!(!params.name.is_empty());
        assert!(
            params
                .arguments
                .is_some_and(|raw| raw.get().starts_with('{'))
        );
    }
    let Some(text) = example("GetPromptRequestParams/get-code-review-prompt") else {
        return;
    };
    let params: GetPromptParams<'_> = serde_json::from_str(&text).unwrap();
    assert_eq!(params.name, "code_review");
    let arguments: BTreeMap<String, String> =
        serde_json::from_str(params.arguments.unwrap().get()).unwrap();
    assert!(arguments["code"].starts_with("def hello"));
}

#[test]
fn lists_reads_and_cancellations_are_read() {
    let Some(text) = example("PaginatedRequestParams/list-with-cursor") else {
        return;
    };
    let params: ListParams = serde_json::from_str(&text).unwrap();
    assert_eq!(params.cursor.as_deref(), Some("eyJwYWdlIjogMn0="));
    let text = r#"{"uri":"file:\/\/\/a"}"#;
    let params: ReadResourceParams = serde_json::from_str(text).unwrap();
    assert_eq!(params.uri, "file:///a");
    let path = "CancelledNotificationParams/user-requested-cancellation";
    let Some(params) = read::<CancelledParams>(path) else {
        return;
    };
    assert_eq!(params.request_id, Some(RequestId::from("123")));
}

#[test]
fn completions_are_read() {
    let path = "CompleteRequestParams/prompt-argument-completion-with-context";
    let Some(params) = read::<CompleteParams>(path) else {
        return;
    };
    let expected = CompletionReference::Prompt {
        name: "code_review".to_owned(),
    };
    assert_eq!(params.reference, expected);
    assert_eq!(params.argument.value, "fla");
    assert_eq!(params.context.arguments["language"], "python");
}

#[test]
fn trap_36_client_capabilities_are_understood() {
    let said = |name: &str| read::<ClientCapabilities>(&format!("ClientCapabilities/{name}"));
    let Some(both) = said("elicitation-form-and-url-mode-support") else {
        return;
    };
    assert!(both.elicitation_form() && both.elicitation_url() && !both.sampling());
    let implicit = said("elicitation-form-only-implicit").unwrap();
    assert!(implicit.elicitation_form() && !implicit.elicitation_url());
    assert!(said("roots-minimum-baseline-support").unwrap().roots());
    let sampling = said("sampling-minimum-baseline-support").unwrap();
    assert!(sampling.sampling() && !sampling.sampling_tools());
    assert!(said("sampling-tool-use-support").unwrap().sampling_tools());
    let ui = said("extensions-ui-mime-types").unwrap();
    let settings = ui.extension("io.modelcontextprotocol/ui").unwrap();
    assert_eq!(settings["mimeTypes"], json!(["text/html;profile=mcp-app"]));
    assert_eq!(ui.extension("io.modelcontextprotocol/tasks"), None);
}

#[test]
fn t_2607_35_discovery_is_written_as_published() {
    let capabilities = ServerCapabilities::default()
        .with_tools(ListCapability::default())
        .with_resources(ResourcesCapability::default());
    let instructions = "This server provides weather and resource utilities. Prefer `get_weather` \
                        for forecast lookups.";
    let result = DiscoverResult::new(
        vec![V2026_07_28],
        capabilities,
        Some(instructions.to_owned()),
        CacheHint::public(3_600_000),
    );
    is_written_as("DiscoverResult/server-capabilities-discovery", &result);
}

#[test]
fn notifications_are_written_as_published() {
    let message = Some("Reticulating splines...".to_owned());
    let progress = Progress::new("oivaizmir".into(), 50.0, Some(100.0), message);
    is_written_as("ProgressNotificationParams/progress-message", &progress);
    let data = json!({
        "error": "Connection failed",
        "details": { "host": "localhost", "port": 5432 },
    });
    let log = LogMessage::new(LoggingLevel::Error, data).with_logger("database");
    let path = "LoggingMessageNotificationParams/log-database-connection-failed";
    is_written_as(path, &log);
}

#[test]
fn t_2607_41_tools_are_written_as_published() {
    for name in [
        "tool-with-array-output-schema",
        "tool-with-composition-input-schema",
        "with-default-2020-12-input-schema",
        "with-explicit-draft-07-input-schema",
        "with-no-parameters",
        "with-output-schema-for-structured-content",
    ] {
        let path = format!("Tool/{name}");
        let Some(published) = read::<Value>(&path) else {
            return;
        };
        let text = |key: &str| published[key].as_str().unwrap_or_default().to_owned();
        let mut tool = ToolDefinition::new(text("name"), published["inputSchema"].clone());
        tool.description = Some(text("description"));
        tool.title = published.get("title").map(|_| text("title"));
        tool.output_schema = published.get("outputSchema").cloned().map(Into::into);
        is_written_as(&path, &tool);
    }
}

#[test]
fn results_are_written_as_published() {
    for name in [
        "invalid-tool-input-error",
        "result-with-array-structured-content",
        "result-with-structured-content",
    ] {
        let path = format!("CallToolResult/{name}");
        let Some(published) = read::<Value>(&path) else {
            return;
        };
        let texts = published["content"].as_array().unwrap();
        let texts = texts.iter().map(|block| block["text"].as_str().unwrap());
        let mut result = CallToolResult::new(texts.map(Content::text).collect());
        result.structured_content = published.get("structuredContent").cloned();
        result.is_error = published.get("isError") == Some(&json!(true));
        is_written_as(&path, &result);
    }
    let values = ["python", "pytorch", "pyside"].map(str::to_owned);
    let more = Completion::new(values.to_vec())
        .with_total(10)
        .with_more(true);
    let path = "CompleteResult/multiple-completion-values-with-more-available";
    is_written_as(path, &more);
}
