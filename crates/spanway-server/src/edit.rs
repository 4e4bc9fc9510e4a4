//! Adding and removing features: at build time and while serving, all of it or nothing.

use std::sync::Arc;

use crate::change::Change;
use crate::error::{BuildError, BuildErrors};
use crate::prompt::{Prompt, PromptEntry};
use crate::registry::{ListSettings, Registry};
use crate::resource::{Resource, ResourceEntry, TemplateEntry};
use crate::section::{Entry, Lists, Section};
use crate::server::Server;
use crate::tool::{Tool, ToolEntry};

/// Changes to what a server offers, taken over together when the closure given to
/// [`Server::edit`](crate::Server::edit) returns.
///
/// What needs state gets it first: [`Tool::with_state`], [`Resource::with_state`], [`Prompt::with_state`].
#[derive(Debug)]
pub struct Edit {
    tools: Draft<ToolEntry>,
    resources: Draft<ResourceEntry>,
    templates: Draft<TemplateEntry>,
    prompts: Draft<PromptEntry>,
    number: u64,
    errors: Vec<BuildError>,
}

/// The features of one kind, copied when first changed.
#[derive(Debug)]
struct Draft<E> {
    kind: &'static str,
    lists: Arc<Lists<E>>,
    changed: bool,
    /// Whether clients have nothing to learn of the change.
    is_silent: bool,
}

impl<E: Entry> Draft<E> {
    fn of(kind: &'static str, lists: &Arc<Lists<E>>) -> Self {
        Self {
            kind,
            lists: lists.clone(),
            changed: false,
            is_silent: true,
        }
    }

    fn add(&mut self, number: u64, entry: E, errors: &mut Vec<BuildError>) {
        let name = entry.key().to_owned();
        if Arc::make_mut(&mut self.lists).add(number, entry) {
            self.change();
        } else {
            errors.push(BuildError::Duplicate {
                kind: self.kind,
                name,
            });
        }
    }

    fn remove(&mut self, key: &str, errors: &mut Vec<BuildError>) {
        if Arc::make_mut(&mut self.lists).remove(key) {
            self.change();
        } else {
            errors.push(BuildError::Missing {
                kind: self.kind,
                name: key.to_owned(),
            });
        }
    }

    fn change(&mut self) {
        (self.changed, self.is_silent) = (true, false);
    }

    /// Takes the entries of `other`, under numbers after `number`. Where all are listed as they were, only what
    /// they do may have changed.
    fn replace(&mut self, number: &mut u64, other: &Lists<E>) {
        let lists = other.renumbered(number);
        self.is_silent &= self.lists.is_listed_like(&lists);
        self.lists = Arc::new(lists);
        self.changed = true;
    }

    fn section(self, before: &Arc<Section<E>>, settings: ListSettings) -> Arc<Section<E>> {
        if self.changed {
            Arc::new(Section::new(self.lists, settings.page_size, settings.cache))
        } else {
            before.clone()
        }
    }
}

impl Edit {
    /// Continues from `registry`, where `number` was the last registration number.
    pub(crate) fn of(registry: &Registry, number: u64) -> Self {
        Self {
            tools: Draft::of("tool", &registry.tools.lists),
            resources: Draft::of("resource", &registry.resources.lists),
            templates: Draft::of("resource template", &registry.templates.lists),
            prompts: Draft::of("prompt", &registry.prompts.lists),
            number,
            errors: Vec::new(),
        }
    }

    /// Adds a tool.
    pub fn add_tool(&mut self, tool: Tool) {
        self.tool(tool, ());
    }

    /// Removes a tool by its name.
    pub fn remove_tool(&mut self, name: &str) {
        self.tools.remove(name, &mut self.errors);
    }

    /// Offers what `other` does in place of everything there is. A list that reads as before is not told to have
    /// changed.
    pub fn replace_with(&mut self, other: &Server) {
        let other = other.registry();
        let number = &mut self.number;
        self.tools.replace(number, &other.tools.lists);
        self.resources.replace(number, &other.resources.lists);
        self.templates.replace(number, &other.templates.lists);
        self.prompts.replace(number, &other.prompts.lists);
    }

    /// Adds a resource or a resource template.
    pub fn add_resource(&mut self, resource: Resource) {
        self.resource(resource, ());
    }

    /// Removes a resource by its URI, or a resource template by its template.
    pub fn remove_resource(&mut self, uri: &str) {
        if uri.contains('{') {
            self.templates.remove(uri, &mut self.errors);
        } else {
            self.resources.remove(uri, &mut self.errors);
        }
    }

    /// Adds a prompt.
    pub fn add_prompt(&mut self, prompt: Prompt) {
        self.prompt(prompt, ());
    }

    /// Removes a prompt by its name.
    pub fn remove_prompt(&mut self, name: &str) {
        self.prompts.remove(name, &mut self.errors);
    }

    pub(crate) fn tool<S>(&mut self, tool: Tool<S>, state: S) {
        if let Some(entry) = tool.bind(state, &mut self.errors) {
            self.number += 1;
            self.tools.add(self.number, entry, &mut self.errors);
        }
    }

    pub(crate) fn resource<S: Clone>(&mut self, resource: Resource<S>, state: S) {
        self.number += 1;
        match resource.bind(state, &mut self.errors) {
            Some(crate::resource::Bound::Exact(entry)) => {
                self.resources.add(self.number, entry, &mut self.errors);
            }
            Some(crate::resource::Bound::Template(entry)) => {
                self.templates.add(self.number, entry, &mut self.errors);
            }
            None => {}
        }
    }

    pub(crate) fn prompt<S: Clone>(&mut self, prompt: Prompt<S>, state: S) {
        if let Some(entry) = prompt.bind(state, &mut self.errors) {
            self.number += 1;
            self.prompts.add(self.number, entry, &mut self.errors);
        }
    }

    /// The registry after the changes, the last registration number, and what to announce.
    pub(crate) fn finish(
        self,
        before: &Registry,
        settings: ListSettings,
    ) -> Result<(Registry, u64, Vec<Change>), BuildErrors> {
        BuildErrors::check(self.errors)?;
        let announced = [
            (!self.tools.is_silent, Change::Tools),
            (!self.prompts.is_silent, Change::Prompts),
            (
                !self.resources.is_silent || !self.templates.is_silent,
                Change::Resources,
            ),
        ];
        let changes = announced
            .into_iter()
            .filter_map(|(changed, what)| changed.then_some(what))
            .collect();
        let registry = Registry {
            tools: self.tools.section(&before.tools, settings),
            resources: self.resources.section(&before.resources, settings),
            templates: self.templates.section(&before.templates, settings),
            prompts: self.prompts.section(&before.prompts, settings),
        };
        Ok((registry, self.number, changes))
    }
}
