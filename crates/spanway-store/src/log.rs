//! What the transport asks of a keeper of stream logs.
//!
//! A legacy event stream is an append-only log; connections only read it (ARCHITECTURE.md, invariant 8).

mod bell;
mod index;

pub use bell::{Bell, Bells};
pub use index::{Dropped, Kept, Log, LogIndex};

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use spanway_protocol::Timestamp;
use spanway_protocol::jsonrpc::RequestId;
use spanway_protocol::legacy::{SessionId, StreamId};

use crate::error::StoreError;

/// A stream, by the session it belongs to: nothing finds it from another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StreamKey {
    /// The session.
    pub session: SessionId,
    /// The stream within it.
    pub stream: StreamId,
}

/// One run of one server process, by 64 random bits. A restarted server is another node.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeId(u64);

impl NodeId {
    /// A name from random bits.
    #[must_use]
    pub fn from_random(bits: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bits))
    }

    /// A name that no other node has but by a chance of 2^-64. It is no secret.
    #[must_use]
    pub fn unlike_others() -> Self {
        Self(RandomState::new().hash_one(()))
    }

    /// Reads a name as [`Display`](fmt::Display) writes it: 16 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 16)
            .then(|| u64::from_str_radix(text, 16).ok())?
            .map(Self)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({self})")
    }
}

/// What is still to come on a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamState {
    /// Calls of a POST run on this node; these requests have no response yet.
    Calls {
        /// Who writes.
        node: NodeId,
        /// The ids that wait for a response.
        pending: Vec<RequestId>,
    },
    /// A GET stream: more may come as long as the session lives.
    Listening,
    /// Nothing.
    Ended,
}

impl StreamState {
    /// Whether the stream may be dropped whole, after a while or when room is needed: no call writes to it.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        !matches!(self, Self::Calls { .. })
    }
}

/// Messages to append in one step.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The number of the first one. Messages of a stream count from 1.
    pub first: u64,
    /// The messages, each one JSON-RPC message without line breaks of its own.
    pub messages: Vec<Bytes>,
    /// What is to come after them.
    pub state: StreamState,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Appended {
    /// It is kept.
    Done,
    /// Another one was faster: the stream goes on after this number. Nothing was kept of the batch.
    Conflict {
        /// The number of the stream's newest message.
        last: u64,
    },
    /// The stream had ended already. Nothing was kept of the batch.
    Ended,
}

/// A piece of a log.
#[derive(Debug, Clone)]
pub struct Page {
    /// The number of the first message, if there are any.
    pub first: u64,
    /// The messages after the asked place.
    pub messages: Vec<Bytes>,
    /// What is to come after the log's end. It is the state behind the newest message, which need not be on
    /// this page.
    pub state: StreamState,
    /// Whether the page reaches the log's end.
    pub complete: bool,
}

impl Page {
    /// How many of messages of these sizes a page of `bytes_max` bytes holds: one at least, if there is one.
    #[must_use]
    pub fn fitting(sizes: impl IntoIterator<Item = usize>, bytes_max: usize) -> usize {
        let mut bytes: usize = 0;
        sizes
            .into_iter()
            .take_while(|size| {
                let fits = bytes == 0 || bytes + size <= bytes_max;
                bytes += size;
                fits
            })
            .count()
    }
}

/// Keeps what was said on legacy streams, so that a client that lost its connection can read on.
///
/// Bounded per stream and in all; what is dropped can no longer be read, and [`read`](Self::read) says so.
/// A stream nothing was appended to for `replay_age_max` is dropped, unless calls write to it; an empty batch
/// is enough to keep it. A batch for a stream that was dropped, or never was, begins it at the batch's number.
/// A stream is ended once: of two writers that end it one is told [`Appended::Ended`]. Dropping a returned
/// future may or may not have done the work.
pub trait StreamLog: Send + Sync + 'static {
    /// Appends to the log, or begins it: the first batch may have no messages. When the future is ready the
    /// messages are as safe as this store makes them, so a client may now see their ids.
    fn append(
        &self,
        key: StreamKey,
        batch: Batch,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Appended, StoreError>>;

    /// The messages after number `after`, up to about `bytes_max` bytes, at least one if there is one.
    /// `None` if there is no such stream, `after` is past its end, or what follows was dropped.
    fn read(
        &self,
        key: StreamKey,
        after: u64,
        bytes_max: usize,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Option<Page>, StoreError>>;

    /// Forgets the logs of a session that has ended.
    fn forget(&self, session: SessionId) -> BoxFuture<'static, Result<(), StoreError>>;

    /// Rings when something was appended to a log.
    fn bells(&self) -> Arc<Bells>;
}
