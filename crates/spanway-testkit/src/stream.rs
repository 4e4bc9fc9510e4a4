//! An answer read piece by piece: events and comments, one at a time.

use bytes::BytesMut;
use futures_util::FutureExt;
use http::{HeaderMap, Response};
use http_body_util::BodyExt;
use serde_json::Value;
use spanway_protocol::sse::{Decoder, Event};

use crate::answer::{Answer, message, only_value};
use crate::client::RequestBody;
use crate::exchange::Exchange;

/// What a stream wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// An event.
    Event(Event),
    /// A comment: what keeps the stream alive.
    Comment,
}

/// An answer whose head is there and whose body comes as it is read. Dropping it is a disconnect.
#[derive(Debug)]
pub struct EventStream {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    body: RequestBody,
    unread: BytesMut,
    decoder: Decoder,
    exchange: Option<Exchange>,
}

impl EventStream {
    pub(crate) fn new(response: Response<RequestBody>, exchange: Option<Exchange>) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
            unread: BytesMut::new(),
            decoder: Decoder::new(1 << 24),
            exchange,
        }
    }

    /// The only value of a header; `None` if it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        only_value(&self.headers, name)
    }

    /// Whether the answer is an event stream.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.header("content-type") == Some("text/event-stream")
    }

    /// The next event or comment; `None` at the end.
    pub async fn next(&mut self) -> Option<Piece> {
        loop {
            if let Some(piece) = self.take() {
                return Some(piece);
            }
            let frame = self.body.frame().await?;
            let frame = frame.expect("the body does not break");
            if let Ok(data) = frame.into_data() {
                self.unread.extend_from_slice(&data);
            }
        }
    }

    /// The next piece if it is there now. The outer `None`: nothing yet.
    pub fn try_next(&mut self) -> Option<Option<Piece>> {
        self.next().now_or_never()
    }

    /// The next event, comments passed over; `None` at the end.
    pub async fn next_event(&mut self) -> Option<Event> {
        loop {
            match self.next().await? {
                Piece::Event(event) => return Some(event),
                Piece::Comment => {}
            }
        }
    }

    /// The next comment or message: what only says where the reader stands is passed over.
    pub async fn next_saying(&mut self) -> Option<Piece> {
        loop {
            match self.next().await? {
                Piece::Event(event) if event.data.is_empty() => {}
                piece => return Some(piece),
            }
        }
    }

    /// The next event that carries a message; `None` at the end.
    pub async fn next_message(&mut self) -> Option<Event> {
        loop {
            let event = self.next_event().await?;
            if !event.data.is_empty() {
                return Some(event);
            }
        }
    }

    /// The next JSON-RPC message, all else passed over; fails at the end.
    pub async fn message(&mut self) -> Value {
        let event = self.next_message().await;
        message(&event.expect("the stream has not ended"))
    }

    /// The next message if it is there now, all else passed over; `None` if not or at the end.
    pub fn try_message(&mut self) -> Option<Value> {
        let event = self.next_message().now_or_never()??;
        Some(message(&event))
    }

    /// Every message up to the end.
    pub async fn rest(&mut self) -> Vec<Value> {
        let mut messages = Vec::new();
        while let Some(event) = self.next_message().await {
            messages.push(message(&event));
        }
        messages
    }

    /// The rest of the body in one piece, for answers that are no stream.
    pub async fn whole(self) -> Answer {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status.try_into().expect("a status");
        *response.headers_mut() = self.headers;
        Answer::read(response, self.exchange).await
    }

    /// Comments are taken out line by line; the rest is the decoder's.
    fn take(&mut self) -> Option<Piece> {
        loop {
            if let Some(event) = self.decoder.next_event().expect("an event stream") {
                if let Some(exchange) = &mut self.exchange {
                    exchange.event(&event);
                }
                return Some(Piece::Event(event));
            }
            let end = self.unread.iter().position(|&byte| byte == b'\n')?;
            let line = self.unread.split_to(end + 1);
            if line.starts_with(b":") {
                return Some(Piece::Comment);
            }
            self.decoder.push(&line);
        }
    }
}
