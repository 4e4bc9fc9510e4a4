//! What a call knows from its earlier rounds; travels in the sealed state, or is kept with the task.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Answers and outcomes by key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Journal {
    /// What the client answered, as it came, once it was found to be valid.
    #[serde(rename = "a", default, skip_serializing_if = "Map::is_empty")]
    pub(crate) answers: Map<String, Value>,
    /// What side effects gave.
    #[serde(rename = "o", default, skip_serializing_if = "Map::is_empty")]
    pub(crate) outcomes: Map<String, Value>,
}
