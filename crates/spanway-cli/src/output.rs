//! What a person sees: the table of tools, the endpoint, and what to paste into a client.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use serde_json::Value;
use spanway::protocol::schema::ToolDefinition;

/// Characters of a description that fit into the table.
const DESCRIPTION_MAX: usize = 72;

/// Writes results to stdout. A reader that went away is no error.
///
/// # Errors
/// stdout cannot be written to.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// One line a tool: name, what it does to the API, first sentence.
pub(crate) fn table(tools: &[ToolDefinition]) -> String {
    let width = tools
        .iter()
        .map(|tool| tool.name.chars().count())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for tool in tools {
        let line = format!(
            "  {:width$}  {:6}  {}",
            tool.name,
            effect(tool),
            summary(tool)
        );
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// What calling it does, as far as the tool says; without hints nothing is known.
fn effect(tool: &ToolDefinition) -> &'static str {
    let hints = tool.annotations.as_ref();
    let read_only = hints.and_then(|hints| hints.read_only);
    let destructive = hints.and_then(|hints| hints.destructive);
    match (read_only, destructive) {
        (Some(true), _) => "reads",
        (_, Some(true)) => "alters",
        (None, None) => "",
        _ => "adds",
    }
}

/// Leaves out what an object has no value for, as on the wire.
pub(crate) fn without_nothing(object: &mut Value) {
    if let Value::Object(fields) = object {
        fields.retain(|_, value| !value.is_null());
    }
}

fn summary(tool: &ToolDefinition) -> String {
    in_short(tool.title.as_deref(), tool.description.as_deref())
}

/// The title, or the first line of the description.
pub(crate) fn in_short(title: Option<&str>, description: Option<&str>) -> String {
    let description = title.or(description).unwrap_or_default();
    let line = description.lines().next().unwrap_or_default().trim();
    // A document of others may hold anything, also what misleads a terminal.
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    if line.chars().count() <= DESCRIPTION_MAX {
        return line;
    }
    let cut: String = line.chars().take(DESCRIPTION_MAX - 1).collect();
    format!("{}…", cut.trim_end())
}

/// Ready to paste: the endpoint in the clients people use. With a token, where to put it.
pub(crate) fn snippets(name: &str, url: &str, wants_token: bool) -> String {
    let key = client_key(name);
    // Some clients break arguments at blanks, so that one of mcp-remote goes through the environment.
    let (flag, remote, environment, headers) = if wants_token {
        (
            " --header \"Authorization: Bearer TOKEN\"",
            ", \"--header\", \"Authorization:${AUTH}\"",
            ", \"env\": { \"AUTH\": \"Bearer TOKEN\" }",
            ", \"headers\": { \"Authorization\": \"Bearer TOKEN\" }",
        )
    } else {
        ("", "", "", "")
    };
    format!(
        r#"Claude Code
  claude mcp add --transport http {key} {url}{flag}

Claude Desktop (claude_desktop_config.json)
  {{ "mcpServers": {{ "{key}": {{ "command": "npx", "args": ["-y", "mcp-remote", "{url}"{remote}]{environment} }} }} }}

VS Code (.vscode/mcp.json)
  {{ "servers": {{ "{key}": {{ "type": "http", "url": "{url}"{headers} }} }} }}

Cursor (.cursor/mcp.json)
  {{ "mcpServers": {{ "{key}": {{ "url": "{url}"{headers} }} }} }}

MCP Inspector
  npx @modelcontextprotocol/inspector --server-url {url} --transport http{flag}
"#
    )
}

/// A name that every client takes as a key: lower case letters, digits and hyphens.
fn client_key(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    let key = words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("-");
    if key.is_empty() {
        "spanway".to_owned()
    } else {
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snippets_are_valid_json_where_they_are_json() {
        for wants_token in [false, true] {
            let text = snippets("Book Shop!", "http://127.0.0.1:8000/mcp", wants_token);
            let json: Vec<&str> = text
                .lines()
                .filter(|line| line.starts_with("  {"))
                .collect();
            assert_eq!(json.len(), 3);
            for line in json {
                serde_json::from_str::<Value>(line).unwrap();
            }
            assert!(
                text.contains(
                    "claude mcp add --transport http book-shop http://127.0.0.1:8000/mcp"
                )
            );
            assert_eq!(text.contains("Bearer TOKEN"), wants_token);
        }
    }

    #[test]
    fn the_table_has_a_line_a_tool_and_cuts_what_is_long() {
        let tools = [
            ToolDefinition::new("a", serde_json::json!({})).with_description("x".repeat(200)),
            ToolDefinition::new("long_name", serde_json::json!({}))
                .with_description("Two lines.\nThe second."),
        ];
        let text = table(&tools);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(
            lines[0].ends_with('…') && lines[0].chars().count() < 110,
            "{text}"
        );
        assert_eq!(lines[1], "  long_name          Two lines.");
    }
}
