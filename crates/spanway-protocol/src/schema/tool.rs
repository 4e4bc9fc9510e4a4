//! Tools and what they answer.

mod json_schema;

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::content::{Content, TextBlock};
use super::fields::{Fields, json_text};
use super::implementation::Icon;
use super::project::{Meta, Project, View};
use super::task::TaskMode;
use crate::version::ProtocolVersion;

pub use json_schema::wraps_output;

/// A tool as it is listed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ToolDefinition {
    /// Its name: 1 to 128 of `A-Z a-z 0-9 _ . -`, unique in the server (T-2511-11).
    pub name: String,
    /// Its name for people. From 2025-06-18 on.
    pub title: Option<String>,
    /// What it does, for the model.
    pub description: Option<String>,
    /// Its pictures. From 2025-11-25 on.
    pub icons: Vec<Icon>,
    /// What arguments it takes: JSON Schema 2020-12 with an object at the root.
    pub input_schema: Arc<Value>,
    /// What structured content it answers with. From 2025-06-18 on.
    pub output_schema: Option<Arc<Value>>,
    /// Hints about its behaviour. From 2025-03-26 on.
    pub annotations: Option<ToolAnnotations>,
    /// Whether calls of it can be tasks. 2025-11-25 alone: later the server decides (T-TASK-02).
    pub tasks: Option<TaskMode>,
    /// Attachments.
    pub meta: Meta,
}

impl ToolDefinition {
    /// A tool by name and input schema.
    pub fn new(name: impl Into<String>, input_schema: impl Into<Arc<Value>>) -> Self {
        Self {
            name: name.into(),
            title: None,
            description: None,
            icons: Vec::new(),
            input_schema: input_schema.into(),
            output_schema: None,
            annotations: None,
            tasks: None,
            meta: Meta::default(),
        }
    }

    /// The same tool with a description.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// The same tool with a title.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// The same tool with an output schema.
    #[must_use]
    pub fn with_output_schema(mut self, schema: impl Into<Arc<Value>>) -> Self {
        self.output_schema = Some(schema.into());
        self
    }

    /// The same tool with hints.
    #[must_use]
    pub fn with_annotations(mut self, annotations: ToolAnnotations) -> Self {
        self.annotations = Some(annotations);
        self
    }

    /// The same tool; whether calls of it can be tasks.
    #[must_use]
    pub fn with_tasks(mut self, mode: TaskMode) -> Self {
        self.tasks = Some(mode);
        self
    }

    /// The same tool with one more picture.
    #[must_use]
    pub fn with_icon(mut self, icon: Icon) -> Self {
        self.icons.push(icon);
        self
    }

    /// The same tool with attachments.
    #[must_use]
    pub fn with_meta(mut self, meta: Meta) -> Self {
        self.meta = meta;
        self
    }
}

/// Hints about a tool's behaviour; clients must not trust them from servers they do not trust.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ToolAnnotations {
    /// A name for people, in revisions before `title`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// It changes nothing. A client assumes `false`.
    #[serde(rename = "readOnlyHint", skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// It may destroy something. A client assumes `true`.
    #[serde(rename = "destructiveHint", skip_serializing_if = "Option::is_none")]
    pub destructive: Option<bool>,
    /// Calling it again changes nothing more. A client assumes `false`.
    #[serde(rename = "idempotentHint", skip_serializing_if = "Option::is_none")]
    pub idempotent: Option<bool>,
    /// It reaches beyond the server. A client assumes `true`.
    #[serde(rename = "openWorldHint", skip_serializing_if = "Option::is_none")]
    pub open_world: Option<bool>,
}

impl ToolAnnotations {
    /// The same hints with a name for people.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// The same hints; whether it changes nothing.
    #[must_use]
    pub fn with_read_only(mut self, read_only: bool) -> Self {
        self.read_only = Some(read_only);
        self
    }

    /// The same hints; whether it may destroy something.
    #[must_use]
    pub fn with_destructive(mut self, destructive: bool) -> Self {
        self.destructive = Some(destructive);
        self
    }

    /// The same hints; whether calling it again changes nothing more.
    #[must_use]
    pub fn with_idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = Some(idempotent);
        self
    }

    /// The same hints; whether it reaches beyond the server.
    #[must_use]
    pub fn with_open_world(mut self, open_world: bool) -> Self {
        self.open_world = Some(open_world);
        self
    }
}

impl Project for ToolDefinition {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        fields.put("name", &self.name)?;
        fields.gated(
            view.since(ProtocolVersion::V2025_06_18),
            "title",
            self.title.as_ref(),
        )?;
        fields.maybe("description", self.description.as_ref())?;
        fields.list(
            view.since(ProtocolVersion::V2025_11_25),
            "icons",
            &self.icons,
        )?;
        fields.put(
            "inputSchema",
            &*json_schema::input(&self.input_schema, view),
        )?;
        if let Some(schema) = &self.output_schema
            && view.since(ProtocolVersion::V2025_06_18)
        {
            fields.put("outputSchema", &*json_schema::output(schema, view))?;
        }
        fields.gated(
            view.since(ProtocolVersion::V2025_03_26),
            "annotations",
            self.annotations.as_ref(),
        )?;
        let execution = self.tasks.map(|task_support| Execution { task_support });
        fields.gated(
            view.version == ProtocolVersion::V2025_11_25,
            "execution",
            execution.as_ref(),
        )?;
        fields.meta(view, &self.meta)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Execution {
    task_support: TaskMode,
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct CallToolResult {
    /// The answer for the model.
    pub content: Vec<Content>,
    /// The answer for programs; repeated as text if there is no other content (T-2506-03).
    pub structured_content: Option<Value>,
    /// Whether the tool failed. That is a result, not a protocol error (T-ALL-23).
    pub is_error: bool,
    /// Whether legacy revisions get structured content as `{"result": …}`; see [`wraps_output`].
    pub wrap_structured: bool,
    /// Attachments.
    pub meta: Meta,
}

impl CallToolResult {
    /// An answer of content blocks.
    #[must_use]
    pub fn new(content: Vec<Content>) -> Self {
        Self {
            content,
            ..Self::default()
        }
    }

    /// An answer in words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(vec![Content::text(text)])
    }

    /// A failure in words.
    pub fn error(text: impl Into<String>) -> Self {
        Self {
            is_error: true,
            ..Self::text(text)
        }
    }

    /// A structured answer.
    #[must_use]
    pub fn structured(value: Value) -> Self {
        Self {
            structured_content: Some(value),
            ..Self::default()
        }
    }

    /// The same answer with structured content.
    #[must_use]
    pub fn with_structured_content(mut self, value: Value) -> Self {
        self.structured_content = Some(value);
        self
    }

    /// The same answer; whether legacy revisions get its structured content wrapped.
    #[must_use]
    pub fn with_wrap_structured(mut self, wrap: bool) -> Self {
        self.wrap_structured = wrap;
        self
    }

    /// The same answer; whether it is a failure.
    #[must_use]
    pub fn with_is_error(mut self, is_error: bool) -> Self {
        self.is_error = is_error;
        self
    }

    /// The same answer with attachments.
    #[must_use]
    pub fn with_meta(mut self, meta: Meta) -> Self {
        self.meta = meta;
        self
    }
}

impl Project for CallToolResult {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        let structured = self
            .structured_content
            .as_ref()
            .map(json_text)
            .transpose()?;
        match &structured {
            Some(json) if self.content.is_empty() => {
                fields.projected_list("content", &[TextBlock(json)], view)?;
            }
            _ => fields.projected_list("content", &self.content, view)?,
        }
        if let Some(json) = &structured
            && view.since(ProtocolVersion::V2025_06_18)
        {
            self.put_structured(fields, view, json);
        }
        if self.is_error {
            fields.put("isError", &true)?;
        }
        fields.result(view, &self.meta)
    }
}

impl CallToolResult {
    fn put_structured(&self, fields: &mut Fields<'_>, view: View<'_>, json: &str) {
        let is_object = json.starts_with('{');
        if view.is_modern() || (is_object && !self.wrap_structured) {
            fields.raw("structuredContent", json.as_bytes());
        } else {
            let mut wrapped = Fields::open(fields.key("structuredContent"));
            wrapped.raw("result", json.as_bytes());
            wrapped.close();
        }
    }
}
