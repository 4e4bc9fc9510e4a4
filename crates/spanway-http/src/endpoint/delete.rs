//! DELETE: the client ends its session.

use http::request::Parts;
use http::{Response, StatusCode};
use spanway_protocol::{Era, Rejection, legacy};
use spanway_server::Principal;

use crate::respond;
use crate::state::Shared;
use crate::stream::ResponseBody;

/// 200 once the session is gone; 400 without an id, 404 for an unknown one, 405 without sessions
/// (T-2503-22, T-2503-23, T-DUAL-02).
pub(super) async fn answer(
    shared: &Shared,
    parts: &Parts,
    principal: Option<&Principal>,
) -> Response<ResponseBody> {
    match end(shared, parts, principal).await {
        Ok(()) => respond::empty(StatusCode::OK),
        Err(why) => respond::refusal(&why.into(), Era::Legacy),
    }
}

async fn end(
    shared: &Shared,
    parts: &Parts,
    principal: Option<&Principal>,
) -> Result<(), Rejection> {
    let registry = shared
        .sessions
        .as_ref()
        .ok_or(Rejection::MethodNotAllowed { allow: "POST" })?;
    let head = super::head(parts);
    let id = legacy::session_id(&head)?;
    let version = legacy::version_header(&head)?;
    shared.header_rules.check_bodiless(&head)?;
    let session = registry.find(&id, principal.map(Principal::as_str)).await?;
    shared
        .header_rules
        .check_session(version, session.version)?;
    registry.end(&id).await
}
