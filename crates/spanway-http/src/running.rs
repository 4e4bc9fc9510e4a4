//! A call while it runs: polled in the task of its request, its messages taken as they come.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use spanway_protocol::jsonrpc::RequestId;
use spanway_protocol::{
    Call, Emission, Era, Outgoing, ProtocolVersion, Rejection, Reply, encode, encode_emission,
};
use spanway_server::Context;
use tokio::time::{Instant, Sleep};
use tokio_util::task::TaskTracker;

use crate::registry::InFlight;
use crate::state::Shared;

/// How far beyond the call timeout progress may carry a call.
const CEILING: u32 = 10;

/// What a call did when it was polled.
#[derive(Debug)]
pub(crate) enum Step {
    /// It said something before its result.
    Message(Bytes),
    /// It can do without the connection for so long; its stream goes on.
    Release(Duration),
    /// Here is its response; nothing follows.
    Done(Outgoing),
    /// The client took it back; there is no response (T-2411-15).
    Cancelled,
}

/// One call on its way.
///
/// Dropped before its end, a modern call is cancelled, at once (T-2607-08); a legacy one goes on detached,
/// since there a lost connection is not a cancellation (T-2503-08).
pub(crate) struct Running {
    work: Option<Work>,
    on_drop: OnDrop,
}

/// What happens to a call whose client went away.
enum OnDrop {
    Cancel,
    Detach(TaskTracker),
}

struct Work {
    future: BoxFuture<'static, Reply>,
    outcome: Option<Outgoing>,
    context: Context,
    shared: Arc<Shared>,
    id: RequestId,
    version: ProtocolVersion,
    patience: Patience,
    /// Questions the client has yet to answer.
    questions: Questions,
    /// Held until the end, so that the id stays taken and the session alive.
    _in_flight: Option<InFlight>,
}

impl Running {
    /// Starts nothing yet: the handler runs when the call is polled.
    pub(crate) fn new(
        shared: Arc<Shared>,
        call: Call,
        context: Context,
        in_flight: Option<InFlight>,
    ) -> Self {
        let on_drop = match call.version.era() {
            Era::Modern => OnDrop::Cancel,
            Era::Legacy => OnDrop::Detach(shared.detached.clone()),
        };
        let (id, version) = (call.id.clone(), call.version);
        let work = Work {
            future: shared.service.call(call, context.clone()),
            outcome: None,
            context,
            id,
            version,
            patience: Patience::new(shared.limits.call_timeout),
            questions: Questions::default(),
            shared,
            _in_flight: in_flight,
        };
        Self {
            work: Some(work),
            on_drop,
        }
    }

    /// The id of its request, until it is over.
    pub(crate) fn id(&self) -> Option<&RequestId> {
        self.work.as_ref().map(|work| &work.id)
    }

    /// The same call, cancelled if it is dropped before its end, whatever its era.
    pub(crate) fn cancelled_on_drop(mut self) -> Self {
        self.on_drop = OnDrop::Cancel;
        self
    }

    /// What comes next. Not to be polled again after `Done` or `Cancelled`.
    pub(crate) fn poll_step(&mut self, cx: &mut TaskContext<'_>) -> Poll<Step> {
        let Some(work) = &mut self.work else {
            return Poll::Ready(Step::Cancelled);
        };
        let step = std::task::ready!(work.poll_step(cx));
        if matches!(step, Step::Done(_) | Step::Cancelled) {
            self.work = None;
        }
        Poll::Ready(step)
    }
}

impl Work {
    fn poll_step(&mut self, cx: &mut TaskContext<'_>) -> Poll<Step> {
        if self.outcome.is_none() {
            if self.context.is_cancelled() {
                return Poll::Ready(self.take_back(cx));
            }
            self.questions.poll(cx, &self.context);
            self.poll_handler(cx);
        }
        if let Poll::Ready(emission) = self.context.poll_emission(cx) {
            self.note(&emission);
            if let Emission::Release { retry } = emission {
                return Poll::Ready(Step::Release(retry));
            }
            if let Some(message) = self.encode(&emission) {
                return Poll::Ready(Step::Message(message));
            }
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(outcome) = self.outcome.take() {
            return Poll::Ready(Step::Done(outcome));
        }
        // Cancelled between the check above and the registration of the waker.
        if self.context.is_cancelled() {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Of a cancelled call only the questions it asked are of interest: the client must not answer them any
    /// more (T-2411-15).
    fn take_back(&self, cx: &TaskContext<'_>) -> Step {
        while let Poll::Ready(emission) = self.context.poll_emission(cx) {
            if matches!(emission, Emission::Cancelled { .. })
                && let Some(message) = self.encode(&emission)
            {
                return Step::Message(message);
            }
        }
        Step::Cancelled
    }

    /// Sets the clocks by what the handler says.
    fn note(&mut self, emission: &Emission) {
        match emission {
            Emission::Progress(_) => self.patience.restart(),
            Emission::Request(request) => self
                .questions
                .begin(request.id.clone(), self.shared.limits.answer_timeout),
            _ => {}
        }
    }

    fn encode(&self, emission: &Emission) -> Option<Bytes> {
        let info = self.shared.service.info();
        encode_emission(self.version, emission, info.raw_implementation())
    }

    fn poll_handler(&mut self, cx: &mut TaskContext<'_>) {
        let reply = match self.future.as_mut().poll(cx) {
            Poll::Ready(reply) => reply,
            // Its time does not run while a person thinks.
            Poll::Pending if self.context.awaits_client() => return self.patience.pause(),
            Poll::Pending => match self.patience.poll_exhausted(cx) {
                Poll::Ready(seconds) => Reply::Rejected(Rejection::CallTimeout { seconds }),
                Poll::Pending => return,
            },
        };
        if matches!(reply, Reply::Rejected(Rejection::CallTimeout { .. })) {
            self.context.cancel();
        }
        self.context.close();
        self.outcome = Some(encode(
            self.version,
            &self.id,
            &reply,
            self.shared.service.info().raw_implementation(),
        ));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(mut work) = self.work.take() else {
            return;
        };
        match &self.on_drop {
            OnDrop::Cancel => work.context.cancel(),
            OnDrop::Detach(tracker) => {
                work.context.disconnect();
                if tokio::runtime::Handle::try_current().is_ok() {
                    tracker.spawn(std::future::poll_fn(move |cx| work.poll_to_end(cx)));
                }
            }
        }
    }
}

impl Work {
    /// Runs on with nobody listening.
    fn poll_to_end(&mut self, cx: &mut TaskContext<'_>) -> Poll<()> {
        while let Step::Message(_) | Step::Release(_) = std::task::ready!(self.poll_step(cx)) {}
        Poll::Ready(())
    }
}

/// The questions of a call and when each has to be answered. Empty for most calls.
#[derive(Default)]
struct Questions(Vec<(RequestId, Pin<Box<Sleep>>)>);

impl Questions {
    /// The question is on its way to the client.
    fn begin(&mut self, id: RequestId, limit: Duration) {
        self.0.push((id, Box::pin(tokio::time::sleep(limit))));
    }

    /// Takes back what was not answered in time, and forgets what was.
    fn poll(&mut self, cx: &mut TaskContext<'_>, context: &Context) {
        self.0.retain_mut(|(id, timer)| {
            if !context.awaits(id) {
                return false;
            }
            let late = timer.as_mut().poll(cx).is_ready();
            if late {
                context.time_out(id);
            }
            !late
        });
    }
}

/// The time a handler has. Progress restarts the clock, up to a ceiling (T-ALL-54).
struct Patience {
    limit: Duration,
    ceiling: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    /// Since when the clock stands still.
    paused: Option<Instant>,
}

impl Patience {
    fn new(limit: Duration) -> Self {
        Self {
            limit,
            ceiling: None,
            timer: None,
            paused: None,
        }
    }

    /// Ready once the time is up, with the limit in seconds. The timer is only set when a handler has to
    /// wait at all, so quick calls never touch it.
    fn poll_exhausted(&mut self, cx: &mut TaskContext<'_>) -> Poll<u64> {
        self.resume();
        let limit = self.limit;
        let ceiling = &mut self.ceiling;
        let timer = self.timer.get_or_insert_with(|| {
            let now = Instant::now();
            *ceiling = now.checked_add(limit.saturating_mul(CEILING));
            Box::pin(tokio::time::sleep(limit))
        });
        timer.as_mut().poll(cx).map(|()| limit.as_secs())
    }

    /// Stops the clock, if it runs.
    fn pause(&mut self) {
        if self.timer.is_some() {
            self.paused.get_or_insert_with(Instant::now);
        }
    }

    /// Lets it go on with what was left.
    fn resume(&mut self) {
        let Some(since) = self.paused.take() else {
            return;
        };
        let stood_still = since.elapsed();
        if let Some(timer) = &mut self.timer
            && let Some(later) = timer.deadline().checked_add(stood_still)
        {
            timer.as_mut().reset(later);
        }
        self.ceiling = self
            .ceiling
            .and_then(|ceiling| ceiling.checked_add(stood_still));
    }

    fn restart(&mut self) {
        let (Some(timer), Some(ceiling)) = (&mut self.timer, self.ceiling) else {
            return;
        };
        if let Some(later) = Instant::now().checked_add(self.limit) {
            timer.as_mut().reset(later.min(ceiling));
        }
    }
}
