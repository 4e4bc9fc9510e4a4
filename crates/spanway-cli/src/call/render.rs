//! Results, lists and notifications as a person reads them. What a server sends may hold anything, so control
//! characters, with which a terminal can be misled, are left out of everything but a text's line breaks and tabs.

use serde_json::Value;
use spanway::protocol::ProtocolVersion;
use spanway::protocol::schema::{ToolAnnotations, ToolDefinition};

use crate::output;

/// A tool's result: its texts; its structured content if it has no text; a word for anything else.
pub(super) fn result(result: &Value) -> String {
    let content = result["content"].as_array().map_or(&[][..], Vec::as_slice);
    let mut parts: Vec<String> = content.iter().map(block).collect();
    let has_text = content.iter().any(|block| block["type"] == "text");
    if let (false, Some(structured)) = (has_text, result.get("structuredContent")) {
        parts.insert(0, format!("{structured:#}"));
    }
    let mut text = parts.join("\n");
    if !text.ends_with('\n') && !text.is_empty() {
        text.push('\n');
    }
    text
}

fn block(block: &Value) -> String {
    let field = |name: &str| one_line(block[name].as_str().unwrap_or_default());
    match block["type"].as_str() {
        Some("text") => plain(block["text"].as_str().unwrap_or_default()),
        Some(kind @ ("image" | "audio")) => {
            let bytes = block["data"].as_str().unwrap_or_default().len() / 4 * 3;
            let media_type = field("mimeType");
            format!("[{kind}, {media_type}, about {bytes} bytes; see it with --json]")
        }
        Some("resource_link") => format!("[resource {}: {}]", field("name"), field("uri")),
        Some("resource") => match block["resource"]["text"].as_str() {
            Some(text) => plain(text),
            None => {
                let uri = one_line(block["resource"]["uri"].as_str().unwrap_or_default());
                format!("[resource {uri}, not text; see it with --json]")
            }
        },
        _ => "[content of a kind this version does not know; see it with --json]".to_owned(),
    }
}

/// Who the server is, and a line for each of its tools.
pub(super) fn listing(version: ProtocolVersion, server: &Value, tools: &[Value]) -> String {
    let name = one_line(server["name"].as_str().unwrap_or("the server"));
    let release = one_line(server["version"].as_str().unwrap_or_default());
    let definitions: Vec<ToolDefinition> = tools.iter().filter_map(definition).collect();
    let head = format!("{name} {release}").trim_end().to_owned();
    format!(
        "{head}, protocol {version}: {} tools\n\n{}",
        tools.len(),
        output::table(&definitions)
    )
}

/// As much of a tool as the table shows.
fn definition(tool: &Value) -> Option<ToolDefinition> {
    let mut hints = ToolAnnotations::default();
    if let Some(read_only) = tool["annotations"]["readOnlyHint"].as_bool() {
        hints = hints.with_read_only(read_only);
    }
    if let Some(destructive) = tool["annotations"]["destructiveHint"].as_bool() {
        hints = hints.with_destructive(destructive);
    }
    let mut definition =
        ToolDefinition::new(one_line(tool["name"].as_str()?), Value::Null).with_annotations(hints);
    if let Some(title) = tool["title"].as_str() {
        definition = definition.with_title(one_line(title));
    }
    if let Some(description) = tool["description"].as_str() {
        definition = definition.with_description(plain(description));
    }
    Some(definition)
}

/// Progress and log messages as a line each; other notifications are nothing to show.
pub(super) fn notification(notification: &Value) -> Option<String> {
    let params = &notification["params"];
    match notification["method"].as_str()? {
        "notifications/progress" => {
            let done = params["progress"].as_f64()?;
            let of = params["total"].as_f64();
            let of = of.map_or_else(String::new, |total| format!("/{total}"));
            let message = params["message"].as_str();
            let message = message.map_or_else(String::new, |text| format!(" {}", one_line(text)));
            Some(format!("progress {done}{of}{message}"))
        }
        "notifications/message" => {
            let level = one_line(params["level"].as_str().unwrap_or("info"));
            let data = match &params["data"] {
                Value::String(text) => one_line(text),
                other => other.to_string(),
            };
            Some(format!("{level}: {data}"))
        }
        _ => None,
    }
}

fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !c.is_control())
        .collect()
}

fn plain(text: &str) -> String {
    let is_shown = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars().filter(is_shown).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_are_printed_and_the_rest_is_named() {
        let shown = result(&json!({"content": [
            {"type": "text", "text": "one\ntwo\u{1b}[2J"},
            {"type": "image", "mimeType": "image/png", "data": "AAAA"},
            {"type": "resource", "resource": {"uri": "a://b", "text": "inside"}},
            {"type": "resource", "resource": {"uri": "a://b", "blob": "AAAA"}},
            {"type": "resource_link", "name": "b", "uri": "a://b"},
            {"type": "smell"},
        ], "structuredContent": {"hidden": true}}));
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[..2], ["one", "two[2J"]);
        assert_eq!(
            lines[2],
            "[image, image/png, about 3 bytes; see it with --json]"
        );
        assert_eq!(lines[3], "inside");
        assert_eq!(lines[4], "[resource a://b, not text; see it with --json]");
        assert_eq!(lines[5], "[resource b: a://b]");
        assert!(lines[6].contains("does not know") && lines.len() == 7);
    }

    #[test]
    fn structured_content_stands_in_where_there_is_no_text() {
        let shown = result(&json!({"content": [], "structuredContent": {"a": 1}}));
        assert_eq!(shown, "{\n  \"a\": 1\n}\n");
        assert_eq!(result(&json!({"content": []})), "");
    }

    #[test]
    fn notifications_are_a_line_each() {
        let progress = json!({"method": "notifications/progress", "params": {"progress": 1, "total": 2.5, "message": "a\nb"}});
        assert_eq!(notification(&progress).unwrap(), "progress 1/2.5 a b");
        let log = json!({"method": "notifications/message", "params": {"level": "warning", "data": {"a": 1}}});
        assert_eq!(notification(&log).unwrap(), "warning: {\"a\":1}");
        assert_eq!(
            notification(&json!({"method": "notifications/tools/list_changed"})),
            None
        );
    }
}
