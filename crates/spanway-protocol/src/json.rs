//! A piece of a message that stays JSON text until somebody asks for it.

mod plain;
mod scan;
mod shape;

pub(crate) use plain::plain_until;
pub(crate) use scan::{Quoted, Scanner};
pub use shape::Shape;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Valid JSON text, shared with the body it came from. Cloning it copies no bytes.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct RawJson(Bytes);

impl RawJson {
    /// The part of `body` that `text` was borrowed from.
    pub(crate) fn within(body: &Bytes, text: &[u8]) -> Self {
        Self(body.slice_ref(text))
    }

    /// The part of this text that `raw` was borrowed from.
    pub(crate) fn slice(&self, raw: Raw<'_>) -> Self {
        Self::within(&self.0, raw.0)
    }

    /// The same text in memory of its own, for what stays: a piece of a message keeps all of it, and the buffer of
    /// the connection that it came on.
    pub(crate) fn detached(&self) -> Self {
        Self(Bytes::copy_from_slice(&self.0))
    }

    /// Serialises `value` to JSON text.
    ///
    /// # Errors
    /// The value cannot be written as JSON: a map with keys that are not strings, for example.
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::to_vec(value).map(|text| Self(text.into()))
    }

    /// JSON text that was just written.
    pub(crate) fn from_written(text: Bytes) -> Self {
        Self(text)
    }

    /// Reads the text as `T`, which may borrow from it. Absent text reads as an empty object.
    ///
    /// # Errors
    /// The text is not of the form `T` wants.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(self.as_bytes())
    }

    /// Reads the parts of an object, as [`object`] does.
    ///
    /// # Errors
    /// The text is no object, or not of the form `T` wants.
    pub(crate) fn read_object<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_slice(self.as_bytes());
        let read = object(&mut deserializer)?;
        deserializer.end().map(|()| read)
    }

    /// What it says, if it is a string; copied only if something in it is escaped.
    #[must_use]
    pub fn string(&self) -> Option<Cow<'_, str>> {
        match plain_string(self.as_bytes()) {
            Some(plain) => Some(Cow::Borrowed(plain)),
            None => self.read().ok().map(Cow::Owned),
        }
    }

    /// The bytes that pieces can be taken of.
    pub(crate) fn as_shared(&self) -> &Bytes {
        &self.0
    }

    /// The JSON text; `{}` when there is none.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        if self.0.is_empty() { b"{}" } else { &self.0 }
    }

    /// Whether the message had no such part.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the text is an object, absent counting as an empty one.
    #[must_use]
    pub fn is_object(&self) -> bool {
        self.as_bytes().starts_with(b"{")
    }
}

/// JSON text of one value, borrowed from where it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Raw<'a>(pub(crate) &'a [u8]);

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|raw| Self(raw.get().as_bytes()))
    }
}

/// What a JSON string says, if it says it without escapes.
pub(crate) fn plain_string(text: &[u8]) -> Option<&str> {
    let inner = text.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let is_plain = plain_until(inner) == inner.len();
    is_plain.then(|| std::str::from_utf8(inner).ok())?
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue =
            serde_json::from_slice(self.as_bytes()).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(Bytes::from(Box::<str>::from(raw).into_string())))
    }
}

/// Reads something of several parts from an object alone. What serde derives takes an array too, and goes by
/// the order of the parts then.
pub(crate) fn object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_map(Object(PhantomData))
}

/// What is wrong with a JSON text, for its sender: what was expected and where, never what stood there.
#[must_use]
pub fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None => text,
    }
}

/// Shows only the size: contents may be secret.
impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawJson({} bytes)", self.0.len())
    }
}
