//! A handler's messages on their way to the client: bounded, and never a wait for the handler.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use serde_json::json;
use spanway_protocol::schema::{LogMessage, LoggingLevel, Progress};
use spanway_protocol::{Emission, ServerRequest};

use crate::input::QUESTIONS_MAX;

/// The queue of one call.
pub(super) struct Outbox {
    state: Mutex<State>,
    waker: AtomicWaker,
    capacity: usize,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Emission>,
    reached: Option<f64>,
    dropped_logs: u64,
    closed: bool,
}

impl Outbox {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            state: Mutex::default(),
            waker: AtomicWaker::new(),
            capacity: capacity.max(1),
        }
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Queues what another queue had.
    pub(super) fn push(&self, emission: Emission) {
        match emission {
            Emission::Progress(progress) => self.push_progress(progress),
            Emission::Log(message) => self.push_log(message),
            Emission::Release { retry } => self.push_release(retry),
            Emission::Request(request) => {
                self.push_request(request);
            }
            cancelled => self.withdraw(cancelled),
        }
    }

    /// Queues progress. When full, it takes the place of the newest progress that still waits.
    pub(super) fn push_progress(&self, progress: Progress) {
        let mut state = self.lock();
        let advances = state
            .reached
            .is_none_or(|reached| progress.progress > reached);
        if state.closed || !advances || !progress.progress.is_finite() {
            return;
        }
        state.reached = Some(progress.progress);
        if state.queue.len() < self.capacity {
            state.queue.push_back(Emission::Progress(progress));
        } else if let Some(waiting) = state
            .queue
            .iter_mut()
            .rev()
            .find(|waiting| matches!(waiting, Emission::Progress(_)))
        {
            *waiting = Emission::Progress(progress);
        }
        drop(state);
        self.waker.wake();
    }

    /// Queues a log message. When full, it is counted instead.
    pub(super) fn push_log(&self, message: LogMessage) {
        let mut state = self.lock();
        if state.closed {
            return;
        }
        if state.queue.len() < self.capacity {
            state.queue.push_back(Emission::Log(message));
        } else {
            state.dropped_logs += 1;
        }
        drop(state);
        self.waker.wake();
    }

    /// Queues the release of the connection. One that waits already is enough.
    pub(super) fn push_release(&self, retry: Duration) {
        let mut state = self.lock();
        let waits = |waiting: &Emission| matches!(waiting, Emission::Release { .. });
        if state.closed || state.queue.iter().any(waits) {
            return;
        }
        state.queue.push_back(Emission::Release { retry });
        drop(state);
        self.waker.wake();
    }

    /// Queues a question, beyond the bound of other messages, since somebody waits for its answer. False if
    /// it cannot be sent any more.
    pub(super) fn push_request(&self, request: ServerRequest) -> bool {
        self.push_beyond(Emission::Request(request))
    }

    /// Queues what comes about as often as questions do. False if it cannot be sent any more.
    pub(super) fn push_beyond(&self, emission: Emission) -> bool {
        let mut state = self.lock();
        if state.closed || state.queue.len() >= self.capacity + QUESTIONS_MAX {
            return false;
        }
        state.queue.push_back(emission);
        drop(state);
        self.waker.wake();
        true
    }

    /// Takes a question back: out of the queue if it still waits there, else by telling the client. Each
    /// question is taken back once at most, so that the queue stays bounded.
    pub(super) fn withdraw(&self, cancelled: Emission) {
        let Emission::Cancelled { id, .. } = &cancelled else {
            return;
        };
        let mut state = self.lock();
        let waits =
            |waiting: &Emission| matches!(waiting, Emission::Request(request) if request.id == *id);
        match state.queue.iter().position(waits) {
            Some(position) => {
                state.queue.remove(position);
            }
            None => state.queue.push_back(cancelled),
        }
        drop(state);
        self.waker.wake();
    }

    /// Wakes the reader, and the handler with it.
    pub(super) fn wake(&self) {
        self.waker.wake();
    }

    pub(super) fn poll_next(&self, cx: &Context<'_>) -> Poll<Emission> {
        let mut state = self.lock();
        if let Some(emission) = state.pop() {
            return Poll::Ready(emission);
        }
        // Nothing follows that would be worth waking for.
        if state.closed {
            return Poll::Pending;
        }
        drop(state);
        self.waker.register(cx.waker());
        self.pop().map_or(Poll::Pending, Poll::Ready)
    }

    /// Takes nothing more, and wakes the reader; what waits can still be read.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.waker.wake();
    }

    fn pop(&self) -> Option<Emission> {
        self.lock().pop()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn pop(&mut self) -> Option<Emission> {
        self.queue.pop_front().or_else(|| {
            let dropped = std::mem::take(&mut self.dropped_logs);
            (dropped > 0).then(|| {
                let text =
                    format!("{dropped} log messages were left out: the client reads too slowly");
                Emission::Log(LogMessage::new(LoggingLevel::Warning, json!(text)))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use spanway_protocol::schema::ProgressToken;

    use super::*;

    fn drain(outbox: &Outbox) -> Vec<String> {
        let cx = Context::from_waker(Waker::noop());
        let mut seen = Vec::new();
        while let Poll::Ready(emission) = outbox.poll_next(&cx) {
            seen.push(match emission {
                Emission::Progress(progress) => progress.progress.to_string(),
                Emission::Log(message) => message.data.to_string(),
                other => format!("{other:?}"),
            });
        }
        seen
    }

    fn progress(outbox: &Outbox, value: f64) {
        outbox.push_progress(Progress::new(ProgressToken::from("t"), value, None, None));
    }

    #[test]
    fn t_all_52_progress_strictly_increases_and_ends_with_the_result() {
        let outbox = Outbox::new(8);
        for value in [1.0, 1.0, 0.5, f64::NAN, 2.0] {
            progress(&outbox, value);
        }
        outbox.close();
        progress(&outbox, 3.0);
        assert_eq!(drain(&outbox), ["1", "2"]);
    }

    #[test]
    fn a_full_queue_merges_progress_and_counts_log_messages() {
        let outbox = Outbox::new(2);
        progress(&outbox, 1.0);
        for _ in 0..4 {
            outbox.push_log(LogMessage::new(LoggingLevel::Info, json!("x")));
        }
        progress(&outbox, 2.0);
        let seen = drain(&outbox);
        assert_eq!(seen[..2], ["2", "\"x\""]);
        assert!(
            seen[2].starts_with("\"3 log messages were left out"),
            "{seen:?}"
        );
    }
}
