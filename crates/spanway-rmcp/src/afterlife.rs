//! Handlers of cancelled calls run on for a while: rmcp never drops one, and handlers may rely on it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use spanway_protocol::Reply;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::limits::HostLimits;

/// Where handlers go whose answer nobody waits for any more.
#[derive(Clone)]
pub(crate) struct Afterlife {
    room: Arc<Semaphore>,
    limit: Duration,
    tasks: TaskTracker,
}

impl Afterlife {
    pub(crate) fn new(limits: &HostLimits) -> Self {
        let room = limits.lingering_max.min(Semaphore::MAX_PERMITS);
        Self {
            room: Arc::new(Semaphore::new(room)),
            limit: limits.linger,
            tasks: TaskTracker::new(),
        }
    }

    /// Runs `work`. If it is dropped once it has begun, `cancelled` is cancelled and the work goes on for as
    /// long as it may, if there is room.
    pub(crate) fn watch(
        &self,
        work: BoxFuture<'static, Reply>,
        cancelled: CancellationToken,
    ) -> Watched {
        Watched {
            work: Some(work),
            begun: false,
            cancelled,
            afterlife: self.clone(),
        }
    }

    /// Runs something nobody waits for, if there is room.
    pub(crate) fn take(&self, work: impl Future<Output: Send> + Send + 'static) {
        let room = self.room.clone().try_acquire_owned();
        let (Ok(room), Ok(_)) = (room, tokio::runtime::Handle::try_current()) else {
            return;
        };
        let limit = self.limit;
        self.tasks.spawn(async move {
            if tokio::time::timeout(limit, work).await.is_err() {
                tracing::warn!(
                    "a handler did not end although nobody waited for it, and was dropped"
                );
            }
            drop(room);
        });
    }
}

impl fmt::Debug for Afterlife {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Afterlife")
            .field("room", &self.room.available_permits())
            .finish_non_exhaustive()
    }
}

/// A call on its way to its handler and back.
pub(crate) struct Watched {
    work: Option<BoxFuture<'static, Reply>>,
    begun: bool,
    cancelled: CancellationToken,
    afterlife: Afterlife,
}

impl Future for Watched {
    type Output = Reply;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Reply> {
        self.begun = true;
        let Some(work) = &mut self.work else {
            return Poll::Pending;
        };
        let reply = std::task::ready!(work.as_mut().poll(cx));
        self.work = None;
        // As rmcp does it: what the handler left behind ends with the call.
        self.cancelled.cancel();
        Poll::Ready(reply)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let Some(work) = self.work.take() else { return };
        self.cancelled.cancel();
        if self.begun {
            self.afterlife.take(work);
        }
    }
}
