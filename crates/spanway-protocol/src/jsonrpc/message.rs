//! Requests, notifications and responses; what they carry stays raw JSON.

use serde::Deserialize;

use super::{ErrorObject, RequestId};
use crate::json::{Raw, RawJson};
use crate::method::Method;
use crate::modern::Claims;

/// What one body holds.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "JSON-RPC knows these two")]
pub enum Incoming {
    /// A single message.
    Single(Message),
    /// A JSON array of messages, never empty; legal only in 2025-03-26.
    Batch(Vec<Message>),
}

impl Incoming {
    /// The id of the first request in it; `None` if nothing in it wants an answer.
    #[must_use]
    pub fn first_request(&self) -> Option<&RequestId> {
        let messages = match self {
            Self::Single(message) => std::slice::from_ref(message),
            Self::Batch(messages) => messages,
        };
        messages.iter().find_map(|message| match message {
            Message::Request(request) => Some(&request.id),
            Message::Notification(_) | Message::Response(_) => None,
        })
    }
}

/// One JSON-RPC message.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "JSON-RPC knows these three")]
pub enum Message {
    /// Wants an answer.
    Request(Request),
    /// Wants none, and gets none (T-ALL-05).
    Notification(Notification),
    /// Answers a request this side made.
    Response(Response),
}

/// A message with a method and an id.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Request {
    /// Echoed in the answer.
    pub id: RequestId,
    /// What is asked for.
    pub method: Method,
    /// With what; boxed, since messages are moved often.
    pub params: Box<Params>,
}

/// A message with a method and no id.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Notification {
    /// What happened.
    pub method: Method,
    /// To what.
    pub params: Box<Params>,
}

/// An answer to a request this side made.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Response {
    /// The id of the request; `None` if the peer could not read it.
    pub id: Option<RequestId>,
    /// The result, or the error in its place.
    pub outcome: Result<RawJson, ErrorObject>,
}

/// The `params` object, with the parts that routing needs found once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Params {
    /// The message they came with; absent without parameters.
    pub(super) message: RawJson,
    /// `_meta`, if present.
    pub meta: RawJson,
    /// What `_meta` claims, where it is well-formed; taken by whoever decides on it.
    pub(crate) claims: Option<Claims>,
    /// `arguments` of `tools/call` and `prompts/get`, if present.
    pub arguments: RawJson,
    /// `name`, or the `uri` of `resources/read`, or the `taskId` of a task: JSON text, as sent. What `Mcp-Name`
    /// mirrors.
    pub name: RawJson,
    /// What an earlier round left to bring back; boxed, since most requests bring nothing.
    pub resumed: Option<Box<Resumed>>,
    /// `task`, if present: the wish of a 2025-11-25 client to have the call as a task (T-LTASK-04).
    pub task: Option<Box<RawJson>>,
}

impl Params {
    /// The whole object, looked for in the message when it is asked for; absent if there is none.
    #[must_use]
    pub fn raw(&self) -> RawJson {
        #[derive(Deserialize)]
        struct Outline<'a> {
            #[serde(borrow)]
            params: Raw<'a>,
        }
        // A message that was read has its parameters still.
        let outline = self.message.read_object::<Outline<'_>>();
        outline
            .map(|outline| self.message.slice(outline.params))
            .unwrap_or_default()
    }

    /// Whether the message has none.
    #[must_use]
    pub fn are_absent(&self) -> bool {
        self.message.is_absent()
    }
}

/// What a client brings back when it repeats a request (T-MRTR-04). Nothing in it is checked yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Resumed {
    /// `inputResponses`, if present: answers by key.
    pub input_responses: RawJson,
    /// `requestState`, if present: JSON text, as sent.
    pub request_state: RawJson,
}
