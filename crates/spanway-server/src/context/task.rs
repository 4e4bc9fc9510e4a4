//! The side of a call that is a task, or may become one: what its handler says of itself, and who reads that.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Context as TaskContext;

use serde_json::Value;
use spanway_protocol::{Client, Emission, ProtocolVersion};

use super::{Context, Inner, Origin};
use crate::input::{Journal, Round};
use crate::task::{Seat, Tasks};

/// Whether a context speaks for a task from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Footing {
    /// It is one.
    Task,
    /// It is a call that may become one.
    Call,
}

/// What a handler did that its task has to know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct News {
    /// It asked, or stopped asking.
    pub(crate) asks: bool,
    /// It said where it stands.
    pub(crate) says: bool,
}

impl Context {
    /// Says where the work stands, for whoever looks at the task it is: "fetching page 3". Does nothing
    /// where the call is no task.
    ///
    /// Like the message of [`progress`](Self::progress), which says so too.
    pub fn status(&self, message: impl Into<String>) {
        if let Some(seat) = &self.inner.seat {
            seat.say(message.into());
            self.wake();
        }
    }

    /// Whether the call is a task: it was answered, and goes on.
    #[must_use]
    pub fn is_task(&self) -> bool {
        self.seat().is_some_and(|seat| seat.task().is_some())
    }

    /// A context for the handler alone, while the call itself is answered with a task.
    pub(crate) fn for_handler(&self, footing: Footing) -> Self {
        let inner = &self.inner;
        // Nobody reads what a task says on a stream.
        let speaks = footing == Footing::Call;
        Self {
            inner: Arc::new(Inner {
                progress_token: inner.progress_token.clone().filter(|_| speaks),
                log_level: inner.log_level.filter(|_| speaks),
                seat: Some(Arc::default()),
                ..Inner::new(
                    inner.version,
                    inner.client.clone(),
                    inner.origin.clone(),
                    inner.outbox.capacity(),
                )
            }),
        }
    }

    /// The context of a call that was kept and is run again.
    pub(crate) fn kept(version: ProtocolVersion, client: Client, origin: Origin) -> Self {
        let inner = Inner {
            seat: Some(Arc::default()),
            ..Inner::new(version, client, origin, 1)
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Lets the handler know what was known before it ran.
    pub(crate) fn know(&self, journal: Journal) {
        // Nothing is known of a run before it begins.
        let _ = self.inner.round.set(Box::new(Round::knowing(journal)));
    }

    /// All that is known of the run, and what the client brought and nobody asked for yet.
    pub(crate) fn known(&self) -> Journal {
        self.round().known()
    }

    pub(crate) fn seat(&self) -> Option<&Arc<Seat>> {
        self.inner.seat.as_ref()
    }

    /// Where tasks are kept, as the transport has it.
    pub(crate) fn tasks(&self) -> Option<&Tasks> {
        self.inner.origin.tasks.as_ref()
    }

    /// Keeps what a side effect gave, where the call is a task.
    pub(crate) async fn keep_outcome(&self, key: &str, outcome: Value) {
        if let Some((tasks, id)) = self.seat().and_then(|seat| seat.task()) {
            tasks.keep_outcome(id, key, &outcome).await;
        }
    }

    /// What the handler did since this was last asked; wakes when there is more. What it says on a stream is
    /// dropped: nobody reads it.
    pub(crate) fn take_news(&self, cx: &TaskContext<'_>) -> News {
        while self.poll_emission(cx).is_ready() {}
        News {
            asks: self.round().has_news(),
            says: self.seat().is_some_and(|seat| seat.has_news()),
        }
    }

    /// Says on this call's stream what another context's handler said.
    pub(crate) fn relay(&self, emission: Emission) {
        self.inner.outbox.push(emission);
    }

    /// The time of this call does not run: it waits for something that has a time of its own.
    pub(crate) fn take_its_time(&self) {
        self.inner.unhurried.store(true, Ordering::SeqCst);
    }
}
