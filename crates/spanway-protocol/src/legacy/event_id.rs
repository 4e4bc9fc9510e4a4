//! Event ids of legacy streams: which stream, and how far it was read (T-2511-04).

use std::fmt;

/// The name of one stream within its session. Not a secret: a stream is only looked up in the session that
/// asks (ARCHITECTURE.md, invariant 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(u64);

impl StreamId {
    /// A name from 64 random bits.
    #[must_use]
    pub fn from_random(bits: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bits))
    }

    /// Reads a name as [`Display`](fmt::Display) writes it: 16 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hexadecimal = text.len() == 16
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        hexadecimal
            .then(|| u64::from_str_radix(text, 16).ok())?
            .map(Self)
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A place in a stream: after the message with this number. Messages count from 1; 0 is the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct EventId {
    /// The stream.
    pub stream: StreamId,
    /// The number of the message.
    pub sequence: u64,
}

impl EventId {
    /// The place after message `sequence` of `stream`.
    #[must_use]
    pub fn new(stream: StreamId, sequence: u64) -> Self {
        Self { stream, sequence }
    }

    /// Reads an id a client sent. `None` if it is of no form this server issues.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (stream, sequence) = text.split_once('-')?;
        let digits = !sequence.is_empty() && sequence.bytes().all(|byte| byte.is_ascii_digit());
        let sequence = digits.then(|| sequence.parse().ok())??;
        Some(Self::new(StreamId::parse(stream)?, sequence))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.stream, self.sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_2511_04_an_event_id_names_its_stream_and_reads_back() {
        let id = EventId::new(StreamId::from_random([0, 0, 0, 0, 0, 0, 1, 0xab]), 42);
        assert_eq!(id.to_string(), "00000000000001ab-42");
        assert_eq!(EventId::parse(&id.to_string()), Some(id));
    }

    #[test]
    fn what_this_server_never_wrote_is_no_event_id() {
        for text in [
            "",
            "7",
            "-",
            "00000000000001ab",
            "00000000000001ab-",
            "00000000000001ab--1",
            "00000000000001ab-+1",
            "00000000000001AB-1",
            "+0000000000001ab-1",
            "00000000000001ab-99999999999999999999",
        ] {
            assert_eq!(EventId::parse(text), None, "{text:?}");
        }
    }
}
