//! What the server asks of a keeper of tasks.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use spanway_protocol::Timestamp;

use crate::error::StoreError;

/// The name of a task. Whoever has it may have no other proof of being its owner, so `Debug` shows only the
/// beginning (T-LTASK-05, T-TASK-13).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TaskId(Box<str>);

impl TaskId {
    /// An id from 128 random bits, which must come from a cryptographic source.
    #[must_use]
    pub fn from_random(bits: [u8; 16]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bits).into())
    }

    /// Reads an id a client sent. `None` if it is of no form this server issues.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bits = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bits.len() == 16).then(|| Self(text.into()))
    }

    /// The id as it stands in messages.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskId({}…)", self.0.get(..4).unwrap_or_default())
    }
}

/// A task as it is kept: what a store must know of it, and the rest as its keeper wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskEntry {
    /// Its name.
    pub id: TaskId,
    /// Whose it is. Lists are of one owner.
    pub owner: Box<str>,
    /// When it was made. Lists are in this order.
    pub created: Timestamp,
    /// When it is forgotten.
    pub expires: Timestamp,
    /// How often it was replaced.
    pub version: u64,
    /// Everything else, opaque to the store.
    pub body: Bytes,
}

impl TaskEntry {
    /// A task that was just made.
    #[must_use]
    pub fn new(
        id: TaskId,
        owner: impl Into<Box<str>>,
        created: Timestamp,
        expires: Timestamp,
        body: Bytes,
    ) -> Self {
        Self {
            id,
            owner: owner.into(),
            created,
            expires,
            version: 0,
            body,
        }
    }
}

/// Keeps tasks until they expire. An expired one is as if it had never been.
///
/// All methods take the time as a value. Dropping a returned future may or may not have done the work.
pub trait TaskStore: Send + Sync + 'static {
    /// Keeps a new task. When the future is ready, every later [`load`](Self::load) finds it, on every node
    /// (T-TASK-05). Fails with [`StoreError::Full`] when there is no room even after expired ones were
    /// dropped.
    fn insert(
        &self,
        entry: TaskEntry,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<(), StoreError>>;

    /// The task; `None` if there is none.
    fn load(
        &self,
        id: TaskId,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Option<TaskEntry>, StoreError>>;

    /// Puts `entry` in the place of the task with its id, if that one's version is the one before. `false`
    /// if another was faster, or if there is no such task: load it again.
    fn replace(
        &self,
        entry: TaskEntry,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<bool, StoreError>>;

    /// Up to `limit` tasks of `owner` by creation, ids deciding between equals, beginning behind the given
    /// place, whether or not a task is still there.
    fn list(
        &self,
        owner: Box<str>,
        after: Option<(Timestamp, TaskId)>,
        limit: usize,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<TaskEntry>, StoreError>>;

    /// How many tasks `owner` has.
    fn count(
        &self,
        owner: Box<str>,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<usize, StoreError>>;
}
