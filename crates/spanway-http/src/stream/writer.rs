//! Writes a legacy stream: what is said goes into the stream's log first, then to whoever is connected.

use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use spanway_protocol::legacy::EventId;
use spanway_protocol::sse::{encode_message, encode_place};
use spanway_store::{Appended, Batch, StoreError, StreamState};

use super::PIECE_BYTES;
use super::reader::Reader;
use super::resumable::Slot;
use crate::registry::{Listener, Registry, Seated, StreamSeat};
use crate::running::{Running, Step};

/// One stream as it is written. Its connection may go; the writer of calls then runs on by itself, so that
/// the client can resume (T-2503-08, ARCHITECTURE.md, invariant 8).
pub(crate) struct Writer {
    feed: Feed,
    seat: StreamSeat,
    /// The number of the next message.
    next: u64,
    gathered: Vec<Bytes>,
    gathered_bytes: usize,
    commit: Option<Commit>,
    /// Whether the log was begun, so that there is something to resume.
    begun: bool,
    /// The log failed: what follows is said without ids, to the connection alone.
    unlogged: bool,
    release: Option<Duration>,
    ended: bool,
    /// Held until the end, so that the stream is found.
    seated: Option<Seated>,
}

/// Where the messages come from.
enum Feed {
    /// The calls of one POST. The stream ends after the last response (T-2503-07).
    Calls(Vec<Running>),
    /// What a session is told on its GET stream.
    Listener(Listener),
}

/// Messages on their way into the log. No client has seen them yet.
struct Commit {
    future: BoxFuture<'static, Result<Appended, StoreError>>,
    messages: Vec<Bytes>,
    ends: bool,
}

/// What a writer has to say about itself, besides what it wrote.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// There is no more for now.
    Waits,
    /// The connection is to be closed; the stream goes on.
    Released,
    /// The log has messages this writer did not write: read them, then go on.
    Behind,
    /// The stream is over.
    Ended,
}

impl Writer {
    /// The stream of a POST; `said` is what its calls have said already.
    pub(crate) fn of_calls(calls: Vec<Running>, said: Vec<Bytes>, seat: StreamSeat) -> Self {
        Self::new(Feed::Calls(calls), said, seat)
    }

    /// The stream of a GET.
    pub(crate) fn of_listener(listener: Listener, seat: StreamSeat) -> Self {
        Self::new(Feed::Listener(listener), Vec::new(), seat)
    }

    fn new(feed: Feed, gathered: Vec<Bytes>, seat: StreamSeat) -> Self {
        Self {
            feed,
            seat,
            next: 1,
            gathered_bytes: gathered.iter().map(Bytes::len).sum(),
            gathered,
            commit: None,
            begun: false,
            unlogged: false,
            release: None,
            ended: false,
            seated: None,
        }
    }

    /// The connection is to be closed, if its client knows to come back after `retry`.
    pub(crate) fn release(&mut self, retry: Duration) {
        if self.seat.is_polled() {
            self.release = Some(retry);
        }
    }

    /// Notes where this stream is written, so that it can be taken over.
    pub(super) fn sit_in(&mut self, slot: &Slot) {
        let seated = self.seat.registry().note_writer(&self.seat, slot.clone());
        self.seated = Some(seated);
    }

    pub(super) fn registry(&self) -> &Arc<Registry> {
        self.seat.registry()
    }

    /// Reads what others wrote to this stream.
    pub(super) fn reader(&self) -> Reader {
        Reader::new(
            self.seat.clone(),
            self.seat.hang_bell(),
            None,
            self.next - 1,
        )
    }

    /// Goes on after message `sequence`, which the client has.
    pub(super) fn continue_after(&mut self, sequence: u64) {
        self.begun = true;
        self.next = sequence + 1;
    }

    /// Appends to `out` what is in the log by now.
    pub(super) fn poll_into(&mut self, cx: &mut Context<'_>, out: &mut BytesMut) -> Turn {
        loop {
            if let Some(commit) = &mut self.commit {
                let Poll::Ready(appended) = commit.future.as_mut().poll(cx) else {
                    // The calls go on meanwhile; what they say goes into the next batch.
                    self.gather(cx);
                    return Turn::Waits;
                };
                if self.committed(appended, out) == Turn::Behind {
                    return Turn::Behind;
                }
            }
            if self.ended {
                return Turn::Ended;
            }
            if out.len() >= PIECE_BYTES {
                return Turn::Waits;
            }
            self.gather(cx);
            if self.unlogged {
                mem::take(&mut self.gathered)
                    .iter()
                    .for_each(|message| encode_message(out, None, message));
                self.gathered_bytes = 0;
                self.ended = self.is_finished();
                return if self.ended { Turn::Ended } else { Turn::Waits };
            }
            if self.has_to_commit() {
                self.begin_commit();
            } else if let Some(retry) = self.release.take() {
                encode_place(out, &self.place(), Some(retry.as_millis()));
                return Turn::Released;
            } else {
                return Turn::Waits;
            }
        }
    }

    /// Goes on without a connection, to the end if calls write here. Ready at the end.
    pub(crate) fn poll_detached(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut unread = BytesMut::new();
        loop {
            let turn = self.poll_into(cx, &mut unread);
            let full = unread.len() >= PIECE_BYTES;
            unread.clear();
            match turn {
                Turn::Ended | Turn::Behind => return Poll::Ready(()),
                Turn::Waits if self.has_nothing_left() => return Poll::Ready(()),
                Turn::Waits if !full => return Poll::Pending,
                Turn::Waits => {}
                Turn::Released => self.seat.release_reader(),
            }
        }
    }

    /// Whether somebody could come back for what is still to be written.
    pub(crate) fn outlives_connection(&self) -> bool {
        self.begun && !self.unlogged && !self.ended && !self.has_nothing_left()
    }

    /// Only calls have something to say when nobody is connected: what a GET stream would tell waits in the
    /// session's mailbox.
    fn has_nothing_left(&self) -> bool {
        matches!(self.feed, Feed::Listener(_)) && self.commit.is_none() && self.gathered.is_empty()
    }

    /// Takes what the feed says now, as much as one piece holds.
    fn gather(&mut self, cx: &mut Context<'_>) {
        let (gathered, bytes) = (&mut self.gathered, &mut self.gathered_bytes);
        if *bytes >= PIECE_BYTES {
            return;
        }
        let mut keep = |message: Bytes| {
            *bytes += message.len();
            gathered.push(message);
            *bytes < PIECE_BYTES
        };
        match &mut self.feed {
            Feed::Calls(calls) => {
                let release = &mut self.release;
                calls.retain_mut(|call| {
                    loop {
                        match call.poll_step(cx) {
                            Poll::Ready(Step::Message(message)) => {
                                if !keep(message) {
                                    return true;
                                }
                            }
                            // Only a client that is told its place can come back (T-2511-03).
                            Poll::Ready(Step::Release(retry)) => {
                                *release = self.seat.is_polled().then_some(retry);
                            }
                            Poll::Ready(Step::Done(outgoing)) => {
                                keep(outgoing.body);
                                return false;
                            }
                            Poll::Ready(Step::Cancelled) => return false,
                            Poll::Pending => return true,
                        }
                    }
                });
            }
            Feed::Listener(listener) => loop {
                match listener.poll_next(cx) {
                    Poll::Ready(Some(message)) => {
                        if !keep(message) {
                            return;
                        }
                    }
                    Poll::Ready(None) => {
                        self.ended = true;
                        return;
                    }
                    Poll::Pending => return,
                }
            },
        }
    }

    fn is_finished(&self) -> bool {
        matches!(&self.feed, Feed::Calls(calls) if calls.is_empty())
    }

    fn has_to_commit(&self) -> bool {
        // T-2511-02: the first thing a client of 2025-11-25 learns is where it stands.
        !self.gathered.is_empty() || self.is_finished() || (!self.begun && self.seat.is_polled())
    }

    fn begin_commit(&mut self) {
        let messages = mem::take(&mut self.gathered);
        self.gathered_bytes = 0;
        let state = match &self.feed {
            Feed::Listener(_) => StreamState::Listening,
            Feed::Calls(calls) if calls.is_empty() => StreamState::Ended,
            Feed::Calls(calls) => StreamState::Calls {
                node: self.seat.node(),
                pending: calls.iter().filter_map(Running::id).cloned().collect(),
            },
        };
        let ends = state == StreamState::Ended;
        let batch = Batch {
            first: self.next,
            messages: messages.clone(),
            state,
        };
        self.commit = Some(Commit {
            future: self.seat.append(batch),
            messages,
            ends,
        });
    }

    /// Tells the client what the log has now.
    fn committed(&mut self, appended: Result<Appended, StoreError>, out: &mut BytesMut) -> Turn {
        let Some(commit) = self.commit.take() else {
            return Turn::Waits;
        };
        match appended {
            Ok(Appended::Done) => {}
            // The messages of calls are nobody's but this writer's: an earlier attempt had come through.
            Ok(Appended::Conflict { last })
                if matches!(self.feed, Feed::Calls(_))
                    && last + 1 == self.next + commit.messages.len() as u64 => {}
            Ok(Appended::Conflict { .. }) if matches!(self.feed, Feed::Listener(_)) => {
                self.gathered.splice(0..0, commit.messages);
                return Turn::Behind;
            }
            Ok(_) => {
                self.ended = true;
                return Turn::Ended;
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a stream can no longer be resumed: its log failed"
                );
                self.unlogged = true;
                // Who reads the log must not wait for this writer.
                self.seated = None;
                commit
                    .messages
                    .iter()
                    .for_each(|message| encode_message(out, None, message));
                self.ended = commit.ends;
                return Turn::Waits;
            }
        }
        if !mem::replace(&mut self.begun, true) && self.seat.is_polled() {
            encode_place(out, &self.place(), None);
        }
        for message in &commit.messages {
            let id = EventId::new(self.seat.stream(), self.next);
            encode_message(out, Some(&id), message);
            self.next += 1;
        }
        self.ended = commit.ends;
        Turn::Waits
    }

    fn place(&self) -> EventId {
        EventId::new(self.seat.stream(), self.next - 1)
    }

    /// Tells the log that this stream is still read, while it has nothing to say.
    pub(super) fn keep_alive(&mut self) {
        if self.begun && !self.unlogged && self.commit.is_none() && !self.ended {
            self.begin_commit();
        }
    }
}
