//! Describing a server; every mistake is reported at once, when it is built.

use std::fmt;
use std::time::Duration;

use spanway_protocol::schema::{
    CacheHint, Icon, Implementation, ListCapability, ResourcesCapability, ServerCapabilities,
};

use crate::edit::Edit;
use crate::error::{BuildError, BuildErrors};
use crate::input::{Desk, StateKeys};
use crate::prompt::Prompt;
use crate::registry::{ListSettings, Registry};
use crate::resource::Resource;
use crate::server::Server;
use crate::service::ServiceInfo;
use crate::task::TaskSettings;
use crate::tool::Tool;

/// Entries in one page of a list, unless set. Most servers have fewer, so that clients which do not page see
/// them all.
const PAGE_SIZE: usize = 100;

/// How long a sealed state is valid, unless set.
const STATE_LIFE: Duration = Duration::from_secs(600);

/// A server being described; see [`Server::builder`].
pub struct ServerBuilder<S = ()> {
    implementation: Implementation,
    instructions: Option<String>,
    settings: ListSettings,
    dynamic: bool,
    state_keys: Option<StateKeys>,
    state_life: Duration,
    tasks: TaskSettings,
    state: S,
    edit: Edit,
}

impl ServerBuilder {
    pub(super) fn new(name: String, version: String) -> Self {
        let settings = ListSettings {
            page_size: PAGE_SIZE,
            cache: CacheHint::default(),
        };
        Self {
            implementation: Implementation::new(name, version),
            instructions: None,
            settings,
            dynamic: false,
            state_keys: None,
            state_life: STATE_LIFE,
            tasks: TaskSettings::default(),
            state: (),
            edit: Edit::of(&Registry::empty(settings), 0),
        }
    }
}

impl<S> ServerBuilder<S> {
    /// A name for people.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.implementation.title = Some(title.into());
        self
    }

    /// What the server is for.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.implementation.description = Some(description.into());
        self
    }

    /// Where people learn more about it.
    #[must_use]
    pub fn website(mut self, url: impl Into<String>) -> Self {
        self.implementation.website_url = Some(url.into());
        self
    }

    /// An icon for people; several are alternatives.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.implementation.icons.push(icon);
        self
    }

    /// How to use the server, for the model.
    #[must_use]
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.instructions = Some(instructions.into());
        self
    }

    /// The state that handlers added from here on find in [`State`](crate::State). It is cloned for each of
    /// them, so put what is shared into an `Arc`.
    #[must_use]
    pub fn with_state<T>(self, state: T) -> ServerBuilder<T> {
        ServerBuilder {
            implementation: self.implementation,
            instructions: self.instructions,
            settings: self.settings,
            dynamic: self.dynamic,
            state_keys: self.state_keys,
            state_life: self.state_life,
            tasks: self.tasks,
            state,
            edit: self.edit,
        }
    }

    /// Entries in one page of a list; 100 unless set, at least 1.
    #[must_use]
    pub fn page_size(mut self, entries: usize) -> Self {
        self.settings.page_size = entries.max(1);
        self
    }

    /// How long clients of 2026-07-28 may keep lists and resources, and whether others may be given what they
    /// kept. Not at all unless set. Lists that differ between callers are never shared.
    #[must_use]
    pub fn cache(mut self, hint: CacheHint) -> Self {
        self.settings.cache = hint;
        self
    }

    /// Offers tools, resources, prompts and completions even if there are none yet, so that
    /// [`Server::edit`] can add some.
    #[must_use]
    pub fn dynamic(mut self) -> Self {
        self.dynamic = true;
        self
    }

    /// The keys that seal what clients of 2026-07-28 carry between the rounds of a call that asks for input.
    /// Every node needs the same ones; without any, a key of this process alone is used.
    #[must_use]
    pub fn state_keys(mut self, keys: StateKeys) -> Self {
        self.state_keys = Some(keys);
        self
    }

    /// How long a client of 2026-07-28 may take to come back with answers: the time somebody thinks about a
    /// question. 10 minutes unless set.
    #[must_use]
    pub fn state_life(mut self, life: Duration) -> Self {
        self.state_life = life;
        self
    }

    /// For how long a task is kept after it was made, its result included, and how long its handler may run;
    /// unless the client wishes otherwise. 1 hour unless set.
    #[must_use]
    pub fn task_ttl(mut self, ttl: Duration) -> Self {
        self.tasks.ttl = ttl;
        self.tasks.ttl_max = self.tasks.ttl_max.max(ttl);
        self
    }

    /// For how long a task is kept at most, whatever the client wishes. 24 hours unless set.
    #[must_use]
    pub fn task_ttl_max(mut self, ttl: Duration) -> Self {
        self.tasks.ttl_max = ttl;
        self.tasks.ttl = self.tasks.ttl.min(ttl);
        self
    }

    /// How long clients are told to wait before they look at a task again. 1 second unless set.
    #[must_use]
    pub fn task_poll_interval(mut self, interval: Duration) -> Self {
        self.tasks.poll = interval;
        self
    }

    /// Finishes the description.
    ///
    /// # Errors
    /// Everything that is wrong with it: names, schemas, templates, duplicates.
    pub fn build(self) -> Result<Server, BuildErrors> {
        let (registry, number, _) = self
            .edit
            .finish(&Registry::empty(self.settings), self.settings)?;
        let desk = Desk::new(self.state_keys, self.state_life, &self.implementation.name);
        let capabilities = capabilities(&registry, self.dynamic);
        let info = ServiceInfo::new(self.implementation, capabilities, self.instructions).map_err(
            |error| BuildError::Description {
                detail: error.to_string(),
            },
        )?;
        Ok(Server::assemble(
            info,
            self.settings,
            desk,
            self.tasks,
            (registry, number),
        ))
    }
}

impl<S: Clone> ServerBuilder<S> {
    /// Adds a tool.
    #[must_use]
    pub fn tool(mut self, tool: Tool<S>) -> Self {
        self.edit.tool(tool, self.state.clone());
        self
    }

    /// Adds many tools.
    #[must_use]
    pub fn tools(self, tools: impl IntoIterator<Item = Tool<S>>) -> Self {
        tools.into_iter().fold(self, Self::tool)
    }

    /// Adds a resource or a resource template.
    #[must_use]
    pub fn resource(mut self, resource: Resource<S>) -> Self {
        self.edit.resource(resource, self.state.clone());
        self
    }

    /// Adds a prompt.
    #[must_use]
    pub fn prompt(mut self, prompt: Prompt<S>) -> Self {
        self.edit.prompt(prompt, self.state.clone());
        self
    }
}

/// What is there, and nothing else, is advertised (T-ALL-20, T-ALL-30, T-ALL-40, T-2607-36). Handlers may
/// always log (T-ALL-53).
fn capabilities(registry: &Registry, dynamic: bool) -> ServerCapabilities {
    let resources = !registry.resources.lists.is_empty() || !registry.templates.lists.is_empty();
    let mut offered = ServerCapabilities::default();
    offered.tools =
        (dynamic || !registry.tools.lists.is_empty()).then(ListCapability::with_changes);
    offered.resources =
        (dynamic || resources).then(|| ResourcesCapability::with_changes().with_subscribe());
    offered.prompts =
        (dynamic || !registry.prompts.lists.is_empty()).then(ListCapability::with_changes);
    offered.completions = dynamic || registry.completes();
    offered.logging = true;
    offered.tasks = dynamic || registry.makes_tasks();
    offered
}

impl<S> fmt::Debug for ServerBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder")
            .field("implementation", &self.implementation)
            .field("edit", &self.edit)
            .finish_non_exhaustive()
    }
}
