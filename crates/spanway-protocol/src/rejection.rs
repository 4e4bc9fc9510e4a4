//! Every way a request is refused, and the one table that maps it to HTTP status and JSON-RPC code.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::jsonrpc::{ErrorObject, RequestId, code};
use crate::version::{Era, ProtocolVersion};

/// A request that is not served: why, and which id the answer carries.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Refusal {
    /// The request's id, if it could be read (T-ALL-03).
    pub id: Option<RequestId>,
    /// What was wrong.
    pub why: Rejection,
}

impl Refusal {
    /// A refusal of the request with this id.
    #[must_use]
    pub fn new(id: Option<RequestId>, why: Rejection) -> Self {
        Self { id, why }
    }
}

impl From<Rejection> for Refusal {
    fn from(why: Rejection) -> Self {
        Self { id: None, why }
    }
}

/// Why a peer's request is refused. The text says what was wrong and how to put it right.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// `Host` names a host this server does not answer to (T-ALL-13).
    #[error(
        "host {host:?} is not allowed here; the operator can allow it with --allow-host {host}"
    )]
    HostForbidden {
        /// The value of the header.
        host: String,
    },
    /// `Origin` is present and not allowed (T-ALL-10).
    #[error(
        "origin {origin:?} is not allowed here; the operator can allow it with --allow-origin {origin}"
    )]
    OriginForbidden {
        /// The value of the header.
        origin: String,
    },
    /// No valid credentials.
    #[error("{detail}")]
    Unauthorized {
        /// What is missing or wrong, without the credentials.
        detail: Cow<'static, str>,
    },
    /// Who could say whether credentials are valid cannot be reached. Nobody is let in meanwhile.
    #[error("credentials cannot be checked now; try again later")]
    CredentialsUnchecked,
    /// The endpoint does not have the HTTP method.
    #[error("method not allowed: this endpoint answers {allow}")]
    MethodNotAllowed {
        /// The value of the `Allow` header.
        allow: &'static str,
    },
    /// The body is over the limit.
    #[error(
        "the body is larger than {limit} bytes; the operator can raise the bound with --max-body"
    )]
    BodyTooLarge {
        /// The bound in bytes.
        limit: usize,
    },
    /// The body did not arrive in time.
    #[error("the body did not arrive in time")]
    BodyTimeout,
    /// The body ended early or the connection broke.
    #[error("the body could not be read")]
    BodyUnreadable,
    /// `Content-Type` is not JSON.
    #[error("content type must be application/json")]
    UnsupportedMediaType,
    /// `Accept` admits none of the forms this server answers in.
    #[error("the Accept header must admit {need}")]
    NotAcceptable {
        /// The media types that would do.
        need: &'static str,
    },
    /// The body is not JSON.
    #[error("the body is not JSON: {detail}")]
    NotJson {
        /// Where and why the parser stopped.
        detail: String,
    },
    /// The body nests deeper than the limit.
    #[error("the body nests deeper than {limit} levels")]
    TooDeep {
        /// The bound in levels.
        limit: usize,
    },
    /// JSON, but not a JSON-RPC message that may stand here.
    #[error("not a valid JSON-RPC message: {detail}")]
    InvalidRequest {
        /// What is wrong with it.
        detail: Cow<'static, str>,
    },
    /// A batch where the revision has none (T-2506-01).
    #[error("batches are only legal in protocol version 2025-03-26; send one message per request")]
    BatchNotAllowed,
    /// A batch over the limit.
    #[error("the batch holds more than {limit} messages")]
    BatchTooLarge {
        /// The bound in messages.
        limit: usize,
    },
    /// Modern metadata is missing or of the wrong type (T-2607-20).
    #[error("{detail}")]
    InvalidMeta {
        /// Which key of `_meta`, and what it must be.
        detail: Cow<'static, str>,
    },
    /// A header is missing, doubled or contradicts the body (T-2607-22, T-HDR-01, T-HDR-02).
    #[error("{detail}")]
    HeaderMismatch {
        /// Which header, and what was expected.
        detail: Cow<'static, str>,
    },
    /// The revision named in a modern request is not served (T-2607-23).
    #[error("protocol version {requested:?} is not supported")]
    UnsupportedVersion {
        /// What the request named.
        requested: String,
        /// The modern revisions this server has.
        supported: Vec<ProtocolVersion>,
    },
    /// A legacy request with an `MCP-Protocol-Version` nobody knows (T-2506-02).
    #[error("MCP-Protocol-Version {requested:?} is not supported; this server has {supported}")]
    UnsupportedVersionHeader {
        /// The value of the header.
        requested: String,
        /// The legacy revisions this server has, comma separated.
        supported: String,
    },
    /// No such method, or its capability is not offered (T-ALL-06).
    #[error("method not found: {method}")]
    MethodNotFound {
        /// The method asked for.
        method: String,
    },
    /// The parameters are not what the method takes.
    #[error("{detail}")]
    InvalidParams {
        /// Which parameter, and what it must be.
        detail: Cow<'static, str>,
    },
    /// The state of an earlier round was tampered with, has expired or belongs to another call. One text
    /// for all of these, so that nothing can be learnt from it (T-MRTR-05, T-MRTR-06).
    #[error("invalid or expired requestState")]
    InvalidState,
    /// As many states are remembered as used as there may be. The one that came was not used up.
    #[error("too many calls are being continued; try again later")]
    TooManyStates,
    /// There is no such resource (T-2411-18, T-2607-43).
    #[error("resource not found: {uri}")]
    ResourceNotFound {
        /// What was asked for.
        uri: String,
    },
    /// The client did not declare a capability this call needs (T-2607-27).
    #[error("this call needs a client capability that was not declared")]
    MissingCapability {
        /// The capabilities, as the object a client would declare.
        required: Value,
    },
    /// A legacy request without `Mcp-Session-Id` (T-2503-21).
    #[error(
        "a session is required: send initialize first, then its Mcp-Session-Id with every request"
    )]
    SessionRequired,
    /// A POST of the HTTP+SSE transport that does not name its stream (T-2411-03).
    #[error(
        "sessionId is missing in the query: post to the address that the stream's endpoint event named"
    )]
    ConnectionRequired,
    /// The session is unknown, ended or expired (T-2503-22), or belongs to another principal.
    #[error("session not found: it has ended or never existed; send initialize again")]
    SessionNotFound,
    /// There is nothing to read on from: the event was never on a stream of this session, or is no longer
    /// kept (T-2503-16). Which of them is not told.
    #[error("cannot resume: this session has no such event, or no longer; open a new stream")]
    EventGone,
    /// There is nothing left to read on. 405 is the one answer to a GET besides a stream (T-2503-10), and
    /// the one that makes SDKs stop asking: after a cancelled call they would otherwise go on for ever.
    #[error("this stream is over and all of it was read; open a new one")]
    StreamOver,
    /// No room for another session.
    #[error("too many sessions; try again later")]
    TooManySessions,
    /// No room for another `subscriptions/listen` stream, or another HTTP+SSE connection.
    #[error("too many open streams; try again later")]
    TooManyStreams,
    /// No room for another call.
    #[error("too many calls at once; try again later")]
    TooManyCalls,
    /// The session has as many streams or calls as it may have.
    #[error("too many {what} in this session; the bound is {limit}")]
    SessionBusy {
        /// What there are too many of.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
    /// A request with this id is still running in the session.
    #[error("a request with id {id} is still in flight in this session; use a new id")]
    DuplicateId {
        /// The id.
        id: RequestId,
    },
    /// The handler ran out of time.
    #[error("the call took longer than {seconds} s and was stopped")]
    CallTimeout {
        /// The bound, in seconds.
        seconds: u64,
    },
    /// The node that ran the call is gone, and what it did is not known.
    #[error(
        "the server that ran this call is gone and its outcome is not known; send it again if that is safe"
    )]
    NodeLost,
    /// There is no such task, no longer, or it is another's. Which of them is not told (T-LTASK-12,
    /// T-TASK-10).
    #[error("task not found: it has expired or never existed")]
    TaskNotFound,
    /// There are as many tasks as there may be, of this owner or of all.
    #[error("too many {what}, the bound is {limit}; try again when some have expired")]
    TooManyTasks {
        /// Tasks, or what they take.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
    /// The server is shutting down.
    #[error("the server is shutting down; try again")]
    ShuttingDown,
    /// What is kept cannot be read or written now.
    #[error("the store is not available; try again later")]
    StoreUnavailable,
    /// The server failed; the log says how.
    #[error("internal error")]
    Internal,
}

impl Rejection {
    /// The client did not declare an extension this request needs (T-TASK-03, T-TASK-11).
    #[must_use]
    pub fn missing_extension(id: &str) -> Self {
        Self::MissingCapability {
            required: json!({ "extensions": { id: {} } }),
        }
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(&self, era: Era) -> u16 {
        match self {
            Self::HostForbidden { .. } | Self::OriginForbidden { .. } => 403,
            Self::Unauthorized { .. } => 401,
            Self::MethodNotAllowed { .. } | Self::StreamOver => 405,
            Self::BodyTooLarge { .. } => 413,
            Self::BodyTimeout => 408,
            Self::UnsupportedMediaType => 415,
            Self::NotAcceptable { .. } => 406,
            Self::BodyUnreadable
            | Self::NotJson { .. }
            | Self::TooDeep { .. }
            | Self::InvalidRequest { .. }
            | Self::BatchNotAllowed
            | Self::BatchTooLarge { .. }
            | Self::InvalidMeta { .. }
            | Self::HeaderMismatch { .. }
            | Self::UnsupportedVersion { .. }
            | Self::UnsupportedVersionHeader { .. }
            | Self::SessionRequired
            | Self::ConnectionRequired
            | Self::DuplicateId { .. } => 400,
            Self::SessionNotFound => 404,
            Self::EventGone => 410,
            Self::SessionBusy { .. } => 429,
            Self::TooManySessions
            | Self::TooManyStreams
            | Self::TooManyTasks { .. }
            | Self::TooManyCalls
            | Self::TooManyStates
            | Self::ShuttingDown
            | Self::CredentialsUnchecked
            | Self::StoreUnavailable => 503,
            // A legacy 404 means "session gone": an unknown method must not look like that.
            Self::MethodNotFound { .. } => match era {
                Era::Legacy => 200,
                Era::Modern => 404,
            },
            Self::MissingCapability { .. } => match era {
                Era::Legacy => 200,
                Era::Modern => 400,
            },
            Self::InvalidParams { .. }
            | Self::InvalidState
            | Self::TaskNotFound
            | Self::ResourceNotFound { .. }
            | Self::CallTimeout { .. }
            | Self::NodeLost
            | Self::Internal => 200,
        }
    }

    /// The JSON-RPC code of the answer. Codes of the modern era never appear in the legacy one.
    #[must_use]
    pub fn code(&self, era: Era) -> i64 {
        match (self, era) {
            (Self::NotJson { .. } | Self::TooDeep { .. }, _) => code::PARSE_ERROR,
            (Self::MethodNotFound { .. }, _) => code::METHOD_NOT_FOUND,
            (
                Self::InvalidMeta { .. }
                | Self::InvalidParams { .. }
                | Self::InvalidState
                | Self::TaskNotFound,
                _,
            )
            | (Self::ResourceNotFound { .. }, Era::Modern) => code::INVALID_PARAMS,
            (Self::ResourceNotFound { .. }, Era::Legacy) => code::RESOURCE_NOT_FOUND,
            (Self::HeaderMismatch { .. }, Era::Modern) => code::HEADER_MISMATCH,
            (Self::UnsupportedVersion { .. }, Era::Modern) => code::UNSUPPORTED_PROTOCOL_VERSION,
            (Self::MissingCapability { .. }, Era::Modern) => code::MISSING_CLIENT_CAPABILITY,
            (
                Self::Internal
                | Self::CallTimeout { .. }
                | Self::NodeLost
                | Self::StoreUnavailable
                | Self::CredentialsUnchecked
                | Self::TooManyStates
                | Self::TooManyTasks { .. }
                | Self::ShuttingDown,
                _,
            ) => code::INTERNAL_ERROR,
            _ => code::INVALID_REQUEST,
        }
    }

    /// The error object of the answer.
    #[must_use]
    pub fn to_error(&self, era: Era) -> ErrorObject {
        let error = ErrorObject::new(self.code(era), self.to_string());
        match self {
            Self::UnsupportedVersion {
                requested,
                supported,
            } => error.with_data(json!({ "supported": supported, "requested": requested })),
            Self::MissingCapability { required } => {
                error.with_data(json!({ "requiredCapabilities": required }))
            }
            Self::ResourceNotFound { uri } => error.with_data(json!({ "uri": uri })),
            _ => error,
        }
    }

    /// Seconds after which another try makes sense, for `Retry-After`.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::TooManySessions
            | Self::TooManyStreams
            | Self::TooManyTasks { .. }
            | Self::TooManyStates => Some(30),
            Self::ShuttingDown | Self::SessionBusy { .. } | Self::TooManyCalls => Some(1),
            Self::StoreUnavailable | Self::CredentialsUnchecked => Some(5),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
