//! One neutral value, written as each revision wants it.

use serde::ser::Error;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::fields::{Fields, write_list};
use crate::json::RawJson;
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
    /// For something that is no result.
    pub(super) fn without_stamp(version: ProtocolVersion) -> Self {
        Self {
            version,
            server_info: RawValue::NULL,
        }
    }

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

/// An object that looks different in each revision.
pub trait Project {
    /// Writes the fields of the value as `view` wants them.
    ///
    /// # Errors
    /// The revision has no form for the value, or JSON has none.
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()>;
}

impl<T: Project + ?Sized> Project for &T {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        (**self).project(view, fields)
    }
}

/// A value together with what it is written for.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a pair")]
pub struct Projected<'a, T: ?Sized>(pub &'a T, pub View<'a>);

impl<T: Project + ?Sized> Projected<'_, T> {
    /// The value's JSON text.
    ///
    /// # Errors
    /// The revision has no form for the value, or JSON has none.
    pub fn to_json(&self) -> Result<RawJson, serde_json::Error> {
        let mut out = Vec::with_capacity(256);
        write_projected(&mut out, self.0, self.1)?;
        Ok(RawJson::from_written(out.into()))
    }
}

impl<T: Project + ?Sized> Serialize for Projected<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json()
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}

/// Writes a value at the end of `out`. What is there after an error is of no use.
pub(crate) fn write_projected<T: Project + ?Sized>(
    out: &mut Vec<u8>,
    value: &T,
    view: View<'_>,
) -> serde_json::Result<()> {
    let mut fields = Fields::open(out);
    value.project(view, &mut fields)?;
    fields.close();
    Ok(())
}

impl Fields<'_> {
    /// A value that looks different in each revision.
    pub(super) fn projected<T: Project + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
        view: View<'_>,
    ) -> serde_json::Result<()> {
        write_projected(self.key(key), value, view)
    }

    /// The same, if there is a value.
    pub(super) fn maybe_projected<T: Project>(
        &mut self,
        key: &'static str,
        value: Option<&T>,
        view: View<'_>,
    ) -> serde_json::Result<()> {
        value.map_or(Ok(()), |value| self.projected(key, value, view))
    }

    /// Several of them.
    pub(super) fn projected_list<T: Project>(
        &mut self,
        key: &'static str,
        items: &[T],
        view: View<'_>,
    ) -> serde_json::Result<()> {
        write_list(self.key(key), items, |out, item| {
            write_projected(out, item, view)
        })
    }

    /// `_meta` of something that is not a result.
    pub(super) fn meta(&mut self, view: View<'_>, meta: &Meta) -> serde_json::Result<()> {
        if !meta.is_empty() && view.since(ProtocolVersion::V2025_06_18) {
            let mut fields = Fields::open(self.key("_meta"));
            for (key, value) in meta.entries() {
                fields.entry(key, value)?;
            }
            fields.close();
        }
        Ok(())
    }

    /// What every result carries in its revision: `resultType` and the stamped `_meta` in the modern one
    /// (T-2607-25, T-2607-26), the handler's own `_meta` in the others.
    pub(super) fn result(&mut self, view: View<'_>, meta: &Meta) -> serde_json::Result<()> {
        self.interim_result(view, "complete", meta)
    }

    /// The same with another `resultType`.
    pub(super) fn interim_result(
        &mut self,
        view: View<'_>,
        kind: &'static str,
        meta: &Meta,
    ) -> serde_json::Result<()> {
        // The stamp's key is the server's alone, and no legacy result has it (T-DUAL-15).
        let own = meta.entries().filter(|(key, _)| *key != SERVER_INFO);
        let mut own = own.peekable();
        if view.is_modern() {
            self.word("resultType", kind);
        } else if own.peek().is_none() {
            return Ok(());
        }
        let mut fields = Fields::open(self.key("_meta"));
        for (key, value) in own {
            fields.entry(key, value)?;
        }
        // Beside the handler's own (trap 42).
        if view.is_modern() {
            fields.raw(SERVER_INFO, view.server_info.get().as_bytes());
        }
        fields.close();
        Ok(())
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

    fn entries(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter().flat_map(|map| map.iter())
    }
}

impl From<Map<String, Value>> for Meta {
    fn from(map: Map<String, Value>) -> Self {
        Self(Some(Box::new(map)))
    }
}
