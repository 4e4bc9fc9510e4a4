//! Who a server or client is.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::fields::Fields;
use super::project::{Project, View};
use crate::version::ProtocolVersion;

/// A program that speaks MCP. Reading one takes the name and whatever else is well-formed: how a client
/// describes itself must not keep it from working.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Implementation {
    /// Its name, for programs.
    pub name: String,
    /// Its version.
    #[serde(default, deserialize_with = "well_formed")]
    pub version: String,
    /// Its name, for people. From 2025-06-18 on.
    #[serde(default, deserialize_with = "well_formed")]
    pub title: Option<String>,
    /// What it is for. From 2025-11-25 on.
    #[serde(default, deserialize_with = "well_formed")]
    pub description: Option<String>,
    /// Its pictures. From 2025-11-25 on.
    #[serde(default, deserialize_with = "well_formed")]
    pub icons: Vec<Icon>,
    /// Its home. From 2025-11-25 on.
    #[serde(default, deserialize_with = "well_formed")]
    pub website_url: Option<String>,
}

/// A picture that stands for something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Icon {
    /// An `https:` or `data:` URI.
    pub src: String,
    /// What it is, if the URI does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// `48x48`, or `any`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<String>,
    /// `light` or `dark`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theme: Option<String>,
}

impl Icon {
    /// A picture at an `https:` or `data:` URI.
    pub fn new(src: impl Into<String>) -> Self {
        Self {
            src: src.into(),
            mime_type: None,
            sizes: Vec::new(),
            theme: None,
        }
    }

    /// The same picture with a MIME type.
    #[must_use]
    pub fn with_mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// The same picture in one more size: `48x48`, or `any`.
    #[must_use]
    pub fn with_size(mut self, size: impl Into<String>) -> Self {
        self.sizes.push(size.into());
        self
    }

    /// The same picture, for a `light` or a `dark` background.
    #[must_use]
    pub fn with_theme(mut self, theme: impl Into<String>) -> Self {
        self.theme = Some(theme.into());
        self
    }
}

impl Implementation {
    /// A program by name and version.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            ..Self::default()
        }
    }

    /// The same program with a name for people.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// The same program with what it is for.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// The same program with one more picture.
    #[must_use]
    pub fn with_icon(mut self, icon: Icon) -> Self {
        self.icons.push(icon);
        self
    }

    /// The same program with a home.
    #[must_use]
    pub fn with_website_url(mut self, url: impl Into<String>) -> Self {
        self.website_url = Some(url.into());
        self
    }

    /// The JSON that modern results are stamped with.
    ///
    /// # Errors
    /// Never for an `Implementation`; the serializer's signature has it.
    pub fn to_modern_json(&self) -> Result<Box<RawValue>, serde_json::Error> {
        let view = View::without_stamp(ProtocolVersion::LATEST);
        serde_json::value::to_raw_value(&super::Projected(self, view))
    }
}

/// The value if it has the form it should have, as if it were not there otherwise.
fn well_formed<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

impl Project for Implementation {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        let titled = view.since(ProtocolVersion::V2025_06_18);
        let described = view.since(ProtocolVersion::V2025_11_25);
        fields.put("name", &self.name)?;
        fields.put("version", &self.version)?;
        fields.gated(titled, "title", self.title.as_ref())?;
        fields.gated(described, "description", self.description.as_ref())?;
        fields.list(described, "icons", &self.icons)?;
        fields.gated(described, "websiteUrl", self.website_url.as_ref())
    }
}
