//! Wakes those who wait for something that is kept: the readers of a log when there is more, and whoever looks at
//! a task.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

use super::StreamKey;

/// Who waits in this process: the readers of logs, for them to grow. A store rings after every append, its own and
/// those of other nodes it hears of.
#[derive(Debug)]
pub struct Bells<K: Eq + Hash = StreamKey> {
    /// How many there are, so that a store without readers takes no lock.
    count: AtomicUsize,
    hung: Mutex<HashMap<K, Vec<Arc<Clapper>>>>,
}

#[derive(Debug, Default)]
struct Clapper {
    rung: AtomicBool,
    waker: AtomicWaker,
}

impl<K: Eq + Hash> Default for Bells<K> {
    fn default() -> Self {
        Self {
            count: AtomicUsize::default(),
            hung: Mutex::default(),
        }
    }
}

impl<K: Clone + Eq + Hash> Bells<K> {
    /// A bell for one log. Hang it before reading, and no append goes unnoticed.
    #[must_use]
    pub fn hang(self: &Arc<Self>, key: K) -> Bell<K> {
        let clapper = Arc::new(Clapper::default());
        self.lock()
            .entry(key.clone())
            .or_default()
            .push(clapper.clone());
        self.count.fetch_add(1, Ordering::SeqCst);
        Bell {
            bells: self.clone(),
            key,
            clapper,
        }
    }

    /// Wakes the readers of this log.
    pub fn ring(&self, key: &K) {
        if self.count.load(Ordering::SeqCst) == 0 {
            return;
        }
        if let Some(clappers) = self.lock().get(key) {
            clappers.iter().for_each(|clapper| clapper.ring());
        }
    }

    /// Wakes every reader, since it is not known which logs have grown.
    pub fn ring_all(&self) {
        if self.count.load(Ordering::SeqCst) == 0 {
            return;
        }
        self.lock()
            .values()
            .flatten()
            .for_each(|clapper| clapper.ring());
    }
}

impl<K: Eq + Hash> Bells<K> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, Vec<Arc<Clapper>>>> {
        self.hung.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clapper {
    fn ring(&self) {
        self.rung.store(true, Ordering::SeqCst);
        self.waker.wake();
    }
}

/// Tells one reader that its log has grown.
#[derive(Debug)]
pub struct Bell<K: Eq + Hash = StreamKey> {
    bells: Arc<Bells<K>>,
    key: K,
    clapper: Arc<Clapper>,
}

impl<K: Eq + Hash> Bell<K> {
    /// Ready if it rang since the last time it was ready.
    pub fn poll_rung(&self, cx: &Context<'_>) -> Poll<()> {
        self.clapper.waker.register(cx.waker());
        if self.clapper.rung.swap(false, Ordering::SeqCst) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl<K: Eq + Hash> Drop for Bell<K> {
    fn drop(&mut self) {
        let mut hung = self.bells.lock();
        if let Some(clappers) = hung.get_mut(&self.key) {
            clappers.retain(|clapper| !Arc::ptr_eq(clapper, &self.clapper));
            if clappers.is_empty() {
                hung.remove(&self.key);
            }
        }
        self.bells.count.fetch_sub(1, Ordering::SeqCst);
    }
}
