//! The stores as the suites want them: each keeper as a value.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use spanway_protocol::legacy::{Session, SessionId, StreamId};
use spanway_protocol::{Client, Limits, ProtocolVersion, Timestamp};
use spanway_store::{
    Appended, Batch, Bells, Nonce, NonceStore, Page, SessionChange, SessionStore, StoreError,
    Stores, StreamKey, StreamLog, StreamState, TaskEntry, TaskId, TaskStore,
};
use spanway_testkit::RedisServer;

pub(crate) const TTL: Duration = Duration::from_secs(60);

/// Stores under a prefix of their own, so that each has an empty Redis.
pub(crate) async fn fresh(server: &RedisServer, ttl: Duration, limits: &Limits) -> Stores {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let url = format!("{}?prefix=test-{number}:", server.url());
    spanway_store_redis::connect(&url, ttl, limits)
        .await
        .unwrap()
}

/// The stores of one more node.
pub(crate) async fn node(server: &RedisServer) -> Stores {
    spanway_store_redis::connect(&server.url(), TTL, &Limits::default())
        .await
        .unwrap()
}

pub(crate) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + seconds * 1000)
}

pub(crate) fn session(number: u8) -> Session {
    let id = SessionId::from_random([number; 16]);
    Session::new(id, ProtocolVersion::V2025_06_18, &Client::default(), None)
}

pub(crate) fn stream(number: u8) -> StreamKey {
    StreamKey {
        session: SessionId::from_random([number; 16]),
        stream: StreamId::from_random([number; 8]),
    }
}

/// One message with its number in it.
pub(crate) fn batch(number: u64, state: StreamState) -> Batch {
    Batch {
        first: number,
        messages: vec![format!("{{\"number\":{number}}}").into()],
        state,
    }
}

/// Tries until it is true; for what happens in other tasks and programs.
pub(crate) async fn eventually(what: &str, within: Duration, mut is_so: impl AsyncFnMut() -> bool) {
    let by = Instant::now() + within;
    while !is_so().await {
        assert!(Instant::now() < by, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) struct Sessions(pub(crate) Stores);
pub(crate) struct Logs(pub(crate) Stores);
pub(crate) struct Tasks(pub(crate) Stores);
pub(crate) struct Nonces(pub(crate) Stores);

impl SessionStore for Sessions {
    fn insert(&self, session: Session, now: Timestamp) -> BoxFuture<'_, Result<(), StoreError>> {
        self.0.sessions.insert(session, now)
    }

    fn load<'a>(
        &'a self,
        id: &'a SessionId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Arc<Session>>, StoreError>> {
        self.0.sessions.load(id, now)
    }

    fn change<'a>(
        &'a self,
        id: &'a SessionId,
        change: SessionChange,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.0.sessions.change(id, change, now)
    }

    fn renew<'a>(
        &'a self,
        ids: &'a [SessionId],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.0.sessions.renew(ids, now)
    }

    fn remove<'a>(
        &'a self,
        id: &'a SessionId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.0.sessions.remove(id, now)
    }

    fn count(&self, now: Timestamp) -> BoxFuture<'_, Result<usize, StoreError>> {
        self.0.sessions.count(now)
    }
}

impl StreamLog for Logs {
    fn append(
        &self,
        key: StreamKey,
        batch: Batch,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Appended, StoreError>> {
        self.0.logs.append(key, batch, now)
    }

    fn read(
        &self,
        key: StreamKey,
        after: u64,
        bytes_max: usize,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Option<Page>, StoreError>> {
        self.0.logs.read(key, after, bytes_max, now)
    }

    fn forget(&self, session: SessionId) -> BoxFuture<'static, Result<(), StoreError>> {
        self.0.logs.forget(session)
    }

    fn bells(&self) -> Arc<Bells> {
        self.0.logs.bells()
    }
}

impl NonceStore for Nonces {
    fn spend(
        &self,
        nonce: Nonce,
        expires: Timestamp,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<bool, StoreError>> {
        self.0.nonces.spend(nonce, expires, now)
    }
}

impl TaskStore for Tasks {
    fn insert(
        &self,
        entry: TaskEntry,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        self.0.tasks.insert(entry, now)
    }

    fn load(
        &self,
        id: TaskId,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Option<TaskEntry>, StoreError>> {
        self.0.tasks.load(id, now)
    }

    fn replace(
        &self,
        entry: TaskEntry,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<bool, StoreError>> {
        self.0.tasks.replace(entry, now)
    }

    fn list(
        &self,
        owner: Box<str>,
        after: Option<(Timestamp, TaskId)>,
        limit: usize,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<TaskEntry>, StoreError>> {
        self.0.tasks.list(owner, after, limit, now)
    }

    fn count(
        &self,
        owner: Box<str>,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<usize, StoreError>> {
        self.0.tasks.count(owner, now)
    }
}
