//! Decides when an HTTP/1 connection has waited long enough for the next request.
//!
//! hyper can do that too, with a timer that it makes and sets for every request. Here a connection has one
//! timer, which is looked at once it rings; what a request costs is to be counted, and a look at the clock
//! when the connection falls quiet.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep, sleep};

use crate::stream::ResponseBody;

/// What goes on on a connection: its service, its answers and its socket note it here.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    begun: AtomicUsize,
    ended: AtomicUsize,
    stalled: AtomicBool,
    multiplexed: AtomicBool,
}

impl Traffic {
    /// A request's head has come. The request is in flight for as long as what is returned lives.
    pub(super) fn begin<B>(self: &Arc<Self>, request: &Request<B>) -> InFlight {
        self.begun.fetch_add(1, Relaxed);
        if request.version() == Version::HTTP_2 {
            self.multiplexed.store(true, Relaxed);
        }
        InFlight(self.clone())
    }

    /// Whether something waits to be written, for which the client has to read first.
    pub(crate) fn set_stalled(&self, stalled: bool) {
        self.stalled.store(stalled, Relaxed);
    }

    /// Whether nothing is asked and nothing is being answered. Never so on HTTP/2, where hyper asks for signs
    /// of life.
    pub(super) fn is_quiet(&self) -> bool {
        self.begun.load(Relaxed) == self.ended.load(Relaxed)
            && !self.stalled.load(Relaxed)
            && !self.multiplexed.load(Relaxed)
    }
}

/// A request that has come and is not answered to its end.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Traffic>);

impl InFlight {
    /// Stays with the answer until its body is over.
    pub(super) fn answered(self, response: Response<ResponseBody>) -> Response<Tracked> {
        response.map(|body| Tracked {
            body,
            _in_flight: self,
        })
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Relaxed);
    }
}

/// The body of an answer. It is dropped when it is over, or when nobody wants it any more.
pub(super) struct Tracked {
    body: ResponseBody,
    _in_flight: InFlight,
}

impl Body for Tracked {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

pin_project! {
    /// The patience with a connection that is quiet.
    pub(super) struct Idle {
        patience: Duration,
        since: Instant,
        // How many requests had ended when it fell quiet.
        ended: usize,
        #[pin]
        timer: Sleep,
        timer_is_set: bool,
    }
}

impl Idle {
    /// The first request is waited for as long as any other, from `since` on.
    pub(super) fn new(patience: Duration, since: Instant) -> Self {
        Self {
            patience,
            since,
            ended: 0,
            timer: sleep(patience),
            timer_is_set: false,
        }
    }

    /// Ready once the connection has been quiet for too long. To be asked after the connection itself was
    /// polled, always in the same task: the timer keeps the first waker until it rings.
    pub(super) fn poll_over(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        traffic: &Traffic,
    ) -> Poll<()> {
        if !traffic.is_quiet() {
            return Poll::Pending;
        }
        let mut this = self.project();
        let ended = traffic.ended.load(Relaxed);
        if ended != *this.ended {
            *this.ended = ended;
            *this.since = Instant::now();
        }
        // It was set for an earlier moment than would be right now, so it rings in time.
        if *this.timer_is_set && !this.timer.is_elapsed() {
            return Poll::Pending;
        }
        let Some(due) = this.since.checked_add(*this.patience) else {
            return Poll::Pending;
        };
        this.timer.as_mut().reset(due);
        *this.timer_is_set = true;
        // A task that has used up its budget would be sent away before the timer has its waker.
        Pin::new(&mut unconstrained(this.timer)).poll(cx)
    }
}
