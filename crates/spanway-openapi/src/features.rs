//! What each operation becomes: tool, resource, resource template, prompt, or several of them, or nothing.
//!
//! Marks decide ([`Marks`](crate::Marks)); [`Exposure`] says what becomes of operations that carry none.

use std::fmt;
use std::sync::Arc;

use spanway_server::{Principal, Prompt, Resource, ServerBuilder, Tool};

use crate::bridge::{Bridge, Source};
use crate::operation::Operation;
use crate::problem::Problem;
use crate::prompt::prompt;
use crate::resource::{Address, Place, resource};
use crate::tools::tool_at;

/// Says whether a caller is granted a scope.
type Grants = Arc<dyn Fn(Option<&Principal>, &str) -> bool + Send + Sync>;

/// What a GET operation without marks is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Reads {
    /// A tool, as every other operation.
    #[default]
    Tools,
    /// A resource, or a template if its path has parameters; a tool where it needs more than its path.
    Resources,
    /// Both.
    Both,
}

/// The rules for what becomes of operations.
#[derive(Clone)]
pub struct Exposure {
    unmarked: bool,
    reads: Reads,
    scheme: String,
    grants: Option<Grants>,
}

/// What one operation is to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exposed {
    /// Whether it is a tool.
    pub tool: bool,
    /// As how many resources and templates it can be read.
    pub resources: usize,
    /// Whether it is a prompt.
    pub prompt: bool,
}

/// What the operations became.
pub struct Features<S = ()> {
    /// Tools, in the order of the document.
    pub tools: Vec<Tool<S>>,
    /// Resources and templates, in the order of the document.
    pub resources: Vec<Resource<S>>,
    /// Prompts, in the order of the document.
    pub prompts: Vec<Prompt<S>>,
    /// Marks that cannot be followed.
    pub problems: Vec<Problem>,
}

impl Default for Exposure {
    fn default() -> Self {
        Self {
            unmarked: true,
            reads: Reads::Tools,
            scheme: "app".to_owned(),
            grants: None,
        }
    }
}

impl Exposure {
    /// Every operation is a tool unless it is marked as something else.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Only what is marked is exposed.
    #[must_use]
    pub fn marked() -> Self {
        Self {
            unmarked: false,
            ..Self::default()
        }
    }

    /// What GET operations without marks are, where those are exposed; tools unless told.
    #[must_use]
    pub fn reads(mut self, reads: Reads) -> Self {
        self.reads = reads;
        self
    }

    /// The scheme of resource URIs that no mark spells out; `app` unless told.
    #[must_use]
    pub fn scheme(mut self, scheme: impl Into<String>) -> Self {
        self.scheme = scheme.into();
        self
    }

    /// Shows and grants what carries `x-mcp-scopes` only to callers that are granted each of them. Without this,
    /// scopes are told to clients, and the API itself decides.
    #[must_use]
    pub fn grants(
        mut self,
        decide: impl Fn(Option<&Principal>, &str) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.grants = Some(Arc::new(decide));
        self
    }

    pub(crate) fn uri_scheme(&self) -> &str {
        &self.scheme
    }

    fn is_tool(&self, operation: &Operation, is_resource: bool) -> bool {
        let by_rule = is_resource && !operation.marks.is_marked();
        let unmarked = self.unmarked && (!by_rule || self.reads == Reads::Both);
        operation.marks.is_tool(unmarked)
    }

    /// Where the operation can be read, by its marks or by rule.
    fn addresses(&self, operation: &Operation) -> Result<Vec<Address>, Problem> {
        let marks = &operation.marks;
        if marks.resource.is_some() || marks.template.is_some() {
            return Address::marked(operation, &self.scheme);
        }
        let by_rule = self.unmarked && self.reads != Reads::Tools && !marks.is_marked();
        let by_rule = by_rule && marks.tool.is_none();
        let address = by_rule.then(|| Address::by_rule(operation, &self.scheme));
        Ok(address.flatten().into_iter().collect())
    }

    /// What an operation becomes by its marks and these rules.
    #[must_use]
    pub fn exposed(&self, operation: &Operation) -> Exposed {
        let resources = self.addresses(operation).unwrap_or_default().len();
        Exposed {
            tool: self.is_tool(operation, resources > 0),
            resources,
            prompt: operation.marks.prompt,
        }
    }

    /// A prompt for those who are granted the operation it is about.
    pub(crate) fn guarded_prompt<S>(&self, prompt: Prompt<S>, operation: &Operation) -> Prompt<S> {
        match self.decision(&operation.marks.scopes) {
            Some(decide) => prompt.visible_to(decide),
            None => prompt,
        }
    }

    /// Whether a caller may see what needs these scopes; `None` where nobody asks.
    pub(crate) fn decision(
        &self,
        scopes: &[String],
    ) -> Option<impl Fn(Option<&Principal>) -> bool + Send + Sync + 'static + use<>> {
        let grants = self.grants.clone().filter(|_| !scopes.is_empty())?;
        let scopes = scopes.to_vec();
        Some(move |principal: Option<&Principal>| {
            scopes.iter().all(|scope| grants(principal, scope))
        })
    }
}

impl Bridge {
    /// Every operation as what its marks and `exposure` make of it.
    #[must_use]
    pub fn into_features<S: Send + Sync + 'static>(self, exposure: &Exposure) -> Features<S> {
        Features::of(&Arc::new(self), exposure)
    }
}

impl<S: Send + Sync + 'static> Features<S> {
    /// Every operation of `bridge` as what its marks and `exposure` make of it.
    pub(crate) fn of(bridge: &Arc<Bridge>, exposure: &Exposure) -> Self {
        let mut features = Self::default();
        let mut sources = Vec::new();
        for (index, operation) in bridge.operations().enumerate() {
            features.add(bridge, index, operation, exposure, &mut sources);
        }
        bridge.take_files_from(sources);
        features
    }

    fn add(
        &mut self,
        bridge: &Arc<Bridge>,
        index: usize,
        operation: &Operation,
        exposure: &Exposure,
        sources: &mut Vec<Source>,
    ) {
        let scopes = &operation.marks.scopes;
        let addresses = exposure.addresses(operation).unwrap_or_else(|problem| {
            self.problems.push(problem);
            Vec::new()
        });
        if exposure.is_tool(operation, !addresses.is_empty()) {
            let tool = tool_at(
                bridge,
                index,
                operation.tool_definition(),
                addresses.clone(),
            );
            self.tools.push(match exposure.decision(scopes) {
                Some(decide) => tool.visible_to(decide),
                None => tool,
            });
        }
        for address in addresses {
            let place = Arc::new(Place::new(index, operation, address));
            sources.extend(Source::new(Arc::clone(&place), exposure.decision(scopes)));
            let resource = resource(bridge, operation, place);
            self.resources.push(match exposure.decision(scopes) {
                Some(decide) => resource.visible_to(decide),
                None => resource,
            });
        }
        if operation.marks.prompt {
            let prompt = prompt(bridge, index, operation);
            self.prompts
                .push(exposure.guarded_prompt(prompt, operation));
        }
    }
}

impl<S> Features<S> {
    /// Adds those of `other`, behind these.
    pub fn extend(&mut self, other: Self) {
        self.tools.extend(other.tools);
        self.resources.extend(other.resources);
        self.prompts.extend(other.prompts);
        self.problems.extend(other.problems);
    }
}

impl<S: Clone> Features<S> {
    /// Adds all of them to a server.
    #[must_use]
    pub fn add_to(self, server: ServerBuilder<S>) -> ServerBuilder<S> {
        let server = server.tools(self.tools);
        let resources = self.resources.into_iter();
        let server = resources.fold(server, ServerBuilder::resource);
        self.prompts.into_iter().fold(server, ServerBuilder::prompt)
    }
}

impl<S> Default for Features<S> {
    fn default() -> Self {
        Self {
            tools: Vec::new(),
            resources: Vec::new(),
            prompts: Vec::new(),
            problems: Vec::new(),
        }
    }
}

impl fmt::Debug for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exposure")
            .field("unmarked", &self.unmarked)
            .field("reads", &self.reads)
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for Features<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Features")
            .field("tools", &self.tools)
            .field("resources", &self.resources)
            .field("prompts", &self.prompts)
            .field("problems", &self.problems)
            .finish()
    }
}
