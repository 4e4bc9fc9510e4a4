//! Tells the service what concerns a session and the transport sees to itself.

use spanway_protocol::jsonrpc::{Notification, Request, RequestId};
use spanway_protocol::{Call, Rejection, Reply, legacy};
use spanway_server::{Context, Origin};
use tokio::time::timeout;

use super::Terms;
use crate::state::Shared;

/// What the service has against a request about the session, if anything. It has as long for that as for a
/// call.
pub(super) async fn of_request(
    shared: &Shared,
    terms: &Terms,
    origin: impl FnOnce() -> Origin,
    request: &Request,
) -> Option<Reply> {
    let call = match legacy::accept(request.clone(), &terms.session) {
        Ok(call) => call,
        Err(refusal) => return Some(refusal.why.into()),
    };
    let context = context(terms, origin, &call)?;
    let told = shared.service.concerning_session(call, context)?;
    let limit = shared.limits.call_timeout;
    let reply = timeout(limit, told).await.unwrap_or_else(|_| {
        Reply::Rejected(Rejection::CallTimeout {
            seconds: limit.as_secs(),
        })
    });
    match reply {
        Reply::Answer(_) => None,
        refusal => Some(refusal),
    }
}

/// Nobody waits for what the service does about a notification; it too has as long as a call.
pub(super) fn of_notification(
    shared: &Shared,
    terms: &Terms,
    origin: impl FnOnce() -> Origin,
    notification: &Notification,
) {
    // A notification has no id, and nothing is ever answered to this one.
    let id = RequestId::Integer(0);
    let version = terms.session.version;
    let mut call = Call::new(
        id,
        notification.method.clone(),
        notification.params.clone(),
        version,
    );
    call.client = terms.session.client.clone();
    let Some(context) = context(terms, origin, &call) else {
        return;
    };
    if let Some(work) = shared.service.notified(notification, context) {
        shared
            .detached
            .spawn(timeout(shared.limits.call_timeout, work));
    }
}

/// The surroundings of something that has no stream: nothing can be said from here. `None` without sessions.
fn context(terms: &Terms, origin: impl FnOnce() -> Origin, call: &Call) -> Option<Context> {
    terms.registry.as_ref()?;
    let mut origin = origin();
    origin.session = Some(terms.session.id.as_str().into());
    let context = Context::new(call, origin, 1);
    context.close();
    Some(context)
}
