//! `spanway resources` and `spanway prompts`: what an API would be served with besides its tools.

use std::process::ExitCode;

use serde_json::{Value, json};
use spanway::openapi::Features;
use spanway::{Prompt, Resource};

use crate::cli::ListCommand;
use crate::failure::usage;
use crate::{output, runtime};

/// Prints the resources and resource templates.
///
/// # Errors
/// A document cannot be read, a setting is wrong, or stdout cannot be written to.
pub(crate) fn resources(command: ListCommand) -> anyhow::Result<ExitCode> {
    list(command, |features| {
        let all = features.resources.iter();
        let (templates, exact): (Vec<_>, Vec<_>) = all.partition(|it| it.is_template());
        let json = json!({
            "resources": exact.iter().map(|it| described(it, "uri")).collect::<Vec<_>>(),
            "resourceTemplates":
                templates.iter().map(|it| described(it, "uriTemplate")).collect::<Vec<_>>(),
        });
        let lines = exact.iter().chain(&templates).map(|it| {
            let it = it.definition();
            let words = output::in_short(it.title.as_deref(), it.description.as_deref());
            (it.uri.as_str(), words)
        });
        let hint =
            "no resources; --reads and --schemas make some, or x-mcp-resource in the document\n";
        (json, table(&lines.collect::<Vec<_>>(), hint))
    })
}

/// Prints the prompts.
///
/// # Errors
/// A document cannot be read, a setting is wrong, or stdout cannot be written to.
pub(crate) fn prompts(command: ListCommand) -> anyhow::Result<ExitCode> {
    list(command, |features| {
        let all = features.prompts.iter();
        let json = json!({ "prompts": all.map(asked).collect::<Vec<_>>() });
        let lines = features.prompts.iter().map(|it| {
            let it = it.definition();
            let words = output::in_short(it.title.as_deref(), it.description.as_deref());
            (it.name.as_str(), words)
        });
        let hint = "no prompts; --guide makes some, or x-mcp-prompt in the document\n";
        (json, table(&lines.collect::<Vec<_>>(), hint))
    })
}

fn list(
    command: ListCommand,
    show: impl FnOnce(&Features) -> (Value, String),
) -> anyhow::Result<ExitCode> {
    let settings = usage(command.settings.over_file(command.config.as_deref()))?;
    let served = runtime()?.block_on(crate::open(command.source, &settings))?;
    let (json, text) = show(&served.into_features()?);
    let text = if command.json {
        format!("{json:#}\n")
    } else {
        text
    };
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// One line each; if there are none, what would make some.
fn table(lines: &[(&str, String)], hint: &str) -> String {
    if lines.is_empty() {
        return hint.to_owned();
    }
    let widths = lines.iter().map(|(key, _)| key.chars().count());
    let width = widths.max().unwrap_or_default();
    let lines = lines.iter().map(|(key, words)| {
        let line = format!("  {key:width$}  {words}");
        format!("{}\n", line.trim_end())
    });
    lines.collect()
}

fn described(resource: &Resource, key: &str) -> Value {
    let it = resource.definition();
    let mut described = json!({
        key: it.uri,
        "name": it.name,
        "title": it.title,
        "description": it.description,
        "mimeType": it.mime_type,
        "size": it.size,
    });
    output::without_nothing(&mut described);
    described
}

fn asked(prompt: &Prompt) -> Value {
    let it = prompt.definition();
    let arguments = it.arguments.iter().map(|argument| {
        let mut asked = json!({
            "name": argument.name,
            "description": argument.description,
            "required": argument.required,
        });
        output::without_nothing(&mut asked);
        asked
    });
    let mut described = json!({
        "name": it.name,
        "title": it.title,
        "description": it.description,
        "arguments": arguments.collect::<Vec<_>>(),
    });
    output::without_nothing(&mut described);
    described
}
