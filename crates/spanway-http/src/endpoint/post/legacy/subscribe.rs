//! `resources/subscribe` and `resources/unsubscribe`: what a session is told of on its GET stream.

use spanway_protocol::jsonrpc::Request;
use spanway_protocol::{Answer, Method, Outgoing, Refusal, Rejection, Reply, encode, legacy};
use spanway_store::SessionChange;

use super::Terms;
use crate::state::Shared;

/// T-2411-17: acknowledged with an empty result; only where it is offered and there is a session to remember
/// it. Whether there is such a resource, and whether the client may see it, is not told here: changes of one
/// that it may not see are never told.
pub(super) async fn answer(
    shared: &Shared,
    terms: &Terms,
    request: &Request,
) -> Result<Outgoing, Refusal> {
    change(shared, terms, request)
        .await
        .map_err(|why| Refusal::new(Some(request.id.clone()), why))?;
    let server = shared.service.info().raw_implementation();
    let reply = Reply::Answer(Answer::Empty);
    Ok(encode(terms.session.version, &request.id, &reply, server))
}

async fn change(shared: &Shared, terms: &Terms, request: &Request) -> Result<(), Rejection> {
    let resources = shared.service.info().capabilities.resources;
    let offered = resources.is_some_and(|resources| resources.subscribe);
    let Some(registry) = terms.registry.as_ref().filter(|_| offered) else {
        return Err(Rejection::MethodNotFound {
            method: request.method.as_str().to_owned(),
        });
    };
    let uri = legacy::subscribed_uri(&request.params.raw, &shared.limits)?;
    let session = &terms.session;
    if request.method == Method::ResourcesUnsubscribe {
        let change = SessionChange::Unsubscribed(uri.clone());
        registry.change(&session.id, change).await?;
        registry.watch(&session.id, &uri, false);
        return Ok(());
    }
    let limit = shared.limits.subscriptions_max;
    if session.subscriptions.len() >= limit && !session.subscriptions.contains(&uri) {
        return Err(Rejection::SessionBusy {
            what: "subscriptions",
            limit,
        });
    }
    let change = SessionChange::Subscribed(uri.clone());
    registry.change(&session.id, change).await?;
    registry.watch(&session.id, &uri, true);
    Ok(())
}
