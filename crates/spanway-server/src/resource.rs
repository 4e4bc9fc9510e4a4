//! Resources and resource templates: what is advertised of them, and how they are read.

mod entry;

pub(crate) use entry::{Bound, Common, ResourceEntry, TemplateEntry};

use std::fmt;

use serde_json::Value;
use spanway_protocol::schema::{
    Annotations, CacheHint, Icon, ResourceDefinition, ResourceTemplateDefinition,
};

use crate::completion::{BindCompleter, Completers};
use crate::error::BuildError;
use crate::handler::{
    Bind, Bound as BoundHandler, CompletionCall, Handler, IntoCompletion, IntoReadResult,
    ResourceCall, rebind,
};
use crate::principal::Principal;
use crate::section::Visibility;
use crate::template::{UriTemplate, is_uri};
use entry::ResourceRun;

/// A resource, or a template for many: a URI, a description and the async function that reads it.
///
/// ```
/// use serde::Deserialize;
/// use spanway_server::{Params, Resource, ResourceError};
///
/// let about: Resource = Resource::text("shop://about", "about", "A small bookshop.");
///
/// #[derive(Deserialize)]
/// struct Book {
///     id: u32,
/// }
///
/// async fn read_book(Params(Book { id }): Params<Book>) -> Result<String, ResourceError> {
///     if id == 7 { Ok("Emma".to_owned()) } else { Err(ResourceError::not_found()) }
/// }
///
/// let book: Resource = Resource::template("book://{id}", "book", read_book).mime_type("text/plain");
/// ```
pub struct Resource<S = ()> {
    at: At,
    definition: ResourceDefinition,
    cache: Option<CacheHint>,
    visible: Option<Visibility>,
    completers: Vec<(String, BindCompleter<S>)>,
    bind: Bind<S, ResourceCall, ResourceRun>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Uri,
    Template,
}

impl<S: Send + Sync + 'static> Resource<S> {
    /// The resource at `uri`.
    pub fn new<H, M>(uri: impl Into<String>, name: impl Into<String>, handler: H) -> Self
    where
        H: Handler<ResourceCall, M, S>,
        H::Output: IntoReadResult,
        M: 'static,
    {
        Self::of(
            At::Uri,
            uri.into(),
            name.into(),
            BoundHandler::later(handler),
        )
    }

    /// A resource whose text never changes.
    pub fn text(uri: impl Into<String>, name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let size = text.len() as u64;
        Self::new(uri, name, move || std::future::ready(text.clone()))
            .mime_type("text/plain")
            .size(size)
    }

    /// All resources whose URI fits `template`: `{name}` stands for one segment, `{+name}` reaches over
    /// slashes (RFC 6570). The handler has the values as [`Params`](crate::Params). Templates are tried in the
    /// order in which they were added, after the resources with a URI of their own.
    ///
    /// Values are percent-decoded. One with a `..` segment matches nothing; still, what a handler makes of a
    /// value, a path above all, is its own to check.
    pub fn template<H, M>(template: impl Into<String>, name: impl Into<String>, handler: H) -> Self
    where
        H: Handler<ResourceCall, M, S>,
        H::Output: IntoReadResult,
        M: 'static,
    {
        Self::of(
            At::Template,
            template.into(),
            name.into(),
            BoundHandler::later(handler),
        )
    }

    /// Suggests values for a variable of the template.
    #[must_use]
    pub fn complete<H, M>(mut self, variable: impl Into<String>, completer: H) -> Self
    where
        H: Handler<CompletionCall, M, S>,
        H::Output: IntoCompletion,
        M: 'static,
    {
        self.completers
            .push((variable.into(), BoundHandler::later(completer)));
        self
    }

    fn of(at: At, uri: String, name: String, bind: Bind<S, ResourceCall, ResourceRun>) -> Self {
        let definition = ResourceDefinition::new(uri, name);
        Self {
            at,
            definition,
            cache: None,
            visible: None,
            completers: Vec::new(),
            bind,
        }
    }
}

impl<S: Clone + Send + 'static> Resource<S> {
    /// Binds the state, so that the resource can be added where there is another one, or none.
    #[must_use]
    pub fn with_state<T>(self, state: S) -> Resource<T> {
        let completers = self
            .completers
            .into_iter()
            .map(|(name, bind)| (name, rebind(bind, state.clone())));
        Resource {
            at: self.at,
            definition: self.definition,
            cache: self.cache,
            visible: self.visible,
            completers: completers.collect(),
            bind: rebind(self.bind, state),
        }
    }
}

impl<S> Resource<S> {
    /// What clients are shown of the resource; of a template, in the place of its URI the template.
    #[must_use]
    pub fn definition(&self) -> &ResourceDefinition {
        &self.definition
    }

    /// Whether it is a template, and its URI that of many.
    #[must_use]
    pub fn is_template(&self) -> bool {
        self.at == At::Template
    }

    /// A name for people.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.definition.title = Some(title.into());
        self
    }

    /// What it holds, for the model.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.definition.description = Some(description.into());
        self
    }

    /// The media type of what is read.
    #[must_use]
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.definition.mime_type = Some(mime_type.into());
        self
    }

    /// Its size in bytes, if known. Not for templates.
    #[must_use]
    pub fn size(mut self, bytes: u64) -> Self {
        self.definition.size = Some(bytes);
        self
    }

    /// An icon for people; several are alternatives.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.definition.icons.push(icon);
        self
    }

    /// For whom it is, and how much it matters.
    #[must_use]
    pub fn annotations(mut self, annotations: Annotations) -> Self {
        self.definition.annotations = Some(annotations);
        self
    }

    /// How long clients may keep what they read (T-2607-44); the server's own hint otherwise.
    #[must_use]
    pub fn cache(mut self, hint: CacheHint) -> Self {
        self.cache = Some(hint);
        self
    }

    /// Adds to the resource's `_meta`.
    #[must_use]
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.definition.meta.insert(key, value);
        self
    }

    /// Shows and grants the resource only to callers for which `decide` says yes; for others there is none.
    #[must_use]
    pub fn visible_to(
        mut self,
        decide: impl Fn(Option<&Principal>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.visible = Some(Visibility::new(decide));
        self
    }
}

impl<S: Clone> Resource<S> {
    /// The resource with its state, or what is wrong with it.
    pub(crate) fn bind(self, state: S, errors: &mut Vec<BuildError>) -> Option<Bound> {
        let completers = self
            .completers
            .into_iter()
            .map(|(name, bind)| (name, bind(state.clone())));
        let completers = Completers::new(completers);
        let common = Common {
            cache: self.cache,
            visible: self.visible,
            mime_type: self.definition.mime_type.clone(),
            endpoint: (self.bind)(state),
        };
        match self.at {
            At::Uri => exact(self.definition, &completers, common, errors).map(Bound::Exact),
            At::Template => {
                template(self.definition, completers, common, errors).map(Bound::Template)
            }
        }
    }
}

fn exact(
    definition: ResourceDefinition,
    completers: &Completers,
    common: Common,
    errors: &mut Vec<BuildError>,
) -> Option<ResourceEntry> {
    let before = errors.len();
    // T-ALL-41, T-ALL-43
    if !is_uri(&definition.uri) {
        errors.push(BuildError::InvalidUri {
            uri: definition.uri.clone(),
        });
    }
    completers.check("resource", &definition.uri, "variable", |_| false, errors);
    (errors.len() == before).then(|| ResourceEntry::new(definition, common))
}

fn template(
    definition: ResourceDefinition,
    completers: Completers,
    common: Common,
    errors: &mut Vec<BuildError>,
) -> Option<TemplateEntry> {
    let before = errors.len();
    let template = match UriTemplate::parse(&definition.uri) {
        Ok(template) => template,
        Err(detail) => {
            errors.push(BuildError::Template {
                template: definition.uri,
                detail,
            });
            return None;
        }
    };
    let known = |variable: &str| template.variables().any(|name| name == variable);
    completers.check(
        "resource template",
        &definition.uri,
        "variable",
        known,
        errors,
    );
    if errors.len() > before {
        return None;
    }
    let mut advertised = ResourceTemplateDefinition::new(definition.uri, definition.name);
    advertised.title = definition.title;
    advertised.description = definition.description;
    advertised.mime_type = definition.mime_type;
    advertised.icons = definition.icons;
    advertised.annotations = definition.annotations;
    advertised.meta = definition.meta;
    Some(TemplateEntry::new(advertised, template, completers, common))
}

impl<S> fmt::Debug for Resource<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource")
            .field("definition", &self.definition)
            .finish_non_exhaustive()
    }
}
