//! Several nodes over the same stores: what one tells the others, and what it does when told.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use spanway_protocol::jsonrpc::{ErrorObject, RequestId};
use spanway_protocol::legacy::{SessionId, StreamId};
use spanway_protocol::{Era, RawJson, Rejection, refuse};
use spanway_server::Change;
use spanway_store::{Batch, BusMessage, NodeId, StreamState};

use super::{Registry, StreamSeat};

/// How often it is looked whether a node lives that has to end a stream.
pub(crate) const PATROL: Duration = Duration::from_secs(2);

impl Registry {
    /// Begins to hear other nodes, and tells them of changes. Does nothing where there are none.
    pub(crate) fn join(self: &Arc<Self>) {
        if self.stores.bus.is_alone() {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            tracing::error!(
                "built outside a tokio runtime: other nodes are not heard, and cannot reach this one"
            );
            return;
        };
        let registry = Arc::downgrade(self);
        self.service.changes().forward(move |change| {
            if let Some(registry) = registry.upgrade() {
                registry.tell(changed(change));
            }
        });
        let heard = self.stores.bus.listen();
        runtime.spawn(hear(Arc::downgrade(self), heard));
    }

    /// Tells the other nodes, without waiting for them.
    pub(super) fn tell(&self, message: BusMessage) {
        if self.stores.bus.is_alone() {
            return;
        }
        let told = self.stores.bus.publish(message);
        self.run_soon(async move {
            if let Err(error) = told.await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "other nodes could not be told"
                );
            }
        });
    }

    fn heed(&self, message: BusMessage) {
        match message {
            BusMessage::Answered {
                session,
                id,
                result,
                error,
            } => {
                let outcome = error.map_or_else(|| Ok(result.unwrap_or_default()), Err);
                if let Some(session) = SessionId::parse(&session) {
                    self.answer_here(&session, &id, &outcome);
                }
            }
            BusMessage::Cancelled { session, id } => {
                if let Some(session) = SessionId::parse(&session) {
                    self.cancel_here(&session, &id);
                }
            }
            BusMessage::Ended { session } => {
                if let Some(session) = SessionId::parse(&session) {
                    self.stop(&session);
                }
            }
            BusMessage::Watched {
                session,
                uri,
                wanted,
            } => {
                if let Some(mailbox) = SessionId::parse(&session).and_then(|id| self.mailbox(&id)) {
                    if wanted {
                        mailbox.watch(&uri);
                    } else {
                        mailbox.unwatch(&uri);
                    }
                }
            }
            BusMessage::Resumed { session, stream } => {
                if let (Some(session), Some(stream)) =
                    (SessionId::parse(&session), StreamId::parse(&stream))
                {
                    self.let_go(&session, stream);
                }
            }
            BusMessage::Changed { method, uri } => {
                let change = match uri {
                    Some(uri) => Some(Change::Resource(uri.into())),
                    None => Change::of_list(&method),
                };
                if let Some(change) = change {
                    self.service.changes().tell(&change);
                }
            }
            BusMessage::UrlCompleted {
                session,
                elicitation,
            } => {
                let change = Change::UrlCompleted {
                    session: session.into(),
                    elicitation: elicitation.into(),
                };
                self.service.changes().tell(&change);
            }
            BusMessage::Task { id } => {
                if let Some(tasks) = &self.tasks_of_service {
                    tasks.hear(&id);
                }
            }
            _ => {}
        }
    }

    /// Hands a response of the client to the call of its session that waits for it, wherever it runs.
    pub(crate) fn answer(
        &self,
        session: &SessionId,
        id: &RequestId,
        outcome: &Result<RawJson, ErrorObject>,
    ) {
        if self.answer_here(session, id, outcome) {
            return;
        }
        tracing::debug!(?id, "a response answers no question that is open here");
        let (result, error) = match outcome {
            Ok(result) => (Some(result.clone()), None),
            Err(error) => (None, Some(error.clone())),
        };
        self.tell(BusMessage::Answered {
            session: session.as_str().into(),
            id: id.clone(),
            result,
            error,
        });
    }

    /// Cancels a call the client no longer wants, wherever it runs. Unknown ids are ignored (T-2411-15).
    pub(crate) fn cancel(&self, session: &SessionId, id: &RequestId) {
        if !self.cancel_here(session, id) {
            self.tell(BusMessage::Cancelled {
                session: session.as_str().into(),
                id: id.clone(),
            });
        }
    }

    /// Tells the session's streams of changes of this resource too, or no longer.
    pub(crate) fn watch(&self, session: &SessionId, uri: &str, wanted: bool) {
        match self.mailbox(session) {
            Some(mailbox) if wanted => mailbox.watch(uri),
            Some(mailbox) => mailbox.unwatch(uri),
            None => {}
        }
        self.tell(BusMessage::Watched {
            session: session.as_str().into(),
            uri: uri.into(),
            wanted,
        });
    }
}

fn changed(change: &Change) -> BusMessage {
    let uri = match change {
        Change::Resource(uri) => Some(uri.as_ref().into()),
        Change::UrlCompleted {
            session,
            elicitation,
        } => {
            return BusMessage::UrlCompleted {
                session: session.as_ref().into(),
                elicitation: elicitation.as_ref().into(),
            };
        }
        _ => None,
    };
    BusMessage::Changed {
        method: change.method().into(),
        uri,
    }
}

/// Heeds other nodes for as long as the registry is there, and keeps its busy sessions alive: no request of
/// theirs may come to this node for long.
async fn hear(registry: Weak<Registry>, mut heard: BoxStream<'static, BusMessage>) {
    let Some(every) = registry.upgrade().map(|registry| registry.renew_after) else {
        return;
    };
    let mut renewal = tokio::time::interval(every.max(Duration::from_millis(100)));
    loop {
        tokio::select! {
            message = heard.next() => {
                let (Some(message), Some(registry)) = (message, registry.upgrade()) else {
                    return;
                };
                registry.heed(message);
            }
            _ = renewal.tick() => {
                let Some(registry) = registry.upgrade() else {
                    return;
                };
                if let Err(error) = registry.renew_in_use().await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "sessions in use could not be renewed"
                    );
                }
            }
        }
    }
}

impl StreamSeat {
    /// Whether the node still writes the stream, as far as is known.
    async fn is_written_by(&self, node: NodeId) -> bool {
        if node == self.node() {
            return self.has_writer_here();
        }
        let alive = self.registry().stores.bus.is_alive(node).await;
        alive.unwrap_or_else(|error| {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "it is not known whether another node lives"
            );
            true
        })
    }

    /// Ends the stream if nobody writes it any more: each of its calls gets an error, once.
    pub(crate) async fn end_if_lost(self, node: NodeId, pending: Vec<RequestId>, last: u64) {
        if self.is_written_by(node).await {
            return;
        }
        let lost = |id| refuse(Some(id), &Rejection::NodeLost, Era::Legacy).body;
        let batch = Batch {
            first: last + 1,
            messages: pending.iter().map(lost).collect(),
            state: StreamState::Ended,
        };
        // If another reader was faster, or the node lives after all, there is more to read: all the same.
        if let Err(error) = self.append(batch).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a stream whose node is gone could not be ended"
            );
        }
    }
}
