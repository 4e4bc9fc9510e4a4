//! The id that ties a response to its request.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::json::plain_string;

/// A request id: a string or an integer, never null (T-ALL-02). `1` and `"1"` are different ids, and an id
/// is echoed with the JSON type it came with (T-ALL-03).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "JSON-RPC knows these ids")]
pub enum RequestId {
    /// An integer that fits an `i64`.
    Integer(i64),
    /// An integer above `i64::MAX`.
    Unsigned(u64),
    /// A string.
    String(Box<str>),
}

impl RequestId {
    /// The id of a JSON text that has nothing unusual about it: no escapes, no fraction.
    pub(crate) fn plain(text: &[u8]) -> Option<Self> {
        if let Some(text) = plain_string(text) {
            return Some(text.into());
        }
        let text = std::str::from_utf8(text).ok()?;
        // To JSON minus nought is no integer.
        if text.starts_with("-0") {
            return None;
        }
        let integer = text.parse().map(Self::Integer);
        integer.or_else(|_| text.parse().map(Self::Unsigned)).ok()
    }
}

impl From<i64> for RequestId {
    fn from(id: i64) -> Self {
        Self::Integer(id)
    }
}

impl From<&str> for RequestId {
    fn from(id: &str) -> Self {
        Self::String(id.into())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(id) => id.fmt(f),
            Self::Unsigned(id) => id.fmt(f),
            Self::String(id) => write!(f, "{id:?}"),
        }
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Integer(id) => serializer.serialize_i64(*id),
            Self::Unsigned(id) => serializer.serialize_u64(*id),
            Self::String(id) => serializer.serialize_str(id),
        }
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IdVisitor)
    }
}

struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = RequestId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id that is a string or an integer")
    }

    fn visit_i64<E: de::Error>(self, id: i64) -> Result<RequestId, E> {
        Ok(RequestId::Integer(id))
    }

    fn visit_u64<E: de::Error>(self, id: u64) -> Result<RequestId, E> {
        Ok(i64::try_from(id).map_or(RequestId::Unsigned(id), RequestId::Integer))
    }

    fn visit_str<E: de::Error>(self, id: &str) -> Result<RequestId, E> {
        Ok(RequestId::String(id.into()))
    }
}
