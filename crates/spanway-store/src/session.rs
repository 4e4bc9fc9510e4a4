//! What the transport asks of a session store.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use spanway_protocol::Timestamp;
use spanway_protocol::legacy::{Session, SessionId};
use spanway_protocol::schema::LoggingLevel;

use crate::error::StoreError;

/// One thing a client changed about its session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionChange {
    /// It said it is ready.
    Initialized,
    /// It asked for log messages from this level on.
    LogLevel(LoggingLevel),
    /// It asked to hear of changes of this resource.
    Subscribed(Box<str>),
    /// It no longer wants to.
    Unsubscribed(Box<str>),
}

impl SessionChange {
    /// Makes the change.
    pub fn apply(self, session: &mut Session) {
        match self {
            Self::Initialized => session.initialized = true,
            Self::LogLevel(level) => session.log_level = level,
            Self::Subscribed(uri) => {
                session.subscriptions.insert(uri);
            }
            Self::Unsubscribed(uri) => {
                session.subscriptions.remove(&uri);
            }
        }
    }
}

/// Keeps sessions for as long as they are used.
///
/// A session expires when it has not been loaded, changed or renewed for the store's time to live; an
/// expired one is as if it had never been. The caller renews sessions that are busy without requests: a
/// call in flight, an open stream. Ids are unguessable; a store need not check who asks.
///
/// All methods take the time as a value. Dropping a returned future may or may not have done the work.
pub trait SessionStore: Send + Sync + 'static {
    /// Keeps a new session.
    ///
    /// The future fails with [`StoreError::Full`] when there is no room even after expired ones were
    /// dropped.
    fn insert(&self, session: Session, now: Timestamp) -> BoxFuture<'_, Result<(), StoreError>>;

    /// The session, its life renewed; `None` if there is none.
    fn load<'a>(
        &'a self,
        id: &'a SessionId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Arc<Session>>, StoreError>>;

    /// Changes the session and renews its life; `false` if there is none.
    fn change<'a>(
        &'a self,
        id: &'a SessionId,
        change: SessionChange,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Renews the life of sessions that are busy. Unknown ids are passed over.
    fn renew<'a>(
        &'a self,
        ids: &'a [SessionId],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Forgets the session; `false` if there was none.
    fn remove<'a>(
        &'a self,
        id: &'a SessionId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// How many sessions are alive.
    fn count(&self, now: Timestamp) -> BoxFuture<'_, Result<usize, StoreError>>;
}
