//! From bytes to messages in one borrowed pass; parameters stay raw.

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::{
    ErrorObject, Incoming, Message, Notification, Params, Request, RequestId, Response, Resumed,
};
use crate::json::{RawJson, describe, object};
use crate::limits::Limits;
use crate::method::Method;
use crate::rejection::{Refusal, Rejection};

/// Reads one body: a message, or a batch of them.
///
/// # Errors
/// Not JSON, or nested deeper than the limit (`-32700`); JSON that is no JSON-RPC message, an empty batch,
/// or one over the limit (`-32600`). The refusal carries the request's id where it could be read (T-ALL-03).
pub fn parse(body: &Bytes, limits: &Limits) -> Result<Incoming, Refusal> {
    if nests_deeper_than(body, limits.nesting_max) {
        return Err(Rejection::TooDeep {
            limit: limits.nesting_max,
        }
        .into());
    }
    // T-ALL-01: all of it, also what nobody looks at; then the JSON reader need not look again.
    let text = std::str::from_utf8(body).map_err(|error| not_json(&error))?;
    if !body.trim_ascii_start().starts_with(b"[") {
        return parse_one(body, text).map(Incoming::Single);
    }
    let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| not_json(&error))?;
    if items.is_empty() {
        return Err(Rejection::InvalidRequest {
            detail: "the batch is empty".into(),
        }
        .into());
    }
    if items.len() > limits.batch_max {
        return Err(Rejection::BatchTooLarge {
            limit: limits.batch_max,
        }
        .into());
    }
    let messages = items.into_iter().map(|item| parse_one(body, item.get()));
    messages.collect::<Result<_, _>>().map(Incoming::Batch)
}

/// A message whose parameters are read as a `P`.
#[derive(Deserialize)]
#[serde(bound = "'de: 'a, P: Deserialize<'de>")]
struct Envelope<'a, P> {
    #[serde(rename = "jsonrpc")]
    _version: TwoPointZero,
    #[serde(default, deserialize_with = "present")]
    id: Option<RequestId>,
    #[serde(default)]
    method: Option<Name<'a>>,
    #[serde(default)]
    params: Option<P>,
    #[serde(default, borrow, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<Object<ErrorObject>>,
}

/// Borrows a name that needs no unescaping.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] std::borrow::Cow<'a, str>);

/// Reads `T` from an object alone.
#[derive(Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
struct Object<T>(#[serde(deserialize_with = "object")] T);

/// Makes an explicit `null` an error instead of an absent field: ids are never null (T-ALL-02).
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The only version there is; anything else does not deserialise.
struct TwoPointZero;

impl<'de> Deserialize<'de> for TwoPointZero {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Name(version) = Name::deserialize(deserializer)?;
        if version == "2.0" {
            Ok(Self)
        } else {
            Err(serde::de::Error::custom("jsonrpc must be \"2.0\""))
        }
    }
}

/// One pass reads all that routing needs. Only what it does not take is read again, for what is wrong with it.
fn parse_one(body: &Bytes, text: &str) -> Result<Message, Refusal> {
    if let Ok(Object(envelope)) = serde_json::from_str::<Object<Envelope<'_, Object<_>>>>(text) {
        return message(body, text, envelope, |Object(parts)| Ok(parts));
    }
    let Object::<Envelope<'_, &RawValue>>(envelope) =
        serde_json::from_str(text).map_err(|error| explain(text, &error))?;
    message(body, text, envelope, |raw| {
        if !raw.get().starts_with('{') {
            return Err("params must be an object".to_owned());
        }
        serde_json::from_str(raw.get()).map_err(|error| describe(&error))
    })
}

/// What the members of a message make of it.
fn message<'a, P>(
    body: &Bytes,
    text: &str,
    envelope: Envelope<'a, P>,
    parts_of: impl FnOnce(P) -> Result<ParamsParts<'a>, String>,
) -> Result<Message, Refusal> {
    let refuse = |id: Option<RequestId>, detail: &str| Refusal {
        id,
        why: Rejection::InvalidRequest {
            detail: detail.to_owned().into(),
        },
    };
    match envelope {
        Envelope {
            method: Some(Name(method)),
            id,
            params,
            result: None,
            error: None,
            ..
        } => {
            let method = Method::from(method.as_ref());
            let params = match params.map(parts_of).transpose() {
                Ok(parts) => parts.map(|parts| parts.within(body, text, &method)),
                Err(detail) => return Err(refuse(id, &detail)),
            }
            .unwrap_or_default();
            Ok(match id {
                Some(id) => Message::Request(Request { id, method, params }),
                None => Message::Notification(Notification { method, params }),
            })
        }
        Envelope {
            method: None,
            id,
            result: Some(result),
            error: None,
            ..
        } => Ok(Message::Response(Response {
            id,
            outcome: Ok(RawJson::within(body, result)),
        })),
        Envelope {
            method: None,
            id,
            result: None,
            error: Some(Object(error)),
            ..
        } => Ok(Message::Response(Response {
            id,
            outcome: Err(error),
        })),
        _ => Err(refuse(
            answerable_id(text),
            "a message has either a method, a result or an error",
        )),
    }
}

#[derive(Deserialize)]
struct ParamsParts<'a> {
    #[serde(default, borrow, rename = "_meta")]
    meta: Option<&'a RawValue>,
    #[serde(default, borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(default, borrow)]
    name: Option<&'a RawValue>,
    #[serde(default, borrow)]
    uri: Option<&'a RawValue>,
    #[serde(default, borrow, rename = "taskId")]
    task_id: Option<&'a RawValue>,
    #[serde(default, borrow)]
    task: Option<&'a RawValue>,
    #[serde(
        default,
        borrow,
        rename = "inputResponses",
        deserialize_with = "present"
    )]
    input_responses: Option<&'a RawValue>,
    #[serde(default, borrow, rename = "requestState", deserialize_with = "present")]
    request_state: Option<&'a RawValue>,
}

impl ParamsParts<'_> {
    /// The parts as pieces of `body`, which holds the message `text`.
    fn within(self, body: &Bytes, text: &str, method: &Method) -> Params {
        let slice = |part: Option<&RawValue>| {
            part.map(|raw| RawJson::within(body, raw))
                .unwrap_or_default()
        };
        Params {
            message: RawJson::from_written(body.slice_ref(text.as_bytes())),
            meta: slice(self.meta),
            arguments: slice(self.arguments),
            name: slice(match method {
                Method::ResourcesRead => self.uri,
                method if method.names_task() => self.task_id,
                _ => self.name,
            }),
            resumed: (self.input_responses.is_some() || self.request_state.is_some()).then(|| {
                Box::new(Resumed {
                    input_responses: slice(self.input_responses),
                    request_state: slice(self.request_state),
                })
            }),
            task: self.task.map(|raw| Box::new(RawJson::within(body, raw))),
        }
    }
}

/// Tells "not JSON" from "JSON, but no message": a wrong type can hide a syntax error further on.
fn explain(text: &str, error: &serde_json::Error) -> Refusal {
    if let Err(syntax) = serde_json::from_str::<&RawValue>(text) {
        return not_json(&syntax);
    }
    let detail = match error.classify() {
        Category::Data => describe(error).into(),
        Category::Io | Category::Syntax | Category::Eof => "the message is malformed".into(),
    };
    Refusal {
        id: answerable_id(text),
        why: Rejection::InvalidRequest { detail },
    }
}

/// The id to refuse a malformed message under. A response carries the id of a request of ours: an error under
/// it would answer one of the peer's.
fn answerable_id(text: &str) -> Option<RequestId> {
    #[derive(Deserialize)]
    struct Outline {
        id: Option<RequestId>,
        #[serde(default, deserialize_with = "present")]
        method: Option<IgnoredAny>,
        #[serde(default, deserialize_with = "present")]
        result: Option<IgnoredAny>,
        #[serde(default, deserialize_with = "present")]
        error: Option<IgnoredAny>,
    }
    let Object::<Outline>(outline) = serde_json::from_str(text).ok()?;
    let responds =
        outline.method.is_none() && (outline.result.is_some() || outline.error.is_some());
    outline.id.filter(|_| !responds)
}

fn not_json(error: &dyn std::error::Error) -> Refusal {
    Rejection::NotJson {
        detail: error.to_string(),
    }
    .into()
}

/// Whether brackets outside strings nest deeper than `max`. Counts first: few bodies have that many at all.
fn nests_deeper_than(body: &[u8], max: usize) -> bool {
    if body.len() <= max || opening_brackets(body) <= max {
        return false;
    }
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(&byte) = body.get(at) {
        at += 1;
        match byte {
            b'"' => at += string_length(&body[at..]),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > max {
            return true;
        }
    }
    false
}

/// How far the string goes that begins before `text`, its closing quote included; to the end if there is none.
fn string_length(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(quote_or_escape) {
        at += found + 1;
        if text[at - 1] == b'"' {
            return at;
        }
        // Whatever is escaped ends no string.
        at += 1;
    }
    text.len()
}

/// Most strings are over before a vector search has begun.
fn quote_or_escape(text: &[u8]) -> Option<usize> {
    const NEAR: usize = 32;
    let (near, far) = text.split_at(text.len().min(NEAR));
    let found = near.iter().position(|&byte| matches!(byte, b'"' | b'\\'));
    found.or_else(|| memchr::memchr2(b'"', b'\\', far).map(|at| at + near.len()))
}

/// Counted in pieces whose count fits a byte, which is what compilers make vector instructions of.
fn opening_brackets(body: &[u8]) -> usize {
    let count = |piece: &[u8]| -> u8 {
        let is_opening = |&byte: &u8| byte | 0x20 == b'{';
        piece.iter().map(|byte| u8::from(is_opening(byte))).sum()
    };
    body.chunks(usize::from(u8::MAX))
        .map(|piece| usize::from(count(piece)))
        .sum()
}

#[cfg(test)]
mod tests;
