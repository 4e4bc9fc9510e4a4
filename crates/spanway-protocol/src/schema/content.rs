//! Content blocks: text, images, audio, links to resources and embedded resources.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::fields::Fields;
use super::project::{Meta, Project, View};
use super::resource::{ResourceContents, ResourceDefinition};
use crate::version::ProtocolVersion;

/// One block of a tool result or prompt message.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// Words.
    Text {
        /// The words.
        text: String,
        /// For whom, and how important.
        annotations: Option<Annotations>,
        /// Attachments.
        meta: Meta,
    },
    /// A picture.
    Image(Media),
    /// A sound. Text in its place for 2024-11-05, which has no audio.
    Audio(Media),
    /// Where a resource can be read. Text in its place before 2025-06-18.
    ResourceLink(Box<ResourceDefinition>),
    /// A resource, contents and all.
    Resource {
        /// The contents.
        resource: Box<ResourceContents>,
        /// For whom, and how important.
        annotations: Option<Annotations>,
        /// Attachments.
        meta: Meta,
    },
}

/// Binary data with its MIME type.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Media {
    /// The data in base64.
    pub data: String,
    /// What it is: `image/png`, `audio/wav`.
    pub mime_type: String,
    /// For whom, and how important.
    pub annotations: Option<Annotations>,
    /// Attachments.
    pub meta: Meta,
}

impl Media {
    /// Data that is base64 already.
    pub fn from_base64(data: impl Into<String>, mime_type: impl Into<String>) -> Self {
        Self {
            data: data.into(),
            mime_type: mime_type.into(),
            annotations: None,
            meta: Meta::default(),
        }
    }
}

/// Hints about who content is for.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Annotations {
    /// For whom.
    pub audience: Vec<Role>,
    /// From 0, optional, to 1, required.
    pub priority: Option<f64>,
    /// When it was last changed, in ISO 8601. From 2025-06-18 on.
    pub last_modified: Option<String>,
}

impl Annotations {
    /// The same hints, for one more reader.
    #[must_use]
    pub fn with_audience(mut self, role: Role) -> Self {
        self.audience.push(role);
        self
    }

    /// The same hints with an importance, from 0, optional, to 1, required.
    #[must_use]
    pub fn with_priority(mut self, priority: f64) -> Self {
        self.priority = Some(priority);
        self
    }

    /// The same hints with the time of the last change, in ISO 8601.
    #[must_use]
    pub fn with_last_modified(mut self, time: impl Into<String>) -> Self {
        self.last_modified = Some(time.into());
        self
    }
}

/// Who speaks, or is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "the specification knows these two")]
pub enum Role {
    /// The person.
    User,
    /// The model.
    Assistant,
}

impl Content {
    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text {
            text: text.into(),
            annotations: None,
            meta: Meta::default(),
        }
    }

    /// A picture from its bytes.
    pub fn image(bytes: impl AsRef<[u8]>, mime_type: impl Into<String>) -> Self {
        Self::Image(Media::from_base64(STANDARD.encode(bytes), mime_type))
    }

    /// A sound from its bytes.
    pub fn audio(bytes: impl AsRef<[u8]>, mime_type: impl Into<String>) -> Self {
        Self::Audio(Media::from_base64(STANDARD.encode(bytes), mime_type))
    }

    /// A link to a resource.
    #[must_use]
    pub fn resource_link(resource: ResourceDefinition) -> Self {
        Self::ResourceLink(Box::new(resource))
    }

    /// An embedded resource.
    #[must_use]
    pub fn resource(resource: ResourceContents) -> Self {
        Self::Resource {
            resource: Box::new(resource),
            annotations: None,
            meta: Meta::default(),
        }
    }

    /// The same block, for whom and how important.
    #[must_use]
    pub fn with_annotations(mut self, new: Annotations) -> Self {
        match &mut self {
            Self::Text { annotations, .. } | Self::Resource { annotations, .. } => {
                *annotations = Some(new);
            }
            Self::Image(media) | Self::Audio(media) => media.annotations = Some(new),
            Self::ResourceLink(link) => link.annotations = Some(new),
        }
        self
    }

    /// The same block with attachments.
    #[must_use]
    pub fn with_meta(mut self, new: Meta) -> Self {
        match &mut self {
            Self::Text { meta, .. } | Self::Resource { meta, .. } => *meta = new,
            Self::Image(media) | Self::Audio(media) => media.meta = new,
            Self::ResourceLink(link) => link.meta = new,
        }
        self
    }

    /// The words of a text block.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text { text, .. } => Some(text),
            _ => None,
        }
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl Project for Annotations {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        fields.list(true, "audience", &self.audience)?;
        // The schema allows 0 to 1, and JSON has no NaN.
        let priority = self.priority.filter(|priority| !priority.is_nan());
        fields.maybe(
            "priority",
            priority.map(|priority| priority.clamp(0.0, 1.0)).as_ref(),
        )?;
        fields.gated(
            view.since(ProtocolVersion::V2025_06_18),
            "lastModified",
            self.last_modified.as_ref(),
        )
    }
}

impl Project for Content {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        match self {
            Self::Text {
                text,
                annotations,
                meta,
            } => {
                TextBlock(text).project(view, fields)?;
                extras(fields, view, annotations.as_ref(), meta)?;
            }
            Self::Audio(media) if !view.since(ProtocolVersion::V2025_03_26) => {
                let text = format!("[audio, {}]", media.mime_type);
                TextBlock(&text).project(view, fields)?;
                extras(fields, view, media.annotations.as_ref(), &media.meta)?;
            }
            Self::Image(media) => media_block(fields, view, "image", media)?,
            Self::Audio(media) => media_block(fields, view, "audio", media)?,
            Self::ResourceLink(link) if !view.since(ProtocolVersion::V2025_06_18) => {
                let name = link.title.as_ref().unwrap_or(&link.name);
                let text = format!("{name}: {}", link.uri);
                TextBlock(&text).project(view, fields)?;
                extras(fields, view, link.annotations.as_ref(), &link.meta)?;
            }
            Self::ResourceLink(link) => {
                fields.word("type", "resource_link");
                link.put_fields(fields, view)?;
            }
            Self::Resource {
                resource,
                annotations,
                meta,
            } => {
                fields.word("type", "resource");
                fields.projected("resource", &**resource, view)?;
                extras(fields, view, annotations.as_ref(), meta)?;
            }
        }
        Ok(())
    }
}

/// A block of words, without extras.
pub(super) struct TextBlock<'a>(pub(super) &'a str);

impl Project for TextBlock<'_> {
    fn project(&self, _: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        fields.word("type", "text");
        fields.text("text", self.0);
        Ok(())
    }
}

fn media_block(
    fields: &mut Fields<'_>,
    view: View<'_>,
    kind: &'static str,
    media: &Media,
) -> serde_json::Result<()> {
    fields.word("type", kind);
    fields.text("data", &media.data);
    fields.text("mimeType", &media.mime_type);
    extras(fields, view, media.annotations.as_ref(), &media.meta)
}

fn extras(
    fields: &mut Fields<'_>,
    view: View<'_>,
    annotations: Option<&Annotations>,
    meta: &Meta,
) -> serde_json::Result<()> {
    fields.maybe_projected("annotations", annotations, view)?;
    fields.meta(view, meta)
}
