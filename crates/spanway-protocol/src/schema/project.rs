//! One neutral value, written as each revision wants it.

use serde::ser::{Error, SerializeMap};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::version::{Era, ProtocolVersion};

/// The key under which modern results name the server (T-2607-25).
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// What an answer is written for.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::exhaustive_structs,
    reason = "made at each call of the encoder"
)]
pub struct View<'a> {
    /// The revision.
    pub version: ProtocolVersion,
    /// The raw JSON of the server's `Implementation`, stamped into modern results.
    pub server_info: &'a RawValue,
}

impl View<'_> {
    /// Whether the revision is `first` or a later one.
    #[must_use]
    pub fn since(&self, first: ProtocolVersion) -> bool {
        self.version >= first
    }

    /// Whether the revision is modern.
    #[must_use]
    pub fn is_modern(&self) -> bool {
        self.version.era() == Era::Modern
    }
}

/// Something that looks different in each revision.
pub trait Project {
    /// Writes the value as `view` wants it.
    ///
    /// # Errors
    /// Whatever the serializer fails with.
    fn project<S: Serializer>(&self, view: View<'_>, serializer: S) -> Result<S::Ok, S::Error>;
}

impl<T: Project + ?Sized> Project for &T {
    fn project<S: Serializer>(&self, view: View<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).project(view, serializer)
    }
}

/// A value together with what it is written for.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a pair")]
pub struct Projected<'a, T: ?Sized>(pub &'a T, pub View<'a>);

impl<T: Project + ?Sized> Serialize for Projected<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.project(self.1, serializer)
    }
}

/// Several values, each projected.
pub(super) struct ProjectedSlice<'a, T>(pub(super) &'a [T], pub(super) View<'a>);

impl<T: Project> Serialize for ProjectedSlice<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|item| Projected(item, self.1)))
    }
}

/// Writes an object field by field, absent ones left out (trap 44: no `null` optionals).
pub(super) struct Fields<M>(pub(super) M);

impl<M: SerializeMap> Fields<M> {
    pub(super) fn put<V: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &V,
    ) -> Result<(), M::Error> {
        self.0.serialize_entry(key, value)
    }

    pub(super) fn maybe<V: Serialize>(
        &mut self,
        key: &'static str,
        value: Option<&V>,
    ) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.put(key, value))
    }

    /// The field, if there is a value and the revision knows the field.
    pub(super) fn gated<V: Serialize>(
        &mut self,
        known: bool,
        key: &'static str,
        value: Option<&V>,
    ) -> Result<(), M::Error> {
        if known {
            self.maybe(key, value)
        } else {
            Ok(())
        }
    }

    /// The list, if there is anything in it and the revision knows the field.
    pub(super) fn list<V: Serialize>(
        &mut self,
        known: bool,
        key: &'static str,
        items: &[V],
    ) -> Result<(), M::Error> {
        if known && !items.is_empty() {
            self.put(key, items)
        } else {
            Ok(())
        }
    }

    /// `_meta` of something that is not a result.
    pub(super) fn meta(&mut self, view: View<'_>, meta: &Meta) -> Result<(), M::Error> {
        self.gated(
            view.since(ProtocolVersion::V2025_06_18),
            "_meta",
            meta.if_any(),
        )
    }

    /// What every result carries in its revision: `resultType` and the stamped `_meta` in the modern one
    /// (T-2607-25, T-2607-26), the handler's own `_meta` in the others.
    pub(super) fn result(&mut self, view: View<'_>, meta: &Meta) -> Result<(), M::Error> {
        self.interim_result(view, "complete", meta)
    }

    /// The same with another `resultType`.
    pub(super) fn interim_result(
        &mut self,
        view: View<'_>,
        kind: &'static str,
        meta: &Meta,
    ) -> Result<(), M::Error> {
        let mut stamped = StampedMeta {
            own: meta,
            stamp: None,
        };
        if view.is_modern() {
            self.put("resultType", kind)?;
            stamped.stamp = Some(view.server_info);
        } else if stamped.own_entries().next().is_none() {
            return Ok(());
        }
        self.put("_meta", &stamped)
    }

    pub(super) fn end(self) -> Result<M::Ok, M::Error> {
        self.0.end()
    }
}

/// Opens an object.
pub(super) fn object<S: Serializer>(serializer: S) -> Result<Fields<S::SerializeMap>, S::Error> {
    serializer.serialize_map(None).map(Fields)
}

/// The `_meta` of a result: the handler's, with the server's stamp beside it in the modern revision
/// (trap 42). The stamp's key is the server's alone, and no legacy result has it (T-DUAL-15).
struct StampedMeta<'a> {
    own: &'a Meta,
    stamp: Option<&'a RawValue>,
}

impl StampedMeta<'_> {
    fn own_entries(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.own.entries().filter(|(key, _)| *key != SERVER_INFO)
    }
}

impl Serialize for StampedMeta<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.own_entries() {
            map.serialize_entry(key, value)?;
        }
        if let Some(stamp) = self.stamp {
            map.serialize_entry(SERVER_INFO, stamp)?;
        }
        map.end()
    }
}

/// `_meta`: what hosts and extensions attach to a message. Boxed, since most messages have none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Meta(Option<Box<Map<String, Value>>>);

impl Meta {
    /// Sets a key.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        self.0
            .get_or_insert_default()
            .insert(key.into(), value.into());
    }

    /// The same attachments and one more.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.insert(key, value);
        self
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.as_ref()?.get(key)
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|map| map.is_empty())
    }

    fn if_any(&self) -> Option<&Map<String, Value>> {
        self.0.as_deref().filter(|map| !map.is_empty())
    }

    fn entries(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter().flat_map(|map| map.iter())
    }
}

impl From<Map<String, Value>> for Meta {
    fn from(map: Map<String, Value>) -> Self {
        Self(Some(Box::new(map)))
    }
}

/// The text of a JSON value, as a serializer error if it has none.
pub(super) fn json_text<E: Error>(value: &Value) -> Result<String, E> {
    serde_json::to_string(value).map_err(E::custom)
}
