//! The open connections of the deprecated HTTP+SSE transport (2024-11-05): who may post to each, and how what
//! was posted gets to its stream.
//!
//! A connection is one GET whose stream carries every message of the server; the client's messages are posted.
//! Calls run in the stream's own task, like those of any other POST in theirs: the stream asks a call for more
//! only when the client took what it said before, so a slow reader makes its calls wait and loses nothing.

mod feed;

pub(crate) use feed::Feed;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use spanway_protocol::Rejection;
use spanway_protocol::legacy::SessionId;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{self, PermitIterator};

use crate::registry::Registry;
use crate::running::Running;

/// The connections of this node. Each has the id that its session is to have.
pub(crate) struct Connections {
    open: Mutex<HashMap<SessionId, Arc<Connection>>>,
    limit: usize,
    registry: Arc<Registry>,
}

/// One of them, as those that post to it see it.
pub(crate) struct Connection {
    id: SessionId,
    /// Who opened it, and alone may post to it (T-2411-05, trap 10).
    owner: Option<Box<str>>,
    inbox: mpsc::Sender<Item>,
    inbox_max: usize,
    initialized: AtomicBool,
}

/// What a POST leaves for the stream, one for each request.
pub(crate) enum Item {
    /// It has to run yet.
    Call(Box<Running>),
    /// It is answered.
    Answer(Bytes),
}

impl Connections {
    pub(crate) fn new(registry: Arc<Registry>, limit: usize) -> Self {
        Self {
            open: Mutex::default(),
            limit,
            registry,
        }
    }

    /// What is kept of the sessions that connections initialize.
    pub(crate) fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Opens a connection; up to `inbox_max` requests wait for its stream. The other end of the inbox is the
    /// stream's.
    fn open(
        &self,
        id: SessionId,
        owner: Option<&str>,
        inbox_max: usize,
    ) -> Result<(Arc<Connection>, mpsc::Receiver<Item>), Rejection> {
        let mut open = self.lock();
        // An open connection costs memory and a socket even if its client never initializes.
        if open.len() >= self.limit {
            return Err(Rejection::TooManyStreams);
        }
        let (inbox, waiting) = mpsc::channel(inbox_max);
        let connection = Arc::new(Connection {
            id: id.clone(),
            owner: owner.map(Into::into),
            inbox,
            inbox_max,
            initialized: AtomicBool::new(false),
        });
        open.insert(id, connection.clone());
        Ok((connection, waiting))
    }

    /// The connection, if it is open and belongs to `principal`. Whose it is is never told
    /// (ARCHITECTURE.md, invariant 9).
    pub(crate) fn find(
        &self,
        id: &SessionId,
        principal: Option<&str>,
    ) -> Result<Arc<Connection>, Rejection> {
        let found = self.lock().get(id).cloned();
        found
            .filter(|connection| connection.owner.as_deref() == principal)
            .ok_or(Rejection::SessionNotFound)
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    fn close(&self, id: &SessionId) {
        self.lock().remove(id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Its name, and that of its session.
    pub(crate) fn id(&self) -> &SessionId {
        &self.id
    }

    /// Room for the answers of this many requests: whoever has it can leave them without waiting. None is
    /// needed, and `None` given, for no request: a stream at its end still has calls that wait for the client.
    ///
    /// # Errors
    /// 429 if the client does not read what it asked for; 404 if the stream is at its end.
    pub(crate) fn reserve(
        &self,
        requests: usize,
    ) -> Result<Option<PermitIterator<'_, Item>>, Rejection> {
        if requests == 0 {
            return Ok(None);
        }
        let reserved = self.inbox.try_reserve_many(requests).map(Some);
        reserved.map_err(|error| match error {
            TrySendError::Full(()) => Rejection::SessionBusy {
                what: "requests that wait for the stream",
                limit: self.inbox_max,
            },
            TrySendError::Closed(()) => Rejection::SessionNotFound,
        })
    }

    /// Whether the stream takes no more requests.
    pub(crate) fn is_closed(&self) -> bool {
        self.inbox.is_closed()
    }

    /// The client is ready: from now on it is told of changes.
    pub(crate) fn set_initialized(&self) {
        self.initialized.store(true, Ordering::Relaxed);
    }

    fn is_initialized(&self) -> bool {
        self.initialized.load(Ordering::Relaxed)
    }
}
