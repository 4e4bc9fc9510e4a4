//! Reads a legacy stream from its log: what a client missed, and what is still being written by a call that
//! goes on without it.

use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use futures_util::future::BoxFuture;
use spanway_protocol::jsonrpc::RequestId;
use spanway_protocol::legacy::EventId;
use spanway_protocol::sse::{encode_message, encode_place};
use spanway_store::{Bell, NodeId, Page, StoreError, StreamState};
use tokio::time::Sleep;

use super::PIECE_BYTES;
use crate::registry::{PATROL, ReaderPass, Registry, StreamSeat};

/// A place in a log, moving to its end.
pub(crate) struct Reader {
    seat: StreamSeat,
    bell: Bell,
    /// Says when another connection reads the stream of a POST.
    pass: Option<ReaderPass>,
    /// The number of the last message that was read.
    after: u64,
    /// Whether the client is still to be told its place.
    tells_place: bool,
    reading: Option<Reading>,
    /// Whether the log may hold more than was read.
    stale: bool,
    ended: bool,
    /// Looks whether the node that writes is still there.
    patrol: Option<Patrol>,
}

/// The next look, or the look itself: at the log, or at who should be writing it.
enum Patrol {
    Rests(Pin<Box<Sleep>>, Option<(NodeId, Vec<RequestId>)>),
    Looks(BoxFuture<'static, ()>),
    Looked,
}

type Reading = BoxFuture<'static, Result<Option<Page>, StoreError>>;

/// How far a reader has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// There may be more, later.
    Waits,
    /// It has read all there is on a stream that another writes; see [`Reader::after`].
    Listening,
    /// The stream is over.
    Ended,
}

impl Reader {
    /// Reads on after message `after`. The bell must have been hung before anything was read.
    pub(crate) fn new(seat: StreamSeat, bell: Bell, pass: Option<ReaderPass>, after: u64) -> Self {
        Self {
            seat,
            bell,
            pass,
            after,
            tells_place: false,
            reading: None,
            stale: true,
            ended: false,
            patrol: None,
        }
    }

    /// Begins a connection: clients that poll are told their place again (T-2511-02). Some know it only from
    /// the connection they have, and would come back without it.
    pub(crate) fn telling_place(self) -> Self {
        let tells_place = self.seat.is_polled();
        Self {
            tells_place,
            ..self
        }
    }

    pub(super) fn registry(&self) -> &Arc<Registry> {
        self.seat.registry()
    }

    pub(super) fn after(&self) -> u64 {
        self.after
    }

    /// Appends to `out` what is in the log.
    pub(super) fn poll_into(&mut self, cx: &mut Context<'_>, out: &mut BytesMut) -> Reached {
        let superseded = |pass: &ReaderPass| pass.is_superseded(cx);
        if self.ended || self.pass.as_ref().is_some_and(superseded) {
            return Reached::Ended;
        }
        if mem::take(&mut self.tells_place) {
            let place = EventId::new(self.seat.stream(), self.after);
            encode_place(out, &place, None);
        }
        let reached = self.poll_log(cx, out);
        self.ended = reached == Reached::Ended;
        reached
    }

    fn poll_log(&mut self, cx: &mut Context<'_>, out: &mut BytesMut) -> Reached {
        loop {
            if self.reading.is_none() {
                if out.len() >= PIECE_BYTES {
                    return Reached::Waits;
                }
                // A ring that came while the last page was read may have been for what is not on it.
                if self.bell.poll_rung(cx).is_ready() {
                    self.stale = true;
                }
                if !self.stale {
                    self.poll_patrol(cx);
                    return Reached::Waits;
                }
            }
            let seat = &self.seat;
            let after = self.after;
            let reading = self.reading.get_or_insert_with(|| seat.read(after));
            let Poll::Ready(page) = reading.as_mut().poll(cx) else {
                return Reached::Waits;
            };
            self.reading = None;
            match page {
                Ok(Some(page)) => {
                    self.write(&page, out);
                    self.stale = !page.complete;
                    match page.state.clone() {
                        StreamState::Ended if page.complete => return Reached::Ended,
                        StreamState::Listening if page.complete => return Reached::Listening,
                        StreamState::Calls { node, pending } if page.complete => {
                            self.look_after(node, pending);
                        }
                        _ => {}
                    }
                }
                // The session has ended, or the client was too slow for what is kept.
                Ok(None) => return Reached::Ended,
                // The client keeps its place and its connection until the log is back.
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the log of a stream could not be read; trying again"
                    );
                    self.stale = false;
                    let rest = Box::pin(tokio::time::sleep(PATROL));
                    self.patrol = Some(Patrol::Rests(rest, None));
                }
            }
        }
    }

    /// The first look is at once: the node may be gone since long.
    fn look_after(&mut self, node: NodeId, pending: Vec<RequestId>) {
        let rest = match self.patrol {
            None => Duration::ZERO,
            Some(_) => PATROL,
        };
        let rest = Box::pin(tokio::time::sleep(rest));
        self.patrol = Some(Patrol::Rests(rest, Some((node, pending))));
    }

    fn poll_patrol(&mut self, cx: &mut Context<'_>) {
        loop {
            match &mut self.patrol {
                None | Some(Patrol::Looked) => return,
                Some(Patrol::Rests(rest, writer)) => {
                    if rest.as_mut().poll(cx).is_pending() {
                        return;
                    }
                    let Some((node, pending)) = writer.take() else {
                        return self.look_again(cx);
                    };
                    let look = self.seat.clone().end_if_lost(node, pending, self.after);
                    self.patrol = Some(Patrol::Looks(Box::pin(look)));
                }
                Some(Patrol::Looks(look)) => {
                    if look.as_mut().poll(cx).is_pending() {
                        return;
                    }
                    // Whatever was found, it is in the log; if nothing was, the next page says when to
                    // look again.
                    return self.look_again(cx);
                }
            }
        }
    }

    fn look_again(&mut self, cx: &Context<'_>) {
        self.patrol = Some(Patrol::Looked);
        self.stale = true;
        cx.waker().wake_by_ref();
    }

    fn write(&mut self, page: &Page, out: &mut BytesMut) {
        for message in &page.messages {
            self.after += 1;
            let id = EventId::new(self.seat.stream(), self.after);
            encode_message(out, Some(&id), message);
        }
    }
}
