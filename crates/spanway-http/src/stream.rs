//! Response bodies: nothing, one piece, or events as they come, kept alive by comments.

mod reader;
mod resumable;
mod writer;

pub(crate) use reader::Reader;
pub(crate) use resumable::Slot;
pub(crate) use writer::Writer;

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use spanway_protocol::sse::{KEEP_ALIVE, encode_endpoint, encode_message};
use tokio::time::{Instant, Sleep};

use crate::running::{Running, Step};
use crate::sse::Feed;
use crate::subscription::Listening;
use resumable::Resumable;

/// The body of every response of the endpoint.
#[derive(Default)]
pub struct ResponseBody(Kind);

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    Whole(Bytes),
    Events(Box<Events>),
}

impl From<Bytes> for ResponseBody {
    fn from(bytes: Bytes) -> Self {
        Self(if bytes.is_empty() {
            Kind::Empty
        } else {
            Kind::Whole(bytes)
        })
    }
}

impl From<Events> for ResponseBody {
    fn from(events: Events) -> Self {
        Self(Kind::Events(Box::new(events)))
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Empty => "ResponseBody(empty)",
            Kind::Whole(_) => "ResponseBody(whole)",
            Kind::Events(_) => "ResponseBody(events)",
        })
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = match &mut self.0 {
            Kind::Empty => None,
            Kind::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = Kind::Empty;
                Some(bytes)
            }
            Kind::Events(events) => {
                let piece = std::task::ready!(events.poll_piece(cx));
                if piece.is_none() {
                    self.0 = Kind::Empty;
                }
                piece
            }
        };
        Poll::Ready(piece.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Kind::Empty)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Events(_) => SizeHint::default(),
        }
    }
}

/// An event stream: what has to be written, where more comes from, and the pulse that keeps it open.
pub(crate) struct Events {
    waiting: BytesMut,
    source: Source,
    pulse: Pulse,
}

/// Where a stream's messages come from.
enum Source {
    /// The calls of one POST; the stream ends after the last response (T-2503-07).
    Calls(Vec<Running>),
    /// A stream of a session, which can be resumed.
    Resumable(Resumable),
    /// The changes a modern client listens for.
    Subscription(Listening),
    /// Everything an HTTP+SSE connection says.
    Connection(Feed),
}

impl Events {
    /// The stream of a POST. `pulse` is the time between comments while nothing else is written.
    pub(crate) fn of_calls(calls: Vec<Running>, pulse: Duration) -> Self {
        Self::of(Source::Calls(calls), pulse)
    }

    fn of(source: Source, pulse: Duration) -> Self {
        Self {
            waiting: BytesMut::new(),
            source,
            pulse: Pulse::new(pulse),
        }
    }

    /// A stream of a session as it is written. The stream of a GET begins with a comment, so that the head is
    /// sent at once.
    pub(crate) fn of_writer(writer: Writer, pulse: Duration) -> Self {
        let registry = writer.registry().clone();
        Self::of(Source::Resumable(Resumable::live(registry, writer)), pulse)
    }

    /// A stream of a session that is read on; `then` writes what comes after that.
    pub(crate) fn of_reader(reader: Reader, then: Option<Writer>, pulse: Duration) -> Self {
        let registry = reader.registry().clone();
        let resumable = Resumable::replay(registry, reader, then);
        let mut events = Self::of(Source::Resumable(resumable), pulse);
        events.push_comment();
        events
    }

    /// The stream of a subscription.
    pub(crate) fn of_subscription(listening: Listening, pulse: Duration) -> Self {
        Self::of(Source::Subscription(listening), pulse)
    }

    /// The stream of an HTTP+SSE connection. It begins with the address to post to (T-2411-02).
    pub(crate) fn of_connection(feed: Feed, address: &str, pulse: Duration) -> Self {
        let mut waiting = BytesMut::new();
        encode_endpoint(&mut waiting, address);
        Self {
            waiting,
            source: Source::Connection(feed),
            pulse: Pulse::new(pulse),
        }
    }

    /// Writes a message ahead of what the source says.
    pub(crate) fn push(&mut self, message: &[u8]) {
        encode_message(&mut self.waiting, None, message);
    }

    /// Writes a comment ahead of what the source says.
    pub(crate) fn push_comment(&mut self) {
        self.waiting.put_slice(KEEP_ALIVE);
    }

    /// All that can be written now, in one piece; `None` at the end.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let ended = self.source.poll_into(cx, &mut self.waiting);
        if !self.waiting.is_empty() {
            self.pulse.beat();
            // All of the buffer: what is left of it would be kept for as long as the stream is silent.
            return Poll::Ready(Some(std::mem::take(&mut self.waiting).freeze()));
        }
        if ended {
            return Poll::Ready(None);
        }
        std::task::ready!(self.pulse.poll(cx));
        self.pulse.beat();
        if let Source::Resumable(resumable) = &self.source {
            resumable.keep_alive();
        }
        Poll::Ready(Some(Bytes::from_static(KEEP_ALIVE)))
    }
}

/// One piece is not made longer than this, so that a chatty handler cannot fill memory.
pub(crate) const PIECE_BYTES: usize = 64 * 1024;

impl Source {
    /// Appends the messages there are; whether the stream is at its end.
    fn poll_into(&mut self, cx: &mut Context<'_>, out: &mut BytesMut) -> bool {
        match self {
            Self::Calls(calls) => {
                calls.retain_mut(|call| !drain(call, cx, out));
                calls.is_empty()
            }
            Self::Resumable(resumable) => resumable.poll_into(cx, out),
            Self::Connection(feed) => drain_messages(out, || feed.poll_next(cx)),
            Self::Subscription(listening) => drain_messages(out, || listening.poll_next(cx)),
        }
    }
}

/// Appends the messages there are; whether those were the last.
fn drain_messages(out: &mut BytesMut, mut poll_next: impl FnMut() -> Poll<Option<Bytes>>) -> bool {
    while out.len() < PIECE_BYTES {
        match poll_next() {
            Poll::Ready(Some(message)) => encode_message(out, None, &message),
            Poll::Ready(None) => return true,
            Poll::Pending => return false,
        }
    }
    false
}

/// Appends what one call says; whether it is over.
fn drain(call: &mut Running, cx: &mut Context<'_>, out: &mut BytesMut) -> bool {
    while out.len() < PIECE_BYTES {
        match call.poll_step(cx) {
            Poll::Ready(Step::Message(message)) => encode_message(out, None, &message),
            Poll::Ready(Step::Done(outgoing)) => {
                encode_message(out, None, &outgoing.body);
                return true;
            }
            // Nobody could read on: the connection stays.
            Poll::Ready(Step::Release(_)) => {}
            Poll::Ready(Step::Cancelled) => return true,
            Poll::Pending => return false,
        }
    }
    false
}

/// Says when a comment is due. Set only once the stream has to wait.
struct Pulse {
    interval: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Pulse {
    fn new(interval: Duration) -> Self {
        Self {
            interval,
            timer: None,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(self.interval)));
        timer.as_mut().poll(cx)
    }

    /// Something was written: the next comment is due a whole interval from now.
    fn beat(&mut self) {
        if let (Some(timer), Some(due)) =
            (&mut self.timer, Instant::now().checked_add(self.interval))
        {
            timer.as_mut().reset(due);
        }
    }
}
