//! Stream logs in this process, weighed in bytes.

use std::collections::{HashMap, VecDeque};
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use spanway_protocol::legacy::{SessionId, StreamId};
use spanway_protocol::{Limits, Timestamp};

use crate::error::StoreError;
use crate::log::{Appended, Batch, Bells, Page, StreamKey, StreamLog, StreamState};

/// What a message costs besides its bytes.
const MESSAGE_OVERHEAD: usize = 64;
/// What a log costs besides its messages.
const LOG_OVERHEAD: usize = 256;

/// Keeps logs in a map, bounded by the `replay_…` limits. When there is no room, finished streams go, the
/// oldest first, then the oldest messages of the stream that grows.
#[derive(Debug)]
pub struct MemoryLog {
    inner: Mutex<Inner>,
    limits: Limits,
    bells: Arc<Bells>,
}

#[derive(Debug, Default)]
struct Inner {
    sessions: HashMap<SessionId, HashMap<StreamId, Log>>,
    bytes: usize,
    /// Streams in the order in which they became idle: ended, or listening with nothing new.
    idle: VecDeque<(Timestamp, StreamKey)>,
}

#[derive(Debug)]
struct Log {
    messages: VecDeque<Bytes>,
    /// The number of the newest message ever.
    last: u64,
    bytes: usize,
    state: StreamState,
    touched: Timestamp,
}

impl MemoryLog {
    /// A keeper with the `replay_…` bounds of `limits`.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            inner: Mutex::default(),
            limits: limits.clone(),
            bells: Arc::default(),
        }
    }

    /// Bytes it holds now, what it needs to hold them included.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    fn append_now(&self, key: &StreamKey, batch: Batch, now: Timestamp) -> Appended {
        let mut inner = self.lock();
        inner.drop_stale(now, &self.limits);
        let appended = inner.append(key, batch, now);
        if appended == Appended::Done {
            inner.make_room(key, &self.limits);
        }
        appended
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StreamLog for MemoryLog {
    fn append(
        &self,
        key: StreamKey,
        batch: Batch,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Appended, StoreError>> {
        let appended = self.append_now(&key, batch, now);
        self.bells.ring(&key);
        ready(Ok(appended)).boxed()
    }

    fn read(
        &self,
        key: StreamKey,
        after: u64,
        bytes_max: usize,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Option<Page>, StoreError>> {
        let mut inner = self.lock();
        inner.drop_stale(now, &self.limits);
        let page = inner.log(&key).and_then(|log| log.page(after, bytes_max));
        ready(Ok(page)).boxed()
    }

    fn forget(&self, session: SessionId) -> BoxFuture<'static, Result<(), StoreError>> {
        let mut inner = self.lock();
        let streams = inner.sessions.remove(&session).unwrap_or_default();
        let bytes: usize = streams.values().map(Log::weight).sum();
        inner.bytes -= bytes;
        drop(inner);
        for stream in streams.into_keys() {
            let session = session.clone();
            self.bells.ring(&StreamKey { session, stream });
        }
        ready(Ok(())).boxed()
    }

    fn bells(&self) -> Arc<Bells> {
        self.bells.clone()
    }
}

impl Inner {
    fn log(&self, key: &StreamKey) -> Option<&Log> {
        self.sessions.get(&key.session)?.get(&key.stream)
    }

    fn append(&mut self, key: &StreamKey, batch: Batch, now: Timestamp) -> Appended {
        let session = match self.sessions.get_mut(&key.session) {
            Some(session) => session,
            None => self.sessions.entry(key.session.clone()).or_default(),
        };
        let log = session.entry(key.stream).or_insert_with(|| {
            self.bytes += LOG_OVERHEAD;
            Log::starting_at(batch.first, now)
        });
        if log.state == StreamState::Ended {
            return Appended::Ended;
        }
        if batch.first != log.last + 1 {
            return Appended::Conflict { last: log.last };
        }
        let before = log.bytes;
        for message in batch.messages {
            log.last += 1;
            log.bytes += message.len() + MESSAGE_OVERHEAD;
            log.messages.push_back(message);
        }
        self.bytes += log.bytes - before;
        log.touched = now;
        log.state = batch.state;
        if log.state.is_idle() {
            self.idle.push_back((now, key.clone()));
        }
        Appended::Done
    }

    /// Drops what nobody came back for in time.
    fn drop_stale(&mut self, now: Timestamp, limits: &Limits) {
        while let Some((since, _)) = self.idle.front()
            && now.since(*since) >= limits.replay_age_max
        {
            self.drop_oldest();
        }
    }

    /// Drops the stream that has been idle longest, if it still is.
    fn drop_oldest(&mut self) -> bool {
        let Some((since, key)) = self.idle.pop_front() else {
            return false;
        };
        let Some(session) = self.sessions.get_mut(&key.session) else {
            return true;
        };
        if session
            .get(&key.stream)
            .is_some_and(|log| log.touched == since && log.state.is_idle())
            && let Some(log) = session.remove(&key.stream)
        {
            self.bytes -= log.weight();
        }
        if session.is_empty() {
            self.sessions.remove(&key.session);
        }
        true
    }

    /// Keeps the bounds after the log of `key` has grown.
    fn make_room(&mut self, key: &StreamKey, limits: &Limits) {
        let trim = |inner: &mut Self, enough: &dyn Fn(&Log, usize) -> bool| {
            let Some(session) = inner.sessions.get_mut(&key.session) else {
                return;
            };
            let Some(log) = session.get_mut(&key.stream) else {
                return;
            };
            while log.messages.len() > 1 && !enough(log, inner.bytes) {
                let freed = log.drop_first();
                inner.bytes -= freed;
            }
        };
        trim(self, &|log, _| {
            log.messages.len() <= limits.replay_events_max
                && log.bytes <= limits.replay_stream_bytes_max
        });
        while self.bytes > limits.replay_bytes_max && self.drop_oldest() {}
        trim(self, &|_, bytes| bytes <= limits.replay_bytes_max);
    }
}

impl Log {
    fn starting_at(first: u64, now: Timestamp) -> Self {
        Self {
            messages: VecDeque::new(),
            last: first.saturating_sub(1),
            bytes: 0,
            state: StreamState::Listening,
            touched: now,
        }
    }

    fn weight(&self) -> usize {
        self.bytes + LOG_OVERHEAD
    }

    fn drop_first(&mut self) -> usize {
        let freed = self
            .messages
            .pop_front()
            .map_or(0, |message| message.len() + MESSAGE_OVERHEAD);
        self.bytes -= freed;
        freed
    }

    fn page(&self, after: u64, bytes_max: usize) -> Option<Page> {
        let dropped = self.last - self.messages.len() as u64;
        if after < dropped || after > self.last {
            return None;
        }
        let skip = usize::try_from(after - dropped).ok()?;
        let mut bytes = 0;
        let messages: Vec<Bytes> = self
            .messages
            .iter()
            .skip(skip)
            .take_while(|message| {
                let fits = bytes == 0 || bytes + message.len() <= bytes_max;
                bytes += message.len() + MESSAGE_OVERHEAD;
                fits
            })
            .cloned()
            .collect();
        let complete = skip + messages.len() == self.messages.len();
        Some(Page {
            first: after + 1,
            messages,
            state: self.state.clone(),
            complete,
        })
    }
}
