//! Event streams: what is written is read again however it is cut, and any bytes are read as the standard
//! says, by comparison with a reader that knows the whole stream at once.

use std::fmt::Display;

use bytes::BytesMut;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use spanway_protocol::legacy::{EventId, StreamId};
use spanway_protocol::sse::{
    DecodeError, Decoder, Event, KEEP_ALIVE, encode_endpoint, encode_message, encode_place,
};

use crate::runner::{self, Failure, Settings};
use crate::seeds::Text;

const EVENT_BYTES_MAX: usize = 1 << 20;
/// What streams are made of, and what they must not be.
const TOKENS: &[&[u8]] = &[
    b"data",
    b"data:",
    b"data: x",
    b"data:  y",
    b"id",
    b"id: 1",
    b"id: a\0",
    b"event: ping",
    b"event",
    b"retry: 15",
    b"retry: +5",
    b"retry: -1",
    b"retry:",
    b"retry: 99999999999999999999",
    b":",
    b": comment",
    b"other: x",
    b"\n",
    b"\n\n",
    b"\r",
    b"\r\n",
    b"\r\n\r\n",
    b"\xef\xbb\xbf",
    b"\xc3\xa4",
    b"\xff",
    b"\0",
    b" ",
];
/// A bound that inputs reach.
const SMALL: usize = 24;

pub(super) fn run(settings: &Settings) -> Result<u64, Failure> {
    let cuts = prop::collection::vec(any::<Index>(), 0..6);
    runner::run(settings, &(stream(), cuts), |(stream, cuts)| {
        check(&stream, &cuts)
    })
}

/// A stream, as it was written or as it came.
#[derive(Debug, Clone)]
enum Stream {
    Written(Vec<Written>),
    Bytes(Text),
}

#[derive(Debug, Clone)]
enum Written {
    Message(Option<EventId>, String),
    Place(EventId, Option<u32>),
    Endpoint(String),
    Comment,
}

fn stream() -> impl Strategy<Value = Stream> {
    let data = prop_oneof![
        "[ -~\u{e4}\u{1f600}\u{2028}\r\n:]{0,30}",
        "(data|id|event): ?\n?.{0,9}"
    ];
    let id = || {
        any::<([u8; 8], u64)>()
            .prop_map(|(stream, sequence)| EventId::new(StreamId::from_random(stream), sequence))
    };
    let message = (prop::option::of(id()), data).prop_map(|(id, data)| Written::Message(id, data));
    let place = (id(), any::<Option<u32>>()).prop_map(|(id, retry)| Written::Place(id, retry));
    let endpoint = "[!-~]{0,12}".prop_map(Written::Endpoint);
    let written = prop_oneof![4 => message, 2 => place, 1 => endpoint, 1 => Just(Written::Comment)];
    let token = select(TOKENS).prop_map(<[u8]>::to_vec);
    let bytes = prop_oneof![8 => token, 1 => prop::collection::vec(any::<u8>(), 1..4)];
    prop_oneof![
        prop::collection::vec(written, 0..6).prop_map(Stream::Written),
        prop::collection::vec(bytes, 0..40).prop_map(|parts| Stream::Bytes(Text(parts.concat()))),
    ]
}

fn check(stream: &Stream, cuts: &[Index]) {
    let (bytes, expected) = match stream {
        Stream::Written(parts) => (write(parts), Ok(events_of(parts))),
        Stream::Bytes(Text(bytes)) => (bytes.clone(), read_whole(bytes)),
    };
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.sort_unstable();
    assert_eq!(read(&bytes, &cuts, EVENT_BYTES_MAX), expected);
    let each: Vec<usize> = (0..bytes.len()).collect();
    assert_eq!(
        read(&bytes, &each, EVENT_BYTES_MAX),
        expected,
        "byte by byte"
    );
    if let Ok(events) = read(&bytes, &each, SMALL) {
        let within = events.iter().all(|event| event.data.len() <= SMALL);
        assert!(
            within,
            "an event past the bound of {SMALL} bytes: {events:?}"
        );
    }
}

fn write(parts: &[Written]) -> Vec<u8> {
    let mut out = BytesMut::new();
    for part in parts {
        match part {
            Written::Message(id, data) => {
                let id = id.as_ref().map(|id| id as &dyn Display);
                encode_message(&mut out, id, data.as_bytes());
            }
            Written::Place(id, retry) => encode_place(&mut out, id, retry.map(Into::into)),
            Written::Endpoint(uri) => encode_endpoint(&mut out, uri),
            Written::Comment => out.extend_from_slice(KEEP_ALIVE),
        }
    }
    out.to_vec()
}

/// The events of what was written: one for each part but comments. Line ends are line feeds now.
fn events_of(parts: &[Written]) -> Vec<Event> {
    let mut last_id = None;
    let mut events = Vec::new();
    for part in parts {
        let (name, data, id, retry) = match part {
            Written::Message(id, data) => ("message", data.replace('\r', "\n"), *id, None),
            Written::Place(id, retry) => ("message", String::new(), Some(*id), *retry),
            Written::Endpoint(uri) => ("endpoint", uri.clone(), None, None),
            Written::Comment => continue,
        };
        last_id = id.map(|id| id.to_string()).or(last_id);
        events.push(event(name, &data, last_id.clone(), retry.map(Into::into)));
    }
    events
}

fn event(name: &str, data: &str, id: Option<String>, retry_ms: Option<u64>) -> Event {
    let mut event = Event::default();
    (event.event, event.data) = (name.to_owned(), data.to_owned());
    (event.id, event.retry_ms) = (id, retry_ms);
    event
}

/// Reads the bytes in pieces that end at the cuts.
fn read(bytes: &[u8], cuts: &[usize], limit: usize) -> Result<Vec<Event>, DecodeError> {
    let mut decoder = Decoder::new(limit);
    let mut events = Vec::new();
    let mut begin = 0;
    for end in cuts.iter().copied().chain([bytes.len()]) {
        decoder.push(&bytes[begin..end]);
        begin = end;
        while let Some(event) = decoder.next_event()? {
            events.push(event);
        }
    }
    Ok(events)
}

/// The standard's reader, for a stream that is all there, except that what is not UTF-8 is refused, and that
/// a block with nothing but a `retry` is an event too.
fn read_whole(bytes: &[u8]) -> Result<Vec<Event>, DecodeError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut events = Vec::new();
    let (mut last_id, mut name, mut data, mut retry) = (None, String::new(), None::<String>, None);
    for line in whole_lines(bytes) {
        let line = std::str::from_utf8(line).map_err(|_| DecodeError::NotUtf8)?;
        if line.is_empty() {
            if data.is_some() || retry.is_some() {
                let name = if name.is_empty() { "message" } else { &name };
                let data = data.as_deref().unwrap_or_default();
                events.push(event(name, data, last_id.clone(), retry));
            }
            (name, data, retry) = (String::new(), None, None);
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        match field {
            "data" => data = Some(data.map_or(value.clone(), |before| before + "\n" + &value)),
            "event" => name = value,
            "id" if !value.contains('\0') => last_id = Some(value),
            // A number too large to be one says nothing.
            "retry" if digits => retry = value.parse().ok().or(retry),
            _ => {}
        }
    }
    Ok(events)
}

/// The lines that have an end: CRLF, LF or CR.
fn whole_lines(mut rest: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    while let Some(end) = rest.iter().position(|byte| b"\r\n".contains(byte)) {
        lines.push(&rest[..end]);
        let ending = if rest[end..].starts_with(b"\r\n") {
            2
        } else {
            1
        };
        rest = &rest[end + ending..];
    }
    lines
}
