//! GET: a session's stream for what no request asked for, and any of its streams read on.

use std::sync::Arc;

use http::Response;
use http::request::Parts;
use spanway_protocol::guard::Accepts;
use spanway_protocol::legacy::Session;
use spanway_protocol::{Era, Rejection, SESSION_ID, legacy};
use spanway_server::Principal;

use crate::registry::{Listener, Registry, Resumed, StreamSeat};
use crate::respond::{self, Envelope};
use crate::state::Shared;
use crate::stream::{Events, ResponseBody, Writer};

/// An event stream; 406 if the client takes none, 400 without a session, 404 for an unknown one, 405
/// without sessions (T-2503-10, T-DUAL-01).
pub(super) async fn answer(
    shared: &Shared,
    parts: &Parts,
    principal: Option<&Principal>,
) -> Response<ResponseBody> {
    match open(shared, parts, principal).await {
        Ok(response) => response,
        Err(why) => respond::refusal(&why.into(), Era::Legacy),
    }
}

async fn open(
    shared: &Shared,
    parts: &Parts,
    principal: Option<&Principal>,
) -> Result<Response<ResponseBody>, Rejection> {
    let registry = shared
        .sessions
        .as_ref()
        .ok_or(Rejection::MethodNotAllowed { allow: "POST" })?;
    let head = super::head(parts);
    Accepts::for_get(&head)?;
    shared.header_rules.check_get(&head)?;
    shared.header_rules.check_bodiless(&head)?;
    let id = legacy::session_id(&head)?;
    let version = legacy::version_header(&head)?;
    let session = registry.find(&id, principal.map(Principal::as_str)).await?;
    shared
        .header_rules
        .check_session(version, session.version)?;
    let events = match legacy::last_event_id(&head)? {
        None => {
            let seat = registry.new_stream(&session);
            let listener = listen(shared, registry, &session, &seat, principal).await?;
            let writer = Writer::of_listener(listener, seat);
            let mut events = Events::of_writer(writer, shared.keep_alive);
            events.push_comment();
            events
        }
        Some(after) => match registry.resume(&session, after, &shared.limits).await? {
            Resumed::Calls(reader) => Events::of_reader(reader, None, shared.keep_alive),
            Resumed::Listening(reader, seat) => {
                let listener = listen(shared, registry, &session, &seat, principal).await?;
                registry.take_over(&seat);
                listener.catch_up();
                let writer = Writer::of_listener(listener, seat);
                Events::of_reader(reader, Some(writer), shared.keep_alive)
            }
        },
    };
    let envelope = Envelope {
        version: session.version,
        session: parts.headers.get(SESSION_ID).cloned(),
    };
    Ok(respond::sse(events.into(), envelope))
}

/// What a GET stream tells.
async fn listen(
    shared: &Shared,
    registry: &Arc<Registry>,
    session: &Session,
    seat: &StreamSeat,
    principal: Option<&Principal>,
) -> Result<Listener, Rejection> {
    let changes = || shared.changes(principal.cloned(), Some(&session.id), |_| true);
    let listener = registry.listen(&session.id, seat.stream(), changes, &shared.limits)?;
    // A DELETE or a drain that came between the look-up and the opening found no stream to end; what was
    // subscribed to meanwhile is in the session now, or was told to the stream.
    let session = registry
        .find(&session.id, principal.map(Principal::as_str))
        .await?;
    if shared.is_draining() {
        return Err(Rejection::ShuttingDown);
    }
    for uri in &session.subscriptions {
        listener.watch(uri);
    }
    Ok(listener)
}
