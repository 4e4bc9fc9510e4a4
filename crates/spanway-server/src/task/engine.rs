//! The tasks of one mounted server: what is kept, read and changed, and who hears of it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use spanway_protocol::{Rejection, Timestamp};
use spanway_store::{Bell, Bells, BusMessage, NodeId, StoreError, TaskEntry, TaskId, TaskStore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::keeper::{TaskKeeper, TaskSettings};
use super::owner::Owner;
use super::record::{KeptCall, Record};
use crate::change::ChangeHub;
use crate::input::Journal;
use crate::server::Shared;
use crate::service::ServiceInfo;

/// How often it is looked whether anything was missed that another node should have told, or whether that
/// node is gone.
pub(super) const PATROL: Duration = Duration::from_secs(2);

/// The tasks of a server behind one transport; for transports, which get it from
/// [`McpService::keep_tasks`](crate::McpService::keep_tasks) and put it into the
/// [`Origin`](crate::Origin) of every call. Cheap to clone.
#[derive(Clone)]
pub struct Tasks {
    pub(super) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(super) keeper: TaskKeeper,
    pub(super) settings: TaskSettings,
    pub(super) info: ServiceInfo,
    pub(super) server: Weak<Shared>,
    bells: Arc<Bells<TaskId>>,
    /// What runs on this node, and whose it is.
    running: Mutex<HashMap<TaskId, Box<str>>>,
    /// Every task that runs here, so that a drain can wait for it.
    pub(super) tracker: TaskTracker,
    /// Says that what still runs has to stop.
    pub(super) closing: CancellationToken,
}

/// A task as it was read.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) entry: TaskEntry,
    pub(super) record: Record,
}

/// What became of a change.
pub(super) enum Changed<T> {
    /// It was made.
    Made(Kept, T),
    /// There was nothing to change.
    Not(Kept),
    /// There is no such task any more.
    Gone,
}

impl Tasks {
    pub(crate) fn new(
        keeper: TaskKeeper,
        settings: TaskSettings,
        info: ServiceInfo,
        server: Weak<Shared>,
    ) -> Self {
        let inner = Inner {
            keeper,
            settings,
            info,
            server,
            bells: Arc::default(),
            running: Mutex::default(),
            tracker: TaskTracker::new(),
            closing: CancellationToken::new(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    pub(crate) fn downgrade(&self) -> Weak<Inner> {
        Arc::downgrade(&self.inner)
    }

    pub(crate) fn upgrade(inner: &Weak<Inner>) -> Option<Self> {
        inner.upgrade().map(|inner| Self { inner })
    }

    /// A task changed on another node, or is to change here.
    pub fn hear(&self, id: &TaskId) {
        self.inner.bells.ring(id);
    }

    /// A bell that rings when the task may have changed. Hang it before reading, and nothing goes unnoticed.
    pub(super) fn bell(&self, id: &TaskId) -> Bell<TaskId> {
        self.inner.bells.hang(id.clone())
    }

    pub(super) fn now(&self) -> Timestamp {
        self.inner.keeper.clock.now()
    }

    /// Where clients are told what comes after their call, as long as the server is there.
    pub(crate) fn changes(&self) -> Option<ChangeHub> {
        let server = self.inner.server.upgrade()?;
        Some(server.desk.changes().clone())
    }

    pub(super) fn store(&self) -> &dyn TaskStore {
        &*self.inner.keeper.store
    }

    /// Whether there are no other nodes that could change tasks.
    pub(super) fn is_alone(&self) -> bool {
        self.inner.keeper.bus.is_alone()
    }

    pub(super) fn node(&self) -> NodeId {
        self.inner.keeper.bus.node()
    }

    /// How long to wait for a bell before looking all the same: until the task expires, or until another node
    /// may have died.
    pub(super) fn patience(&self, expires: Timestamp) -> Duration {
        let left = expires.since(self.now());
        if self.is_alone() {
            left
        } else {
            left.min(PATROL)
        }
    }

    /// Makes a task of a call. It is durable when this is ready (T-TASK-05).
    pub(super) async fn create(
        &self,
        owner: &Owner,
        call: KeptCall,
        journal: Journal,
        ttl_ms: Option<u64>,
    ) -> Result<(Entered, Kept), Rejection> {
        if tokio::runtime::Handle::try_current().is_err() {
            tracing::error!("a task cannot run outside a tokio runtime");
            return Err(Rejection::Internal);
        }
        let now = self.now();
        self.check_room(owner, now).await?;
        let settings = &self.inner.settings;
        let ttl_ms = settings.life_ms(ttl_ms);
        let mut record = Record::new(call, self.node(), ttl_ms, settings.poll_ms());
        record.set_journal(journal);
        let body = record.write(now).map_err(|error| unavailable(&error))?;
        let expires = now + Duration::from_millis(ttl_ms);
        let entry = TaskEntry::new(new_id()?, owner.name(), now, expires, body);
        // Before it can be found: it must not look as if nobody worked on it.
        let entered = self.enter(&entry).ok_or(Rejection::Internal)?;
        let inserted = self.store().insert(entry.clone(), now).await;
        inserted.map_err(|error| match error {
            StoreError::Full { what, limit } => Rejection::TooManyTasks { what, limit },
            other => unavailable(&other),
        })?;
        tracing::debug!(task = ?entry.id, tool = %record.call.tool, "a task was made");
        Ok((entered, Kept { entry, record }))
    }

    async fn check_room(&self, owner: &Owner, now: Timestamp) -> Result<(), Rejection> {
        if !owner.is_known() {
            return Ok(());
        }
        let limit = self.inner.keeper.tasks_per_owner_max;
        let count = self.store().count(owner.name().into(), now);
        let count = count.await.map_err(|error| unavailable(&error))?;
        if count < limit {
            Ok(())
        } else {
            let what = "tasks";
            Err(Rejection::TooManyTasks { what, limit })
        }
    }

    pub(super) async fn load(&self, id: &TaskId) -> Result<Option<Kept>, StoreError> {
        let entry = self.store().load(id.clone(), self.now()).await?;
        entry.map(Kept::read).transpose()
    }

    /// Makes `change` to the task as it is then, unless that says there is nothing to change. Everybody who
    /// waits for the task is told.
    pub(super) async fn change<T>(
        &self,
        id: &TaskId,
        mut change: impl FnMut(&mut Record) -> Option<T>,
    ) -> Result<Changed<T>, StoreError> {
        loop {
            let Some(kept) = self.load(id).await? else {
                return Ok(Changed::Gone);
            };
            let mut record = kept.record.clone();
            let Some(made) = change(&mut record) else {
                return Ok(Changed::Not(kept));
            };
            let now = self.now();
            let mut entry = kept.entry;
            entry.version += 1;
            entry.body = record.write(now)?;
            // T-LTASK-06: whoever comes second starts from what the first one wrote.
            if self.store().replace(entry.clone(), now).await? {
                self.tell(id).await;
                return Ok(Changed::Made(Kept { entry, record }, made));
            }
        }
    }

    /// Wakes those who wait for the task here, and tells other nodes to do so.
    async fn tell(&self, id: &TaskId) {
        self.hear(id);
        if self.is_alone() {
            return;
        }
        let message = BusMessage::Task { id: id.clone() };
        if let Err(error) = self.inner.keeper.bus.publish(message).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "other nodes could not be told of a task"
            );
        }
    }

    /// Notes that the task runs here; `None` if it does already.
    pub(super) fn enter(&self, entry: &TaskEntry) -> Option<Entered> {
        let mut running = self.running();
        if running.contains_key(&entry.id) {
            return None;
        }
        running.insert(entry.id.clone(), entry.owner.clone());
        Some(Entered {
            tasks: self.clone(),
            id: entry.id.clone(),
            expires: entry.expires,
        })
    }

    pub(super) fn runs_here(&self, id: &TaskId) -> bool {
        self.running().contains_key(id)
    }

    /// The tasks of this owner that run here.
    pub(super) fn running_of(&self, owner: &Owner) -> Vec<TaskId> {
        let running = self.running();
        let own = running.iter().filter(|(_, name)| ***name == *owner.name());
        own.map(|(id, _)| id.clone()).collect()
    }

    fn running(&self) -> MutexGuard<'_, HashMap<TaskId, Box<str>>> {
        self.inner
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks")
            .field("running", &self.running().len())
            .finish_non_exhaustive()
    }
}

impl Kept {
    pub(super) fn read(entry: TaskEntry) -> Result<Self, StoreError> {
        let record = Record::read(&entry.body)?;
        Ok(Self { entry, record })
    }
}

/// A task that runs on this node, as long as it does.
pub(super) struct Entered {
    tasks: Tasks,
    pub(super) id: TaskId,
    pub(super) expires: Timestamp,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.tasks.running().remove(&self.id);
    }
}

/// An id that nobody can guess (T-LTASK-05, T-TASK-13).
fn new_id() -> Result<TaskId, Rejection> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|error| {
        tracing::error!(%error, "the system gives no random numbers");
        Rejection::Internal
    })?;
    Ok(TaskId::from_random(bits))
}

pub(super) fn unavailable(error: &StoreError) -> Rejection {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "the store of tasks failed"
    );
    Rejection::StoreUnavailable
}
