//! Resources and templates as they are served, and what becomes of what their handlers return.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};
use spanway_protocol::schema::{
    CacheHint, CacheScope, ReadResourceResult, ResourceContents, ResourceDefinition,
    ResourceTemplateDefinition,
};
use spanway_protocol::{Answer, Rejection, Reply};

use crate::completion::Completers;
use crate::context::Context;
use crate::handler::{
    Endpoint, ExtractError, ExtractErrorKind, Failure, Finish, IntoReadResult, Outcome,
    ResourceCall, ResourceOutput,
};
use crate::page::ListKind;
use crate::section::{Entry, Visibility};
use crate::template::UriTemplate;

/// What was described as a resource, ready to be served.
pub(crate) enum Bound {
    Exact(ResourceEntry),
    Template(TemplateEntry),
}

/// What resources and templates have in common.
pub(crate) struct Common {
    pub(crate) cache: Option<CacheHint>,
    pub(crate) visible: Option<Visibility>,
    pub(crate) mime_type: Option<String>,
    pub(crate) endpoint: Box<dyn Endpoint<ResourceCall, ResourceRun>>,
}

impl Common {
    fn read(
        self: &Arc<Self>,
        uri: String,
        variables: Map<String, Value>,
        context: Context,
        cache: CacheHint,
    ) -> BoxFuture<'static, Reply> {
        let mut cache = self.cache.unwrap_or(cache);
        if self.visible.is_some() {
            // What not everybody may read must not be handed on (T-2607-44).
            cache.scope = CacheScope::Private;
        }
        let run = ResourceRun {
            uri: uri.as_str().into(),
            cache,
            retried: context.is_retry(),
            common: self.clone(),
        };
        self.endpoint.run(
            ResourceCall {
                context,
                uri,
                variables,
            },
            run,
        )
    }
}

/// A resource with a URI of its own.
pub(crate) struct ResourceEntry {
    definition: ResourceDefinition,
    common: Arc<Common>,
}

impl ResourceEntry {
    pub(super) fn new(definition: ResourceDefinition, common: Common) -> Self {
        Self {
            definition,
            common: Arc::new(common),
        }
    }

    pub(crate) fn read(
        &self,
        uri: String,
        context: Context,
        cache: CacheHint,
    ) -> BoxFuture<'static, Reply> {
        self.common.read(uri, Map::new(), context, cache)
    }

    pub(crate) fn asks(&self) -> bool {
        self.common.endpoint.asks()
    }
}

/// A template for resources.
pub(crate) struct TemplateEntry {
    definition: ResourceTemplateDefinition,
    template: UriTemplate,
    completers: Completers,
    common: Arc<Common>,
}

impl TemplateEntry {
    pub(super) fn new(
        definition: ResourceTemplateDefinition,
        template: UriTemplate,
        completers: Completers,
        common: Common,
    ) -> Self {
        Self {
            definition,
            template,
            completers,
            common: Arc::new(common),
        }
    }

    /// The values with which the template gives `uri`.
    pub(crate) fn matches(&self, uri: &str) -> Option<Map<String, Value>> {
        self.template.matches(uri)
    }

    pub(crate) fn read(
        &self,
        uri: String,
        variables: Map<String, Value>,
        context: Context,
        cache: CacheHint,
    ) -> BoxFuture<'static, Reply> {
        self.common.read(uri, variables, context, cache)
    }

    pub(crate) fn asks(&self) -> bool {
        self.common.endpoint.asks()
    }

    pub(crate) fn completes(&self) -> bool {
        !self.completers.is_empty()
    }

    pub(crate) fn completers(&self) -> &Completers {
        &self.completers
    }

    pub(crate) fn has_variable(&self, name: &str) -> bool {
        self.template.variables().any(|variable| variable == name)
    }
}

impl Entry for ResourceEntry {
    type Definition = ResourceDefinition;

    const LIST: ListKind = ListKind::Resources;

    fn key(&self) -> &str {
        &self.definition.uri
    }

    fn definition(&self) -> &ResourceDefinition {
        &self.definition
    }

    fn visibility(&self) -> Option<&Visibility> {
        self.common.visible.as_ref()
    }
}

impl Entry for TemplateEntry {
    type Definition = ResourceTemplateDefinition;

    const LIST: ListKind = ListKind::Templates;

    fn key(&self) -> &str {
        &self.definition.uri_template
    }

    fn definition(&self) -> &ResourceTemplateDefinition {
        &self.definition
    }

    fn visibility(&self) -> Option<&Visibility> {
        self.common.visible.as_ref()
    }
}

impl fmt::Debug for ResourceEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceEntry")
            .field("definition", &self.definition)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for TemplateEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TemplateEntry")
            .field("definition", &self.definition)
            .finish_non_exhaustive()
    }
}

/// One read of a resource.
pub(crate) struct ResourceRun {
    uri: Arc<str>,
    cache: CacheHint,
    retried: bool,
    common: Arc<Common>,
}

impl ResourceRun {
    fn not_found(&self) -> Rejection {
        Rejection::ResourceNotFound {
            uri: self.uri.as_ref().to_owned(),
        }
    }

    fn result(&self, output: ResourceOutput) -> ReadResourceResult {
        let uri = || self.uri.as_ref().to_owned();
        let mut result = match output {
            ResourceOutput::Result(result) => result,
            ResourceOutput::Contents(contents) => ReadResourceResult::new(contents),
            ResourceOutput::Text(text) => self.single(ResourceContents::text(uri(), text)),
            ResourceOutput::Blob(bytes) => self.single(ResourceContents::blob(uri(), &bytes)),
        };
        if result.cache == CacheHint::default() {
            result.cache = self.cache;
        }
        if self.retried {
            // What was read with answers of one client is not for another request (T-MRTR-09).
            result.cache = CacheHint::default();
        }
        result
    }

    fn single(&self, mut contents: ResourceContents) -> ReadResourceResult {
        contents.mime_type = self.common.mime_type.clone();
        ReadResourceResult::new(vec![contents])
    }
}

impl Outcome for ResourceRun {
    fn feature(&self) -> &str {
        &self.uri
    }

    fn refuse(&self, error: ExtractError) -> Reply {
        match error.kind {
            // A URI whose parts are not what they must be names nothing.
            ExtractErrorKind::Arguments => self.not_found().into(),
            ExtractErrorKind::Refused => error.into_reply(),
        }
    }

    fn fail(&self, failure: Failure) -> Reply {
        failure.into_reply(&self.uri, || self.not_found())
    }
}

impl<O: IntoReadResult> Finish<O> for ResourceRun {
    fn finish(&self, output: O) -> Reply {
        match output.into_read_result() {
            Ok(output) => Answer::ReadResource(self.result(output)).into(),
            Err(error) => self.fail(error.0),
        }
    }
}
