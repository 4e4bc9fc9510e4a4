//! Stream logs: a hash for what is known of one, a list for its messages. Appends are scripts; whoever waits
//! for more hears of it on a channel.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use redis::{FromRedisValue, Value};
use spanway_protocol::legacy::{SessionId, StreamId};
use spanway_protocol::{Limits, Timestamp};
use spanway_store::stored::{read_state, write_state};
use spanway_store::{Appended, Batch, Bells, Page, StoreError, StreamKey, StreamLog, StreamState};
use tokio::task::JoinSet;

use crate::census::life;
use crate::ledger::{Dropped, Ledger, Written};
use crate::link::{Link, Patience};
use crate::node::Node;
use crate::scripts::{APPEND, DROP, FORGET, READ, Request};
use crate::subscriber::write_notice;

/// What a message costs besides its bytes.
const MESSAGE_OVERHEAD: usize = 64;
/// Of how long ago a Redis that was restarted may have lost what it had acknowledged, and then some.
const LOST_MAX: Duration = Duration::from_secs(10);
/// The least time a log is kept that a call writes to, should its node die.
const RUNNING_LIFE_MIN: Duration = Duration::from_secs(3600);

/// Keeps logs.
pub(crate) struct RedisLog {
    inner: Arc<Inner>,
    /// Ends with the keeper.
    _ending: JoinSet<()>,
}

struct Inner {
    node: Arc<Node>,
    limits: Limits,
    running_life: Duration,
    ledger: Mutex<Ledger>,
}

/// What Redis says to an append.
enum Said {
    /// Kept; so many bytes the log has now.
    Done(usize),
    Conflict(u64),
    Ended,
}

impl RedisLog {
    pub(crate) fn new(node: Arc<Node>, limits: &Limits) -> Self {
        // A call says something whenever its time begins anew, and that is an append.
        let silence = limits.call_timeout.max(limits.answer_timeout) * 2;
        let inner = Arc::new(Inner {
            node,
            limits: limits.clone(),
            running_life: (silence + limits.replay_age_max).max(RUNNING_LIFE_MIN),
            ledger: Mutex::new(Ledger::new(limits)),
        });
        let mut ending = JoinSet::new();
        ending.spawn(end_again(inner.node.link.clone(), Arc::downgrade(&inner)));
        Self {
            inner,
            _ending: ending,
        }
    }
}

/// Whenever Redis is back, ends the streams again that it may have lost the end of: nobody else would, and who
/// reads them would wait for more.
async fn end_again(link: Arc<Link>, inner: Weak<Inner>) {
    let mut epoch = link.later_than(0).await;
    loop {
        epoch = link.later_than(epoch).await;
        let Some(inner) = inner.upgrade() else {
            return;
        };
        let (over, now) = inner.ledger().over_since(LOST_MAX);
        for (key, last) in over {
            let batch = Batch {
                first: last + 1,
                messages: Vec::new(),
                state: StreamState::Ended,
            };
            if let Err(error) = inner.append(&key, &batch, now).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "it is not known whether redis still knows that a stream has ended"
                );
            }
        }
    }
}

impl Inner {
    async fn append(
        &self,
        key: &StreamKey,
        batch: &Batch,
        now: Timestamp,
    ) -> Result<Appended, StoreError> {
        let mut said = self.try_append(key, batch, false, now).await?;
        if let Said::Conflict(last) = said {
            // Redis was restarted and lost what it had acknowledged to this node. The log begins anew here, so
            // that whoever is connected misses nothing.
            let written = self.ledger().last(key);
            if last + 1 < batch.first && written == Some(batch.first - 1) {
                tracing::warn!("redis lost a part of a stream that it had kept");
                said = self.try_append(key, batch, true, now).await?;
            }
        }
        Ok(match said {
            Said::Done(bytes) => {
                let last = batch.first - 1 + batch.messages.len() as u64;
                let expires = self.expires(&batch.state, now);
                let is_over = batch.state == StreamState::Ended;
                let written = Written {
                    last,
                    bytes,
                    expires,
                    is_over,
                };
                let dropped = self.ledger().note(key, now, written);
                self.drop_logs(dropped).await;
                Appended::Done
            }
            Said::Conflict(last) => Appended::Conflict { last },
            Said::Ended => Appended::Ended,
        })
    }

    async fn try_append(
        &self,
        key: &StreamKey,
        batch: &Batch,
        anew: bool,
        now: Timestamp,
    ) -> Result<Said, StoreError> {
        let keys = self.node.keys.log(key);
        let expires = self.expires(&batch.state, now);
        let life = expires.map_or_else(
            || life(now + self.running_life, now),
            |expires| life(expires, now),
        );
        let room = self.ledger().room_for(key);
        let stream = key.stream.to_string();
        let mut request = Request::script(&APPEND, [&keys.log, &keys.said, &keys.streams])
            .arg(now.as_millis())
            .arg(expires.map_or(0, Timestamp::as_millis))
            .arg(life)
            .arg(batch.first)
            .arg(anew)
            .arg(self.limits.replay_events_max)
            .arg(room)
            .arg(MESSAGE_OVERHEAD)
            .arg(write_state(&batch.state)?)
            .arg(batch.state == StreamState::Ended)
            .arg(self.node.token())
            .arg(&stream)
            .arg(self.node.keys.bells())
            .arg(write_notice(self.node.id, &key.session, &stream));
        for message in &batch.messages {
            request = request.arg(&message[..]);
        }
        let (outcome, value): (u8, u64) = self.node.link.ask(&request, Patience::Long).await?;
        Ok(match outcome {
            0 => Said::Done(usize::try_from(value).unwrap_or(usize::MAX)),
            1 => Said::Conflict(value),
            _ => Said::Ended,
        })
    }

    /// When a log is dropped that nothing is appended to; never while a call writes to it.
    fn expires(&self, state: &StreamState, now: Timestamp) -> Option<Timestamp> {
        state.is_idle().then(|| now + self.limits.replay_age_max)
    }

    /// Makes room. What cannot be dropped now expires soon.
    async fn drop_logs(&self, dropped: Vec<Dropped>) {
        for Dropped { key, expires } in dropped {
            let keys = self.node.keys.log(&key);
            let request = Request::script(&DROP, [&keys.log, &keys.said, &keys.streams])
                .arg(expires.as_millis())
                .arg(key.stream.to_string());
            let outcome: Result<u8, StoreError> =
                self.node.link.ask(&request, Patience::Short).await;
            if let Err(error) = outcome {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "a finished stream could not be dropped"
                );
            }
        }
    }

    async fn read(
        &self,
        key: &StreamKey,
        after: u64,
        bytes_max: usize,
        now: Timestamp,
    ) -> Result<Option<Page>, StoreError> {
        let keys = self.node.keys.log(key);
        let request = Request::script(&READ, [&keys.log, &keys.said])
            .arg(now.as_millis())
            .arg(after)
            .arg(bytes_max);
        let found: Option<Vec<Value>> = self.node.link.ask(&request, Patience::Short).await?;
        found.map(|found| page(found, after)).transpose()
    }

    async fn forget(&self, session: &SessionId) -> Result<(), StoreError> {
        self.ledger().forget(session);
        let keys = &self.node.keys;
        let listing = Request::command("ZRANGE")
            .arg(keys.streams(session))
            .arg(0)
            .arg(-1);
        let streams: Vec<String> = self.node.link.ask(&listing, Patience::Short).await?;
        let logs = streams.iter().map(|stream| keys.log_of(session, stream));
        let of_logs = logs.flat_map(|(log, said)| [log, said]);
        let all_keys = std::iter::once(keys.streams(session)).chain(of_logs);
        let mut request = Request::script(&FORGET, all_keys).arg(keys.bells());
        for stream in &streams {
            request = request.arg(write_notice(self.node.id, session, stream));
        }
        self.node.link.ask::<u8>(&request, Patience::Short).await?;
        for stream in streams.iter().filter_map(|name| StreamId::parse(name)) {
            let session = session.clone();
            self.node.bells.ring(&StreamKey { session, stream });
        }
        Ok(())
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn page(found: Vec<Value>, after: u64) -> Result<Page, StoreError> {
    let unreadable = StoreError::Unreadable { what: "a stream" };
    let mut values = found.into_iter();
    let (Some(state), Some(complete)) = (values.next(), values.next()) else {
        return Err(unreadable);
    };
    let read = || {
        let state = Bytes::from_redis_value(state)?;
        let messages = values.map(Bytes::from_redis_value);
        Ok((
            state,
            bool::from_redis_value(complete)?,
            messages.collect::<Result<Vec<Bytes>, _>>()?,
        ))
    };
    let (state, complete, messages) = read().map_err(|_: redis::ParsingError| unreadable)?;
    Ok(Page {
        first: after + 1,
        messages,
        state: read_state(&state)?,
        complete,
    })
}

impl StreamLog for RedisLog {
    fn append(
        &self,
        key: StreamKey,
        batch: Batch,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Appended, StoreError>> {
        let inner = self.inner.clone();
        async move {
            let appended = inner.append(&key, &batch, now).await;
            // What other nodes append is heard of; notices of this node's own appends are passed over.
            inner.node.bells.ring(&key);
            appended
        }
        .boxed()
    }

    fn read(
        &self,
        key: StreamKey,
        after: u64,
        bytes_max: usize,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Option<Page>, StoreError>> {
        let inner = self.inner.clone();
        async move { inner.read(&key, after, bytes_max, now).await }.boxed()
    }

    fn forget(&self, session: SessionId) -> BoxFuture<'static, Result<(), StoreError>> {
        let inner = self.inner.clone();
        async move { inner.forget(&session).await }.boxed()
    }

    fn bells(&self) -> Arc<Bells> {
        self.inner.node.bells.clone()
    }
}
