//! Announces that a list or a resource changed: any number of listeners, no queue, never a wait for the
//! publisher.

mod watch;

use std::borrow::Borrow;
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context as TaskContext, Poll};

use futures_util::Stream;
use futures_util::task::AtomicWaker;

use watch::Watched;

/// Completed URLs that wait for one listener.
const COMPLETED_MAX: usize = 64;

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The tools on offer.
    Tools,
    /// The prompts on offer.
    Prompts,
    /// The resources or templates on offer.
    Resources,
    /// What is in the resource of this URI. Only told to listeners that watch it.
    Resource(Arc<str>),
    /// What a client was asked to open a URL for is done. Only for the session that was asked (T-2511-16).
    UrlCompleted {
        /// The session.
        session: Arc<str>,
        /// The id that came with the URL.
        elicitation: Arc<str>,
    },
}

impl Change {
    const LISTS: [Self; 3] = [Self::Tools, Self::Prompts, Self::Resources];

    /// The notification that tells clients.
    #[must_use]
    pub fn method(&self) -> &'static str {
        match self {
            Self::Tools => "notifications/tools/list_changed",
            Self::Prompts => "notifications/prompts/list_changed",
            Self::Resources => "notifications/resources/list_changed",
            Self::Resource(_) => "notifications/resources/updated",
            Self::UrlCompleted { .. } => "notifications/elicitation/complete",
        }
    }

    /// The change of the list whose notification has this method.
    #[must_use]
    pub fn of_list(method: &str) -> Option<Self> {
        Self::LISTS.into_iter().find(|list| list.method() == method)
    }

    /// Where a list is noted as changed; others are noted by what they name.
    fn bit(&self) -> u8 {
        match self {
            Self::Tools => 1,
            Self::Prompts => 2,
            Self::Resources => 4,
            Self::Resource(_) | Self::UrlCompleted { .. } => 0,
        }
    }
}

/// Where changes are published and listened for. Clones share their listeners.
#[derive(Clone, Default)]
pub struct ChangeHub {
    listeners: Arc<Mutex<Vec<Weak<Pending>>>>,
    forwards: Arc<Mutex<Vec<Arc<Forward>>>>,
}

/// Carries a change to where else it has to be told.
type Forward = dyn Fn(&Change) + Send + Sync;

/// What a listener has not been told yet. A change that is already pending is not counted twice, so a
/// listener that never reads costs no more than this.
struct Pending {
    bits: AtomicU8,
    watched: Mutex<Watched>,
    completed: Mutex<Completed>,
    wants: Box<Wants>,
    waker: AtomicWaker,
}

type Wants = dyn Fn(&Change) -> bool + Send + Sync;

/// What is told of by name, and only once: it cannot be merged. Clients do not rely on it, so the oldest goes
/// where there is too much.
#[derive(Default)]
struct Completed(VecDeque<Change>);

impl Completed {
    fn note(&mut self, change: Change) {
        if self.0.len() >= COMPLETED_MAX {
            self.0.pop_front();
        }
        self.0.push_back(change);
    }
}

impl fmt::Debug for ChangeHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChangeHub")
    }
}

impl ChangeHub {
    /// A hub nobody listens to yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells every listener. Never waits for one.
    pub fn publish(&self, change: impl Borrow<Change>) {
        let change = change.borrow();
        self.tell(change);
        let forwards = self
            .forwards
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        forwards.iter().for_each(|forward| forward(change));
    }

    /// Also hands every change that is published here to `forward`, which must not wait; for transports that
    /// reach other nodes.
    pub fn forward(&self, forward: impl Fn(&Change) + Send + Sync + 'static) {
        self.forwards
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::new(forward));
    }

    /// Tells every listener here of a change that was published on another node.
    pub fn tell(&self, change: &Change) {
        let listeners = self.lock().clone();
        for pending in listeners.iter().filter_map(Weak::upgrade) {
            pending.note(change);
        }
    }

    /// The changes of lists from now on, and of the resources that [`Changes::watch`] names. The stream
    /// ends never; drop it to stop listening.
    #[must_use]
    pub fn subscribe(&self) -> Changes {
        self.subscribe_where(|_| true)
    }

    /// Like [`subscribe`](Self::subscribe), for changes of which `wants` says yes. It is asked when a change
    /// is published.
    #[must_use]
    pub fn subscribe_where(
        &self,
        wants: impl Fn(&Change) -> bool + Send + Sync + 'static,
    ) -> Changes {
        let pending = Arc::new(Pending {
            bits: AtomicU8::default(),
            watched: Mutex::default(),
            completed: Mutex::default(),
            wants: Box::new(wants),
            waker: AtomicWaker::new(),
        });
        let mut listeners = self.lock();
        if listeners.len() == listeners.capacity() {
            listeners.retain(|listener| listener.strong_count() > 0);
        }
        listeners.push(Arc::downgrade(&pending));
        Changes { pending }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Pending>>> {
        self.listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    fn note(&self, change: &Change) {
        let noted = match change {
            // The watched URIs decide first: `wants` may be slow, and knows nothing of them.
            Change::Resource(uri) => {
                let watches = self.watched().nearest(uri).is_some();
                watches && (self.wants)(change) && self.watched().note(uri)
            }
            Change::UrlCompleted { .. } => {
                (self.wants)(change) && {
                    self.completed().note(change.clone());
                    true
                }
            }
            list => {
                let wanted = (self.wants)(list);
                wanted && self.bits.fetch_or(list.bit(), Ordering::AcqRel) & list.bit() == 0
            }
        };
        if noted {
            self.waker.wake();
        }
    }

    fn take(&self) -> Option<Change> {
        let bits = self.bits.load(Ordering::Acquire);
        let list = Change::LISTS
            .into_iter()
            .find(|change| bits & change.bit() != 0);
        match list {
            Some(list) => {
                self.bits.fetch_and(!list.bit(), Ordering::AcqRel);
                Some(list)
            }
            None => {
                let resource = self.watched().take().map(Change::Resource);
                resource.or_else(|| self.completed().0.pop_front())
            }
        }
    }

    fn completed(&self) -> MutexGuard<'_, Completed> {
        self.completed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("bits", &self.bits)
            .finish_non_exhaustive()
    }
}

/// The changes since [`ChangeHub::subscribe`], each list and each watched resource at most once until it is
/// taken.
#[derive(Debug)]
pub struct Changes {
    pending: Arc<Pending>,
}

impl Changes {
    /// From now on also tells when the resource of this URI changes, or one below it: a URI that goes on
    /// after it with a slash. If several below it change before they are taken, it is told itself instead.
    ///
    /// Whoever calls this bounds how often, and the length of the URI.
    pub fn watch(&self, uri: impl Into<Arc<str>>) {
        self.pending.watched().add(uri.into());
    }

    /// Tells that everything changed that is listened for, since it is not known what did.
    pub fn assume_changed(&self) {
        let watched: Vec<Arc<str>> = self.pending.watched().uris();
        let resources = watched.into_iter().map(Change::Resource);
        for change in Change::LISTS.into_iter().chain(resources) {
            self.pending.note(&change);
        }
    }

    /// No longer tells when the resource of this URI changes.
    pub fn unwatch(&self, uri: &str) {
        self.pending.watched().remove(uri);
    }
}

impl Stream for Changes {
    type Item = Change;

    fn poll_next(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Change>> {
        self.pending.waker.register(cx.waker());
        match self.pending.take() {
            Some(change) => Poll::Ready(Some(change)),
            None => Poll::Pending,
        }
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

    fn updated(uri: &str) -> Change {
        Change::Resource(uri.into())
    }

    #[test]
    fn only_watched_resources_and_those_below_are_told() {
        let hub = ChangeHub::new();
        let mut changes = hub.subscribe();
        changes.watch("shop://books");
        changes.watch("shop://books/emma");
        for uri in ["shop://booksellers", "shop://", "shop://music/1"] {
            hub.publish(updated(uri));
        }
        assert_eq!(changes.next().now_or_never(), None);
        hub.publish(updated("shop://books/emma"));
        hub.publish(updated("shop://books/emma"));
        hub.publish(updated("shop://books/persuasion/1"));
        let told: Vec<_> = std::iter::from_fn(|| changes.next().now_or_never().flatten()).collect();
        assert_eq!(
            told,
            ["shop://books/persuasion/1", "shop://books/emma"].map(updated)
        );
        changes.unwatch("shop://books");
        hub.publish(updated("shop://books/persuasion"));
        assert_eq!(changes.next().now_or_never(), None);
    }

    #[test]
    fn what_waits_is_bounded_by_what_is_watched() {
        let hub = ChangeHub::new();
        let mut changes = hub.subscribe();
        changes.watch("shop://books/");
        for number in 0..1000 {
            hub.publish(updated(&format!("shop://books/{number}")));
        }
        assert_eq!(
            changes.next().now_or_never(),
            Some(Some(updated("shop://books/")))
        );
        assert_eq!(changes.next().now_or_never(), None);
    }

    #[test]
    fn a_listener_hears_what_it_wants_only() {
        let hub = ChangeHub::new();
        let hidden = updated("shop://staff");
        let mut changes = hub
            .subscribe_where(move |change| !matches!(change, Change::Tools) && *change != hidden);
        changes.watch("shop://staff");
        for change in [Change::Tools, updated("shop://staff"), Change::Prompts] {
            hub.publish(change);
        }
        assert_eq!(changes.next().now_or_never(), Some(Some(Change::Prompts)));
        assert_eq!(changes.next().now_or_never(), None);
    }

    #[test]
    fn t_2511_16_completed_urls_are_told_each_and_bounded() {
        let done = |number: usize| Change::UrlCompleted {
            session: "s".into(),
            elicitation: number.to_string().into(),
        };
        let hub = ChangeHub::new();
        let mut changes = hub.subscribe();
        (0..COMPLETED_MAX + 2).for_each(|number| hub.publish(done(number)));
        let told: Vec<_> = std::iter::from_fn(|| changes.next().now_or_never().flatten()).collect();
        assert_eq!(told.len(), COMPLETED_MAX);
        assert_eq!((&told[0], told.last()), (&done(2), Some(&done(65))));
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
