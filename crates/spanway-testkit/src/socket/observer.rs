//! Reads along with a [`Socket`](super::Socket): takes the responses out of the bytes, however they came, and
//! checks the messages in them. Bytes that are no HTTP/1.1 are left to the test.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use spanway_protocol::sse::Decoder;

use crate::answer::only_value;
use crate::exchange::Exchange;

/// What was asked on a connection and how far the answers have come.
#[derive(Debug, Default)]
pub(super) struct Observer {
    unread: BytesMut,
    exchanges: VecDeque<Exchange>,
    response: Option<Response>,
    /// Something came that is no HTTP/1.1.
    lost: bool,
}

#[derive(Debug)]
struct Response {
    status: u16,
    headers: HeaderMap,
    framing: Framing,
    events: Option<Decoder>,
    body: BytesMut,
    exchange: Exchange,
}

#[derive(Debug, Clone, Copy)]
enum Framing {
    Length(usize),
    Chunked,
    ToTheEnd,
}

impl Observer {
    /// A request was sent; its answer follows those of the requests before.
    pub(super) fn ask(&mut self, exchange: Exchange) {
        self.exchanges.push_back(exchange);
    }

    /// More bytes came.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
        while !self.lost && self.step().is_some() {}
    }

    /// Reads a head or a piece of a body; `None` if there is none yet.
    fn step(&mut self) -> Option<()> {
        let Some(response) = &mut self.response else {
            return self.head();
        };
        let piece = match &mut response.framing {
            Framing::Length(0) => Bytes::new(),
            Framing::Length(left) => {
                let length = self.unread.len().min(*left);
                *left -= length;
                (length > 0).then(|| self.unread.split_to(length).freeze())?
            }
            Framing::Chunked => chunk(&mut self.unread)?,
            Framing::ToTheEnd => (!self.unread.is_empty()).then(|| self.unread.split().freeze())?,
        };
        let ends = piece.is_empty();
        response.take(&piece);
        if ends {
            self.response = None;
        }
        Some(())
    }

    fn head(&mut self) -> Option<()> {
        let end = position(&self.unread, b"\r\n\r\n")?;
        let head = self.unread.split_to(end + 4);
        let Some((status, headers)) = parse_head(&head) else {
            self.lost = true;
            return None;
        };
        // An interim response has no body, and the answer is yet to come.
        if status >= 200 {
            let exchange = self.exchanges.pop_front();
            let exchange = exchange.unwrap_or_else(Exchange::unread);
            self.response = Some(Response::new(status, headers, exchange));
        }
        Some(())
    }
}

impl Response {
    fn new(status: u16, headers: HeaderMap, exchange: Exchange) -> Self {
        let length = only_value(&headers, "content-length").and_then(|it| it.parse().ok());
        let framing = match (only_value(&headers, "transfer-encoding"), length) {
            (Some("chunked"), _) => Framing::Chunked,
            (_, Some(length)) => Framing::Length(length),
            (_, None) => Framing::ToTheEnd,
        };
        let streams = only_value(&headers, "content-type") == Some("text/event-stream");
        Self {
            status,
            headers,
            framing,
            events: streams.then(|| Decoder::new(1 << 24)),
            body: BytesMut::new(),
            exchange,
        }
    }

    /// Takes a piece of the body; an empty one is its end.
    fn take(&mut self, piece: &[u8]) {
        if let Some(events) = &mut self.events {
            events.push(piece);
            while let Some(event) = events.next_event().expect("an event stream") {
                self.exchange.event(&event);
            }
        } else if piece.is_empty() {
            self.exchange.body(self.status, &self.headers, &self.body);
        } else {
            self.body.extend_from_slice(piece);
        }
    }
}

/// A whole chunk, taken out of the bytes; the last one is empty.
fn chunk(unread: &mut BytesMut) -> Option<Bytes> {
    let end = position(unread, b"\r\n")?;
    let size = std::str::from_utf8(&unread[..end]).expect("the size of a chunk");
    let size = usize::from_str_radix(size, 16).expect("the size of a chunk");
    let whole = end + 2 + size + 2;
    if unread.len() < whole {
        return None;
    }
    let mut chunk = unread.split_to(whole);
    chunk.advance(end + 2);
    chunk.truncate(size);
    Some(chunk.freeze())
}

fn parse_head(head: &[u8]) -> Option<(u16, HeaderMap)> {
    let text = std::str::from_utf8(head).ok()?;
    let mut lines = text.trim_end().lines();
    let status = lines.next()?.strip_prefix("HTTP/1.")?;
    let status = status.split(' ').nth(1)?.parse().ok()?;
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let name = HeaderName::try_from(name).ok()?;
        Some((name, HeaderValue::try_from(value.trim()).ok()?))
    };
    let headers = lines.map(header).collect::<Option<Vec<_>>>()?;
    Some((status, headers.into_iter().collect()))
}

fn position(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes
        .windows(pattern.len())
        .position(|window| window == pattern)
}
