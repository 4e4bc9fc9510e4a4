//! Server-sent events: the encoder the transport writes with and the decoder clients read with.
//!
//! Knows the event-stream format of the HTML standard and nothing of JSON-RPC.

use std::fmt::{Display, Write};

use bytes::{BufMut, Bytes, BytesMut};

/// What a stream sends when it has nothing to say, so that proxies keep it open.
pub const KEEP_ALIVE: &[u8] = b":\r\n\r\n";

/// Appends one event of type `message`: the id if there is one, then the data line by line. A lone carriage
/// return ends a line for readers too, so it must not stand in the middle of one.
pub fn encode_message(out: &mut BytesMut, id: Option<&dyn Display>, data: &[u8]) {
    out.reserve(data.len() + 64);
    if let Some(id) = id {
        put_field(out, "id", id);
    }
    out.put_slice(b"event: message\n");
    for line in data.split(|&byte| byte == b'\n' || byte == b'\r') {
        out.put_slice(b"data: ");
        out.put_slice(line);
        out.put_u8(b'\n');
    }
    out.put_u8(b'\n');
}

/// Appends an event that says nothing but where the reader stands, and after how many milliseconds to come
/// back if the connection ends (T-2511-02, T-2511-03).
pub fn encode_place(out: &mut BytesMut, id: &dyn Display, retry_ms: Option<u128>) {
    put_field(out, "id", id);
    if let Some(retry) = retry_ms {
        put_field(out, "retry", &retry);
    }
    out.put_slice(b"data: \n\n");
}

fn put_field(out: &mut BytesMut, name: &str, value: &dyn Display) {
    // Memory does not fail, and the values are this server's own numbers and names.
    let _ = writeln!(out, "{name}: {value}");
}

/// Appends the first event of an HTTP+SSE stream: where to post (T-2411-02). `uri` has no line breaks.
pub fn encode_endpoint(out: &mut BytesMut, uri: &str) {
    out.put_slice(b"event: endpoint\ndata: ");
    out.put_slice(uri.as_bytes());
    out.put_slice(b"\n\n");
}

/// One event as a reader sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Event {
    /// The `event` field; `message` when the stream named none.
    pub event: String,
    /// The `data` lines, joined by line feeds. Empty in a priming event.
    pub data: String,
    /// The last `id` seen on the stream, this event's or an earlier one's.
    pub id: Option<String>,
    /// A reconnection time in milliseconds, if this block carried one.
    pub retry_ms: Option<u64>,
}

/// Why a stream can no longer be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// One event grew past the bound given to [`Decoder::new`].
    #[error("an event is larger than {limit} bytes")]
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
    /// The stream is not UTF-8.
    #[error("the event stream is not UTF-8")]
    NotUtf8,
}

/// Reads events from chunks of bytes, however the network cut them.
///
/// Feed chunks with [`push`](Self::push) and take events with [`next_event`](Self::next_event) until it
/// gives `None`. After an error the decoder stays failed: drop it.
#[derive(Debug)]
pub struct Decoder {
    buffer: BytesMut,
    limit: usize,
    last_id: Option<String>,
    pending: Event,
    data_lines: usize,
    started: bool,
    after_cr: bool,
}

impl Decoder {
    /// A decoder that refuses events of more than `event_bytes_max` bytes.
    #[must_use]
    pub fn new(event_bytes_max: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            limit: event_bytes_max,
            last_id: None,
            pending: Event::default(),
            data_lines: 0,
            started: false,
            after_cr: false,
        }
    }

    /// Adds bytes as they came from the network.
    pub fn push(&mut self, chunk: &[u8]) {
        self.buffer.put_slice(chunk);
    }

    /// The next whole event, or `None` if more bytes are needed.
    ///
    /// Comments and blocks that carry neither data nor an id are passed over.
    ///
    /// # Errors
    /// The event is too large, or not UTF-8.
    pub fn next_event(&mut self) -> Result<Option<Event>, DecodeError> {
        loop {
            let Some(line) = self.take_line() else {
                if self.buffer.len() + self.pending.data.len() > self.limit {
                    return Err(DecodeError::TooLarge { limit: self.limit });
                }
                return Ok(None);
            };
            let line = std::str::from_utf8(&line).map_err(|_| DecodeError::NotUtf8)?;
            if line.is_empty() {
                if let Some(event) = self.finish_block() {
                    return Ok(Some(event));
                }
                continue;
            }
            self.field(line);
            if self.pending.data.len() > self.limit {
                return Err(DecodeError::TooLarge { limit: self.limit });
            }
        }
    }

    /// Takes a line without its end: LF, CR or CRLF.
    fn take_line(&mut self) -> Option<Bytes> {
        if !self.started && self.buffer.len() >= 3 {
            if self.buffer.starts_with(&[0xEF, 0xBB, 0xBF]) {
                let _ = self.buffer.split_to(3);
            }
            self.started = true;
        }
        if self.after_cr && !self.buffer.is_empty() {
            if self.buffer.starts_with(b"\n") {
                let _ = self.buffer.split_to(1);
            }
            self.after_cr = false;
        }
        let end = self
            .buffer
            .iter()
            .position(|&byte| byte == b'\n' || byte == b'\r')?;
        let mut line = self.buffer.split_to(end + 1);
        self.after_cr = line.ends_with(b"\r");
        self.started = true;
        line.truncate(end);
        Some(line.freeze())
    }

    fn field(&mut self, line: &str) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "data" => {
                if self.data_lines > 0 {
                    self.pending.data.push('\n');
                }
                self.data_lines += 1;
                self.pending.data.push_str(value);
            }
            "event" => value.clone_into(&mut self.pending.event),
            "id" if !value.contains('\0') => self.last_id = Some(value.to_owned()),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.pending.retry_ms = value.parse().ok().or(self.pending.retry_ms);
            }
            // A comment (empty name) or a field the standard says to ignore.
            _ => {}
        }
    }

    fn finish_block(&mut self) -> Option<Event> {
        let mut event = std::mem::take(&mut self.pending);
        let told_something = self.data_lines > 0 || event.retry_ms.is_some();
        self.data_lines = 0;
        if event.event.is_empty() {
            "message".clone_into(&mut event.event);
        }
        event.id.clone_from(&self.last_id);
        told_something.then_some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(chunks: &[&[u8]]) -> Vec<Event> {
        let mut decoder = Decoder::new(1 << 16);
        let mut events = Vec::new();
        for chunk in chunks {
            decoder.push(chunk);
            while let Some(event) = decoder.next_event().expect("valid stream") {
                events.push(event);
            }
        }
        events
    }

    #[test]
    fn what_is_encoded_is_decoded_whole_however_it_is_cut() {
        let mut wire = BytesMut::new();
        encode_message(&mut wire, Some(&"s1:4"), b"{\"a\":1}");
        wire.put_slice(KEEP_ALIVE);
        encode_message(&mut wire, None, "zwei\nZeilen ü".as_bytes());
        for cut in 0..wire.len() {
            let events = decode(&[&wire[..cut], &wire[cut..]]);
            assert_eq!(events.len(), 2, "cut at {cut}");
            assert_eq!(events[0].data, "{\"a\":1}");
            assert_eq!(events[0].id.as_deref(), Some("s1:4"));
            assert_eq!(events[1].data, "zwei\nZeilen ü");
            assert_eq!(events[1].id.as_deref(), Some("s1:4"), "the id is sticky");
        }
    }

    #[test]
    fn a_carriage_return_in_the_data_does_not_begin_another_field() {
        let mut wire = BytesMut::new();
        encode_message(&mut wire, None, b"{\rid: 7\r\r\ndata: x\r}");
        let events = decode(&[&wire]);
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].id, None);
        assert_eq!(events[0].data, "{\nid: 7\n\n\ndata: x\n}");
    }

    #[test]
    fn carriage_returns_end_lines_too() {
        let events = decode(&[b"data: a\r", b"\ndata: b\r\n\r\nretry: 500\rdata\r\r"]);
        assert_eq!(events[0].data, "a\nb");
        assert_eq!(events[1].retry_ms, Some(500));
        assert_eq!(events[1].data, "");
    }

    #[test]
    fn a_reconnection_time_is_digits_alone() {
        let events = decode(&[b"retry: 7\nretry: +5\nretry: -1\nretry:\nretry: 5s\n\n"]);
        assert_eq!(events[0].retry_ms, Some(7));
        assert_eq!(decode(&[b"retry: +5\n\n"]), []);
    }

    #[test]
    fn t_2511_02_a_place_is_an_id_with_empty_data() {
        let mut wire = BytesMut::new();
        encode_place(&mut wire, &"s1-0", None);
        encode_place(&mut wire, &"s1-3", Some(500));
        let events = decode(&[&wire]);
        assert_eq!(events[0].id.as_deref(), Some("s1-0"));
        assert_eq!((events[0].data.as_str(), events[0].retry_ms), ("", None));
        assert_eq!(events[1].id.as_deref(), Some("s1-3"));
        assert_eq!(
            (events[1].data.as_str(), events[1].retry_ms),
            ("", Some(500))
        );
    }

    #[test]
    fn an_event_past_the_bound_is_refused() {
        let mut decoder = Decoder::new(8);
        decoder.push(b"data: 0123456789");
        assert_eq!(
            decoder.next_event(),
            Err(DecodeError::TooLarge { limit: 8 })
        );
    }
}
