//! The only place that tells the two eras apart. Decided by the body, cross-checked by the headers.

use crate::head::{Head, PROTOCOL_VERSION, mismatch};
use crate::jsonrpc::{Incoming, Message, Notification, Request};
use crate::method::Method;
use crate::modern::Claims;
use crate::rejection::{Refusal, Rejection};
use crate::version::Era;

/// A body with its era decided.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "two eras; the transport must handle every form"
)]
pub enum Selected {
    /// A modern request and what its `_meta` claims.
    ModernRequest(Request, Claims),
    /// A modern notification: accepted and dropped (T-DUAL-09, trap 28).
    ModernNotification(Notification),
    /// Anything of the handshake revisions.
    Legacy(Incoming),
}

impl Selected {
    /// Decides the era of a body: modern if its `_meta` claims a protocol version, whatever the method and
    /// whatever the session header says (T-DUAL-05, T-DUAL-10); else legacy, unless the header names a
    /// modern revision (T-DUAL-06).
    ///
    /// # Errors
    /// Contradictions: a claim inside a batch, a modern header without a claim, a posted response under a
    /// modern header. The second value is the era to answer in.
    pub fn decide(head: &Head<'_>, incoming: Incoming) -> Result<Self, (Refusal, Era)> {
        match incoming {
            Incoming::Batch(messages) => {
                batch(head, messages).map_err(|why| (why.into(), Era::Legacy))
            }
            Incoming::Single(Message::Request(request)) => decide_request(head, request),
            Incoming::Single(Message::Notification(notification)) => {
                // A notification is dropped in the modern era, so a malformed `_meta` decides nothing.
                let claimed =
                    Claims::read(&notification.params.meta).is_ok_and(|claims| claims.are_made());
                if claimed || head.claims_modern() {
                    return Ok(Self::ModernNotification(notification));
                }
                Ok(Self::Legacy(Incoming::Single(Message::Notification(
                    notification,
                ))))
            }
            Incoming::Single(Message::Response(response)) => {
                // T-DUAL-04: modern servers never ask by request, so there is nothing to answer.
                if head.claims_modern() {
                    let detail = "a client does not send responses in this protocol version";
                    return Err((
                        Rejection::InvalidRequest {
                            detail: detail.into(),
                        }
                        .into(),
                        Era::Modern,
                    ));
                }
                Ok(Self::Legacy(Incoming::Single(Message::Response(response))))
            }
        }
    }
}

fn decide_request(head: &Head<'_>, mut request: Request) -> Result<Selected, (Refusal, Era)> {
    let refuse = |id, why, era| (Refusal { id: Some(id), why }, era);
    let read = request.params.claims.take();
    let claims = match read.map_or_else(|| Claims::read(&request.params.meta), Ok) {
        Ok(claims) => claims,
        Err(why) => return Err(refuse(request.id, why, head.era())),
    };
    if claims.are_made() {
        return Ok(Selected::ModernRequest(request, claims));
    }
    if head.era() == Era::Legacy {
        return Ok(Selected::Legacy(Incoming::Single(Message::Request(
            request,
        ))));
    }
    // T-DUAL-06: a modern header without a claim is never legacy.
    let why = if request.method == Method::Initialize {
        mismatch(format!(
            "initialize is not part of the revision that {PROTOCOL_VERSION} names"
        ))
    } else {
        claims.missing()
    };
    Err(refuse(request.id, why, Era::Modern))
}

/// T-DUAL-03: a batch is legacy, and must not hide a modern request.
fn batch(head: &Head<'_>, messages: Vec<Message>) -> Result<Selected, Rejection> {
    let claimed = messages.iter().any(|message| match message {
        Message::Request(Request { params, .. })
        | Message::Notification(Notification { params, .. }) => {
            Claims::read(&params.meta).is_ok_and(|claims| claims.are_made())
        }
        Message::Response(_) => false,
    });
    if claimed || head.claims_modern() {
        return Err(Rejection::BatchNotAllowed);
    }
    Ok(Selected::Legacy(Incoming::Batch(messages)))
}

#[cfg(test)]
mod tests;
