//! The streams of a session as this node writes and reads them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Context;

use futures_util::future::BoxFuture;
use futures_util::task::AtomicWaker;
use spanway_protocol::legacy::{EventId, Session, SessionId, StreamId};
use spanway_protocol::{Limits, ProtocolVersion, Rejection, Timestamp};
use spanway_store::{
    Appended, Batch, Bell, BusMessage, NodeId, Page, StoreError, StreamKey, StreamLog, StreamState,
};

use super::{Busy, BusySessions, Registry, unavailable};
use crate::stream::{PIECE_BYTES, Reader, Slot, Writer};

/// One stream and where its log is.
#[derive(Clone)]
pub(crate) struct StreamSeat {
    registry: Arc<Registry>,
    key: StreamKey,
    /// Whether the client knows that it has to come back (T-2511-02, trap 6).
    polled: bool,
}

impl StreamSeat {
    pub(crate) fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    pub(crate) fn stream(&self) -> StreamId {
        self.key.stream
    }

    /// Whether this stream's client understands empty events and comes back when its connection is closed.
    pub(crate) fn is_polled(&self) -> bool {
        self.polled
    }

    pub(crate) fn node(&self) -> NodeId {
        self.registry.node
    }

    pub(crate) fn append(&self, batch: Batch) -> BoxFuture<'static, Result<Appended, StoreError>> {
        let now = self.registry.clock.now();
        self.logs().append(self.key.clone(), batch, now)
    }

    pub(crate) fn read(&self, after: u64) -> BoxFuture<'static, Result<Option<Page>, StoreError>> {
        let now = self.registry.clock.now();
        self.logs().read(self.key.clone(), after, PIECE_BYTES, now)
    }

    /// A bell that rings when the log grows.
    pub(crate) fn hang_bell(&self) -> Bell {
        self.logs().bells().hang(self.key.clone())
    }

    /// Closes the connection that reads this stream, if there is one; its client comes back.
    pub(crate) fn release_reader(&self) {
        self.registry.with_busy(&self.key.session, |busy| {
            if let Some(pass) = busy.readers.get(&self.key.stream) {
                pass.supersede();
            }
        });
    }

    /// Whether a call of this node writes the stream, connected or not.
    pub(super) fn has_writer_here(&self) -> bool {
        let stream = &self.key.stream;
        let written = |busy: &Busy| busy.slots.contains_key(stream);
        let found = self.registry.with_busy(&self.key.session, written);
        found.unwrap_or_default()
    }

    fn logs(&self) -> &Arc<dyn StreamLog> {
        &self.registry.stores.logs
    }
}

impl Registry {
    /// A new stream of the session.
    pub(crate) fn new_stream(self: &Arc<Self>, session: &Session) -> StreamSeat {
        self.seat(session, self.new_stream_id())
    }

    /// A name for a stream that nobody resumes.
    pub(crate) fn new_stream_id(&self) -> StreamId {
        self.stream_ids.next()
    }

    /// A stream the session may have.
    pub(crate) fn seat(self: &Arc<Self>, session: &Session, stream: StreamId) -> StreamSeat {
        StreamSeat {
            registry: self.clone(),
            key: StreamKey {
                session: session.id.clone(),
                stream,
            },
            polled: session.version >= ProtocolVersion::V2025_11_25,
        }
    }

    /// Notes where the stream is written, so that it can be taken over. Until the guard is dropped.
    pub(crate) fn note_writer(&self, seat: &StreamSeat, slot: Slot) -> Seated {
        let (session, stream) = (seat.key.session.clone(), seat.key.stream);
        self.lock()
            .entry(session.clone())
            .or_default()
            .slots
            .insert(stream, slot);
        Seated {
            registry: seat.registry.clone(),
            session,
            stream,
            since: self.clock.now(),
        }
    }

    /// What follows event `after` on its stream, once that is known to be there.
    pub(crate) async fn resume(
        self: &Arc<Self>,
        session: &Session,
        after: EventId,
        limits: &Limits,
    ) -> Result<Resumed, Rejection> {
        let seat = self.seat(session, after.stream);
        let bell = seat.hang_bell();
        let page = seat
            .read(after.sequence)
            .await
            .map_err(|error| unavailable(&error))?
            .ok_or(Rejection::EventGone)?;
        if page.state == StreamState::Ended && page.messages.is_empty() {
            return Err(Rejection::StreamOver);
        }
        if page.state == StreamState::Listening {
            let reader = Reader::new(seat.clone(), bell, None, after.sequence);
            return Ok(Resumed::Listening(reader.telling_place(), seat));
        }
        let pass = self.note_reader(&seat, limits)?;
        self.take_over(&seat);
        let reader = Reader::new(seat, bell, Some(pass), after.sequence);
        Ok(Resumed::Calls(reader.telling_place()))
    }

    /// Takes a stream from the connection that has it, on whichever node, once it is sure that another one
    /// reads it on: a connection may be dead without knowing.
    pub(crate) fn take_over(&self, seat: &StreamSeat) {
        let StreamKey { session, stream } = &seat.key;
        self.take_slot(session, *stream);
        self.tell(BusMessage::Resumed {
            session: session.as_str().into(),
            stream: stream.to_string().into(),
        });
    }

    /// Takes a stream from the connections that have it here: the client reads it on another node.
    pub(super) fn let_go(&self, session: &SessionId, stream: StreamId) {
        self.with_busy(session, |busy| {
            if let Some(pass) = busy.readers.get(&stream) {
                pass.supersede();
            }
        });
        self.take_slot(session, stream);
    }

    /// A call that writes the stream goes on without the connection.
    fn take_slot(&self, session: &SessionId, stream: StreamId) {
        let found = self.with_busy(session, |busy| busy.slots.get(&stream).cloned());
        let writer = found.flatten().and_then(|slot| slot.take());
        self.detach(writer);
    }

    fn note_reader(
        self: &Arc<Self>,
        seat: &StreamSeat,
        limits: &Limits,
    ) -> Result<ReaderPass, Rejection> {
        let key = seat.key.clone();
        let pass = Arc::new(Pass::default());
        let mut sessions = self.lock();
        let busy = open_stream(&mut sessions, &key.session, |_| 0, limits)?;
        if let Some(older) = busy.readers.insert(key.stream, pass.clone()) {
            older.supersede();
        }
        drop(sessions);
        Ok(ReaderPass {
            registry: self.clone(),
            key,
            pass,
            since: self.clock.now(),
        })
    }

    /// Lets a writer go on without a connection, if anybody could come back for what it writes.
    pub(crate) fn detach(&self, writer: Option<Writer>) {
        let Some(mut writer) = writer.filter(Writer::outlives_connection) else {
            return;
        };
        if tokio::runtime::Handle::try_current().is_ok() {
            self.tasks
                .spawn(std::future::poll_fn(move |cx| writer.poll_detached(cx)));
        }
    }
}

/// Counts a stream that is opened, if the session may have another beside those that it does not replace.
pub(super) fn open_stream<'a>(
    sessions: &'a mut BusySessions,
    session: &SessionId,
    replaced: impl FnOnce(&Busy) -> usize,
    limits: &Limits,
) -> Result<&'a mut Busy, Rejection> {
    let limit = limits.streams_per_session_max;
    let open = |busy: &Busy| busy.streams.saturating_sub(replaced(busy));
    if sessions.get(session).map_or(0, open) >= limit {
        return Err(Rejection::SessionBusy {
            what: "open streams",
            limit,
        });
    }
    // Only now: an entry that holds nothing would stay, and keep its session alive.
    let busy = sessions.entry(session.clone()).or_default();
    busy.streams += 1;
    Ok(busy)
}

/// A stream that is read on.
pub(crate) enum Resumed {
    /// That of a POST.
    Calls(Reader),
    /// That of a GET; more is written to it once it is read.
    Listening(Reader, StreamSeat),
}

/// Where a stream is written, while it is.
pub(crate) struct Seated {
    registry: Arc<Registry>,
    session: SessionId,
    stream: StreamId,
    since: Timestamp,
}

impl Drop for Seated {
    fn drop(&mut self) {
        // The slot is dropped after the lock is released: it may hold a writer.
        let mut slot = None;
        self.registry.release(&self.session, self.since, |busy| {
            slot = busy.slots.remove(&self.stream);
        });
    }
}

/// The newest connection that reads a POST's stream: each message goes to one connection (T-2503-12).
pub(crate) struct ReaderPass {
    registry: Arc<Registry>,
    key: StreamKey,
    pass: Arc<Pass>,
    since: Timestamp,
}

#[derive(Default)]
pub(super) struct Pass {
    superseded: AtomicBool,
    waker: AtomicWaker,
}

impl Pass {
    fn supersede(&self) {
        self.superseded.store(true, Ordering::SeqCst);
        self.waker.wake();
    }
}

impl ReaderPass {
    /// Whether another connection reads the stream now.
    pub(crate) fn is_superseded(&self, cx: &Context<'_>) -> bool {
        self.pass.waker.register(cx.waker());
        self.pass.superseded.load(Ordering::SeqCst)
    }
}

impl Drop for ReaderPass {
    fn drop(&mut self) {
        self.registry
            .release(&self.key.session, self.since, |busy| {
                busy.streams = busy.streams.saturating_sub(1);
                let newest = busy.readers.get(&self.key.stream);
                if newest.is_some_and(|newest| Arc::ptr_eq(newest, &self.pass)) {
                    busy.readers.remove(&self.key.stream);
                }
            });
    }
}
