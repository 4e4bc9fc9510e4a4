//! Stream logs: which there are and what may stay is known in memory, the messages are on the disk.

mod restore;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use spanway_protocol::legacy::SessionId;
use spanway_protocol::{Limits, Timestamp};
use spanway_store::{
    Appended, Batch, Bells, Dropped, Kept, Log, LogIndex, Page, StoreError, StreamKey, StreamLog,
    StreamState, stored,
};

use crate::changes::Changes;
use crate::engine::{Engine, View};
use crate::journal::Journal;
use crate::key;

/// Keeps stream logs.
pub(crate) struct FileLog {
    /// Only the writer changes it, ahead of the disk; readers look at the disk.
    shelf: Arc<Mutex<Shelf>>,
    engine: Arc<Engine>,
    journal: Arc<Journal>,
    bells: Arc<Bells>,
    age_max: Duration,
}

/// The logs as the writer knows them.
struct Shelf {
    index: LogIndex<Size>,
    /// Streams that calls of an earlier process wrote to. They count as idle from the first moment we hear
    /// of, so that whoever comes back learns what became of the calls.
    orphans: Vec<StreamKey>,
    /// Streams that cannot be read, with the messages that are there. They go when their time is over.
    unreadable: HashMap<StreamKey, Vec<u64>>,
    unreadable_since: Option<Timestamp>,
    age_max: Duration,
}

/// All the writer needs to know of a message.
#[derive(Debug)]
struct Size(usize);

impl Kept for Size {
    fn of(message: &Bytes) -> Self {
        Self(message.len())
    }

    fn size(&self) -> usize {
        self.0
    }
}

impl FileLog {
    /// With the logs that are there.
    pub(crate) fn new(
        engine: Arc<Engine>,
        journal: Arc<Journal>,
        limits: &Limits,
    ) -> Result<Self, StoreError> {
        let shelf = restore::shelf(&engine.view(), limits)?;
        Ok(Self {
            shelf: Arc::new(Mutex::new(shelf)),
            engine,
            journal,
            bells: Arc::default(),
            age_max: limits.replay_age_max,
        })
    }

    fn write<T: Send + 'static>(
        &self,
        decide: impl FnOnce(&mut Shelf, &mut Changes) -> Result<T, StoreError> + Send + 'static,
        then: impl FnOnce(&T) + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let shelf = self.shelf.clone();
        let decide = move |changes: &mut Changes| {
            let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
            decide(&mut shelf, changes)
        };
        self.journal.write_then(decide, then)
    }
}

impl StreamLog for FileLog {
    fn append(
        &self,
        key: StreamKey,
        batch: Batch,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Appended, StoreError>> {
        let (bells, rung) = (self.bells.clone(), key.clone());
        let decide =
            move |shelf: &mut Shelf, changes: &mut Changes| shelf.append(&key, batch, now, changes);
        self.write(decide, move |_| bells.ring(&rung))
    }

    fn read(
        &self,
        key: StreamKey,
        after: u64,
        bytes_max: usize,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Option<Page>, StoreError>> {
        let age_max = self.age_max;
        self.engine.read(move |view| {
            let Some(head) = view.value(&key::stream(&key))? else {
                return Ok(None);
            };
            let head = Head::read(&head)?;
            let is_stale = head.state.is_idle() && now.since(head.touched) >= age_max;
            // Places before the first kept message, and behind the last.
            if is_stale || after > head.last || after + 1 < head.first {
                return Ok(None);
            }
            page(view, &key, after, bytes_max, head).map(Some)
        })
    }

    fn forget(&self, session: SessionId) -> BoxFuture<'static, Result<(), StoreError>> {
        let bells = self.bells.clone();
        let decide =
            move |shelf: &mut Shelf, changes: &mut Changes| Ok(shelf.forget(&session, changes));
        let forgotten = self.write(decide, move |dropped| {
            dropped.iter().for_each(|log| bells.ring(&log.key));
        });
        async move { forgotten.await.map(|_| ()) }.boxed()
    }

    fn bells(&self) -> Arc<Bells> {
        self.bells.clone()
    }
}

impl Shelf {
    fn append(
        &mut self,
        key: &StreamKey,
        batch: Batch,
        now: Timestamp,
        changes: &mut Changes,
    ) -> Result<Appended, StoreError> {
        for orphan in self.orphans.drain(..) {
            self.index.abandon(&orphan, now);
        }
        self.drop_unreadable(now, changes);
        if self.unreadable.contains_key(key) {
            return Err(UNREADABLE);
        }
        // What goes before the batch came may have had the same numbers.
        let mut dropped = Vec::new();
        self.index.drop_stale(now, &mut dropped);
        remove(&dropped, changes);
        dropped.clear();
        let appended = self.index.append(key, &batch, now, &mut dropped);
        if appended == Appended::Done {
            for (number, message) in (batch.first..).zip(batch.messages) {
                changes.put(key::message(key, number), message);
            }
        }
        remove(&dropped, changes);
        if let Some(log) = self.index.log(key)
            && appended == Appended::Done
        {
            changes.put(key::stream(key), Head::of(log, now).write()?);
        }
        Ok(appended)
    }

    fn forget(&mut self, session: &SessionId, changes: &mut Changes) -> Vec<Dropped> {
        let mut dropped = Vec::new();
        self.index.forget(session, &mut dropped);
        remove(&dropped, changes);
        self.unreadable.retain(|key, numbers| {
            let stays = key.session != *session;
            if !stays {
                remove_numbers(key, numbers.iter().copied(), true, changes);
            }
            stays
        });
        dropped
    }

    fn drop_unreadable(&mut self, now: Timestamp, changes: &mut Changes) {
        let since = *self.unreadable_since.get_or_insert(now);
        if now.since(since) >= self.age_max {
            for (key, numbers) in self.unreadable.drain() {
                remove_numbers(&key, numbers, true, changes);
            }
        }
    }
}

fn remove(dropped: &[Dropped], changes: &mut Changes) {
    for log in dropped {
        remove_numbers(&log.key, log.numbers.clone(), log.whole, changes);
    }
}

fn remove_numbers(
    key: &StreamKey,
    numbers: impl IntoIterator<Item = u64>,
    whole: bool,
    changes: &mut Changes,
) {
    for number in numbers {
        changes.remove(key::message(key, number));
    }
    if whole {
        changes.remove(key::stream(key));
    }
}

/// The messages after `after`, as far as they fit.
fn page(
    view: &View,
    key: &StreamKey,
    after: u64,
    bytes_max: usize,
    head: Head,
) -> Result<Page, StoreError> {
    let (mut messages, mut bytes) = (Vec::new(), 0);
    let mut expected = after + 1..=head.last;
    let range = key::message(key, after + 1)..key::message(key, head.last + 1);
    for entry in view.range(range) {
        let (found, message) = entry?;
        let number = key::read_message(&found).map(|(_, number)| number);
        if number.is_none() || number != expected.next() {
            return Err(UNREADABLE);
        }
        bytes += message.len();
        if !messages.is_empty() && bytes > bytes_max {
            break;
        }
        messages.push(message);
    }
    let reached = after + messages.len() as u64;
    if reached < head.last && messages.is_empty() {
        return Err(UNREADABLE);
    }
    Ok(Page {
        first: after + 1,
        complete: reached == head.last,
        messages,
        state: head.state,
    })
}

/// What the disk has of a stream besides its messages.
struct Head {
    touched: Timestamp,
    first: u64,
    last: u64,
    state: StreamState,
}

impl Head {
    fn of(log: &Log<Size>, now: Timestamp) -> Self {
        Self {
            touched: now,
            first: log.first(),
            last: log.last(),
            state: log.state().clone(),
        }
    }

    fn write(&self) -> Result<Bytes, StoreError> {
        let numbers = [self.touched.as_millis(), self.first, self.last];
        let mut bytes: Vec<u8> = numbers.into_iter().flat_map(u64::to_be_bytes).collect();
        bytes.extend(stored::write_state(&self.state)?.into_bytes());
        Ok(bytes.into())
    }

    fn read(bytes: &[u8]) -> Result<Self, StoreError> {
        let split = || {
            let (touched, rest) = key::split_time(bytes)?;
            let (first, rest) = key::split_number(rest)?;
            let (last, state) = key::split_number(rest)?;
            (first > 0 && first <= last.checked_add(1)?).then_some((touched, first, last, state))
        };
        let (touched, first, last, state) = split().ok_or(UNREADABLE)?;
        Ok(Self {
            touched,
            first,
            last,
            state: stored::read_state(state)?,
        })
    }
}

const UNREADABLE: StoreError = StoreError::Unreadable { what: "a stream" };
