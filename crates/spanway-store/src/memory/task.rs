//! Tasks in this process.

use std::collections::{BTreeSet, HashMap};
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use spanway_protocol::{Limits, Timestamp};

use crate::error::StoreError;
use crate::task::{TaskEntry, TaskId, TaskStore};

/// Keeps tasks in a map, bounded in number and weighed in bytes. Expired ones are dropped when room is needed
/// or when they are looked for.
#[derive(Debug)]
pub struct MemoryTasks {
    inner: Mutex<Inner>,
    tasks_max: usize,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct Inner {
    tasks: HashMap<TaskId, TaskEntry>,
    /// Each owner's tasks in the order of lists.
    owned: HashMap<Box<str>, BTreeSet<(Timestamp, TaskId)>>,
    /// What all of them weigh.
    bytes: usize,
}

impl MemoryTasks {
    /// A store of as many tasks as `limits` allow.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            inner: Mutex::default(),
            tasks_max: limits.tasks_max,
            bytes_max: limits.tasks_bytes_max,
        }
    }

    /// Sees to it that one more of `bytes` has room.
    fn make_room(&self, inner: &mut Inner, bytes: usize, now: Timestamp) -> Result<(), StoreError> {
        if inner.tasks.len() >= self.tasks_max || inner.bytes + bytes > self.bytes_max {
            inner.drop_expired(now);
        }
        if inner.tasks.len() >= self.tasks_max {
            let (what, limit) = ("tasks", self.tasks_max);
            return Err(StoreError::Full { what, limit });
        }
        self.check_bytes(inner.bytes + bytes)
    }

    fn check_bytes(&self, bytes: usize) -> Result<(), StoreError> {
        if bytes <= self.bytes_max {
            return Ok(());
        }
        let (what, limit) = ("bytes of tasks", self.bytes_max);
        Err(StoreError::Full { what, limit })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn remove(&mut self, id: &TaskId) {
        let Some(entry) = self.tasks.remove(id) else {
            return;
        };
        self.bytes -= entry.body.len();
        if let Some(owned) = self.owned.get_mut(&entry.owner) {
            owned.remove(&(entry.created, entry.id));
            if owned.is_empty() {
                self.owned.remove(&entry.owner);
            }
        }
    }

    fn drop_expired(&mut self, now: Timestamp) {
        let expired: Vec<TaskId> = self
            .tasks
            .values()
            .filter(|entry| entry.expires <= now)
            .map(|entry| entry.id.clone())
            .collect();
        expired.iter().for_each(|id| self.remove(id));
    }

    fn live(&mut self, id: &TaskId, now: Timestamp) -> Option<&mut TaskEntry> {
        if self.tasks.get(id)?.expires <= now {
            self.remove(id);
            return None;
        }
        self.tasks.get_mut(id)
    }
}

impl TaskStore for MemoryTasks {
    fn insert(
        &self,
        entry: TaskEntry,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        let mut inner = self.lock();
        if let Err(full) = self.make_room(&mut inner, entry.body.len(), now) {
            return ready(Err(full)).boxed();
        }
        let place = (entry.created, entry.id.clone());
        inner
            .owned
            .entry(entry.owner.clone())
            .or_default()
            .insert(place);
        inner.bytes += entry.body.len();
        inner.tasks.insert(entry.id.clone(), entry);
        ready(Ok(())).boxed()
    }

    fn load(
        &self,
        id: TaskId,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Option<TaskEntry>, StoreError>> {
        let entry = self.lock().live(&id, now).cloned();
        ready(Ok(entry)).boxed()
    }

    fn replace(
        &self,
        entry: TaskEntry,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<bool, StoreError>> {
        let mut inner = self.lock();
        let kept = inner.live(&entry.id, now);
        let before = kept.filter(|kept| kept.version + 1 == entry.version);
        let Some(before) = before.map(|kept| kept.body.len()) else {
            return ready(Ok(false)).boxed();
        };
        let bytes = inner.bytes - before + entry.body.len();
        // What shrinks is always taken, so that there comes room again.
        if bytes > inner.bytes
            && let Err(full) = self.check_bytes(bytes)
        {
            return ready(Err(full)).boxed();
        }
        inner.bytes = bytes;
        inner.tasks.insert(entry.id.clone(), entry);
        ready(Ok(true)).boxed()
    }

    fn list(
        &self,
        owner: Box<str>,
        after: Option<(Timestamp, TaskId)>,
        limit: usize,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<TaskEntry>, StoreError>> {
        use std::ops::Bound::{Excluded, Unbounded};
        let inner = self.lock();
        let from = after.map_or(Unbounded, Excluded);
        let places = inner.owned.get(&owner);
        let entries = places
            .map(|places| places.range((from, Unbounded)))
            .into_iter()
            .flatten()
            .filter_map(|(_, id)| inner.tasks.get(id))
            .filter(|entry| entry.expires > now)
            .take(limit)
            .cloned()
            .collect();
        ready(Ok(entries)).boxed()
    }

    fn count(
        &self,
        owner: Box<str>,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<usize, StoreError>> {
        let inner = self.lock();
        let places = inner.owned.get(&owner);
        let count = places
            .into_iter()
            .flatten()
            .filter_map(|(_, id)| inner.tasks.get(id))
            .filter(|entry| entry.expires > now)
            .count();
        ready(Ok(count)).boxed()
    }
}
