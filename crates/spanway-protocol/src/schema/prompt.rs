//! Prompts and what they expand to.

use super::content::{Content, Role};
use super::fields::Fields;
use super::implementation::Icon;
use super::project::{Meta, Project, View};
use crate::version::ProtocolVersion;

/// A prompt as it is listed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PromptDefinition {
    /// Its name, unique in the server.
    pub name: String,
    /// Its name for people. From 2025-06-18 on.
    pub title: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Its pictures. From 2025-11-25 on.
    pub icons: Vec<Icon>,
    /// What it takes.
    pub arguments: Vec<PromptArgument>,
    /// Attachments.
    pub meta: Meta,
}

impl PromptDefinition {
    /// A prompt without arguments.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            title: None,
            description: None,
            icons: Vec::new(),
            arguments: Vec::new(),
            meta: Meta::default(),
        }
    }

    /// The same prompt with a name for people.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// The same prompt with what it is for.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// The same prompt with one more picture.
    #[must_use]
    pub fn with_icon(mut self, icon: Icon) -> Self {
        self.icons.push(icon);
        self
    }

    /// The same prompt with one more argument.
    #[must_use]
    pub fn with_argument(mut self, argument: PromptArgument) -> Self {
        self.arguments.push(argument);
        self
    }

    /// The same prompt with attachments.
    #[must_use]
    pub fn with_meta(mut self, meta: Meta) -> Self {
        self.meta = meta;
        self
    }
}

/// An argument of a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct PromptArgument {
    /// Its name.
    pub name: String,
    /// Its name for people. From 2025-06-18 on.
    pub title: Option<String>,
    /// What it means.
    pub description: Option<String>,
    /// Whether it must be given.
    pub required: bool,
}

impl PromptArgument {
    /// An argument that may be left out.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// The same argument with a name for people.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// The same argument with a description.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// The same argument, required.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

impl Project for PromptArgument {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        fields.put("name", &self.name)?;
        fields.gated(
            view.since(ProtocolVersion::V2025_06_18),
            "title",
            self.title.as_ref(),
        )?;
        fields.maybe("description", self.description.as_ref())?;
        if self.required {
            fields.put("required", &true)?;
        }
        Ok(())
    }
}

impl Project for PromptDefinition {
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
        if !self.arguments.is_empty() {
            fields.projected_list("arguments", &self.arguments, view)?;
        }
        fields.meta(view, &self.meta)
    }
}

/// One message of a prompt.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PromptMessage {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: Content,
}

impl PromptMessage {
    /// Said by the person.
    pub fn user(content: impl Into<Content>) -> Self {
        Self {
            role: Role::User,
            content: content.into(),
        }
    }

    /// Said by the model.
    pub fn assistant(content: impl Into<Content>) -> Self {
        Self {
            role: Role::Assistant,
            content: content.into(),
        }
    }
}

impl Project for PromptMessage {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        fields.put("role", &self.role)?;
        fields.projected("content", &self.content, view)
    }
}

/// The answer to `prompts/get`.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct GetPromptResult {
    /// What the prompt is for.
    pub description: Option<String>,
    /// What it expands to.
    pub messages: Vec<PromptMessage>,
    /// Attachments.
    pub meta: Meta,
}

impl GetPromptResult {
    /// An answer of these messages.
    #[must_use]
    pub fn new(messages: Vec<PromptMessage>) -> Self {
        Self {
            messages,
            ..Self::default()
        }
    }

    /// The same answer with a description.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// The same answer with attachments.
    #[must_use]
    pub fn with_meta(mut self, meta: Meta) -> Self {
        self.meta = meta;
        self
    }
}

impl Project for GetPromptResult {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        fields.maybe("description", self.description.as_ref())?;
        fields.projected_list("messages", &self.messages, view)?;
        fields.result(view, &self.meta)
    }
}
