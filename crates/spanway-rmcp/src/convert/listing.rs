//! What is listed: tools, templates, prompts; and the pages they are listed on.

use std::sync::Arc;

use rmcp::model;
use serde_json::Value;
use spanway_protocol::schema::{
    CacheHint, ListResult, Listed, Meta, Projected, PromptArgument, PromptDefinition,
    ResourceTemplateDefinition, ToolAnnotations, ToolDefinition, View,
};
use spanway_protocol::{Answer, Rejection, Reply};

use super::content::annotations;
use super::{icons, meta};

/// One page, written for the revision of `view`.
pub(crate) fn page<T: Listed>(
    items: Vec<T>,
    next: Option<String>,
    cache: CacheHint,
    attached: Meta,
    view: View<'_>,
) -> Reply {
    let page = ListResult::new(items, next, cache).with_meta(attached);
    match Projected(&page, view).to_json() {
        Ok(text) => Answer::Prepared(text).into(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be written");
            Rejection::Internal.into()
        }
    }
}

pub(crate) fn tool(own: model::Tool) -> ToolDefinition {
    let schema = |object: Arc<model::JsonObject>| Value::Object(Arc::unwrap_or_clone(object));
    let mut tool = ToolDefinition::new(own.name, schema(own.input_schema));
    tool.title = own.title;
    tool.description = own.description.map(Into::into);
    tool.icons = icons(own.icons);
    tool.output_schema = own.output_schema.map(schema).map(Arc::new);
    tool.annotations = own.annotations.map(tool_annotations);
    tool.meta = meta(own.meta);
    tool
}

fn tool_annotations(own: model::ToolAnnotations) -> ToolAnnotations {
    let mut annotations = ToolAnnotations::default();
    annotations.title = own.title;
    annotations.read_only = own.read_only_hint;
    annotations.destructive = own.destructive_hint;
    annotations.idempotent = own.idempotent_hint;
    annotations.open_world = own.open_world_hint;
    annotations
}

pub(crate) fn template(own: model::ResourceTemplate) -> ResourceTemplateDefinition {
    let mut template = ResourceTemplateDefinition::new(own.uri_template, own.name);
    template.title = own.title;
    template.description = own.description;
    template.mime_type = own.mime_type;
    template.icons = icons(own.icons);
    template.annotations = own.annotations.map(annotations);
    template.meta = meta(own.meta);
    template
}

pub(crate) fn prompt(own: model::Prompt) -> PromptDefinition {
    let mut prompt = PromptDefinition::new(own.name).with_meta(meta(own.meta));
    prompt.title = own.title;
    prompt.description = own.description;
    prompt.icons = icons(own.icons);
    prompt.arguments = own
        .arguments
        .unwrap_or_default()
        .into_iter()
        .map(argument)
        .collect();
    prompt
}

fn argument(own: model::PromptArgument) -> PromptArgument {
    let mut argument = PromptArgument::new(own.name);
    argument.title = own.title;
    argument.description = own.description;
    argument.required = own.required.unwrap_or_default();
    argument
}
