//! Accepts requests of 2025-11-25 and earlier: a handshake opens a session, and requests refer to it.

mod event_id;
mod session;

pub use event_id::{EventId, StreamId};
pub use session::{Session, SessionId};

use serde::Deserialize;

use crate::call::Call;
use crate::head::{Head, Known, LAST_EVENT_ID};
use crate::json::RawJson;
use crate::json::describe;
use crate::jsonrpc::{Incoming, Request};
use crate::limits::Limits;
use crate::method::Method;
use crate::rejection::{Refusal, Rejection};
use crate::schema::{ProgressToken, ReadResourceParams};
use crate::version::{Era, ProtocolVersion};

/// The revision to speak with a client that asked for `requested`: the same one if it is a legacy revision
/// this server has, else the latest legacy one (T-2411-11, T-DUAL-12). Never an error.
#[must_use]
pub fn negotiate(requested: &str) -> ProtocolVersion {
    ProtocolVersion::parse(requested)
        .filter(|version| version.era() == Era::Legacy)
        .unwrap_or(ProtocolVersion::LATEST_LEGACY)
}

/// The session a request names.
///
/// # Errors
/// No `Mcp-Session-Id` (400, T-2503-21); one that no server could have issued (404, like any unknown one).
pub fn session_id(head: &Head<'_>) -> Result<SessionId, Rejection> {
    match head.one(Known::SessionId) {
        Ok(None) => Err(Rejection::SessionRequired),
        Ok(Some(id)) => SessionId::parse(id).ok_or(Rejection::SessionNotFound),
        Err(_) => Err(Rejection::SessionNotFound),
    }
}

/// The event after which a GET wants to read on, if it is no new stream (T-2503-16).
///
/// # Errors
/// An id this server cannot have issued: answered like one that is no longer kept.
pub fn last_event_id(head: &Head<'_>) -> Result<Option<EventId>, Rejection> {
    match head.single(&LAST_EVENT_ID) {
        Ok(None) => Ok(None),
        Ok(Some(id)) => EventId::parse(id).map(Some).ok_or(Rejection::EventGone),
        Err(_) => Err(Rejection::EventGone),
    }
}

/// The revision a request's header names, if any.
///
/// # Errors
/// A value that is no legacy revision of this server (400, T-2506-02).
pub fn version_header(head: &Head<'_>) -> Result<Option<ProtocolVersion>, Rejection> {
    let unsupported = |requested: &str| Rejection::UnsupportedVersionHeader {
        requested: requested.to_owned(),
        supported: supported(),
    };
    let Some(named) = head
        .one(Known::ProtocolVersion)
        .map_err(|_| unsupported("(invalid)"))?
    else {
        return Ok(None);
    };
    ProtocolVersion::parse(named)
        .filter(|version| version.era() == Era::Legacy)
        .map(Some)
        .ok_or_else(|| unsupported(named))
}

fn supported() -> String {
    let legacy = ProtocolVersion::ALL
        .into_iter()
        .filter(|version| version.era() == Era::Legacy);
    legacy
        .map(ProtocolVersion::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Whether this body may be a batch under `version`, the negotiated one or the header's.
///
/// # Errors
/// A batch in any revision but 2025-03-26 (T-2506-01); `initialize` inside a batch (T-2503-04).
pub fn check_batch(incoming: &Incoming, version: ProtocolVersion) -> Result<(), Rejection> {
    let Incoming::Batch(messages) = incoming else {
        return Ok(());
    };
    if version != ProtocolVersion::V2025_03_26 {
        return Err(Rejection::BatchNotAllowed);
    }
    let initializes = |message: &crate::jsonrpc::Message| matches!(message, crate::jsonrpc::Message::Request(request) if request.method == Method::Initialize);
    if messages.iter().any(initializes) {
        return Err(Rejection::InvalidRequest {
            detail: "initialize must not be part of a batch".into(),
        });
    }
    Ok(())
}

/// Turns a request of a session into a call under the session's terms, whatever revision its header
/// named (T-DUAL-14).
///
/// # Errors
/// A method of the modern revision alone (`-32601`); a progress token that is neither string nor integer
/// (`-32602`).
pub fn accept(request: Request, session: &Session) -> Result<Call, Refusal> {
    // T-DUAL-15: discovery belongs to the modern era, whatever the service would answer.
    if request.method == Method::Discover {
        return Err(Refusal {
            id: Some(request.id),
            why: Rejection::MethodNotFound {
                method: request.method.as_str().to_owned(),
            },
        });
    }
    let progress_token = match progress_token(&request) {
        Ok(token) => token,
        Err(why) => {
            return Err(Refusal {
                id: Some(request.id),
                why,
            });
        }
    };
    let mut call = Call::new(request.id, request.method, request.params, session.version);
    call.client = session.client.clone();
    call.progress_token = progress_token;
    call.log_level = Some(session.log_level);
    Ok(call)
}

/// The URI that `resources/subscribe` or `resources/unsubscribe` names (T-2411-17).
///
/// # Errors
/// It is missing, no string, or longer than what is remembered (`-32602`).
pub fn subscribed_uri(params: &RawJson, limits: &Limits) -> Result<Box<str>, Rejection> {
    let params: ReadResourceParams = params.read().map_err(|_| Rejection::InvalidParams {
        detail: "uri is required and must be a string".into(),
    })?;
    limits.check_subscribed_uri(&params.uri)?;
    Ok(params.uri.into())
}

fn progress_token(request: &Request) -> Result<Option<ProgressToken>, Rejection> {
    #[derive(Deserialize)]
    struct Meta {
        #[serde(default, rename = "progressToken")]
        progress_token: Option<ProgressToken>,
    }
    if request.params.meta.is_absent() {
        return Ok(None);
    }
    let meta: Meta =
        request
            .params
            .meta
            .read_object()
            .map_err(|error| Rejection::InvalidParams {
                detail: format!("_meta is malformed: {}", describe(&error)).into(),
            })?;
    Ok(meta.progress_token)
}

#[cfg(test)]
mod tests;
