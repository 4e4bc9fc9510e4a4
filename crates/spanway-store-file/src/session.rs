//! Sessions: all of them in memory, where every request looks, and each change on the disk.

mod cache;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use spanway_protocol::Timestamp;
use spanway_protocol::legacy::{Session, SessionId};
use spanway_store::{SessionChange, SessionStore, StoreError, stored};

use self::cache::{Cache, Due};
use crate::changes::Changes;
use crate::engine::View;
use crate::journal::Journal;
use crate::key;

/// Keeps sessions.
///
/// Use renews a session's life in memory. On the disk it is renewed ahead, once in a sixteenth of the time to
/// live, and the use that makes it due waits for it: after a crash a session lives as long as it was promised,
/// or up to that sixteenth longer.
#[derive(Debug)]
pub(crate) struct FileSessions {
    cache: Arc<Mutex<Cache>>,
    journal: Arc<Journal>,
}

impl FileSessions {
    /// With the sessions that are there.
    pub(crate) fn new(
        view: &View,
        journal: Arc<Journal>,
        ttl: Duration,
        sessions_max: usize,
    ) -> Result<Self, StoreError> {
        let mut cache = Cache::new(ttl, sessions_max);
        for entry in view.beginning(&[key::SESSION], None) {
            let (key, value) = entry?;
            let Some(id) = key::read_session(&key) else {
                continue;
            };
            let parts = key::split_time(&value);
            let session = parts.map(|(used, session)| (used, stored::read_session(session)));
            match session {
                Some((used, Ok(session))) => cache.restore(id, Some(Arc::new(session)), used),
                damaged => {
                    tracing::error!(?id, "a session in the file store cannot be read");
                    cache.restore_unreadable(id, damaged.map(|(used, _)| used));
                }
            }
        }
        Ok(Self {
            cache: Arc::new(Mutex::new(cache)),
            journal,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Cache> {
        lock(&self.cache)
    }

    /// Brings to the disk what has changed in memory.
    fn save(&self) -> BoxFuture<'static, Result<(), StoreError>> {
        let cache = self.cache.clone();
        self.journal.write(move |changes| {
            let due = lock(&cache).take_due();
            due.into_iter().try_for_each(|due| write(due, changes))
        })
    }
}

fn lock(cache: &Mutex<Cache>) -> MutexGuard<'_, Cache> {
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}

fn write(due: Due, changes: &mut Changes) -> Result<(), StoreError> {
    let key = key::session(&due.id);
    let Some((session, used)) = due.kept else {
        changes.remove(key);
        return Ok(());
    };
    let mut value = used.as_millis().to_be_bytes().to_vec();
    value.extend(stored::write_session(&session)?);
    changes.put(key, Bytes::from(value));
    Ok(())
}

impl SessionStore for FileSessions {
    fn insert(&self, session: Session, now: Timestamp) -> BoxFuture<'_, Result<(), StoreError>> {
        let id = session.id.clone();
        if let Err(full) = self.lock().insert(session, now) {
            return ready(Err(full)).boxed();
        }
        async move {
            let saved = self.save().await;
            if saved.is_err() {
                // Nobody was told of it.
                self.lock().remove(&id, now);
            }
            saved
        }
        .boxed()
    }

    fn load<'a>(
        &'a self,
        id: &'a SessionId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Arc<Session>>, StoreError>> {
        let mut cache = self.lock();
        let found = cache.load(id, now);
        if !cache.is_renewal_due(id, now) {
            return ready(found).boxed();
        }
        drop(cache);
        let saving = self.save();
        async move {
            // The session is as good as before if the disk fails; what has to be kept will fail by itself.
            let _ = saving.await;
            found
        }
        .boxed()
    }

    fn change<'a>(
        &'a self,
        id: &'a SessionId,
        change: SessionChange,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let changed = self.lock().change(id, change, now);
        if !matches!(changed, Ok(true)) {
            return ready(changed).boxed();
        }
        let saving = self.save();
        async move { saving.await.and(changed) }.boxed()
    }

    fn renew<'a>(
        &'a self,
        ids: &'a [SessionId],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let mut cache = self.lock();
        let mut is_due = false;
        for id in ids {
            cache.renew(id, now);
            is_due |= cache.is_renewal_due(id, now);
        }
        drop(cache);
        if is_due {
            return self.save();
        }
        ready(Ok(())).boxed()
    }

    fn remove<'a>(
        &'a self,
        id: &'a SessionId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let removed = self.lock().remove(id, now);
        let saving = self.save();
        async move { saving.await.map(|()| removed) }.boxed()
    }

    fn count(&self, now: Timestamp) -> BoxFuture<'_, Result<usize, StoreError>> {
        ready(Ok(self.lock().count(now))).boxed()
    }
}
