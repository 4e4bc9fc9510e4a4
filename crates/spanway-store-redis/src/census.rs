//! How many there are of something that expires, on all nodes together: a sorted set of names by expiry. It is
//! in another slot than what it counts, so it can be a little behind; what it counts does not depend on it.

use spanway_protocol::Timestamp;
use spanway_store::StoreError;

use crate::link::{Link, Patience};
use crate::scripts::{CENSUS, Request};

/// One such set.
pub(crate) struct Census {
    key: String,
    what: &'static str,
    limit: usize,
}

impl Census {
    pub(crate) fn new(key: String, what: &'static str, limit: usize) -> Self {
        Self { key, what, limit }
    }

    /// Enters a name, if there is room for it.
    pub(crate) async fn enter(
        &self,
        link: &Link,
        name: &str,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        if self.put(link, name, expires, now, limit).await? {
            return Ok(());
        }
        Err(StoreError::Full {
            what: self.what,
            limit: self.limit,
        })
    }

    /// Has a name that is in already expire at another time.
    pub(crate) async fn renew(
        &self,
        link: &Link,
        name: &str,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.put(link, name, expires, now, -1).await.map(drop)
    }

    pub(crate) async fn leave(&self, link: &Link, name: &str) -> Result<(), StoreError> {
        let leaving = Request::command("ZREM").arg(&self.key).arg(name);
        link.ask::<u64>(&leaving, Patience::Short).await.map(drop)
    }

    pub(crate) async fn count(&self, link: &Link, now: Timestamp) -> Result<usize, StoreError> {
        link.ask(&living(&self.key, now), Patience::Short).await
    }

    async fn put(
        &self,
        link: &Link,
        name: &str,
        expires: Timestamp,
        now: Timestamp,
        limit: i64,
    ) -> Result<bool, StoreError> {
        let request = Request::script(&CENSUS, [&self.key])
            .arg(now.as_millis())
            .arg(expires.as_millis())
            .arg(life(expires, now))
            .arg(name)
            .arg(limit);
        link.ask(&request, Patience::Short).await
    }
}

/// Counts what a set of expiries has that is not over.
pub(crate) fn living(key: &str, now: Timestamp) -> Request {
    Request::command("ZCOUNT")
        .arg(key)
        .arg(format!("({}", now.as_millis()))
        .arg("+inf")
}

/// How long Redis is to keep what expires then, in milliseconds.
pub(crate) fn life(expires: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(expires.since(now).as_millis())
        .unwrap_or(u64::MAX)
        .clamp(1, LIFE_MAX)
}

/// Redis refuses times beyond what fits its clock.
const LIFE_MAX: u64 = 1 << 50;
