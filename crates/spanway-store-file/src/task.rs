//! Tasks: what decides about them is known in memory, they themselves are on the disk.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use spanway_protocol::Timestamp;
use spanway_store::{StoreError, TaskEntry, TaskId, TaskStore};

use crate::changes::Changes;
use crate::engine::{Engine, View};
use crate::journal::Journal;
use crate::key::{self, OwnerHash};

/// Keeps tasks.
pub(crate) struct FileTasks {
    /// Only the writer changes it, ahead of the disk; readers look at the disk.
    register: Arc<Mutex<Register>>,
    engine: Arc<Engine>,
    journal: Arc<Journal>,
}

/// The tasks as the writer knows them.
struct Register {
    tasks: HashMap<TaskId, Known>,
    expiry: BTreeSet<(Timestamp, TaskId)>,
    tasks_max: usize,
}

struct Known {
    owner: OwnerHash,
    created: Timestamp,
    expires: Timestamp,
    version: u64,
}

impl FileTasks {
    /// With the tasks that are there.
    pub(crate) fn new(
        engine: Arc<Engine>,
        journal: Arc<Journal>,
        tasks_max: usize,
    ) -> Result<Self, StoreError> {
        let register = Register::restored(&engine.view(), tasks_max)?;
        Ok(Self {
            register: Arc::new(Mutex::new(register)),
            engine,
            journal,
        })
    }

    fn write<T: Send + 'static>(
        &self,
        decide: impl FnOnce(&mut Register, &mut Changes) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let register = self.register.clone();
        self.journal.write(move |changes| {
            let mut register = register.lock().unwrap_or_else(PoisonError::into_inner);
            decide(&mut register, changes)
        })
    }
}

impl TaskStore for FileTasks {
    fn insert(
        &self,
        entry: TaskEntry,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        self.write(move |register, changes| register.insert(entry, now, changes))
    }

    fn load(
        &self,
        id: TaskId,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Option<TaskEntry>, StoreError>> {
        self.engine
            .read(move |view| Ok(load(view, &id)?.filter(|entry| entry.expires > now)))
    }

    fn replace(
        &self,
        entry: TaskEntry,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<bool, StoreError>> {
        self.write(move |register, changes| Ok(register.replace(entry, now, changes)))
    }

    fn list(
        &self,
        owner: Box<str>,
        after: Option<(Timestamp, TaskId)>,
        limit: usize,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<TaskEntry>, StoreError>> {
        self.engine.read(move |view| {
            let owner = key::owner(&owner);
            let after = after.map(|(created, id)| key::owned(&owner, created, &id));
            let ids = owned(view, &owner, after, now);
            let entries = ids.filter_map(|id| id.and_then(|id| load(view, &id)).transpose());
            entries.take(limit).collect()
        })
    }

    fn count(
        &self,
        owner: Box<str>,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<usize, StoreError>> {
        self.engine.read(move |view| {
            let mut ids = owned(view, &key::owner(&owner), None, now);
            ids.try_fold(0, |count, id| id.map(|_| count + 1))
        })
    }
}

impl Register {
    fn restored(view: &View, tasks_max: usize) -> Result<Self, StoreError> {
        let mut register = Self {
            tasks: HashMap::new(),
            expiry: BTreeSet::new(),
            tasks_max,
        };
        for entry in view.beginning(&[key::TASK], None) {
            let (key, head) = entry?;
            let Some(id) = key::read_task(&key) else {
                continue;
            };
            match read_head(id.clone(), &head) {
                Ok(entry) => register.note(&entry),
                // Loading it says so.
                Err(_) => tracing::error!(?id, "a task in the file store cannot be read"),
            }
        }
        Ok(register)
    }

    fn insert(
        &mut self,
        entry: TaskEntry,
        now: Timestamp,
        changes: &mut Changes,
    ) -> Result<(), StoreError> {
        self.drop_expired(now, changes);
        if self.tasks.len() >= self.tasks_max {
            return Err(StoreError::Full {
                what: "tasks",
                limit: self.tasks_max,
            });
        }
        self.put(entry, changes);
        Ok(())
    }

    fn replace(&mut self, entry: TaskEntry, now: Timestamp, changes: &mut Changes) -> bool {
        let is_next = self
            .tasks
            .get(&entry.id)
            .is_some_and(|known| known.expires > now && known.version + 1 == entry.version);
        if is_next {
            self.put(entry, changes);
        }
        is_next
    }

    fn drop_expired(&mut self, now: Timestamp, changes: &mut Changes) {
        while let Some((expires, _)) = self.expiry.first()
            && *expires <= now
            && let Some((_, id)) = self.expiry.pop_first()
        {
            self.remove(&id, changes);
        }
    }

    fn remove(&mut self, id: &TaskId, changes: &mut Changes) {
        if let Some(known) = self.tasks.remove(id) {
            self.expiry.remove(&(known.expires, id.clone()));
            changes.remove(key::owned(&known.owner, known.created, id));
            changes.remove(key::task(id));
            changes.remove(key::body(id));
        }
    }

    fn put(&mut self, entry: TaskEntry, changes: &mut Changes) {
        self.remove(&entry.id, changes);
        self.note(&entry);
        let expires = entry.expires.as_millis().to_be_bytes().to_vec();
        let place = key::owned(&key::owner(&entry.owner), entry.created, &entry.id);
        changes.put(place, expires);
        changes.put(key::task(&entry.id), write_head(&entry));
        changes.put(key::body(&entry.id), entry.body);
    }

    fn note(&mut self, entry: &TaskEntry) {
        let known = Known {
            owner: key::owner(&entry.owner),
            created: entry.created,
            expires: entry.expires,
            version: entry.version,
        };
        self.expiry.insert((entry.expires, entry.id.clone()));
        self.tasks.insert(entry.id.clone(), known);
    }
}

/// The owner's tasks that have not expired, in order.
fn owned(
    view: &View,
    owner: &OwnerHash,
    after: Option<Vec<u8>>,
    now: Timestamp,
) -> impl Iterator<Item = Result<TaskId, StoreError>> + use<> {
    let entries = view.beginning(&key::all_owned(owner), after);
    entries.filter_map(move |entry| {
        let read = |(key, value): (Bytes, Bytes)| {
            let (expires, _) = key::split_time(&value).ok_or(UNREADABLE)?;
            let id = key::read_owned(&key).ok_or(UNREADABLE)?;
            Ok((expires > now).then_some(id))
        };
        entry.and_then(read).transpose()
    })
}

fn load(view: &View, id: &TaskId) -> Result<Option<TaskEntry>, StoreError> {
    let Some(head) = view.value(&key::task(id))? else {
        return Ok(None);
    };
    let mut entry = read_head(id.clone(), &head)?;
    entry.body = view.value(&key::body(id))?.ok_or(UNREADABLE)?;
    Ok(Some(entry))
}

fn write_head(entry: &TaskEntry) -> Bytes {
    let (created, expires) = (entry.created.as_millis(), entry.expires.as_millis());
    let numbers = [entry.version, created, expires];
    let mut head: Vec<u8> = numbers.into_iter().flat_map(u64::to_be_bytes).collect();
    head.extend_from_slice(entry.owner.as_bytes());
    head.into()
}

/// The task without its body.
fn read_head(id: TaskId, head: &[u8]) -> Result<TaskEntry, StoreError> {
    let split = || {
        let (version, rest) = key::split_number(head)?;
        let (created, rest) = key::split_time(rest)?;
        let (expires, owner) = key::split_time(rest)?;
        let owner = std::str::from_utf8(owner).ok()?;
        let mut entry = TaskEntry::new(id, owner, created, expires, Bytes::new());
        entry.version = version;
        Some(entry)
    };
    split().ok_or(UNREADABLE)
}

const UNREADABLE: StoreError = StoreError::Unreadable { what: "a task" };
