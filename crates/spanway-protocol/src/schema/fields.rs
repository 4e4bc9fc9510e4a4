//! JSON text, written field by field. Most of every answer is keys that are known and words that need no
//! escapes: both are copied. The text is what `serde_json` would write, byte for byte.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::json::plain_until;

/// How much room is made behind a long string for what follows it.
const ROOM_BEHIND: usize = 512;

/// An object that is being written; absent fields are left out (trap 44: no `null` optionals).
pub struct Fields<'a> {
    out: &'a mut Vec<u8>,
    /// What stands before the next key.
    before: u8,
}

impl<'a> Fields<'a> {
    /// Opens an object at the end of `out`.
    pub(super) fn open(out: &'a mut Vec<u8>) -> Self {
        Self { out, before: b'{' }
    }

    pub(super) fn close(self) {
        if self.before == b'{' {
            self.out.push(b'{');
        }
        self.out.push(b'}');
    }

    /// Begins a field of ours, whose key has no escapes; its value is written next.
    #[inline]
    pub(super) fn key(&mut self, key: &'static str) -> &mut Vec<u8> {
        self.out.extend_from_slice(&[self.before, b'"']);
        self.before = b',';
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// A field of any type.
    pub(super) fn put<V: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &V,
    ) -> serde_json::Result<()> {
        serde_json::to_writer(self.key(key), value)
    }

    /// A word of ours, which has no escapes.
    #[inline]
    pub(super) fn word(&mut self, key: &'static str, word: &'static str) {
        let out = self.key(key);
        out.push(b'"');
        out.extend_from_slice(word.as_bytes());
        out.push(b'"');
    }

    /// A string.
    pub(super) fn text(&mut self, key: &'static str, text: &str) {
        write_text(self.key(key), text);
    }

    /// JSON text that is written already.
    pub(super) fn raw(&mut self, key: &'static str, json: &[u8]) {
        self.key(key).extend_from_slice(json);
    }

    /// JSON of anybody's.
    pub(super) fn value(&mut self, key: &'static str, value: &Value) -> serde_json::Result<()> {
        write_value(self.key(key), value)
    }

    /// A field under a key of anybody's.
    pub(super) fn entry(&mut self, key: &str, value: &Value) -> serde_json::Result<()> {
        self.out.push(self.before);
        self.before = b',';
        write_text(self.out, key);
        self.out.push(b':');
        write_value(self.out, value)
    }

    /// The field, if there is a value.
    pub(super) fn maybe<V: Serialize>(
        &mut self,
        key: &'static str,
        value: Option<&V>,
    ) -> serde_json::Result<()> {
        value.map_or(Ok(()), |value| self.put(key, value))
    }

    /// The field, if there is a value and the revision knows the field.
    pub(super) fn gated<V: Serialize>(
        &mut self,
        known: bool,
        key: &'static str,
        value: Option<&V>,
    ) -> serde_json::Result<()> {
        self.maybe(key, value.filter(|_| known))
    }

    /// The list, if there is anything in it and the revision knows the field.
    pub(super) fn list<V: Serialize>(
        &mut self,
        known: bool,
        key: &'static str,
        items: &[V],
    ) -> serde_json::Result<()> {
        self.gated(known && !items.is_empty(), key, Some(&items))
    }
}

/// Shows no text: it may be secret.
impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fields").finish_non_exhaustive()
    }
}

/// Writes items between brackets, each with `write`.
pub(super) fn write_list<T>(
    out: &mut Vec<u8>,
    items: &[T],
    mut write: impl FnMut(&mut Vec<u8>, &T) -> serde_json::Result<()>,
) -> serde_json::Result<()> {
    out.push(b'[');
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write(out, item)?;
    }
    out.push(b']');
    Ok(())
}

fn write_value(out: &mut Vec<u8>, value: &Value) -> serde_json::Result<()> {
    match value {
        Value::String(text) => {
            write_text(out, text);
            Ok(())
        }
        Value::Array(items) => write_list(out, items, write_value),
        Value::Object(map) => write_map(out, map),
        Value::Null | Value::Bool(_) | Value::Number(_) => serde_json::to_writer(out, value),
    }
}

fn write_map(out: &mut Vec<u8>, map: &Map<String, Value>) -> serde_json::Result<()> {
    let mut fields = Fields::open(out);
    for (key, value) in map {
        fields.entry(key, value)?;
    }
    fields.close();
    Ok(())
}

/// The text of a JSON value.
pub(super) fn json_text(value: &Value) -> serde_json::Result<String> {
    let mut out = Vec::with_capacity(128);
    write_value(&mut out, value)?;
    String::from_utf8(out).map_err(serde::ser::Error::custom)
}

/// Writes a string in quotes.
fn write_text(out: &mut Vec<u8>, text: &str) {
    if out.capacity() - out.len() < text.len() + 2 {
        out.reserve(text.len() + ROOM_BEHIND);
    }
    out.push(b'"');
    let mut left = text.as_bytes();
    loop {
        let (plain, rest) = left.split_at(plain_until(left));
        out.extend_from_slice(plain);
        let Some((&byte, rest)) = rest.split_first() else {
            break;
        };
        write_escape(out, byte);
        left = rest;
    }
    out.push(b'"');
}

fn write_escape(out: &mut Vec<u8>, byte: u8) {
    const HEX: [u8; 16] = *b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        b'\x08' => b'b',
        b'\x0c' => b'f',
        _ => {
            let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&digits);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests;
