//! Pages of lists, and how long answers may be kept.

use serde::Serialize;

use super::fields::Fields;
use super::project::{Meta, Project, View};
use super::prompt::PromptDefinition;
use super::resource::{ResourceDefinition, ResourceTemplateDefinition};
use super::tool::ToolDefinition;

/// How long, and by whom, a modern answer may be kept (T-2607-44). Default: not at all, by nobody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CacheHint {
    /// Milliseconds.
    pub ttl_ms: u64,
    /// Whether others may be given the same answer.
    pub scope: CacheScope,
}

/// For whom a kept answer is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "the specification knows these two")]
pub enum CacheScope {
    /// For everybody; it may leak across credentials.
    Public,
    /// For the same credentials only.
    #[default]
    Private,
}

impl CacheHint {
    /// For the same credentials, for so many milliseconds.
    #[must_use]
    pub fn private(ttl_ms: u64) -> Self {
        Self {
            ttl_ms,
            scope: CacheScope::Private,
        }
    }

    /// For everybody, for so many milliseconds.
    #[must_use]
    pub fn public(ttl_ms: u64) -> Self {
        Self {
            ttl_ms,
            scope: CacheScope::Public,
        }
    }

    pub(super) fn put_fields(
        self,
        fields: &mut Fields<'_>,
        view: View<'_>,
    ) -> serde_json::Result<()> {
        if view.is_modern() {
            fields.put("ttlMs", &self.ttl_ms)?;
            fields.put("cacheScope", &self.scope)?;
        }
        Ok(())
    }
}

/// Something that is listed page by page.
pub trait Listed: Project {
    /// The key of the list in its result.
    const KEY: &'static str;
}

impl Listed for ToolDefinition {
    const KEY: &'static str = "tools";
}

impl Listed for ResourceDefinition {
    const KEY: &'static str = "resources";
}

impl Listed for ResourceTemplateDefinition {
    const KEY: &'static str = "resourceTemplates";
}

impl Listed for PromptDefinition {
    const KEY: &'static str = "prompts";
}

impl<T: Listed + ?Sized> Listed for &T {
    const KEY: &'static str = T::KEY;
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ListResult<T> {
    /// The items, in a stable order.
    pub items: Vec<T>,
    /// Where the next page begins, if there is one (T-ALL-50).
    pub next_cursor: Option<String>,
    /// How long the page may be kept.
    pub cache: CacheHint,
    /// Attachments.
    pub meta: Meta,
}

impl<T> ListResult<T> {
    /// One page.
    #[must_use]
    pub fn new(items: Vec<T>, next_cursor: Option<String>, cache: CacheHint) -> Self {
        Self {
            items,
            next_cursor,
            cache,
            meta: Meta::default(),
        }
    }

    /// The same page with attachments.
    #[must_use]
    pub fn with_meta(mut self, meta: Meta) -> Self {
        self.meta = meta;
        self
    }
}

impl<T: Listed> Project for ListResult<T> {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        fields.projected_list(T::KEY, &self.items, view)?;
        fields.maybe("nextCursor", self.next_cursor.as_ref())?;
        self.cache.put_fields(fields, view)?;
        fields.result(view, &self.meta)
    }
}
