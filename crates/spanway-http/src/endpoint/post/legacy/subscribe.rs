//! `resources/subscribe` and `resources/unsubscribe`: what a session is told of on its GET stream.

use spanway_protocol::jsonrpc::Request;
use spanway_protocol::{Answer, Method, Rejection, Reply, legacy};
use spanway_store::SessionChange;

use super::{Terms, tell};
use crate::state::Shared;
use spanway_server::Origin;

/// T-2411-17: acknowledged with an empty result; only where it is offered and there is a session to remember
/// it. Whether there is such a resource, and whether the client may see it, is not told here: changes of one
/// that it may not see are never told. A service that wants to know may refuse.
pub(super) async fn answer(
    shared: &Shared,
    terms: &Terms,
    origin: impl FnOnce() -> Origin,
    request: &Request,
) -> Result<Reply, Rejection> {
    let resources = shared.service.info().capabilities.resources;
    let offered = resources.is_some_and(|resources| resources.subscribe);
    let Some(registry) = terms.registry.as_ref().filter(|_| offered) else {
        return Err(Rejection::MethodNotFound {
            method: request.method.as_str().to_owned(),
        });
    };
    let uri = legacy::subscribed_uri(&request.params.raw(), &shared.limits)?;
    let session = &terms.session;
    let ends = request.method == Method::ResourcesUnsubscribe;
    let limit = shared.limits.subscriptions_max;
    let is_new = !session.subscriptions.contains(&uri);
    if !ends && is_new && session.subscriptions.len() >= limit {
        return Err(Rejection::SessionBusy {
            what: "subscriptions",
            limit,
        });
    }
    if let Some(refusal) = tell::of_request(shared, terms, origin, request).await {
        return Ok(refusal);
    }
    if ends {
        let change = SessionChange::Unsubscribed(uri.clone());
        registry.change(&session.id, change).await?;
        registry.watch(&session.id, &uri, false);
    } else {
        let change = SessionChange::Subscribed(uri.clone());
        registry.change(&session.id, change).await?;
        registry.watch(&session.id, &uri, true);
    }
    Ok(Answer::Empty.into())
}
