//! The arguments of a call: text as it came, for as long as nobody needs the values.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use spanway_protocol::{RawJson, Reply};

use crate::router::invalid;

/// The arguments of a call of a tool.
#[derive(Debug, Clone)]
pub(crate) enum Arguments {
    /// As they came: an object, or nothing, which is an empty one.
    Text(RawJson),
    Values(Map<String, Value>),
}

impl Arguments {
    /// Anything else than an object is malformed, whatever the schema says (trap 15).
    pub(crate) fn of(raw: &RawJson) -> Result<Self, Reply> {
        match raw.is_object() {
            true => Ok(Self::Text(raw.clone())),
            false => Err(malformed()),
        }
    }

    /// The values, built now if they were not yet.
    pub(super) fn values(&mut self) -> Result<&Map<String, Value>, Reply> {
        let values = std::mem::take(self).into_values();
        *self = Self::Values(values.map_err(|_| malformed())?);
        match self {
            Self::Values(values) => Ok(values),
            Self::Text(_) => Err(malformed()),
        }
    }

    pub(crate) fn into_values(self) -> Result<Map<String, Value>, serde_json::Error> {
        match self {
            Self::Values(values) => Ok(values),
            Self::Text(text) => text.read(),
        }
    }

    /// Reads them as `T`, straight from the text if it can be.
    pub(crate) fn read<T: DeserializeOwned>(self) -> Result<T, serde_json::Error> {
        let values = match self {
            Self::Values(values) => values,
            // A text may say twice what values say once, and a type may take that ill.
            Self::Text(text) => match text.read() {
                Ok(read) => return Ok(read),
                Err(_) => text.read()?,
            },
        };
        T::deserialize(Value::Object(values))
    }
}

impl Default for Arguments {
    fn default() -> Self {
        Self::Text(RawJson::default())
    }
}

/// What arguments are that are no object, or have no values, such as half a surrogate pair.
pub(super) fn malformed() -> Reply {
    invalid("arguments must be an object")
}
