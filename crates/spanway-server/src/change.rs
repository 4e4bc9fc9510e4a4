//! Announces that a list changed: any number of listeners, no queue, never a wait for the publisher.

use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context as TaskContext, Poll};

use futures_util::Stream;
use futures_util::task::AtomicWaker;

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The tools on offer.
    Tools,
    /// The prompts on offer.
    Prompts,
    /// The resources or templates on offer.
    Resources,
}

impl Change {
    const ALL: [Self; 3] = [Self::Tools, Self::Prompts, Self::Resources];

    /// The notification that tells clients.
    #[must_use]
    pub fn method(self) -> &'static str {
        match self {
            Self::Tools => "notifications/tools/list_changed",
            Self::Prompts => "notifications/prompts/list_changed",
            Self::Resources => "notifications/resources/list_changed",
        }
    }

    fn bit(self) -> u8 {
        match self {
            Self::Tools => 1,
            Self::Prompts => 2,
            Self::Resources => 4,
        }
    }
}

/// Where changes are published and listened for. Clones share their listeners.
#[derive(Debug, Clone, Default)]
pub struct ChangeHub {
    listeners: Arc<Mutex<Vec<Weak<Pending>>>>,
}

/// What a listener has not been told yet. A change that is already pending is not counted twice, so a
/// listener that never reads costs no more than this.
#[derive(Debug, Default)]
struct Pending {
    bits: AtomicU8,
    waker: AtomicWaker,
}

impl ChangeHub {
    /// A hub nobody listens to yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells every listener. Never waits.
    pub fn publish(&self, change: Change) {
        let listeners = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for pending in listeners.iter().filter_map(Weak::upgrade) {
            pending.bits.fetch_or(change.bit(), Ordering::AcqRel);
            pending.waker.wake();
        }
    }

    /// A stream of the changes from now on. It ends never; drop it to stop listening.
    #[must_use]
    pub fn subscribe(&self) -> Changes {
        let pending = Arc::new(Pending::default());
        let mut listeners = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if listeners.len() == listeners.capacity() {
            listeners.retain(|listener| listener.strong_count() > 0);
        }
        listeners.push(Arc::downgrade(&pending));
        Changes { pending }
    }
}

/// The changes since [`ChangeHub::subscribe`], each kind at most once until it is taken.
#[derive(Debug)]
pub struct Changes {
    pending: Arc<Pending>,
}

impl Stream for Changes {
    type Item = Change;

    fn poll_next(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Change>> {
        self.pending.waker.register(cx.waker());
        let bits = self.pending.bits.load(Ordering::Acquire);
        let Some(change) = Change::ALL
            .into_iter()
            .find(|change| bits & change.bit() != 0)
        else {
            return Poll::Pending;
        };
        self.pending.bits.fetch_and(!change.bit(), Ordering::AcqRel);
        Poll::Ready(Some(change))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt};

    use super::*;

    #[test]
    fn every_listener_hears_each_kind_once_until_it_is_taken() {
        let hub = ChangeHub::new();
        hub.publish(Change::Tools);
        let (mut one, mut two) = (hub.subscribe(), hub.subscribe());
        hub.publish(Change::Prompts);
        hub.publish(Change::Prompts);
        hub.publish(Change::Tools);
        for listener in [&mut one, &mut two] {
            assert_eq!(listener.next().now_or_never(), Some(Some(Change::Tools)));
            assert_eq!(listener.next().now_or_never(), Some(Some(Change::Prompts)));
            assert_eq!(listener.next().now_or_never(), None);
        }
    }

    #[test]
    fn listeners_that_left_are_forgotten() {
        let hub = ChangeHub::new();
        for _ in 0..1000 {
            drop(hub.subscribe());
        }
        assert!(hub.listeners.lock().unwrap().len() < 10);
    }
}
