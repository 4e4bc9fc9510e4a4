//! What each side can do.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::project::{Project, View};
use super::task::TASKS_EXTENSION;
use crate::version::ProtocolVersion;

/// What a server offers. Absent means not offered, and then not answered either (T-ALL-06).
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ServerCapabilities {
    /// Tools.
    pub tools: Option<ListCapability>,
    /// Resources and templates.
    pub resources: Option<ResourcesCapability>,
    /// Prompts.
    pub prompts: Option<ListCapability>,
    /// Suggestions for arguments.
    pub completions: bool,
    /// Log messages.
    pub logging: bool,
    /// Tools whose calls can be tasks. A capability in 2025-11-25, an extension from 2026-07-28 on.
    pub tasks: bool,
    /// Agreed on outside the specification.
    pub experimental: Map<String, Value>,
    /// Extensions by their id, with settings. From 2026-07-28 on.
    pub extensions: Map<String, Value>,
}

/// A list that may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ListCapability {
    /// Whether changes of the list are told.
    pub list_changed: bool,
}

/// Resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ResourcesCapability {
    /// Whether changes of the lists are told.
    pub list_changed: bool,
    /// Whether changes of single resources can be subscribed to.
    pub subscribe: bool,
}

impl ListCapability {
    /// A list whose changes are told.
    #[must_use]
    pub fn with_changes() -> Self {
        Self { list_changed: true }
    }
}

impl ResourcesCapability {
    /// Resources whose lists' changes are told.
    #[must_use]
    pub fn with_changes() -> Self {
        Self {
            list_changed: true,
            subscribe: false,
        }
    }

    /// The same resources, each of which can be subscribed to.
    #[must_use]
    pub fn with_subscribe(mut self) -> Self {
        self.subscribe = true;
        self
    }
}

impl ServerCapabilities {
    /// The same offer and tools.
    #[must_use]
    pub fn with_tools(mut self, tools: ListCapability) -> Self {
        self.tools = Some(tools);
        self
    }

    /// The same offer and resources.
    #[must_use]
    pub fn with_resources(mut self, resources: ResourcesCapability) -> Self {
        self.resources = Some(resources);
        self
    }

    /// The same offer and prompts.
    #[must_use]
    pub fn with_prompts(mut self, prompts: ListCapability) -> Self {
        self.prompts = Some(prompts);
        self
    }

    /// The same offer and suggestions for arguments.
    #[must_use]
    pub fn with_completions(mut self) -> Self {
        self.completions = true;
        self
    }

    /// The same offer and log messages.
    #[must_use]
    pub fn with_logging(mut self) -> Self {
        self.logging = true;
        self
    }

    /// The same offer and tools whose calls can be tasks.
    #[must_use]
    pub fn with_tasks(mut self) -> Self {
        self.tasks = true;
        self
    }

    /// The same offer without tasks.
    #[must_use]
    pub fn without_tasks(mut self) -> Self {
        self.tasks = false;
        self
    }

    /// The same offer and something agreed on outside the specification.
    #[must_use]
    pub fn with_experimental(
        mut self,
        name: impl Into<String>,
        settings: Map<String, Value>,
    ) -> Self {
        self.experimental
            .insert(name.into(), Value::Object(settings));
        self
    }

    /// The same offer and an extension. Its id has a prefix: `vendor/name` (T-2607-29).
    #[must_use]
    pub fn with_extension(mut self, id: impl Into<String>, settings: Map<String, Value>) -> Self {
        self.extensions.insert(id.into(), Value::Object(settings));
        self
    }
}

impl ServerCapabilities {
    /// The same offer where changes cannot be told, because nothing of the client is remembered.
    #[must_use]
    pub fn without_changes(mut self) -> Self {
        let silent = |_| ListCapability::default();
        self.tools = self.tools.map(silent);
        self.prompts = self.prompts.map(silent);
        self.resources = self.resources.map(|_| ResourcesCapability::default());
        self
    }

    /// Whether there are any changes to be told of.
    #[must_use]
    pub fn tell_changes(&self) -> bool {
        let told = |list: Option<ListCapability>| list.is_some_and(|list| list.list_changed);
        let resources = self.resources.unwrap_or_default();
        told(self.tools) || told(self.prompts) || resources.list_changed || resources.subscribe
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListWire {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    subscribe: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    list_changed: bool,
}

impl Project for ServerCapabilities {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        let empty = Map::<String, Value>::new();
        let list = |list: ListCapability| ListWire {
            subscribe: false,
            list_changed: list.list_changed,
        };
        let resources = |own: ResourcesCapability| ListWire {
            subscribe: own.subscribe,
            list_changed: own.list_changed,
        };
        fields.maybe("tools", self.tools.map(list).as_ref())?;
        fields.maybe("resources", self.resources.map(resources).as_ref())?;
        fields.maybe("prompts", self.prompts.map(list).as_ref())?;
        if self.completions && view.since(ProtocolVersion::V2025_03_26) {
            fields.put("completions", &empty)?;
        }
        if self.logging {
            fields.put("logging", &empty)?;
        }
        fields.maybe(
            "experimental",
            Some(&self.experimental).filter(|map| !map.is_empty()),
        )?;
        // T-LTASK-01, T-TASK-01: one or the other, never both.
        if self.tasks && view.version == ProtocolVersion::V2025_11_25 {
            let tasks =
                json!({ "list": {}, "cancel": {}, "requests": { "tools": { "call": {} } } });
            fields.put("tasks", &tasks)?;
        }
        let mut extensions = Cow::Borrowed(&self.extensions);
        if self.tasks {
            let tasks = || Value::Object(Map::new());
            let entry = extensions.to_mut().entry(TASKS_EXTENSION);
            entry.or_insert_with(tasks);
        }
        fields.gated(
            view.is_modern(),
            "extensions",
            Some(&*extensions).filter(|map| !map.is_empty()),
        )
    }
}

/// What a client declared. Anything unknown is kept; anything malformed counts as not declared.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(transparent)]
pub struct ClientCapabilities(Map<String, Value>);

impl ClientCapabilities {
    /// The whole declaration.
    #[must_use]
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Whether forms can be shown. `{}` means forms only (trap 36).
    #[must_use]
    pub fn elicitation_form(&self) -> bool {
        self.declared("elicitation")
            .is_some_and(|modes| modes.is_empty() || has_object(modes, "form"))
    }

    /// Whether URLs can be opened.
    #[must_use]
    pub fn elicitation_url(&self) -> bool {
        self.declared("elicitation")
            .is_some_and(|modes| has_object(modes, "url"))
    }

    /// Whether the model can be asked.
    #[must_use]
    pub fn sampling(&self) -> bool {
        self.declared("sampling").is_some()
    }

    /// Whether the model can be asked with tools.
    #[must_use]
    pub fn sampling_tools(&self) -> bool {
        self.declared("sampling")
            .is_some_and(|sampling| has_object(sampling, "tools"))
    }

    /// Whether the context of servers can be added to what the model is asked.
    #[must_use]
    pub fn sampling_context(&self) -> bool {
        self.declared("sampling")
            .is_some_and(|sampling| has_object(sampling, "context"))
    }

    /// Whether the roots can be asked for.
    #[must_use]
    pub fn roots(&self) -> bool {
        self.declared("roots").is_some()
    }

    /// Whether calls can be answered with tasks of the extension (T-TASK-02).
    #[must_use]
    pub fn tasks_extension(&self) -> bool {
        self.extension(TASKS_EXTENSION).is_some()
    }

    /// The settings of an extension, if it was declared.
    #[must_use]
    pub fn extension(&self, id: &str) -> Option<&Map<String, Value>> {
        self.declared("extensions")?.get(id)?.as_object()
    }

    fn declared(&self, name: &str) -> Option<&Map<String, Value>> {
        self.0.get(name)?.as_object()
    }
}

impl From<Map<String, Value>> for ClientCapabilities {
    fn from(declared: Map<String, Value>) -> Self {
        Self(declared)
    }
}

fn has_object(map: &Map<String, Value>, key: &str) -> bool {
    map.get(key).is_some_and(Value::is_object)
}
