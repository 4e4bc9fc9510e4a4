//! What the logs weigh that this node wrote, so that they stay within `replay_bytes_max` together. Each node
//! counts its own: a count of all would be in another slot than any log.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use spanway_protocol::legacy::{SessionId, StreamId};
use spanway_protocol::{Limits, Timestamp};
use spanway_store::StreamKey;

/// What a log costs besides its messages.
const LOG_OVERHEAD: usize = 256;

/// The logs this node wrote to.
#[derive(Debug)]
pub(crate) struct Ledger {
    sessions: HashMap<SessionId, HashMap<StreamId, Line>>,
    /// Of all logs.
    bytes: usize,
    /// Of those that calls write to.
    busy_bytes: usize,
    /// Logs no call writes to, by when they expire. The number tells those of one moment apart.
    idle: BTreeMap<(Timestamp, u64), StreamKey>,
    serial: u64,
    /// The latest time anything was written.
    newest: Timestamp,
    age_max: Duration,
    bytes_max: usize,
    stream_bytes_max: usize,
}

/// One log.
#[derive(Debug, Clone, Copy)]
struct Line {
    /// The number of its newest message, as far as this node wrote it.
    last: u64,
    bytes: usize,
    /// Its place among the idle ones, if it is idle.
    idle: Option<(Timestamp, u64)>,
    is_over: bool,
}

/// What became of a log when it was written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written {
    /// The number of its newest message.
    pub(crate) last: u64,
    pub(crate) bytes: usize,
    /// When it expires, if no call writes to it.
    pub(crate) expires: Option<Timestamp>,
    pub(crate) is_over: bool,
}

/// A log there is no room for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub(crate) key: StreamKey,
    /// When it would have expired.
    pub(crate) expires: Timestamp,
}

impl Ledger {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            sessions: HashMap::new(),
            bytes: 0,
            busy_bytes: 0,
            idle: BTreeMap::new(),
            serial: 0,
            newest: Timestamp::default(),
            age_max: limits.replay_age_max,
            bytes_max: limits.replay_bytes_max,
            stream_bytes_max: limits.replay_stream_bytes_max,
        }
    }

    /// How many bytes a log may have when it is written next. Idle logs make room.
    pub(crate) fn room_for(&self, key: &StreamKey) -> usize {
        let own = self.line(key).filter(|line| line.idle.is_none());
        let others = self.busy_bytes - own.map_or(0, |line| line.weight());
        let free = self.bytes_max.saturating_sub(others + LOG_OVERHEAD);
        free.min(self.stream_bytes_max)
    }

    /// The number of the newest message this node wrote.
    pub(crate) fn last(&self, key: &StreamKey) -> Option<u64> {
        self.line(key).map(|line| line.last)
    }

    /// Notes what a log has now. Gives what has to go.
    pub(crate) fn note(&mut self, key: &StreamKey, now: Timestamp, to: Written) -> Vec<Dropped> {
        self.remove(key);
        self.newest = self.newest.max(now);
        self.serial += 1;
        let idle = to.expires.map(|expires| (expires, self.serial));
        let line = Line {
            last: to.last,
            bytes: to.bytes,
            idle,
            is_over: to.is_over,
        };
        self.bytes += line.weight();
        match idle {
            Some(place) => drop(self.idle.insert(place, key.clone())),
            None => self.busy_bytes += line.weight(),
        }
        let session = self.sessions.entry(key.session.clone()).or_default();
        session.insert(key.stream, line);
        self.drop_expired(now);
        let mut dropped = Vec::new();
        while self.bytes > self.bytes_max
            && let Some(first) = self.drop_first()
        {
            dropped.push(first);
        }
        dropped
    }

    pub(crate) fn forget(&mut self, session: &SessionId) {
        for (_, line) in self.sessions.remove(session).unwrap_or_default() {
            self.deduct(line);
        }
    }

    /// The streams that ended in the last while, with the numbers of their last messages; and the time, as far
    /// as it is known here.
    pub(crate) fn over_since(&self, span: Duration) -> (Vec<(StreamKey, u64)>, Timestamp) {
        let newest = self.newest;
        let recent = |expires: Timestamp| expires.since(newest) + span >= self.age_max;
        let idle = self.idle.iter().rev();
        let keys = idle.take_while(|((expires, _), _)| recent(*expires));
        let over = keys.filter_map(|(_, key)| {
            let line = self.line(key).filter(|line| line.is_over)?;
            Some((key.clone(), line.last))
        });
        (over.collect(), newest)
    }

    fn line(&self, key: &StreamKey) -> Option<Line> {
        self.sessions.get(&key.session)?.get(&key.stream).copied()
    }

    /// Redis drops those by itself.
    fn drop_expired(&mut self, now: Timestamp) {
        while let Some(((expires, _), _)) = self.idle.first_key_value()
            && *expires <= now
        {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) -> Option<Dropped> {
        let ((expires, _), key) = self.idle.pop_first()?;
        self.remove(&key);
        Some(Dropped { key, expires })
    }

    fn remove(&mut self, key: &StreamKey) {
        let Some(session) = self.sessions.get_mut(&key.session) else {
            return;
        };
        let removed = session.remove(&key.stream);
        if session.is_empty() {
            self.sessions.remove(&key.session);
        }
        if let Some(line) = removed {
            self.deduct(line);
        }
    }

    fn deduct(&mut self, line: Line) {
        self.bytes -= line.weight();
        match line.idle {
            Some(place) => drop(self.idle.remove(&place)),
            None => self.busy_bytes -= line.weight(),
        }
    }
}

impl Line {
    fn weight(self) -> usize {
        self.bytes + LOG_OVERHEAD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(stream: u8) -> StreamKey {
        StreamKey {
            session: SessionId::from_random([stream % 2; 16]),
            stream: StreamId::from_random([stream; 8]),
        }
    }

    fn ledger() -> Ledger {
        let mut limits = Limits::default();
        limits.replay_bytes_max = 10_000;
        limits.replay_stream_bytes_max = 4000;
        Ledger::new(&limits)
    }

    const NOW: Timestamp = Timestamp::from_millis(0);

    /// Written by a call.
    fn busy(bytes: usize) -> Written {
        Written {
            last: 1,
            bytes,
            expires: None,
            is_over: false,
        }
    }

    /// Over, and dropped after so many milliseconds.
    fn over(bytes: usize, millis: u64) -> Written {
        Written {
            expires: Some(Timestamp::from_millis(millis)),
            is_over: true,
            ..busy(bytes)
        }
    }

    #[test]
    fn idle_logs_go_oldest_first_and_busy_ones_stay() {
        let mut ledger = ledger();
        assert!(ledger.note(&key(1), NOW, busy(3000)).is_empty());
        assert!(ledger.note(&key(2), NOW, over(3000, 20)).is_empty());
        assert!(ledger.note(&key(3), NOW, over(3000, 10)).is_empty());
        let dropped = ledger.note(&key(4), NOW, over(2000, 30));
        assert_eq!(dropped.len(), 1);
        assert_eq!(dropped[0].key, key(3));
        assert_eq!(ledger.last(&key(3)), None);
        assert_eq!(ledger.last(&key(1)), Some(1));
    }

    #[test]
    fn busy_logs_leave_less_room_to_each_other() {
        let mut ledger = ledger();
        ledger.note(&key(1), NOW, busy(4000));
        ledger.note(&key(2), NOW, busy(4000));
        assert_eq!(ledger.room_for(&key(1)), 4000);
        assert_eq!(ledger.room_for(&key(3)), 10_000 - 2 * 4256 - 256);
        ledger.note(&key(2), NOW, over(4000, 10));
        assert_eq!(ledger.room_for(&key(3)), 4000);
    }

    #[test]
    fn nothing_is_left_of_what_expired_or_was_forgotten() {
        let mut ledger = ledger();
        ledger.note(&key(1), NOW, busy(100));
        ledger.note(&key(2), NOW, over(100, 10));
        ledger.note(&key(4), Timestamp::from_millis(10), over(100, 90));
        ledger.forget(&key(1).session);
        ledger.forget(&key(4).session);
        assert_eq!((ledger.bytes, ledger.busy_bytes), (0, 0));
        assert!(ledger.idle.is_empty() && ledger.sessions.is_empty());
    }

    #[test]
    fn what_ended_a_short_while_ago_is_known() {
        let mut ledger = ledger();
        let age = u64::try_from(ledger.age_max.as_millis()).unwrap();
        for (stream, ended) in [(1, 0), (2, 8000), (3, 10_000)] {
            let now = Timestamp::from_millis(ended);
            ledger.note(&key(stream), now, over(10, ended + age));
        }
        let listening = Written {
            is_over: false,
            ..over(10, 10_000 + age)
        };
        ledger.note(&key(4), Timestamp::from_millis(10_000), listening);
        let (over, now) = ledger.over_since(Duration::from_secs(5));
        assert_eq!(over, [(key(3), 1), (key(2), 1)]);
        assert_eq!(now, Timestamp::from_millis(10_000));
    }
}
