//! What an HTTP+SSE stream says, and what its end means.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::stream::{SelectAll, Stream, StreamExt};
use spanway_protocol::Rejection;
use spanway_protocol::legacy::SessionId;
use spanway_server::{Change, Principal};
use tokio::sync::{Semaphore, mpsc};

use super::{Connections, Item};
use crate::registry::Listener;
use crate::running::{Running, Step};
use crate::state::Shared;

/// Everything the server says to one client. Dropping it is how the client leaves, and that is the end of its
/// calls and its session (T-2411-06).
pub(crate) struct Feed {
    connections: Arc<Connections>,
    id: SessionId,
    inbox: mpsc::Receiver<Item>,
    changes: Listener,
    calls: SelectAll<Steps>,
    closing: bool,
}

impl Feed {
    /// Opens a connection of this name for `principal`.
    pub(crate) fn open(
        shared: &Shared,
        connections: &Arc<Connections>,
        id: SessionId,
        principal: Option<&Principal>,
    ) -> Result<Self, Rejection> {
        // More than the calls in flight need not wait; the channel knows bounds of its own.
        let inbox_max = shared.limits.calls_per_session_max;
        let inbox_max = inbox_max.clamp(1, Semaphore::MAX_PERMITS);
        let owner = principal.map(Principal::as_str);
        let (connection, inbox) = connections.open(id.clone(), owner, inbox_max)?;
        // T-2411-12: nothing is told of changes before the client is ready.
        let wanted = || {
            let is_ready = move |_: &Change| connection.is_initialized();
            shared.changes(principal.cloned(), Some(&id), is_ready)
        };
        let stream = connections.registry.new_stream_id();
        let changes = connections
            .registry
            .listen(&id, stream, wanted, &shared.limits);
        let changes = changes.inspect_err(|_| connections.close(&id))?;
        Ok(Self {
            connections: connections.clone(),
            id,
            inbox,
            changes,
            calls: SelectAll::new(),
            closing: false,
        })
    }

    /// The next message, encoded; `None` at the end. A drain, or the end of the session, closes the stream:
    /// it takes no more requests, and ends with the last call.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            let nothing_waits = match self.inbox.poll_recv(cx) {
                Poll::Ready(Some(Item::Answer(answer))) => return Poll::Ready(Some(answer)),
                Poll::Ready(Some(Item::Call(running))) => {
                    self.calls.push(Steps(Some(running)));
                    continue;
                }
                Poll::Ready(None) => true,
                Poll::Pending => false,
            };
            // Before the calls: they may have something to say for as long as they run.
            if !self.closing
                && let Poll::Ready(change) = self.changes.poll_next(cx)
            {
                if change.is_some() {
                    return Poll::Ready(change);
                }
                self.closing = true;
                self.inbox.close();
                continue;
            }
            return match self.calls.poll_next_unpin(cx) {
                Poll::Ready(Some(message)) => Poll::Ready(Some(message)),
                Poll::Ready(None) if nothing_waits => Poll::Ready(None),
                _ => Poll::Pending,
            };
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        // First, so that no session can be opened for it that nobody would end.
        self.inbox.close();
        self.connections.close(&self.id);
        self.connections.registry.abandon(self.id.clone());
    }
}

/// The messages of one call; `None` once it is over.
struct Steps(Option<Box<Running>>);

impl Stream for Steps {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        while let Some(running) = &mut self.0 {
            match ready!(running.poll_step(cx)) {
                Step::Message(message) => return Poll::Ready(Some(message)),
                // The connection is the session here: it stays.
                Step::Release(_) => {}
                Step::Done(outgoing) => {
                    self.0 = None;
                    return Poll::Ready(Some(outgoing.body));
                }
                // T-2411-15: what was taken back is not answered.
                Step::Cancelled => self.0 = None,
            }
        }
        Poll::Ready(None)
    }
}
