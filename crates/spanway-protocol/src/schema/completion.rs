//! Suggestions for the value of an argument.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fields::Fields;
use super::project::{Meta, Project, View};
use crate::json;

/// The most values one answer may hold (T-ALL-51).
const VALUES_MAX: usize = 100;

/// What `completion/complete` asks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct CompleteParams {
    /// Whose argument.
    #[serde(rename = "ref", deserialize_with = "json::object")]
    pub reference: CompletionReference,
    /// Which argument, and what is typed so far.
    #[serde(deserialize_with = "json::object")]
    pub argument: CompleteArgument,
    /// What is known already. From 2025-06-18 on.
    #[serde(default, deserialize_with = "json::object")]
    pub context: CompleteContext,
}

/// Whose argument is completed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type")]
#[non_exhaustive]
pub enum CompletionReference {
    /// A prompt's.
    #[serde(rename = "ref/prompt")]
    Prompt {
        /// The prompt's name.
        name: String,
    },
    /// A resource template's.
    #[serde(rename = "ref/resource")]
    Resource {
        /// The template, or a URI.
        uri: String,
    },
}

/// An argument that is being typed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct CompleteArgument {
    /// Its name.
    pub name: String,
    /// What is typed so far.
    pub value: String,
}

/// The arguments that are known already.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[non_exhaustive]
pub struct CompleteContext {
    /// By name.
    #[serde(default)]
    pub arguments: BTreeMap<String, String>,
}

/// The answer to `completion/complete`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Completion {
    /// The best values first. Only 100 are sent.
    pub values: Vec<String>,
    /// How many there are, if known.
    pub total: Option<u64>,
    /// Whether there are more than these.
    pub has_more: bool,
}

impl Completion {
    /// All the values there are.
    #[must_use]
    pub fn new(values: Vec<String>) -> Self {
        let total = u64::try_from(values.len()).ok();
        Self {
            values,
            total,
            has_more: false,
        }
    }

    /// The same values, out of so many.
    #[must_use]
    pub fn with_total(mut self, total: u64) -> Self {
        self.total = Some(total);
        self
    }

    /// The same values; whether there are more than these.
    #[must_use]
    pub fn with_more(mut self, has_more: bool) -> Self {
        self.has_more = has_more;
        self
    }
}

impl Project for Completion {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire<'a> {
            values: &'a [String],
            #[serde(skip_serializing_if = "Option::is_none")]
            total: Option<u64>,
            has_more: bool,
        }
        let values = self.values.get(..VALUES_MAX).unwrap_or(&self.values);
        let has_more = self.has_more || values.len() < self.values.len();
        fields.put(
            "completion",
            &Wire {
                values,
                total: self.total,
                has_more,
            },
        )?;
        fields.result(view, &Meta::default())
    }
}
