//! All operations of a document that are to become tools, and all that was odd; no upstream needed.

use url::Url;

use crate::document::Document;
use crate::filter::Filter;
use crate::operation::{Operation, read_operations};
use crate::problem::Problem;
use crate::security::{Schemes, SecurityScheme, read_schemes};

/// The operations of one API.
#[derive(Debug, Clone)]
pub struct Catalog {
    title: Option<String>,
    description: Option<String>,
    version: Option<String>,
    prefix: Option<String>,
    server: Option<String>,
    origin: Option<Url>,
    schemes: Schemes,
    operations: Vec<Operation>,
    problems: Vec<Problem>,
}

impl Catalog {
    /// Reads every operation of a document.
    ///
    /// Operations with `x-mcp: false` are left out. This never fails: what cannot be read is left out and stands in [`problems`](Self::problems).
    #[must_use]
    pub fn read(document: &Document) -> Self {
        let (mut operations, mut problems) = read_operations(document);
        operations.retain(|it| !it.marks.is_hidden());
        let schemes = read_schemes(document, &mut problems);
        for problem in &mut problems {
            problem.pointer = document.written_pointer(&problem.pointer);
        }
        problems.extend_from_slice(document.notes());
        Self {
            title: document.title().map(str::to_owned),
            description: document.description().map(str::to_owned),
            version: document.api_version().map(str::to_owned),
            prefix: None,
            server: document
                .at("/servers")
                .and_then(|servers| document.server_url(servers)),
            origin: document.origin().cloned(),
            schemes,
            operations,
            problems,
        }
    }

    /// Keeps only operations that one of the filters means; without filters it keeps all.
    #[must_use]
    pub fn include(mut self, filters: &[Filter]) -> Self {
        if !filters.is_empty() {
            self.operations
                .retain(|it| filters.iter().any(|filter| filter.matches(it)));
        }
        self
    }

    /// Leaves out operations that one of the filters means.
    #[must_use]
    pub fn exclude(mut self, filters: &[Filter]) -> Self {
        self.operations
            .retain(|it| !filters.iter().any(|filter| filter.matches(it)));
        self
    }

    /// The title of the API.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// What the API says of itself.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The version of the API.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The operations, in the order of the document.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// What was odd, in the order in which it was found; filters leave this as it is.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The security schemes of the document, by name.
    pub fn security_schemes(&self) -> impl Iterator<Item = (&str, &SecurityScheme)> {
        self.schemes.iter().map(|(name, it)| (name.as_str(), it))
    }

    pub(crate) fn schemes(&self) -> &Schemes {
        &self.schemes
    }

    /// The first of the document's `servers`; it may be relative.
    pub(crate) fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }

    /// The URL the document came from.
    pub(crate) fn origin(&self) -> Option<&Url> {
        self.origin.as_ref()
    }

    /// What stands before every name that is made for this API.
    pub(crate) fn set_prefix(&mut self, prefix: &str) {
        self.prefix = Some(prefix.to_owned());
    }

    /// A name of ours, behind the prefix of this API.
    pub(crate) fn own_name(&self, name: &str) -> String {
        match &self.prefix {
            Some(prefix) => format!("{prefix}_{name}"),
            None => name.to_owned(),
        }
    }

    pub(crate) fn operations_mut(&mut self) -> &mut Vec<Operation> {
        &mut self.operations
    }

    pub(crate) fn add_problems(&mut self, problems: Vec<Problem>) {
        self.problems.extend(problems);
    }

    pub(crate) fn into_operations(self) -> Vec<Operation> {
        self.operations
    }
}
