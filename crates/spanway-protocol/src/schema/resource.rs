//! Resources, templates of resources, and their contents.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::content::Annotations;
use super::fields::Fields;
use super::implementation::Icon;
use super::list::CacheHint;
use super::project::{Meta, Project, View};
use crate::version::ProtocolVersion;

/// A resource as it is listed or linked to.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ResourceDefinition {
    /// Where it is: an absolute URI.
    pub uri: String,
    /// Its name, for programs.
    pub name: String,
    /// Its name, for people. From 2025-06-18 on.
    pub title: Option<String>,
    /// What it is, for the model.
    pub description: Option<String>,
    /// What form it has.
    pub mime_type: Option<String>,
    /// Its length in bytes, before any encoding.
    pub size: Option<u64>,
    /// Its pictures. From 2025-11-25 on.
    pub icons: Vec<Icon>,
    /// For whom, and how important.
    pub annotations: Option<Annotations>,
    /// Attachments.
    pub meta: Meta,
}

impl ResourceDefinition {
    /// A resource by URI and name.
    pub fn new(uri: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            name: name.into(),
            title: None,
            description: None,
            mime_type: None,
            size: None,
            icons: Vec::new(),
            annotations: None,
            meta: Meta::default(),
        }
    }

    /// The same resource with a name for people.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// The same resource with what it is, for the model.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// The same resource with a MIME type.
    #[must_use]
    pub fn with_mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// The same resource with one more picture.
    #[must_use]
    pub fn with_icon(mut self, icon: Icon) -> Self {
        self.icons.push(icon);
        self
    }

    /// The same resource, for whom and how important.
    #[must_use]
    pub fn with_annotations(mut self, annotations: Annotations) -> Self {
        self.annotations = Some(annotations);
        self
    }

    /// The same resource with attachments.
    #[must_use]
    pub fn with_meta(mut self, meta: Meta) -> Self {
        self.meta = meta;
        self
    }

    /// The same resource with its length in bytes.
    #[must_use]
    pub fn with_size(mut self, bytes: u64) -> Self {
        self.size = Some(bytes);
        self
    }

    pub(super) fn put_fields(
        &self,
        fields: &mut Fields<'_>,
        view: View<'_>,
    ) -> serde_json::Result<()> {
        fields.put("uri", &self.uri)?;
        let listing = Listing {
            name: &self.name,
            title: self.title.as_ref(),
            description: self.description.as_ref(),
            mime_type: self.mime_type.as_ref(),
            icons: &self.icons,
            annotations: self.annotations.as_ref(),
            meta: &self.meta,
        };
        listing.put_fields(fields, view)?;
        fields.maybe("size", self.size.as_ref())
    }
}

/// A family of resources, by RFC 6570 template.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ResourceTemplateDefinition {
    /// Where they are.
    pub uri_template: String,
    /// The family's name, for programs.
    pub name: String,
    /// Its name, for people. From 2025-06-18 on.
    pub title: Option<String>,
    /// What they are, for the model.
    pub description: Option<String>,
    /// What form they all have.
    pub mime_type: Option<String>,
    /// Its pictures. From 2025-11-25 on.
    pub icons: Vec<Icon>,
    /// For whom, and how important.
    pub annotations: Option<Annotations>,
    /// Attachments.
    pub meta: Meta,
}

impl ResourceTemplateDefinition {
    /// A family by template and name.
    pub fn new(uri_template: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            uri_template: uri_template.into(),
            name: name.into(),
            title: None,
            description: None,
            mime_type: None,
            icons: Vec::new(),
            annotations: None,
            meta: Meta::default(),
        }
    }

    /// The same family with a name for people.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// The same family with what it is, for the model.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// The same family with a MIME type.
    #[must_use]
    pub fn with_mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// The same family with one more picture.
    #[must_use]
    pub fn with_icon(mut self, icon: Icon) -> Self {
        self.icons.push(icon);
        self
    }

    /// The same family, for whom and how important.
    #[must_use]
    pub fn with_annotations(mut self, annotations: Annotations) -> Self {
        self.annotations = Some(annotations);
        self
    }

    /// The same family with attachments.
    #[must_use]
    pub fn with_meta(mut self, meta: Meta) -> Self {
        self.meta = meta;
        self
    }
}

/// What resources and templates have in common.
struct Listing<'a> {
    name: &'a String,
    title: Option<&'a String>,
    description: Option<&'a String>,
    mime_type: Option<&'a String>,
    icons: &'a [Icon],
    annotations: Option<&'a Annotations>,
    meta: &'a Meta,
}

impl Listing<'_> {
    fn put_fields(&self, fields: &mut Fields<'_>, view: View<'_>) -> serde_json::Result<()> {
        fields.put("name", self.name)?;
        fields.gated(
            view.since(ProtocolVersion::V2025_06_18),
            "title",
            self.title,
        )?;
        fields.maybe("description", self.description)?;
        fields.maybe("mimeType", self.mime_type)?;
        fields.list(
            view.since(ProtocolVersion::V2025_11_25),
            "icons",
            self.icons,
        )?;
        fields.maybe_projected("annotations", self.annotations, view)?;
        fields.meta(view, self.meta)
    }
}

impl Project for ResourceDefinition {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        self.put_fields(fields, view)
    }
}

impl Project for ResourceTemplateDefinition {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        fields.put("uriTemplate", &self.uri_template)?;
        let listing = Listing {
            name: &self.name,
            title: self.title.as_ref(),
            description: self.description.as_ref(),
            mime_type: self.mime_type.as_ref(),
            icons: &self.icons,
            annotations: self.annotations.as_ref(),
            meta: &self.meta,
        };
        listing.put_fields(fields, view)
    }
}

/// The contents of one resource.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ResourceContents {
    /// Where it is.
    pub uri: String,
    /// What form it has.
    pub mime_type: Option<String>,
    /// What is in it.
    pub body: ResourceBody,
    /// Attachments.
    pub meta: Meta,
}

/// Text, or bytes in base64.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the specification knows these two")]
pub enum ResourceBody {
    /// Text.
    Text(String),
    /// Bytes in base64.
    Blob(String),
}

impl ResourceContents {
    /// A resource of text.
    pub fn text(uri: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            mime_type: None,
            body: ResourceBody::Text(text.into()),
            meta: Meta::default(),
        }
    }

    /// A resource of bytes.
    pub fn blob(uri: impl Into<String>, bytes: impl AsRef<[u8]>) -> Self {
        Self::base64(uri, STANDARD.encode(bytes))
    }

    /// A resource of bytes that are base64 already.
    pub fn base64(uri: impl Into<String>, blob: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            mime_type: None,
            body: ResourceBody::Blob(blob.into()),
            meta: Meta::default(),
        }
    }

    /// The same contents with a MIME type.
    #[must_use]
    pub fn with_mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// The same contents with attachments.
    #[must_use]
    pub fn with_meta(mut self, meta: Meta) -> Self {
        self.meta = meta;
        self
    }
}

impl Project for ResourceContents {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        fields.text("uri", &self.uri);
        fields.maybe("mimeType", self.mime_type.as_ref())?;
        match &self.body {
            ResourceBody::Text(text) => fields.text("text", text),
            ResourceBody::Blob(blob) => fields.text("blob", blob),
        }
        fields.meta(view, &self.meta)
    }
}

/// The answer to `resources/read`.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ReadResourceResult {
    /// The contents; several if the URI stands for several (T-ALL-42).
    pub contents: Vec<ResourceContents>,
    /// How long it may be kept, in the modern revision (T-2607-44).
    pub cache: CacheHint,
    /// Attachments.
    pub meta: Meta,
}

impl ReadResourceResult {
    /// An answer that must not be kept.
    #[must_use]
    pub fn new(contents: Vec<ResourceContents>) -> Self {
        Self {
            contents,
            ..Self::default()
        }
    }

    /// The same answer, to be kept as long as `cache` says.
    #[must_use]
    pub fn with_cache(mut self, cache: CacheHint) -> Self {
        self.cache = cache;
        self
    }

    /// The same answer with attachments.
    #[must_use]
    pub fn with_meta(mut self, meta: Meta) -> Self {
        self.meta = meta;
        self
    }
}

impl Project for ReadResourceResult {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        fields.projected_list("contents", &self.contents, view)?;
        self.cache.put_fields(fields, view)?;
        fields.result(view, &self.meta)
    }
}
