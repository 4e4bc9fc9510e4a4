//! Where a response is broken, and how: decided byte by byte, without a socket.

use std::time::Duration;

/// What happens to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Both sides are closed; the client's end is reset if `reset`.
    Cut {
        /// After this much of the response.
        at: Place,
        /// Whether the client is told of an error rather than of an end.
        reset: bool,
    },
    /// Nothing more is forwarded and nothing closed: a connection that is half open.
    Stall {
        /// After this much of the response.
        at: Place,
    },
    /// The response is forwarded in small pieces.
    Slow {
        /// So many bytes of it at a time.
        bytes: usize,
        /// And then a pause.
        pause: Duration,
    },
}

/// A place in a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// After so many bytes, the head included.
    Byte(u64),
    /// Inside an event: so many bytes behind the end of the event before, but never a whole event further.
    Event {
        /// Which one, from 0.
        event: u32,
        /// How far into it.
        bytes: u64,
    },
}

/// Follows a response up to its place.
#[derive(Debug)]
pub(super) struct Scanner {
    place: Place,
    seen: u64,
    events: u32,
    /// Bytes behind the end of the last event.
    behind: u64,
    /// Whether the last byte ended a line.
    line_ended: bool,
}

impl Scanner {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            seen: 0,
            events: 0,
            behind: 0,
            line_ended: false,
        }
    }

    /// How many of these bytes come before the place; less than all if it is among them.
    pub(super) fn pass(&mut self, chunk: &[u8]) -> usize {
        for (index, &byte) in chunk.iter().enumerate() {
            if self.is_there(byte) {
                return index;
            }
            self.note(byte);
        }
        chunk.len()
    }

    /// Whether `next` must not be passed on.
    fn is_there(&self, next: u8) -> bool {
        match self.place {
            Place::Byte(bytes) => self.seen >= bytes,
            Place::Event { event, bytes } => {
                let would_end = self.line_ended && next == b'\n';
                self.events > event || (self.events == event && (self.behind >= bytes || would_end))
            }
        }
    }

    /// An event ends with an empty line. Heads and chunks end their lines with CRLF, which is none.
    fn note(&mut self, byte: u8) {
        self.seen += 1;
        self.behind += 1;
        if byte == b'\n' && self.line_ended {
            self.events += 1;
            self.behind = 0;
            self.line_ended = false;
        } else {
            self.line_ended = byte == b'\n';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESPONSE: &[u8] =
        b"HTTP/1.1 200 OK\r\nx: y\r\n\r\n8\r\nid: 1\ndata: \n\n\r\n9\r\ndata: a\n\n\r\n";

    fn passed(place: Place, piece: usize) -> String {
        let mut scanner = Scanner::new(place);
        let mut out = Vec::new();
        for chunk in RESPONSE.chunks(piece) {
            let many = scanner.pass(chunk);
            out.extend_from_slice(&chunk[..many]);
            if many < chunk.len() {
                break;
            }
        }
        String::from_utf8(out).expect("plain text")
    }

    #[test]
    fn a_place_is_found_however_the_bytes_come() {
        for piece in 1..=RESPONSE.len() {
            assert_eq!(passed(Place::Byte(12), piece), "HTTP/1.1 200");
            let inside = Place::Event { event: 1, bytes: 9 };
            assert!(passed(inside, piece).ends_with("data: \n\n\r\n9\r\ndata"));
        }
    }

    #[test]
    fn a_place_inside_an_event_never_lets_it_be_whole() {
        for event in 0..2 {
            let cut = passed(Place::Event { event, bytes: 999 }, 7);
            assert_eq!(cut.matches("\n\n").count(), event as usize, "{cut:?}");
            assert!(cut.ends_with('\n'));
        }
        let beyond = passed(Place::Event { event: 2, bytes: 9 }, 7);
        assert_eq!(beyond.len(), RESPONSE.len());
    }
}
