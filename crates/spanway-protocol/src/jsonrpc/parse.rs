//! From bytes to messages; parameters stay raw.

mod quick;

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::{
    ErrorObject, Incoming, Message, Notification, Params, Request, RequestId, Response, Resumed,
};
use crate::json::{Raw, RawJson, describe, object};
use crate::limits::Limits;
use crate::method::Method;
use crate::modern::{Claims, WireClaims};
use crate::rejection::{Refusal, Rejection};

/// Reads one body: a message, or a batch of them.
///
/// # Errors
/// Not JSON, or nested deeper than the limit (`-32700`); JSON that is no JSON-RPC message, an empty batch,
/// or one over the limit (`-32600`). The refusal carries the request's id where it could be read (T-ALL-03).
pub fn parse(body: &Bytes, limits: &Limits) -> Result<Incoming, Refusal> {
    // T-ALL-01: all of it, also what nobody looks at; then the JSON reader need not look again.
    if !body.is_ascii() {
        std::str::from_utf8(body).map_err(|error| not_json(&error))?;
    }
    if let Some(message) = quick::message(body, limits.nesting_max) {
        return Ok(Incoming::Single(message));
    }
    let text = std::str::from_utf8(body).map_err(|error| not_json(&error))?;
    if nests_deeper_than(body, limits.nesting_max) {
        return Err(Rejection::TooDeep {
            limit: limits.nesting_max,
        }
        .into());
    }
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

/// The members of a message.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "jsonrpc")]
    _version: TwoPointZero,
    #[serde(default, deserialize_with = "present")]
    id: Option<RequestId>,
    #[serde(default, borrow)]
    method: Option<Name<'a>>,
    #[serde(default, borrow)]
    params: Option<&'a RawValue>,
    #[serde(default, borrow, deserialize_with = "present")]
    result: Option<Raw<'a>>,
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

/// What is not quickly read: a message with something unusual about it, or none at all; says what is wrong.
fn parse_one(body: &Bytes, text: &str) -> Result<Message, Refusal> {
    let Object::<Envelope<'_>>(envelope) =
        serde_json::from_str(text).map_err(|error| explain(text, &error))?;
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
            match params.map(ParamsParts::read).transpose() {
                Ok(parts) => Ok(message(body, text.as_bytes(), id, method, parts)),
                Err(detail) => Err(refuse(id, &detail)),
            }
        }
        Envelope {
            method: None,
            id,
            result: Some(result),
            error: None,
            ..
        } => Ok(Message::Response(Response {
            id,
            outcome: Ok(RawJson::within(body, result.0)),
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

/// A request, or without an id a notification, of what was read of it.
fn message(
    body: &Bytes,
    text: &[u8],
    id: Option<RequestId>,
    method: Method,
    parts: Option<ParamsParts<'_>>,
) -> Message {
    // Can be made where it stays; `Box::new` would copy it there.
    let params =
        parts.map(|parts| Box::write(Box::new_uninit(), parts.within(body, text, &method)));
    let params = params.unwrap_or_default();
    match id {
        Some(id) => Message::Request(Request { id, method, params }),
        None => Message::Notification(Notification { method, params }),
    }
}

#[derive(Default, Deserialize)]
struct ParamsParts<'a> {
    #[serde(default, borrow, rename = "_meta")]
    meta: Option<Raw<'a>>,
    /// What stands in it, where that was read with it.
    #[serde(skip)]
    claims: Option<WireClaims<'a>>,
    #[serde(default, borrow)]
    arguments: Option<Raw<'a>>,
    #[serde(default, borrow)]
    name: Option<Raw<'a>>,
    #[serde(default, borrow)]
    uri: Option<Raw<'a>>,
    #[serde(default, borrow, rename = "taskId")]
    task_id: Option<Raw<'a>>,
    #[serde(default, borrow)]
    task: Option<Raw<'a>>,
    #[serde(
        default,
        borrow,
        rename = "inputResponses",
        deserialize_with = "present"
    )]
    input_responses: Option<Raw<'a>>,
    #[serde(default, borrow, rename = "requestState", deserialize_with = "present")]
    request_state: Option<Raw<'a>>,
}

impl<'a> ParamsParts<'a> {
    fn read(raw: &'a RawValue) -> Result<Self, String> {
        if !raw.get().starts_with('{') {
            return Err("params must be an object".to_owned());
        }
        serde_json::from_str(raw.get()).map_err(|error| describe(&error))
    }

    /// The parts as pieces of `body`, which holds the message `text`.
    fn within(self, body: &Bytes, text: &[u8], method: &Method) -> Params {
        let slice = |part: Option<Raw<'_>>| {
            part.map(|raw| RawJson::within(body, raw.0))
                .unwrap_or_default()
        };
        let meta = slice(self.meta);
        let claims = match self.claims {
            Some(wire) => wire.within(body).ok(),
            None if meta.is_absent() => None,
            None => Claims::read(&meta).ok(),
        };
        Params {
            message: RawJson::within(body, text),
            meta,
            claims,
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
            task: self.task.map(|raw| Box::new(RawJson::within(body, raw.0))),
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

/// Whether brackets outside strings nest deeper than `max`.
fn nests_deeper_than(body: &[u8], max: usize) -> bool {
    let (mut depth, mut in_string) = (0_usize, false);
    let mut bytes = body.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            // Whatever is escaped ends no string.
            b'\\' if in_string => drop(bytes.next()),
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > max {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests;
