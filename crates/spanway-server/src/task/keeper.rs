//! What tasks are kept with, and for how long.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use spanway_protocol::Limits;
use spanway_store::{MemoryTasks, NodeBus, NodeId, SingleNode, TaskStore};

use crate::clock::Clock;

/// What a transport keeps tasks with.
#[derive(Clone)]
#[non_exhaustive]
pub struct TaskKeeper {
    /// Where they are kept.
    pub store: Arc<dyn TaskStore>,
    /// The way to other nodes with the same store.
    pub bus: Arc<dyn NodeBus>,
    /// The transport's clock.
    pub clock: Clock,
    /// Tasks one owner may have; see [`Limits::tasks_per_owner_max`].
    pub tasks_per_owner_max: usize,
    /// Bytes a result may have; see [`Limits::task_bytes_max`].
    pub task_bytes_max: usize,
}

impl TaskKeeper {
    /// Keeps tasks there, within `limits`.
    #[must_use]
    pub fn new(
        store: Arc<dyn TaskStore>,
        bus: Arc<dyn NodeBus>,
        clock: Clock,
        limits: &Limits,
    ) -> Self {
        Self {
            store,
            bus,
            clock,
            tasks_per_owner_max: limits.tasks_per_owner_max,
            task_bytes_max: limits.task_bytes_max,
        }
    }

    /// Keeps tasks in this process, by a clock that starts now: for calls whose transport keeps none.
    pub(crate) fn memory() -> Self {
        let limits = Limits::default();
        Self::new(
            Arc::new(MemoryTasks::new(&limits)),
            Arc::new(SingleNode::new(NodeId::unlike_others())),
            Clock::start(),
            &limits,
        )
    }
}

impl fmt::Debug for TaskKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaskKeeper")
    }
}

/// For how long tasks are kept and how often clients are to look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TaskSettings {
    /// Unless the client wishes otherwise.
    pub(crate) ttl: Duration,
    /// Whatever the client wishes (T-LTASK-13).
    pub(crate) ttl_max: Duration,
    pub(crate) poll: Duration,
}

impl Default for TaskSettings {
    /// A day is enough for a client to come back the next morning.
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(3600),
            ttl_max: Duration::from_secs(86_400),
            poll: Duration::from_secs(1),
        }
    }
}

impl TaskSettings {
    /// For how long a task lives whose client wished for `ttl_ms`, in milliseconds. A life too short to be
    /// asked after is no use to anybody.
    pub(super) fn life_ms(&self, ttl_ms: Option<u64>) -> u64 {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let wished = ttl_ms.unwrap_or_else(|| millis(self.ttl));
        wished.max(millis(self.poll)).min(millis(self.ttl_max))
    }

    pub(super) fn poll_ms(&self) -> u64 {
        u64::try_from(self.poll.as_millis()).unwrap_or(u64::MAX)
    }
}
