//! The `subscriptions/listen` streams of an endpoint: how many there may be, what they say, how they end.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use spanway_protocol::modern::Subscription;
use spanway_protocol::{Answer, ProtocolVersion, Rejection, Reply, encode};
use spanway_server::{Change, Changes, McpService, TaskWatch};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Room for listen streams, and the signal that ends them all.
#[derive(Debug)]
pub(crate) struct Subscriptions {
    room: Arc<Semaphore>,
    limit: usize,
    closing: CancellationToken,
}

/// A place for one stream.
#[derive(Debug)]
pub(crate) struct Seat {
    closing: Pin<Box<WaitForCancellationFutureOwned>>,
    _permit: OwnedSemaphorePermit,
}

impl Subscriptions {
    pub(crate) fn new(limit: usize) -> Self {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        Self {
            room: Arc::new(Semaphore::new(limit)),
            limit,
            closing: CancellationToken::new(),
        }
    }

    /// Takes a place, if there is one.
    pub(crate) fn enter(&self) -> Result<Seat, Rejection> {
        let permit = self.room.clone().try_acquire_owned();
        Ok(Seat {
            _permit: permit.map_err(|_| Rejection::TooManyStreams)?,
            closing: Box::pin(self.closing.clone().cancelled_owned()),
        })
    }

    /// How many streams are open.
    pub(crate) fn open(&self) -> usize {
        self.limit - self.room.available_permits()
    }

    /// Ends every stream, those opened from now on too.
    pub(crate) fn close(&self) {
        self.closing.cancel();
    }
}

/// One open listen stream. Dropping it is how the client leaves.
pub(crate) struct Listening {
    subscription: Subscription,
    version: ProtocolVersion,
    service: Arc<dyn McpService>,
    heard: Heard,
    seat: Seat,
    ended: bool,
}

/// What a stream tells of.
pub(crate) struct Heard {
    pub(crate) changes: Changes,
    pub(crate) tasks: Option<TaskWatch>,
}

impl Listening {
    pub(crate) fn new(
        subscription: Subscription,
        version: ProtocolVersion,
        service: Arc<dyn McpService>,
        heard: Heard,
        seat: Seat,
    ) -> Self {
        Self {
            subscription,
            version,
            service,
            heard,
            seat,
            ended: false,
        }
    }

    /// The next message, encoded; `None` when the stream is to end. What already changed is told before
    /// the end.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.ended {
            return Poll::Ready(None);
        }
        while let Poll::Ready(change) = Pin::new(&mut self.heard.changes).poll_next(cx) {
            let message = change.and_then(|change| match change {
                Change::Resource(uri) => self.subscription.resource_updated(&uri),
                list => self.subscription.list_changed(list.method()),
            });
            if message.is_some() {
                return Poll::Ready(message);
            }
        }
        if let Some(tasks) = &mut self.heard.tasks {
            while let Poll::Ready(task) = Pin::new(&mut *tasks).poll_next(cx) {
                let message = task.and_then(|task| self.subscription.task_changed(&task));
                if message.is_some() {
                    return Poll::Ready(message);
                }
            }
        }
        ready!(self.seat.closing.as_mut().poll(cx));
        self.ended = true;
        Poll::Ready(Some(self.end()))
    }

    /// T-SUB-07, trap 1: the final result and nothing else; over HTTP no cancellation is sent.
    fn end(&self) -> Bytes {
        let reply = Reply::Answer(Answer::Listen(self.subscription.end()));
        let server = self.service.info().raw_implementation();
        encode(self.version, self.subscription.id(), &reply, server).body
    }
}
