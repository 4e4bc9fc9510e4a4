//! Builds HTTP responses; the only place that does.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use spanway_protocol::{
    Era, Outgoing, PROTOCOL_VERSION, ProtocolVersion, Refusal, Rejection, SESSION_ID, refuse,
};

use crate::auth::{Challenge, ProtectedResource};
use crate::stream::ResponseBody;

const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What every answer of a kind carries besides its body: the revision it is written in, and the session.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    pub(crate) version: ProtocolVersion,
    pub(crate) session: Option<HeaderValue>,
}

impl Envelope {
    fn stamp(self, response: &mut Response<ResponseBody>) {
        let headers = response.headers_mut();
        headers.insert(
            PROTOCOL_VERSION,
            HeaderValue::from_static(self.version.as_str()),
        );
        if let Some(session) = self.session {
            headers.insert(SESSION_ID, session);
        }
    }
}

/// One JSON-RPC response as `application/json`.
pub(crate) fn json(outgoing: Outgoing, envelope: Envelope) -> Response<ResponseBody> {
    let mut response = whole(outgoing);
    envelope.stamp(&mut response);
    response
}

fn whole(outgoing: Outgoing) -> Response<ResponseBody> {
    let status = StatusCode::from_u16(outgoing.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = with_json(status, outgoing.body);
    if let Some(seconds) = outgoing.retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

/// An event stream (T-2607-06: proxies must not buffer it).
pub(crate) fn sse(body: ResponseBody, envelope: Envelope) -> Response<ResponseBody> {
    let mut response = events(body);
    envelope.stamp(&mut response);
    response
}

/// An event stream that names neither revision nor session: HTTP+SSE has no such headers (T-2411-06).
pub(crate) fn events(body: ResponseBody) -> Response<ResponseBody> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-transform"),
    );
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response
}

/// 202 without a body: a notification or response was taken (T-2503-05).
pub(crate) fn accepted(version: ProtocolVersion) -> Response<ResponseBody> {
    let mut response = empty(StatusCode::ACCEPTED);
    Envelope {
        version,
        session: None,
    }
    .stamp(&mut response);
    response
}

/// A status without a body.
pub(crate) fn empty(status: StatusCode) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::default());
    *response.status_mut() = status;
    response
}

/// A refusal as a JSON-RPC error with the HTTP status of the one table.
pub(crate) fn refusal(refusal: &Refusal, era: Era) -> Response<ResponseBody> {
    let mut response = whole(refuse(refusal.id.as_ref(), &refusal.why, era));
    let allow = match refusal.why {
        Rejection::MethodNotAllowed { allow } => Some(allow),
        Rejection::StreamOver => Some("POST, DELETE"),
        _ => None,
    };
    if let Some(allow) = allow {
        let headers = response.headers_mut();
        headers.insert(ALLOW, HeaderValue::from_static(allow));
    }
    response
}

/// 401 with the challenge that says how to authenticate and who gives out tokens; 503 where nobody can tell.
pub(crate) fn unauthorized(
    challenge: Challenge,
    resource: Option<&ProtectedResource>,
    era: Era,
) -> Response<ResponseBody> {
    if challenge.is_unavailable {
        return refusal(&Rejection::CredentialsUnchecked.into(), era);
    }
    let mut response = refusal(
        &Rejection::Unauthorized {
            detail: challenge.detail.into(),
        }
        .into(),
        era,
    );
    let header = match resource {
        Some(resource) => resource.challenge(challenge.header),
        None => challenge.header,
    };
    response.headers_mut().insert(WWW_AUTHENTICATE, header);
    response
}

/// 405 for what can only be read.
pub(crate) fn get_only() -> Response<ResponseBody> {
    let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

/// A JSON body with a status, for answers outside JSON-RPC too.
pub(crate) fn with_json(status: StatusCode, body: Bytes) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
