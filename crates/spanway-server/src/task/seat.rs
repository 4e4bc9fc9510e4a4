//! Where a handler that is, or may become, a task leaves what is to be known of it.

use std::fmt;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use serde::{Deserialize, Serialize};
use spanway_store::TaskId;

use super::engine::Tasks;

/// Between a handler and the keeping of its task.
#[derive(Default)]
pub(crate) struct Seat {
    notes: Mutex<(Notes, bool)>,
    /// Set once there is a task.
    task: OnceLock<(Tasks, TaskId)>,
}

/// What a handler last said of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Notes {
    pub(super) message: Option<String>,
    pub(super) reached: Option<Reached>,
}

/// How far it has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reached {
    pub(crate) progress: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
}

impl Seat {
    /// It is a task from now on.
    pub(super) fn take(&self, tasks: &Tasks, id: &TaskId) {
        // Set once, by what makes the task.
        let _ = self.task.set((tasks.clone(), id.clone()));
    }

    /// The task, once there is one.
    pub(crate) fn task(&self) -> Option<&(Tasks, TaskId)> {
        self.task.get()
    }

    /// Notes what the handler says of where it stands.
    pub(crate) fn say(&self, message: String) {
        let mut notes = self.lock();
        notes.0.message = Some(message);
        notes.1 = true;
    }

    /// Notes how far the handler has come; not if it has not come farther (T-ALL-52).
    pub(crate) fn reach(&self, reached: Reached) {
        let mut notes = self.lock();
        let before = notes.0.reached.as_ref();
        let farther = before.is_none_or(|before| reached.progress > before.progress);
        if !farther || !reached.progress.is_finite() {
            return;
        }
        if let Some(message) = &reached.message {
            notes.0.message = Some(message.clone());
        }
        notes.0.reached = Some(reached);
        notes.1 = true;
    }

    pub(super) fn notes(&self) -> Notes {
        self.lock().0.clone()
    }

    /// Whether anything was noted since this was last asked.
    pub(crate) fn has_news(&self) -> bool {
        std::mem::take(&mut self.lock().1)
    }

    fn lock(&self) -> MutexGuard<'_, (Notes, bool)> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seat")
    }
}
