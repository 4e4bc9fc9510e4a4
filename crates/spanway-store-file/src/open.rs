//! Opens a directory and puts the keepers on it.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use spanway_protocol::Limits;
use spanway_store::{NodeId, SingleNode, StoreError, Stores};

use crate::engine::Engine;
use crate::error::OpenError;
use crate::journal::Journal;
use crate::log::FileLog;
use crate::nonce::FileNonces;
use crate::session::FileSessions;
use crate::task::FileTasks;

/// Everything in this directory, which is made if it is not there. Sessions live for `ttl` after their last
/// use; `limits` bounds how many there are and what is kept of streams. Waits for the disk; what is kept is
/// read once.
///
/// The stores belong to a node of a new name: calls of an earlier process count as those of a node that died.
/// The directory is free again when the last of the stores is dropped, which waits for what is being written.
///
/// # Errors
/// Another process has the directory, another version wrote it, or it cannot be used.
pub fn open(dir: impl AsRef<Path>, ttl: Duration, limits: &Limits) -> Result<Stores, OpenError> {
    let dir = dir.as_ref();
    let opening = thread::scope(|scope| scope.spawn(|| open_here(dir, ttl, limits)).join());
    opening.unwrap_or_else(|_| {
        let source = "the engine panicked while reading it".into();
        let dir = dir.into();
        Err(OpenError::Unreadable { dir, source })
    })
}

fn open_here(dir: &Path, ttl: Duration, limits: &Limits) -> Result<Stores, OpenError> {
    let engine = Arc::new(Engine::open(dir)?);
    let writing = engine.clone();
    let commit = move |changes| writing.commit(changes).map_err(|e| e.to_string().into());
    let journal = Journal::start(commit).map_err(|source| OpenError::Io {
        dir: dir.into(),
        source,
    })?;
    let unreadable = |source: StoreError| OpenError::Unreadable {
        dir: dir.into(),
        source: source.into(),
    };
    let view = engine.view();
    let sessions = FileSessions::new(&view, journal.clone(), ttl, limits.sessions_max);
    let logs = FileLog::new(engine.clone(), journal.clone(), limits);
    let tasks = FileTasks::new(engine, journal.clone(), limits.tasks_max);
    let nonces = FileNonces::new(&view, journal, limits.spent_states_max);
    Ok(Stores::memory(ttl, limits)
        .with_sessions(Arc::new(sessions.map_err(unreadable)?))
        .with_logs(Arc::new(logs.map_err(unreadable)?))
        .with_tasks(Arc::new(tasks.map_err(unreadable)?))
        .with_nonces(Arc::new(nonces.map_err(unreadable)?))
        .with_bus(Arc::new(SingleNode::new(NodeId::unlike_others()))))
}
