//! All features of a server at one moment. Replaced as a whole, never changed.

use std::sync::Arc;

use spanway_protocol::schema::CacheHint;

use crate::principal::Principal;
use crate::prompt::PromptEntry;
use crate::resource::{ResourceEntry, TemplateEntry};
use crate::section::{Entry, Lists, Section};
use crate::task::TaskSupport;
use crate::tool::ToolEntry;

/// How lists are served.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ListSettings {
    pub(crate) page_size: usize,
    pub(crate) cache: CacheHint,
}

/// What can be called, read and filled in.
#[derive(Debug)]
pub(crate) struct Registry {
    pub(crate) tools: Arc<Section<ToolEntry>>,
    pub(crate) resources: Arc<Section<ResourceEntry>>,
    pub(crate) templates: Arc<Section<TemplateEntry>>,
    pub(crate) prompts: Arc<Section<PromptEntry>>,
}

impl Registry {
    pub(crate) fn empty(settings: ListSettings) -> Self {
        let ListSettings { page_size, cache } = settings;
        Self {
            tools: Arc::new(Section::new(Arc::new(Lists::default()), page_size, cache)),
            resources: Arc::new(Section::new(Arc::new(Lists::default()), page_size, cache)),
            templates: Arc::new(Section::new(Arc::new(Lists::default()), page_size, cache)),
            prompts: Arc::new(Section::new(Arc::new(Lists::default()), page_size, cache)),
        }
    }

    /// Whether the caller may be told of changes of the resource of this URI: unless it is one that only
    /// others may see. A URI of no resource hides nothing, and may stand above some.
    pub(crate) fn may_watch(&self, uri: &str, principal: Option<&Principal>) -> bool {
        let exact = self.resources.lists.get(uri);
        let matching = self.templates.lists.iter();
        let mut matching = matching.filter(|template| template.matches(uri).is_some());
        let mut hidden = false;
        let mut is_seen = |visible: bool| {
            hidden |= !visible;
            visible
        };
        exact.is_some_and(|entry| is_seen(entry.is_visible_to(principal)))
            || matching.any(|entry| is_seen(entry.is_visible_to(principal)))
            || !hidden
    }

    /// Whether any handler declares questions.
    pub(crate) fn asks(&self) -> bool {
        self.tools.lists.iter().any(|tool| tool.asks())
            || self.prompts.lists.iter().any(|prompt| prompt.asks())
            || self.resources.lists.iter().any(|resource| resource.asks())
            || self.templates.lists.iter().any(|template| template.asks())
    }

    /// Whether calls of any tool can be tasks.
    pub(crate) fn makes_tasks(&self) -> bool {
        let mut tools = self.tools.lists.iter();
        tools.any(|tool| tool.tasks() != TaskSupport::Forbidden)
    }

    /// Whether any argument or variable has a completer.
    pub(crate) fn completes(&self) -> bool {
        self.prompts.lists.iter().any(|prompt| prompt.completes())
            || self
                .templates
                .lists
                .iter()
                .any(|template| template.completes())
    }
}
