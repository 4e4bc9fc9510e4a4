//! The GET streams of a session: several may be open, and each message goes to exactly one (T-2503-12).

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::Stream;
use spanway_protocol::legacy::{SessionId, StreamId};
use spanway_protocol::{
    Timestamp, encode_bare_notification, encode_resource_updated, encode_url_completed,
};
use spanway_server::{Change, Changes};

use super::Registry;

/// What waits for the streams of one session. The newest stream reads it: an older one may be a connection
/// that is dead and does not know it yet.
pub(super) struct Mailbox {
    state: Mutex<State>,
}

struct State {
    changes: Changes,
    readers: Vec<Reader>,
    next_reader: u64,
    closed: bool,
}

struct Reader {
    number: u64,
    stream: StreamId,
    waker: Option<Waker>,
}

impl Mailbox {
    pub(super) fn new(changes: Changes) -> Self {
        let state = State {
            changes,
            readers: Vec::new(),
            next_reader: 0,
            closed: false,
        };
        Self {
            state: Mutex::new(state),
        }
    }

    /// Ends every stream that reads from here.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.wake_all();
    }

    fn assume_changed(&self) {
        let mut state = self.lock();
        state.changes.assume_changed();
        state.wake_all();
    }

    pub(super) fn watch(&self, uri: &str) {
        self.lock().changes.watch(uri);
    }

    pub(super) fn unwatch(&self, uri: &str) {
        self.lock().changes.unwatch(uri);
    }

    /// Makes this the newest connection of the streams, and the only one of its own stream.
    fn enter(&self, stream: StreamId) -> u64 {
        let mut state = self.lock();
        if let Some(older) = state
            .readers
            .iter()
            .position(|reader| reader.stream == stream)
        {
            let older = state.readers.remove(older);
            older.waker.into_iter().for_each(Waker::wake);
        }
        let number = state.next_reader;
        state.next_reader += 1;
        // Rarely is there another one.
        state.readers.reserve_exact(1);
        state.readers.push(Reader {
            number,
            stream,
            waker: None,
        });
        number
    }

    pub(super) fn readers_of(&self, stream: StreamId) -> usize {
        let state = self.lock();
        let of_stream = |reader: &&Reader| reader.stream == stream;
        state.readers.iter().filter(of_stream).count()
    }

    fn leave(&self, number: u64) {
        let mut state = self.lock();
        state.readers.retain(|reader| reader.number != number);
        // The stream that is the newest now takes over.
        state.wake_all();
    }

    fn poll_next(&self, number: u64, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut state = self.lock();
        if state.closed {
            return Poll::Ready(None);
        }
        if state
            .readers
            .last()
            .is_some_and(|newest| newest.number == number)
            && let Poll::Ready(change) = Pin::new(&mut state.changes).poll_next(cx)
        {
            return Poll::Ready(change.and_then(|change| encode_change(&change)));
        }
        match state
            .readers
            .iter_mut()
            .find(|reader| reader.number == number)
        {
            Some(reader) => {
                reader.waker = Some(cx.waker().clone());
                Poll::Pending
            }
            // The client resumed the stream on another connection.
            None => Poll::Ready(None),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn encode_change(change: &Change) -> Option<Bytes> {
    match change {
        Change::Resource(uri) => encode_resource_updated(uri),
        Change::UrlCompleted { elicitation, .. } => encode_url_completed(elicitation),
        list => Some(encode_bare_notification(list.method())),
    }
}

impl State {
    fn wake_all(&mut self) {
        self.readers
            .iter_mut()
            .filter_map(|reader| reader.waker.take())
            .for_each(Waker::wake);
    }
}

/// One open GET stream. Dropping it is how the client leaves.
pub(crate) struct Listener {
    registry: Arc<Registry>,
    session: SessionId,
    mailbox: Arc<Mailbox>,
    number: u64,
    /// Whether its mailbox has everything since the session last listened here.
    unbroken: bool,
    since: Timestamp,
}

impl Listener {
    pub(super) fn new(
        registry: Arc<Registry>,
        session: SessionId,
        stream: StreamId,
        mailbox: Arc<Mailbox>,
        unbroken: bool,
        since: Timestamp,
    ) -> Self {
        let number = mailbox.enter(stream);
        Self {
            registry,
            session,
            mailbox,
            number,
            unbroken,
            since,
        }
    }

    /// The client reads on where it stopped listening. If this node cannot know what changed meanwhile, it
    /// tells that everything did: a client that looks again in vain has lost nothing.
    pub(crate) fn catch_up(&self) {
        if !self.unbroken {
            self.mailbox.assume_changed();
        }
    }

    /// Also tells when this resource changes.
    pub(crate) fn watch(&self, uri: &str) {
        self.mailbox.watch(uri);
    }

    /// The next message, encoded; `None` when the stream is to end.
    pub(crate) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.mailbox.poll_next(self.number, cx)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.mailbox.leave(self.number);
        self.registry.release(&self.session, self.since, |busy| {
            busy.streams = busy.streams.saturating_sub(1)
        });
    }
}
