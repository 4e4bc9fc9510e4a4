//! Sessions in this process: the default, gone when it ends.

mod log;
mod nonce;
mod task;

pub use log::MemoryLog;
pub use nonce::MemoryNonces;
pub use task::MemoryTasks;

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use foldhash::fast::RandomState;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use spanway_protocol::Timestamp;
use spanway_protocol::legacy::{Session, SessionId};

use crate::error::StoreError;
use crate::session::{SessionChange, SessionStore};

/// Keeps sessions in a map, bounded in number. Expired ones are dropped when room is needed.
#[derive(Debug)]
pub struct MemoryStore {
    sessions: Mutex<Sessions>,
    ttl: Duration,
    sessions_max: usize,
}

/// Ids are made here, of random numbers: nobody can choose some that collide.
type Sessions = HashMap<SessionId, Entry, RandomState>;

#[derive(Debug)]
struct Entry {
    session: Arc<Session>,
    last_used: Timestamp,
}

impl MemoryStore {
    /// A store of at most `sessions_max` sessions that live for `ttl` after their last use.
    #[must_use]
    pub fn new(ttl: Duration, sessions_max: usize) -> Self {
        Self {
            sessions: Mutex::default(),
            ttl,
            sessions_max,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_alive(&self, entry: &Entry, now: Timestamp) -> bool {
        now.since(entry.last_used) < self.ttl
    }

    /// The live entry, its life renewed.
    fn with_live<T>(
        &self,
        id: &SessionId,
        now: Timestamp,
        work: impl FnOnce(&mut Entry) -> T,
    ) -> Option<T> {
        let mut sessions = self.lock();
        let entry = sessions.get_mut(id)?;
        if !self.is_alive(entry, now) {
            sessions.remove(id);
            return None;
        }
        entry.last_used = now;
        Some(work(entry))
    }
}

impl SessionStore for MemoryStore {
    fn insert(&self, session: Session, now: Timestamp) -> BoxFuture<'_, Result<(), StoreError>> {
        let mut sessions = self.lock();
        if sessions.len() >= self.sessions_max {
            sessions.retain(|_, entry| self.is_alive(entry, now));
        }
        if sessions.len() >= self.sessions_max {
            return ready(Err(StoreError::Full {
                what: "sessions",
                limit: self.sessions_max,
            }))
            .boxed();
        }
        sessions.insert(
            session.id.clone(),
            Entry {
                session: Arc::new(session),
                last_used: now,
            },
        );
        ready(Ok(())).boxed()
    }

    fn load<'a>(
        &'a self,
        id: &'a SessionId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Arc<Session>>, StoreError>> {
        ready(Ok(self.with_live(id, now, |entry| entry.session.clone()))).boxed()
    }

    fn change<'a>(
        &'a self,
        id: &'a SessionId,
        change: SessionChange,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let changed = self.with_live(id, now, |entry| {
            change.apply(Arc::make_mut(&mut entry.session));
        });
        ready(Ok(changed.is_some())).boxed()
    }

    fn renew<'a>(
        &'a self,
        ids: &'a [SessionId],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let mut sessions = self.lock();
        for id in ids {
            if let Some(entry) = sessions.get_mut(id) {
                entry.last_used = now;
            }
        }
        ready(Ok(())).boxed()
    }

    fn remove<'a>(
        &'a self,
        id: &'a SessionId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let removed = self
            .lock()
            .remove(id)
            .is_some_and(|entry| self.is_alive(&entry, now));
        ready(Ok(removed)).boxed()
    }

    fn count(&self, now: Timestamp) -> BoxFuture<'_, Result<usize, StoreError>> {
        let mut sessions = self.lock();
        sessions.retain(|_, entry| self.is_alive(entry, now));
        ready(Ok(sessions.len())).boxed()
    }
}

#[cfg(test)]
mod tests {
    use spanway_protocol::Limits;

    use super::*;
    use crate::suite;

    fn limited(tasks_max: usize) -> Limits {
        let mut limits = Limits::default();
        limits.tasks_max = tasks_max;
        limits
    }

    #[tokio::test]
    async fn the_memory_store_keeps_the_contract() {
        let sessions = |ttl, max| async move { MemoryStore::new(ttl, max) };
        suite::sessions(sessions).await;
        let logs = |limits| async move { MemoryLog::new(&limits) };
        suite::logs(logs).await;
        suite::logs_in_all(logs).await;
        suite::tasks(|max| async move { MemoryTasks::new(&limited(max)) }).await;
    }

    #[tokio::test]
    async fn the_memory_log_is_like_a_vec() {
        suite::logs_like_a_vec(|limits| async move { MemoryLog::new(&limits) }, 500).await;
    }
}
