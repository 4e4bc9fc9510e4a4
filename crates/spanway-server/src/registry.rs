//! All features of a server at one moment. Replaced as a whole, never changed.

use std::sync::Arc;

use spanway_protocol::schema::CacheHint;

use crate::prompt::PromptEntry;
use crate::resource::{ResourceEntry, TemplateEntry};
use crate::section::{Lists, Section};
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
