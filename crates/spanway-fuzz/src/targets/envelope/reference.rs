//! The slow reader: every key of a message in its order, judged by the words of JSON-RPC and of `parse`'s
//! documentation.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use spanway_protocol::Limits;

/// What a body is.
#[derive(Debug)]
pub(super) enum Body {
    NotJson,
    /// JSON, but no message or batch that may stand there; with the ids that do.
    Wrong(Vec<Value>),
    Single(Kind),
    Batch(Vec<Kind>),
    /// JSON that `Value` cannot hold: half a surrogate pair, or a number out of range.
    Unsure,
}

/// What a message is.
#[derive(Debug)]
pub(super) enum Kind {
    Request(Value, String, Option<Value>),
    Notification(String, Option<Value>),
    Response(Option<Value>, Result<Value, Value>),
}

pub(super) fn read(body: &[u8]) -> Body {
    if serde_json::from_slice::<&RawValue>(body).is_err() {
        return Body::NotJson;
    }
    let (Ok(pairs), Ok(_)) = (
        serde_json::from_slice::<Pairs>(body),
        serde_json::from_slice::<Value>(body),
    ) else {
        return Body::Unsure;
    };
    let limits = Limits::default();
    let too_deep = depth(&pairs) > limits.nesting_max;
    let ids = pairs.ids();
    let Pairs::Array(items) = pairs else {
        return match kind(&pairs) {
            Some(kind) if !too_deep => Body::Single(kind),
            _ => Body::Wrong(ids),
        };
    };
    let kinds: Option<Vec<Kind>> = items.iter().map(kind).collect();
    match kinds {
        Some(kinds) if !too_deep && (1..=limits.batch_max).contains(&kinds.len()) => {
            Body::Batch(kinds)
        }
        _ => Body::Wrong(ids),
    }
}

/// JSON that remembers keys which stand twice.
enum Pairs {
    Object(Vec<(String, Self)>),
    Array(Vec<Self>),
    Other(Value),
}

impl Pairs {
    fn ids(&self) -> Vec<Value> {
        match self {
            Self::Object(pairs) => {
                let ids = pairs.iter().filter(|(key, _)| key == "id");
                ids.map(|(_, id)| id.value()).collect()
            }
            Self::Array(items) => items.iter().flat_map(Self::ids).collect(),
            Self::Other(_) => Vec::new(),
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::Object(pairs) => {
                let pairs = pairs.iter();
                Value::Object(
                    pairs
                        .map(|(key, value)| (key.clone(), value.value()))
                        .collect(),
                )
            }
            Self::Array(items) => items.iter().map(Self::value).collect(),
            Self::Other(value) => value.clone(),
        }
    }

    /// The only value of a key, `null` as nothing; `Err` if it stands twice.
    fn only(&self, key: &str) -> Result<Option<&Self>, ()> {
        let Self::Object(pairs) = self else {
            return Ok(None);
        };
        let mut found = pairs.iter().filter(|(name, _)| name == key);
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => Err(()),
            (one, _) => Ok(one.map(|(_, value)| value)),
        }
    }

    fn given(&self, key: &str) -> Result<Option<&Self>, ()> {
        let is_null = |value: &&Self| matches!(value, Self::Other(Value::Null));
        Ok(self.only(key)?.filter(|value| !is_null(value)))
    }
}

fn depth(pairs: &Pairs) -> usize {
    match pairs {
        Pairs::Object(pairs) => {
            1 + pairs
                .iter()
                .map(|(_, value)| depth(value))
                .max()
                .unwrap_or(0)
        }
        Pairs::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Pairs::Other(_) => 0,
    }
}

fn kind(message: &Pairs) -> Option<Kind> {
    message_kind(message).ok().flatten()
}

/// A message; `None` for something else, `Err` for a key that stands twice.
fn message_kind(message: &Pairs) -> Result<Option<Kind>, ()> {
    if !matches!(message, Pairs::Object(_)) {
        return Ok(None);
    }
    let text = |value: &Pairs| value.value().as_str().map(str::to_owned);
    let version = message.only("jsonrpc")?.and_then(text);
    let (id, method) = (message.only("id")?, message.given("method")?);
    let (result, error) = (message.only("result")?, message.given("error")?);
    let params = message.given("params")?;
    let is_id = |id: &Pairs| {
        matches!(id.value(), Value::String(_)) || id.value().is_i64() || id.value().is_u64()
    };
    if version.as_deref() != Some("2.0") || !id.is_none_or(is_id) {
        return Ok(None);
    }
    let id = id.map(Pairs::value);
    Ok(match (method, result, error) {
        (Some(method), None, None) => {
            let (Some(method), true) = (text(method), sound(params)?) else {
                return Ok(None);
            };
            let params = params.map(Pairs::value);
            Some(match id {
                Some(id) => Kind::Request(id, method, params),
                None => Kind::Notification(method, params),
            })
        }
        (None, Some(result), None) => Some(Kind::Response(id, Ok(result.value()))),
        (None, None, Some(error)) => {
            let (code, said) = (error.only("code")?, error.only("message")?);
            error.only("data")?;
            let is_error =
                code.is_some_and(|code| code.value().is_i64()) && said.and_then(text).is_some();
            is_error.then(|| Kind::Response(id, Err(error.value())))
        }
        _ => None,
    })
}

/// Whether parameters are an object, or nothing, in which nothing that matters stands twice.
fn sound(params: Option<&Pairs>) -> Result<bool, ()> {
    let Some(params) = params else {
        return Ok(true);
    };
    for key in [
        "_meta",
        "arguments",
        "name",
        "uri",
        "inputResponses",
        "requestState",
    ] {
        params.only(key)?;
    }
    Ok(matches!(params, Pairs::Object(_)))
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Pairs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Pairs, E> {
        Ok(Pairs::Other(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Pairs, E> {
        Ok(Pairs::Other(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Pairs, E> {
        Ok(Pairs::Other(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Pairs, E> {
        Ok(Pairs::Other(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Pairs, E> {
        Ok(Pairs::Other(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Pairs, E> {
        Ok(Pairs::Other(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Pairs, A::Error> {
        let mut read = Vec::new();
        while let Some(item) = items.next_element()? {
            read.push(item);
        }
        Ok(Pairs::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Pairs, A::Error> {
        let mut read = Vec::new();
        while let Some(pair) = pairs.next_entry()? {
            read.push(pair);
        }
        Ok(Pairs::Object(read))
    }
}
