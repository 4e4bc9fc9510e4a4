//! The keepers one server uses, together.

use std::sync::Arc;
use std::time::Duration;

use spanway_protocol::Limits;

use crate::bus::{NodeBus, SingleNode};
use crate::log::{NodeId, StreamLog};
use crate::memory::{MemoryLog, MemoryNonces, MemoryStore, MemoryTasks};
use crate::nonce::NonceStore;
use crate::session::SessionStore;
use crate::task::TaskStore;

/// Where a server keeps what it must not forget: sessions, their streams, and tasks.
#[derive(Clone)]
#[non_exhaustive]
pub struct Stores {
    /// Sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// What was said on their streams.
    pub logs: Arc<dyn StreamLog>,
    /// Tasks.
    pub tasks: Arc<dyn TaskStore>,
    /// Which states clients have brought back.
    pub nonces: Arc<dyn NonceStore>,
    /// The way to other nodes that use the same stores.
    pub bus: Arc<dyn NodeBus>,
}

impl Stores {
    /// Everything in this process, gone when it ends. Sessions live for `ttl` after their last use; `limits`
    /// bounds how many there are and what is kept of streams.
    #[must_use]
    pub fn memory(ttl: Duration, limits: &Limits) -> Self {
        Self {
            sessions: Arc::new(MemoryStore::new(ttl, limits.sessions_max)),
            logs: Arc::new(MemoryLog::new(limits)),
            tasks: Arc::new(MemoryTasks::new(limits)),
            nonces: Arc::new(MemoryNonces::new(limits.spent_states_max)),
            bus: Arc::new(SingleNode::new(NodeId::unlike_others())),
        }
    }

    /// Keeps sessions there instead.
    #[must_use]
    pub fn with_sessions(mut self, sessions: Arc<dyn SessionStore>) -> Self {
        self.sessions = sessions;
        self
    }

    /// Keeps what was said on streams there instead.
    #[must_use]
    pub fn with_logs(mut self, logs: Arc<dyn StreamLog>) -> Self {
        self.logs = logs;
        self
    }

    /// Keeps tasks there instead.
    #[must_use]
    pub fn with_tasks(mut self, tasks: Arc<dyn TaskStore>) -> Self {
        self.tasks = tasks;
        self
    }

    /// Remembers there which states clients have brought back.
    #[must_use]
    pub fn with_nonces(mut self, nonces: Arc<dyn NonceStore>) -> Self {
        self.nonces = nonces;
        self
    }

    /// Reaches other nodes that way.
    #[must_use]
    pub fn with_bus(mut self, bus: Arc<dyn NodeBus>) -> Self {
        self.bus = bus;
        self
    }
}

impl std::fmt::Debug for Stores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stores")
    }
}
