//! Sessions: a hash for each. A change reads, changes and replaces it if nobody else did meanwhile.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, try_join_all};
use spanway_protocol::legacy::{Session, SessionId};
use spanway_protocol::{Limits, Timestamp};
use spanway_store::stored::{read_session, write_session};
use spanway_store::{SessionChange, SessionStore, StoreError};

use crate::census::{Census, life};
use crate::error::unavailable;
use crate::link::Patience;
use crate::node::Node;
use crate::scripts::{Request, SESSION_CHANGE, SESSION_INSERT, SESSION_LOAD, SESSION_REMOVE};

/// A session that is used many times in this time is written once: what is not written needs no sync. It may
/// expire that much early.
const GRAIN_MAX: Duration = Duration::from_secs(1);
/// How many grains a session lives at least.
const GRAINS: u32 = 64;
/// How often a change is tried that others are faster than.
const CHANGES_MAX: usize = 64;

/// Keeps sessions.
pub(crate) struct RedisSessions {
    node: Arc<Node>,
    ttl: Duration,
    census: Census,
}

/// Nobody else changed the session for long enough to change it.
#[derive(Debug, thiserror::Error)]
#[error("a session was changed by others each time")]
struct Contended;

/// What a session was at one moment.
struct Loaded {
    data: Bytes,
    version: u64,
}

impl RedisSessions {
    pub(crate) fn new(node: Arc<Node>, ttl: Duration, limits: &Limits) -> Self {
        let census = Census::new(node.keys.sessions(), "sessions", limits.sessions_max);
        Self { node, ttl, census }
    }

    /// Renews a session, and gives it if it is wanted.
    async fn use_now(
        &self,
        id: &SessionId,
        is_wanted: bool,
        now: Timestamp,
    ) -> Result<Option<Loaded>, StoreError> {
        let expires = now + self.ttl;
        let request = Request::script(&SESSION_LOAD, [self.node.keys.session(id)])
            .arg(now.as_millis())
            .arg(expires.as_millis())
            .arg(life(expires, now))
            .arg((self.ttl / GRAINS).min(GRAIN_MAX).as_millis() as u64)
            .arg(is_wanted);
        let found: Option<(Bytes, u64, bool)> =
            self.node.link.ask(&request, Patience::Short).await?;
        let Some((data, version, outlived)) = found else {
            return Ok(None);
        };
        // Not each time: the list may be behind by an eighth of a session's life, and one request in many pays.
        if outlived {
            self.census
                .renew(&self.node.link, id.as_str(), expires, now)
                .await?;
        }
        Ok(Some(Loaded { data, version }))
    }

    /// One attempt at a change; `None` if somebody else was faster.
    async fn try_change(
        &self,
        id: &SessionId,
        change: SessionChange,
        now: Timestamp,
    ) -> Result<Option<bool>, StoreError> {
        let Some(loaded) = self.use_now(id, true, now).await? else {
            return Ok(Some(false));
        };
        let mut session = read_session(&loaded.data)?;
        change.apply(&mut session);
        let request = Request::script(&SESSION_CHANGE, [self.node.keys.session(id)])
            .arg(loaded.version)
            .arg(write_session(&session)?);
        let outcome: u8 = self.node.link.ask(&request, Patience::Short).await?;
        Ok(match outcome {
            0 => Some(false),
            1 => None,
            _ => Some(true),
        })
    }
}

impl SessionStore for RedisSessions {
    fn insert(&self, session: Session, now: Timestamp) -> BoxFuture<'_, Result<(), StoreError>> {
        async move {
            let expires = now + self.ttl;
            let name = session.id.as_str();
            self.census
                .enter(&self.node.link, name, expires, now)
                .await?;
            let request = Request::script(&SESSION_INSERT, [self.node.keys.session(&session.id)])
                .arg(write_session(&session)?)
                .arg(expires.as_millis())
                .arg(life(expires, now));
            self.node.link.ask(&request, Patience::Short).await
        }
        .boxed()
    }

    fn load<'a>(
        &'a self,
        id: &'a SessionId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Arc<Session>>, StoreError>> {
        async move {
            let found = self.use_now(id, true, now).await?;
            found
                .map(|loaded| read_session(&loaded.data).map(Arc::new))
                .transpose()
        }
        .boxed()
    }

    fn change<'a>(
        &'a self,
        id: &'a SessionId,
        change: SessionChange,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        async move {
            for _ in 0..CHANGES_MAX {
                if let Some(is_kept) = self.try_change(id, change.clone(), now).await? {
                    return Ok(is_kept);
                }
            }
            Err(unavailable(Contended))
        }
        .boxed()
    }

    fn renew<'a>(
        &'a self,
        ids: &'a [SessionId],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            let renewals = ids.iter().map(|id| self.use_now(id, false, now));
            try_join_all(renewals).await.map(drop)
        }
        .boxed()
    }

    fn remove<'a>(
        &'a self,
        id: &'a SessionId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        async move {
            let request =
                Request::script(&SESSION_REMOVE, [self.node.keys.session(id)]).arg(now.as_millis());
            let link = &self.node.link;
            let removed: bool = link.ask(&request, Patience::Short).await?;
            self.census.leave(link, id.as_str()).await?;
            Ok(removed)
        }
        .boxed()
    }

    fn count(&self, now: Timestamp) -> BoxFuture<'_, Result<usize, StoreError>> {
        self.census.count(&self.node.link, now).boxed()
    }
}
