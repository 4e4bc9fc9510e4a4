//! What goes back: a neutral answer, encoded for the revision that asked.

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::json::RawJson;
use crate::jsonrpc::{ErrorObject, RequestId, code};
use crate::method::Method;
use crate::rejection::Rejection;
use crate::schema::{
    CallToolResult, Completion, CreateTaskResult, DetailedTask, DiscoverResult, EmptyResult,
    GetPromptResult, InitializeResult, InputRequired, ListenResult, LogMessage, Progress, Project,
    ReadResourceResult, View, write_projected,
};
use crate::version::{Era, ProtocolVersion};

/// The answer to a call.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Reply {
    /// A result, neutral of revision.
    Answer(Answer),
    /// A refusal that the table of rejections knows.
    Rejected(Rejection),
    /// An error of the handler's own making.
    Error(ErrorObject),
}

/// A result, neutral of revision; the encoder writes it as each revision wants it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Answer {
    /// To a request that only wants to be acknowledged.
    Empty,
    /// To `initialize`.
    Initialize(Box<InitializeResult>),
    /// To `server/discover`.
    Discover(Box<DiscoverResult>),
    /// To `tools/call`.
    CallTool(CallToolResult),
    /// To `resources/read`.
    ReadResource(ReadResourceResult),
    /// To `prompts/get`.
    GetPrompt(GetPromptResult),
    /// To `completion/complete`.
    Complete(Completion),
    /// Not the answer yet: the client is asked first. Modern only.
    InputRequired(Box<InputRequired>),
    /// To `subscriptions/listen`, when the server ends the subscription.
    Listen(ListenResult),
    /// To `tools/call`: it goes on as a task.
    CreateTask(Box<CreateTaskResult>),
    /// To `tasks/get`, and to `tasks/cancel` of 2025-11-25.
    Task(Box<DetailedTask>),
    /// A result that was already written for the revision: a page of a list, or an upstream's own answer.
    Prepared(RawJson),
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

impl From<Rejection> for Reply {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<ErrorObject> for Reply {
    fn from(error: ErrorObject) -> Self {
        Self::Error(error)
    }
}

/// An encoded response and the HTTP status it has if nothing was streamed before it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outgoing {
    /// The HTTP status.
    pub status: u16,
    /// One JSON-RPC response on one line.
    pub body: Bytes,
    /// Seconds after which another try makes sense.
    pub retry_after: Option<u32>,
}

impl Outgoing {
    /// A body with status 200.
    #[must_use]
    pub fn ok(body: Bytes) -> Self {
        Self {
            status: 200,
            body,
            retry_after: None,
        }
    }
}

/// Writes the response to request `id` as `version` wants it. `server_info` is the raw JSON of the server's
/// `Implementation`, stamped into modern results (T-2607-25).
#[must_use]
pub fn encode(
    version: ProtocolVersion,
    id: &RequestId,
    reply: &Reply,
    server_info: &RawValue,
) -> Outgoing {
    let era = version.era();
    let view = View {
        version,
        server_info,
    };
    match reply {
        Reply::Answer(answer) => match encode_answer(id, answer, view) {
            Ok(body) => Outgoing::ok(body),
            Err(_) => refuse(Some(id), &Rejection::Internal, era),
        },
        Reply::Rejected(rejection) => refuse(Some(id), rejection, era),
        Reply::Error(error) => {
            let status = match (error.code, era) {
                (code::METHOD_NOT_FOUND, Era::Modern) => 404,
                (
                    code::HEADER_MISMATCH
                    | code::MISSING_CLIENT_CAPABILITY
                    | code::UNSUPPORTED_PROTOCOL_VERSION,
                    Era::Modern,
                ) => 400,
                _ => 200,
            };
            Outgoing {
                status,
                body: encode_error(Some(id), error),
                retry_after: None,
            }
        }
    }
}

/// What the response to a request would hold: the result, written as `version` wants it, or the error. For
/// answers that are kept.
///
/// # Errors
/// The error the request is answered with.
pub fn outcome(
    version: ProtocolVersion,
    reply: &Reply,
    server_info: &RawValue,
) -> Result<RawJson, ErrorObject> {
    let era = version.era();
    let view = View {
        version,
        server_info,
    };
    match reply {
        Reply::Answer(answer) => {
            let mut out = Vec::with_capacity(256);
            match write_answer(&mut out, answer, view) {
                Ok(()) => Ok(RawJson::from_written(out.into())),
                Err(_) => Err(Rejection::Internal.to_error(era)),
            }
        }
        Reply::Rejected(rejection) => Err(rejection.to_error(era)),
        Reply::Error(error) => Err(error.clone()),
    }
}

/// Writes a refusal as a JSON-RPC error response; without an id where it could not be read (trap 43).
#[must_use]
pub fn refuse(id: Option<&RequestId>, rejection: &Rejection, era: Era) -> Outgoing {
    Outgoing {
        status: rejection.status(era),
        body: encode_error(id, &rejection.to_error(era)),
        retry_after: rejection.retry_after(),
    }
}

/// Something a handler says before its result.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Emission {
    /// How far it has come.
    Progress(Progress),
    /// What it wants logged on the client's side.
    Log(LogMessage),
    /// A question to the client, which answers it with a response of its own. Legacy only.
    Request(ServerRequest),
    /// A question is taken back.
    Cancelled {
        /// Its id.
        id: RequestId,
        /// Why.
        reason: &'static str,
    },
    /// What a URL was to be opened for is done. 2025-11-25 only (T-2511-16).
    UrlCompleted {
        /// The id that came with the URL.
        elicitation: Arc<str>,
    },
    /// The connection may be closed while the call goes on; the client reads on later. Writes no message
    /// (T-2511-03).
    Release {
        /// When the client is to come back.
        retry: Duration,
    },
}

/// A request of the server's own.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ServerRequest {
    /// What the answer refers to.
    pub id: RequestId,
    /// What is asked for.
    pub method: Method,
    /// With what, written for the revision already.
    pub params: Map<String, Value>,
}

impl ServerRequest {
    /// A request under an id that no other request of this server has.
    #[must_use]
    pub fn new(id: RequestId, method: Method, params: Map<String, Value>) -> Self {
        Self { id, method, params }
    }

    fn encode(&self) -> Option<Bytes> {
        #[derive(Serialize)]
        struct Envelope<'a> {
            jsonrpc: &'static str,
            id: &'a RequestId,
            method: &'a str,
            #[serde(skip_serializing_if = "Map::is_empty")]
            params: &'a Map<String, Value>,
        }
        let envelope = Envelope {
            jsonrpc: "2.0",
            id: &self.id,
            method: self.method.as_str(),
            params: &self.params,
        };
        serde_json::to_vec(&envelope).ok().map(Bytes::from)
    }
}

/// Writes a handler's message as a JSON-RPC notification or request.
#[must_use]
pub fn encode_emission(
    version: ProtocolVersion,
    emission: &Emission,
    server_info: &RawValue,
) -> Option<Bytes> {
    let view = View {
        version,
        server_info,
    };
    match emission {
        Emission::Progress(progress) => notification("notifications/progress", progress, view),
        Emission::Log(message) => notification("notifications/message", message, view),
        Emission::Request(request) => request.encode(),
        Emission::Cancelled { id, reason } => encode_notification(
            "notifications/cancelled",
            json!({ "requestId": id, "reason": reason }),
        ),
        Emission::UrlCompleted { elicitation } => encode_url_completed(elicitation),
        Emission::Release { .. } => None,
    }
}

/// A notification without parameters, such as `notifications/tools/list_changed`.
#[must_use]
pub fn encode_bare_notification(method: &str) -> Bytes {
    let mut out = BytesMut::with_capacity(64);
    out.put_slice(br#"{"jsonrpc":"2.0","method":""#);
    out.put_slice(method.as_bytes());
    out.put_slice(br#""}"#);
    out.freeze()
}

/// `notifications/resources/updated` as legacy clients get it, who asked with `resources/subscribe`
/// (T-2411-17).
#[must_use]
pub fn encode_resource_updated(uri: &str) -> Option<Bytes> {
    encode_notification("notifications/resources/updated", json!({ "uri": uri }))
}

/// `notifications/elicitation/complete` as clients of 2025-11-25 get it (T-2511-16).
#[must_use]
pub fn encode_url_completed(elicitation: &str) -> Option<Bytes> {
    let params = json!({ "elicitationId": elicitation });
    encode_notification("notifications/elicitation/complete", params)
}

/// A notification whose parameters are the same in every revision that has it.
pub(crate) fn encode_notification(method: &str, params: impl Serialize) -> Option<Bytes> {
    let envelope = Envelope {
        jsonrpc: "2.0",
        method,
        params,
    };
    serde_json::to_vec(&envelope).ok().map(Bytes::from)
}

#[derive(Serialize)]
struct Envelope<'a, P> {
    jsonrpc: &'static str,
    method: &'a str,
    params: P,
}

fn notification<T: Project>(method: &'static str, params: &T, view: View<'_>) -> Option<Bytes> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(br#"{"jsonrpc":"2.0","method":""#);
    out.extend_from_slice(method.as_bytes());
    out.extend_from_slice(br#"","params":"#);
    write_projected(&mut out, params, view).ok()?;
    out.push(b'}');
    Some(out.into())
}

fn encode_answer(
    id: &RequestId,
    answer: &Answer,
    view: View<'_>,
) -> Result<Bytes, serde_json::Error> {
    let mut out = Vec::with_capacity(256 + view.server_info.get().len());
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    serde_json::to_writer(&mut out, id)?;
    out.extend_from_slice(br#","result":"#);
    write_answer(&mut out, answer, view)?;
    out.push(b'}');
    Ok(out.into())
}

fn write_answer(
    out: &mut Vec<u8>,
    answer: &Answer,
    view: View<'_>,
) -> Result<(), serde_json::Error> {
    match answer {
        Answer::Empty => write_projected(out, &EmptyResult, view),
        Answer::Initialize(result) => write_projected(out, &**result, view),
        Answer::Discover(result) => write_projected(out, &**result, view),
        Answer::CallTool(result) => write_projected(out, result, view),
        Answer::ReadResource(result) => write_projected(out, result, view),
        Answer::GetPrompt(result) => write_projected(out, result, view),
        Answer::Listen(result) => write_projected(out, result, view),
        Answer::Complete(result) => write_projected(out, result, view),
        Answer::InputRequired(result) => write_projected(out, &**result, view),
        Answer::CreateTask(result) => write_projected(out, &**result, view),
        Answer::Task(result) => write_projected(out, &**result, view),
        Answer::Prepared(raw) => {
            // One more for the end of the response, lest a long page be moved for it.
            out.reserve(raw.as_bytes().len() + 1);
            out.extend_from_slice(raw.as_bytes());
            Ok(())
        }
    }
}

fn encode_error(id: Option<&RequestId>, error: &ErrorObject) -> Bytes {
    #[derive(Serialize)]
    struct Envelope<'a> {
        jsonrpc: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RequestId>,
        error: &'a ErrorObject,
    }
    let envelope = Envelope {
        jsonrpc: "2.0",
        id,
        error,
    };
    // An error object holds JSON values only; should writing it fail all the same, the code still arrives.
    let text = serde_json::to_vec(&envelope).unwrap_or_else(|_| {
        br#"{"jsonrpc":"2.0","error":{"code":-32603,"message":"internal error"}}"#.to_vec()
    });
    text.into()
}
