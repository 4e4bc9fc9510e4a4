//! Asking the client's model: messages, preferences and tools.

mod result;

pub use result::SamplingResult;

use serde_json::{Map, Value, json};

use super::capabilities::ClientCapabilities;
use super::content::{Content, Media, Role};
use super::input::Unsupported;
use super::project::{Projected, View};
use super::tool::ToolDefinition;
use crate::version::ProtocolVersion;

/// What the client's model is asked to complete.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SamplingRequest {
    /// The conversation so far.
    pub messages: Vec<SamplingMessage>,
    /// How many tokens the answer may have.
    pub max_tokens: u32,
    /// What comes before the conversation.
    pub system_prompt: Option<String>,
    /// How daring the model is to be.
    pub temperature: Option<f64>,
    /// Where it is to stop.
    pub stop_sequences: Vec<String>,
    /// Which models to prefer.
    pub preferences: Option<ModelPreferences>,
    /// Whose context the client is to add.
    pub include_context: Option<IncludeContext>,
    /// For the provider of the model.
    pub metadata: Option<Map<String, Value>>,
    /// What the model may call. From 2025-11-25 on, where the client declared it (T-2511-14).
    pub tools: Vec<ToolDefinition>,
    /// Whether it must.
    pub tool_choice: Option<ToolChoice>,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SamplingMessage {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: Vec<SamplingContent>,
}

/// One block of a message to or from a model.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SamplingContent {
    /// Words.
    Text(String),
    /// A picture.
    Image(Media),
    /// A sound. From 2025-03-26 on; text in its place before.
    Audio(Media),
    /// The model calls a tool. From 2025-11-25 on.
    ToolUse {
        /// What the result refers to.
        id: String,
        /// Which tool.
        name: String,
        /// With what.
        input: Map<String, Value>,
    },
    /// What the tool answered. From 2025-11-25 on.
    ToolResult {
        /// Which call.
        tool_use_id: String,
        /// With what.
        content: Vec<Content>,
        /// Whether it failed.
        is_error: bool,
    },
    /// A block of a kind this crate does not know, as it came.
    Other(Value),
}

/// Which models a server prefers; advice, no more.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ModelPreferences {
    /// Names or parts of names, best first.
    pub hints: Vec<String>,
    /// How much cost matters, from 0 to 1.
    pub cost: Option<f64>,
    /// How much speed matters, from 0 to 1.
    pub speed: Option<f64>,
    /// How much intelligence matters, from 0 to 1.
    pub intelligence: Option<f64>,
}

/// Whose context the client is to add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the specification knows these three"
)]
pub enum IncludeContext {
    /// Nobody's.
    None,
    /// That of the server that asks.
    ThisServer,
    /// That of all servers.
    AllServers,
}

/// Whether a model may or must call tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the specification knows these three"
)]
pub enum ToolChoice {
    /// As it likes.
    Auto,
    /// It must.
    Required,
    /// It must not.
    None,
}

impl SamplingRequest {
    /// A request to complete these messages with at most `max_tokens` tokens.
    #[must_use]
    pub fn new(messages: Vec<SamplingMessage>, max_tokens: u32) -> Self {
        Self {
            messages,
            max_tokens,
            system_prompt: None,
            temperature: None,
            stop_sequences: Vec::new(),
            preferences: None,
            include_context: None,
            metadata: None,
            tools: Vec::new(),
            tool_choice: None,
        }
    }

    /// A request to answer one message of the person.
    pub fn text(text: impl Into<String>, max_tokens: u32) -> Self {
        Self::new(
            vec![SamplingMessage::user(SamplingContent::Text(text.into()))],
            max_tokens,
        )
    }

    /// The same request with something before the conversation.
    #[must_use]
    pub fn with_system_prompt(mut self, text: impl Into<String>) -> Self {
        self.system_prompt = Some(text.into());
        self
    }

    /// The same request with a temperature.
    #[must_use]
    pub fn with_temperature(mut self, temperature: f64) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// The same request with one more sequence to stop at.
    #[must_use]
    pub fn with_stop_sequence(mut self, text: impl Into<String>) -> Self {
        self.stop_sequences.push(text.into());
        self
    }

    /// The same request with models to prefer.
    #[must_use]
    pub fn with_preferences(mut self, preferences: ModelPreferences) -> Self {
        self.preferences = Some(preferences);
        self
    }

    /// The same request with context of servers.
    #[must_use]
    pub fn with_context(mut self, include: IncludeContext) -> Self {
        self.include_context = Some(include);
        self
    }

    /// The same request with one more tool the model may call.
    #[must_use]
    pub fn with_tool(mut self, tool: ToolDefinition) -> Self {
        self.tools.push(tool);
        self
    }

    /// The same request with whether tools may or must be called.
    #[must_use]
    pub fn with_tool_choice(mut self, choice: ToolChoice) -> Self {
        self.tool_choice = Some(choice);
        self
    }

    /// Whether the client must have declared tools in sampling.
    #[must_use]
    pub fn uses_tools(&self) -> bool {
        let block = |block: &SamplingContent| {
            matches!(
                block,
                SamplingContent::ToolUse { .. } | SamplingContent::ToolResult { .. }
            )
        };
        !self.tools.is_empty()
            || self.tool_choice.is_some()
            || self
                .messages
                .iter()
                .any(|message| message.content.iter().any(block))
    }

    /// The same request without the context of servers where the client does not offer it (T-2511-14).
    #[must_use]
    pub fn with_declared_context(
        mut self,
        version: ProtocolVersion,
        declared: &ClientCapabilities,
    ) -> Self {
        if version >= ProtocolVersion::V2025_11_25
            && self.include_context != Some(IncludeContext::None)
            && !declared.sampling_context()
        {
            self.include_context = None;
        }
        self
    }

    /// What the specification has against the conversation, if anything: every tool call is answered, by a
    /// message of results alone, before anything else is said (T-2511-14).
    #[must_use]
    pub fn problem(&self) -> Option<&'static str> {
        let mut open: Vec<&str> = Vec::new();
        for message in &self.messages {
            let results: Vec<&str> = message.content.iter().filter_map(result_of).collect();
            if message.content.is_empty() {
                return Some("a message has no content");
            }
            if !results.is_empty() && results.len() != message.content.len() {
                return Some("a message with tool results must hold nothing else");
            }
            let answered =
                results.len() == open.len() && open.iter().all(|id| results.contains(id));
            if !answered || (!results.is_empty() && message.role != Role::User) {
                return Some(
                    "every tool use must be answered by a tool result in the next message",
                );
            }
            open = message.content.iter().filter_map(use_of).collect();
        }
        (!open.is_empty())
            .then_some("every tool use must be answered by a tool result in the next message")
    }

    pub(super) fn params(
        &self,
        version: ProtocolVersion,
    ) -> Result<Map<String, Value>, Unsupported> {
        if self.uses_tools() && version < ProtocolVersion::V2025_11_25 {
            return Err(Unsupported::new("tools in sampling", version));
        }
        let messages: Vec<Value> = self
            .messages
            .iter()
            .flat_map(|message| message.project(version))
            .collect();
        let mut params = Map::new();
        params.insert("messages".to_owned(), messages.into());
        params.insert("maxTokens".to_owned(), self.max_tokens.into());
        let optional = [
            (
                "systemPrompt",
                self.system_prompt.as_deref().map(Value::from),
            ),
            ("temperature", self.temperature.map(Value::from)),
            ("stopSequences", list(&self.stop_sequences)),
            (
                "modelPreferences",
                self.preferences.as_ref().map(ModelPreferences::to_value),
            ),
            (
                "includeContext",
                self.include_context.map(|include| include.as_str().into()),
            ),
            ("metadata", self.metadata.clone().map(Value::Object)),
            ("tools", list(&project_tools(&self.tools, version))),
            (
                "toolChoice",
                self.tool_choice
                    .map(|choice| json!({ "mode": choice.as_str() })),
            ),
        ];
        for (key, value) in optional {
            if let Some(value) = value {
                params.insert(key.to_owned(), value);
            }
        }
        Ok(params)
    }
}

fn list<T: Clone + Into<Value>>(items: &[T]) -> Option<Value> {
    (!items.is_empty()).then(|| {
        items
            .iter()
            .cloned()
            .map(Into::into)
            .collect::<Vec<Value>>()
            .into()
    })
}

fn project_tools(tools: &[ToolDefinition], version: ProtocolVersion) -> Vec<Value> {
    let project = |tool| {
        serde_json::to_value(Projected(tool, View::without_stamp(version))).unwrap_or_default()
    };
    tools.iter().map(project).collect()
}

fn result_of(block: &SamplingContent) -> Option<&str> {
    match block {
        SamplingContent::ToolResult { tool_use_id, .. } => Some(tool_use_id),
        _ => None,
    }
}

fn use_of(block: &SamplingContent) -> Option<&str> {
    match block {
        SamplingContent::ToolUse { id, .. } => Some(id),
        _ => None,
    }
}

impl SamplingMessage {
    /// Said by the person.
    pub fn user(content: impl Into<SamplingContent>) -> Self {
        Self::of(Role::User, vec![content.into()])
    }

    /// Said by the model.
    pub fn assistant(content: impl Into<SamplingContent>) -> Self {
        Self::of(Role::Assistant, vec![content.into()])
    }

    /// Several blocks said by one.
    #[must_use]
    pub fn of(role: Role, content: Vec<SamplingContent>) -> Self {
        Self { role, content }
    }

    /// Before 2025-11-25 a message holds one block: each gets a message of its own.
    fn project(&self, version: ProtocolVersion) -> Vec<Value> {
        let blocks = self.content.iter().map(|block| block.project(version));
        let message = |content: Value| json!({ "role": self.role, "content": content });
        if self.content.len() > 1 && version >= ProtocolVersion::V2025_11_25 {
            return vec![message(blocks.collect::<Vec<_>>().into())];
        }
        blocks.map(message).collect()
    }
}

impl SamplingContent {
    /// The words of a block of text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    fn project(&self, version: ProtocolVersion) -> Value {
        let block = |content: &Content| {
            serde_json::to_value(Projected(content, View::without_stamp(version)))
                .unwrap_or_default()
        };
        match self {
            Self::Text(text) => json!({ "type": "text", "text": text }),
            Self::Image(media) => block(&Content::Image(media.clone())),
            Self::Audio(media) => block(&Content::Audio(media.clone())),
            Self::ToolUse { id, name, input } => {
                json!({ "type": "tool_use", "id": id, "name": name, "input": input })
            }
            Self::ToolResult {
                tool_use_id,
                content,
                is_error,
            } => {
                let content: Vec<Value> = content.iter().map(block).collect();
                let mut result =
                    json!({ "type": "tool_result", "toolUseId": tool_use_id, "content": content });
                if *is_error {
                    result["isError"] = true.into();
                }
                result
            }
            Self::Other(value) => value.clone(),
        }
    }
}

impl From<String> for SamplingContent {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for SamplingContent {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl ModelPreferences {
    fn to_value(&self) -> Value {
        let mut map = Map::new();
        let hints: Vec<Value> = self
            .hints
            .iter()
            .map(|name| json!({ "name": name }))
            .collect();
        if !hints.is_empty() {
            map.insert("hints".to_owned(), hints.into());
        }
        for (key, priority) in [
            ("costPriority", self.cost),
            ("speedPriority", self.speed),
            ("intelligencePriority", self.intelligence),
        ] {
            if let Some(priority) = priority.filter(|priority| !priority.is_nan()) {
                map.insert(key.to_owned(), priority.clamp(0.0, 1.0).into());
            }
        }
        map.into()
    }
}

impl IncludeContext {
    const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ThisServer => "thisServer",
            Self::AllServers => "allServers",
        }
    }
}

impl ToolChoice {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Required => "required",
            Self::None => "none",
        }
    }
}
