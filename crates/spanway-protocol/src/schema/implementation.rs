//! Who a server or client is.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::project::{Project, View, object};
use crate::version::ProtocolVersion;

/// A program that speaks MCP.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Implementation {
    /// Its name, for programs.
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// Its name, for people. From 2025-06-18 on.
    #[serde(default)]
    pub title: Option<String>,
    /// What it is for. From 2025-11-25 on.
    #[serde(default)]
    pub description: Option<String>,
    /// Its pictures. From 2025-11-25 on.
    #[serde(default)]
    pub icons: Vec<Icon>,
    /// Its home. From 2025-11-25 on.
    #[serde(default)]
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

    /// The JSON that modern results are stamped with.
    ///
    /// # Errors
    /// Never for an `Implementation`; the serializer's signature has it.
    pub fn to_modern_json(&self) -> Result<Box<RawValue>, serde_json::Error> {
        let nothing = RawValue::NULL;
        let view = View {
            version: ProtocolVersion::LATEST,
            server_info: nothing,
        };
        serde_json::value::to_raw_value(&super::Projected(self, view))
    }
}

impl Project for Implementation {
    fn project<S: Serializer>(&self, view: View<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let titled = view.since(ProtocolVersion::V2025_06_18);
        let described = view.since(ProtocolVersion::V2025_11_25);
        let mut fields = object(serializer)?;
        fields.put("name", &self.name)?;
        fields.put("version", &self.version)?;
        fields.gated(titled, "title", self.title.as_ref())?;
        fields.gated(described, "description", self.description.as_ref())?;
        fields.gated(
            described,
            "icons",
            Some(&self.icons).filter(|icons| !icons.is_empty()),
        )?;
        fields.gated(described, "websiteUrl", self.website_url.as_ref())?;
        fields.end()
    }
}
