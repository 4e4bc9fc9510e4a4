//! Tasks: a hash for each, and for each owner a list in the order of creation. The list is in another slot than
//! the tasks, so it may name one that is gone; then that one is passed over.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, try_join, try_join_all};
use spanway_protocol::{Limits, Timestamp};
use spanway_store::{StoreError, TaskEntry, TaskId, TaskStore};

use crate::census::{Census, life, living};
use crate::keys::{place, task_at};
use crate::link::Patience;
use crate::node::Node;
use crate::scripts::{Request, TASK_INSERT, TASK_OWN, TASK_REPLACE};

/// Keeps tasks.
pub(crate) struct RedisTasks(Arc<Inner>);

struct Inner {
    node: Arc<Node>,
    census: Census,
}

impl RedisTasks {
    pub(crate) fn new(node: Arc<Node>, limits: &Limits) -> Self {
        let census = Census::new(node.keys.tasks(), "tasks", limits.tasks_max);
        Self(Arc::new(Inner { node, census }))
    }
}

/// Owner, creation, expiry, version and body, as far as they are there.
type Fields = (
    Option<String>,
    Option<u64>,
    Option<u64>,
    Option<u64>,
    Option<Bytes>,
);

impl Inner {
    async fn insert(&self, entry: &TaskEntry, now: Timestamp) -> Result<(), StoreError> {
        let link = &self.node.link;
        let name = entry.id.as_str();
        self.census.enter(link, name, entry.expires, now).await?;
        let request = Request::script(&TASK_INSERT, [self.node.keys.task(&entry.id)])
            .arg(&*entry.owner)
            .arg(entry.created.as_millis())
            .arg(entry.expires.as_millis())
            .arg(life(entry.expires, now))
            .arg(entry.version)
            .arg(&entry.body[..]);
        link.ask::<u8>(&request, Patience::Short).await?;
        self.own(entry, now).await
    }

    /// Notes the task in its owner's list.
    async fn own(&self, entry: &TaskEntry, now: Timestamp) -> Result<(), StoreError> {
        let keys = self.node.keys.owner(&entry.owner);
        let request = Request::script(&TASK_OWN, [&keys.owned, &keys.lapsing])
            .arg(now.as_millis())
            .arg(entry.expires.as_millis())
            .arg(life(entry.expires, now))
            .arg(place(entry.created, &entry.id));
        self.node.link.ask::<u8>(&request, Patience::Short).await?;
        Ok(())
    }

    async fn load(&self, id: TaskId, now: Timestamp) -> Result<Option<TaskEntry>, StoreError> {
        let request = Request::command("HMGET")
            .arg(self.node.keys.task(&id))
            .arg(&["owner", "created", "expires", "version", "body"]);
        let found: Fields = self.node.link.ask(&request, Patience::Short).await?;
        let (Some(owner), Some(created), Some(expires), Some(version), Some(body)) = found else {
            return Ok(None);
        };
        let at = Timestamp::from_millis;
        let mut entry = TaskEntry::new(id, owner, at(created), at(expires), body);
        entry.version = version;
        Ok((entry.expires > now).then_some(entry))
    }

    async fn replace(&self, entry: &TaskEntry, now: Timestamp) -> Result<bool, StoreError> {
        let Some(before) = entry.version.checked_sub(1) else {
            return Ok(false);
        };
        let link = &self.node.link;
        let request = Request::script(&TASK_REPLACE, [self.node.keys.task(&entry.id)])
            .arg(now.as_millis())
            .arg(before)
            .arg(entry.version)
            .arg(entry.expires.as_millis())
            .arg(life(entry.expires, now))
            .arg(&entry.body[..])
            .arg(self.node.token());
        let outcome: u8 = link.ask(&request, Patience::Short).await?;
        if outcome == 2 {
            let name = entry.id.as_str();
            let census = self.census.renew(link, name, entry.expires, now);
            try_join(census, self.own(entry, now)).await?;
        }
        Ok(outcome > 0)
    }

    async fn list(
        &self,
        owner: &str,
        after: Option<(Timestamp, TaskId)>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<TaskEntry>, StoreError> {
        let key = self.node.keys.owner(owner).owned;
        let mut after = after.map_or_else(
            || "-".to_owned(),
            |(created, id)| format!("({}", place(created, &id)),
        );
        let mut tasks = Vec::new();
        while tasks.len() < limit {
            let wanted = limit - tasks.len();
            let request = Request::command("ZRANGEBYLEX")
                .arg(&key)
                .arg(after)
                .arg("+")
                .arg("LIMIT")
                .arg(0)
                .arg(wanted);
            let places: Vec<String> = self.node.link.ask(&request, Patience::Short).await?;
            let ids = places.iter().filter_map(|place| task_at(place));
            let found = try_join_all(ids.map(|id| self.load(id, now))).await?;
            let theirs = |task: &TaskEntry| *task.owner == *owner;
            tasks.extend(found.into_iter().flatten().filter(theirs));
            match places.last() {
                Some(last) if places.len() == wanted => after = format!("({last}"),
                _ => break,
            }
        }
        Ok(tasks)
    }
}

impl TaskStore for RedisTasks {
    fn insert(
        &self,
        entry: TaskEntry,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        let inner = self.0.clone();
        async move { inner.insert(&entry, now).await }.boxed()
    }

    fn load(
        &self,
        id: TaskId,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Option<TaskEntry>, StoreError>> {
        let inner = self.0.clone();
        async move { inner.load(id, now).await }.boxed()
    }

    fn replace(
        &self,
        entry: TaskEntry,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<bool, StoreError>> {
        let inner = self.0.clone();
        async move { inner.replace(&entry, now).await }.boxed()
    }

    fn list(
        &self,
        owner: Box<str>,
        after: Option<(Timestamp, TaskId)>,
        limit: usize,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<TaskEntry>, StoreError>> {
        let inner = self.0.clone();
        async move { inner.list(&owner, after, limit, now).await }.boxed()
    }

    fn count(
        &self,
        owner: Box<str>,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<usize, StoreError>> {
        let inner = self.0.clone();
        async move {
            let key = inner.node.keys.owner(&owner).lapsing;
            inner
                .node
                .link
                .ask(&living(&key, now), Patience::Short)
                .await
        }
        .boxed()
    }
}
