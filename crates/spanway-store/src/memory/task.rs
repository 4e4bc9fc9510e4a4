//! Tasks in this process.

use std::collections::{BTreeSet, HashMap};
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use spanway_protocol::Timestamp;

use crate::error::StoreError;
use crate::task::{TaskEntry, TaskId, TaskStore};

/// Keeps tasks in a map, bounded in number. Expired ones are dropped when room is needed or when they are
/// looked for.
#[derive(Debug)]
pub struct MemoryTasks {
    inner: Mutex<Inner>,
    tasks_max: usize,
}

#[derive(Debug, Default)]
struct Inner {
    tasks: HashMap<TaskId, TaskEntry>,
    /// Each owner's tasks in the order of lists.
    owned: HashMap<Box<str>, BTreeSet<(Timestamp, TaskId)>>,
}

impl MemoryTasks {
    /// A store of at most `tasks_max` tasks.
    #[must_use]
    pub fn new(tasks_max: usize) -> Self {
        Self {
            inner: Mutex::default(),
            tasks_max,
        }
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
        if inner.tasks.len() >= self.tasks_max {
            inner.drop_expired(now);
        }
        if inner.tasks.len() >= self.tasks_max {
            let (what, limit) = ("tasks", self.tasks_max);
            return ready(Err(StoreError::Full { what, limit })).boxed();
        }
        let place = (entry.created, entry.id.clone());
        inner
            .owned
            .entry(entry.owner.clone())
            .or_default()
            .insert(place);
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
        let replaced = kept.is_some_and(|kept| {
            let next = kept.version + 1 == entry.version;
            if next {
                *kept = entry;
            }
            next
        });
        ready(Ok(replaced)).boxed()
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
