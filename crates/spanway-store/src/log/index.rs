//! Which logs there are and how much of each may stay: the bounds and the order in which things go, for every
//! store that knows its logs in this process.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Range;

use bytes::Bytes;
use spanway_protocol::legacy::{SessionId, StreamId};
use spanway_protocol::{Limits, Timestamp};

use super::{Appended, Batch, StreamKey, StreamState};

/// What a message costs besides its bytes.
const MESSAGE_OVERHEAD: usize = 64;
/// What a log costs besides its messages.
const LOG_OVERHEAD: usize = 256;

/// What an index keeps of a message.
pub trait Kept {
    /// What it keeps of this one.
    fn of(message: &Bytes) -> Self;

    /// How many bytes the message has.
    fn size(&self) -> usize;
}

impl Kept for Bytes {
    fn of(message: &Bytes) -> Self {
        message.clone()
    }

    fn size(&self) -> usize {
        self.len()
    }
}

/// The logs of one store, within the `replay_…` limits. When there is no room, streams that no call writes to
/// go, those first that were idle longest, then the oldest messages of the stream that grows.
#[derive(Debug)]
pub struct LogIndex<M> {
    /// Boxed, since a table has room for more than it holds, and most sessions have one stream.
    sessions: HashMap<SessionId, HashMap<StreamId, Box<Log<M>>>>,
    bytes: usize,
    /// Streams in the order in which they became idle. The number tells those of one moment apart.
    idle: BTreeMap<(Timestamp, u64), StreamKey>,
    idle_count: u64,
    limits: Limits,
}

/// One log.
#[derive(Debug)]
pub struct Log<M> {
    messages: VecDeque<M>,
    last: u64,
    bytes: usize,
    state: StreamState,
    idle: Option<(Timestamp, u64)>,
}

/// What an index no longer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Of which stream.
    pub key: StreamKey,
    /// The numbers of the messages.
    pub numbers: Range<u64>,
    /// Whether the log is gone with them.
    pub whole: bool,
}

impl<M: Kept> LogIndex<M> {
    /// An empty index with the `replay_…` bounds of `limits`.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            sessions: HashMap::new(),
            bytes: 0,
            idle: BTreeMap::new(),
            idle_count: 0,
            limits: limits.clone(),
        }
    }

    /// Bytes of everything, what is needed to hold it included.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The log of a stream.
    #[must_use]
    pub fn log(&self, key: &StreamKey) -> Option<&Log<M>> {
        let session = self.sessions.get(&key.session)?;
        session.get(&key.stream).map(Box::as_ref)
    }

    /// Appends, then drops what there is no room for. What was dropped comes after what `dropped` has already.
    pub fn append(
        &mut self,
        key: &StreamKey,
        batch: &Batch,
        now: Timestamp,
        dropped: &mut Vec<Dropped>,
    ) -> Appended {
        self.drop_stale(now, dropped);
        let log = self.log_or_new(key, batch.first);
        if log.state == StreamState::Ended {
            return Appended::Ended;
        }
        if batch.first != log.last + 1 {
            return Appended::Conflict { last: log.last };
        }
        log.state = batch.state.clone();
        let before = log.bytes;
        let messages = batch.messages.iter();
        messages.for_each(|message| log.push(M::of(message)));
        let grown = log.bytes - before;
        self.bytes += grown;
        self.set_idle(key, batch.state.is_idle().then_some(now));
        self.make_room(key, dropped);
        Appended::Done
    }

    /// Puts back a log whose newest message was `last`, as it was kept. It is idle since then, or not.
    pub fn restore(
        &mut self,
        key: &StreamKey,
        last: u64,
        messages: impl IntoIterator<Item = M>,
        state: StreamState,
        idle_since: Option<Timestamp>,
    ) {
        let log = self.log_or_new(key, last + 1);
        log.state = state;
        messages.into_iter().for_each(|message| log.push(message));
        log.last = last;
        let restored = log.bytes;
        self.bytes += restored;
        self.set_idle(key, idle_since);
    }

    /// Lets a stream count as idle since then, although calls wrote to it: they are gone.
    pub fn abandon(&mut self, key: &StreamKey, now: Timestamp) {
        self.set_idle(key, Some(now));
    }

    /// Drops what nobody came back for in time.
    pub fn drop_stale(&mut self, now: Timestamp, dropped: &mut Vec<Dropped>) {
        while let Some(((since, _), _)) = self.idle.first_key_value()
            && now.since(*since) >= self.limits.replay_age_max
        {
            self.drop_oldest(dropped);
        }
    }

    /// Drops the logs of a session.
    pub fn forget(&mut self, session: &SessionId, dropped: &mut Vec<Dropped>) {
        for (stream, log) in self.sessions.remove(session).unwrap_or_default() {
            self.bytes -= log.weight();
            if let Some(place) = log.idle {
                self.idle.remove(&place);
            }
            let session = session.clone();
            dropped.push(log.dropped_whole(StreamKey { session, stream }));
        }
    }

    fn log_or_new(&mut self, key: &StreamKey, first: u64) -> &mut Log<M> {
        let session = self.sessions.entry(key.session.clone()).or_default();
        session.entry(key.stream).or_insert_with(|| {
            self.bytes += LOG_OVERHEAD;
            Box::new(Log::starting_at(first))
        })
    }

    fn log_mut(&mut self, key: &StreamKey) -> Option<&mut Log<M>> {
        let session = self.sessions.get_mut(&key.session)?;
        session.get_mut(&key.stream).map(Box::as_mut)
    }

    fn set_idle(&mut self, key: &StreamKey, since: Option<Timestamp>) {
        self.idle_count += 1;
        let place = since.map(|since| (since, self.idle_count));
        let Some(log) = self.log_mut(key) else {
            return;
        };
        if let Some(before) = std::mem::replace(&mut log.idle, place) {
            self.idle.remove(&before);
        }
        if let Some(place) = place {
            self.idle.insert(place, key.clone());
        }
    }

    /// Drops the stream that has been idle longest.
    fn drop_oldest(&mut self, dropped: &mut Vec<Dropped>) -> bool {
        let Some((_, key)) = self.idle.pop_first() else {
            return false;
        };
        let Some(session) = self.sessions.get_mut(&key.session) else {
            return true;
        };
        if let Some(log) = session.remove(&key.stream) {
            self.bytes -= log.weight();
            if session.is_empty() {
                self.sessions.remove(&key.session);
            }
            dropped.push(log.dropped_whole(key));
        }
        true
    }

    /// Keeps the bounds after the log of `key` has grown.
    fn make_room(&mut self, key: &StreamKey, dropped: &mut Vec<Dropped>) {
        let (events_max, bytes_max) = (
            self.limits.replay_events_max,
            self.limits.replay_stream_bytes_max,
        );
        self.trim(key, dropped, |log, _| {
            log.messages.len() <= events_max && log.bytes <= bytes_max
        });
        let all_bytes_max = self.limits.replay_bytes_max;
        while self.bytes > all_bytes_max && self.drop_oldest(dropped) {}
        self.trim(key, dropped, |_, bytes| bytes <= all_bytes_max);
    }

    /// Drops the first messages of a log until it is small enough, but not the last one.
    fn trim(
        &mut self,
        key: &StreamKey,
        dropped: &mut Vec<Dropped>,
        is_enough: impl Fn(&Log<M>, usize) -> bool,
    ) {
        let mut bytes = self.bytes;
        let Some(log) = self.log_mut(key) else {
            return;
        };
        let before = log.first();
        while log.messages.len() > 1 && !is_enough(log, bytes) {
            bytes -= log.drop_first();
        }
        let numbers = before..log.first();
        self.bytes = bytes;
        if !numbers.is_empty() {
            dropped.push(Dropped {
                key: key.clone(),
                numbers,
                whole: false,
            });
        }
    }
}

impl<M: Kept> Log<M> {
    /// What is to come.
    #[must_use]
    pub fn state(&self) -> &StreamState {
        &self.state
    }

    /// The number of the newest message there ever was.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.last
    }

    /// The number of the oldest message that is kept, or of the next one.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.last + 1 - self.messages.len() as u64
    }

    /// The messages that are kept.
    #[must_use]
    pub fn messages(&self) -> &VecDeque<M> {
        &self.messages
    }

    fn starting_at(first: u64) -> Self {
        Self {
            messages: VecDeque::new(),
            last: first.saturating_sub(1),
            bytes: 0,
            state: StreamState::Listening,
            idle: None,
        }
    }

    fn weight(&self) -> usize {
        self.bytes + LOG_OVERHEAD
    }

    fn push(&mut self, message: M) {
        self.last += 1;
        self.bytes += message.size() + MESSAGE_OVERHEAD;
        self.messages.push_back(message);
    }

    fn drop_first(&mut self) -> usize {
        let first = self.messages.pop_front();
        let freed = first.map_or(0, |message| message.size() + MESSAGE_OVERHEAD);
        self.bytes -= freed;
        freed
    }

    fn dropped_whole(&self, key: StreamKey) -> Dropped {
        Dropped {
            key,
            numbers: self.first()..self.last + 1,
            whole: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_is_kept_alive_for_long_costs_no_more_than_one_that_is_not() {
        let mut index = LogIndex::<Bytes>::new(&Limits::default());
        let key = StreamKey {
            session: SessionId::from_random([1; 16]),
            stream: StreamId::from_random([1; 8]),
        };
        let batch = Batch {
            first: 1,
            messages: Vec::new(),
            state: StreamState::Listening,
        };
        for moment in 0..100 {
            let now = Timestamp::from_millis(moment);
            index.append(&key, &batch, now, &mut Vec::new());
        }
        assert_eq!((index.idle.len(), index.bytes()), (1, LOG_OVERHEAD));
        index.forget(&key.session, &mut Vec::new());
        assert_eq!((index.idle.len(), index.bytes()), (0, 0));
    }
}
