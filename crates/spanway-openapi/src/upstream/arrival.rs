//! A response while it arrives: its lines are told, and what has come is there if the rest does not.
//!
//! Only text that is made to be read as it comes is followed: event streams, JSON lines, CSV and plain text.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Response, StatusCode, header};

use crate::credentials::{Hidden, Outcome, Secret};
use crate::limits::{STREAM_LINE_BYTES_MAX, STREAM_LINE_CHARS_MAX};
use crate::operation::essence;

/// Hears of each line: bytes so far, and the line.
pub(crate) type Tell = Arc<dyn Fn(usize, &str) + Send + Sync>;

/// A mark on a response whose end was not waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unfinished;

/// What has come of a response; travels to the upstream in the request's extensions.
#[derive(Clone)]
pub(crate) struct Arrival {
    tell: Option<Tell>,
    /// What was sent and is not told.
    hidden: Arc<Mutex<Hidden>>,
    /// Media types that the document says are streams of items.
    streams: Arc<[String]>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// `None`: there is none yet, or it is none that is followed.
    head: Option<(StatusCode, HeaderMap)>,
    is_event_stream: bool,
    body: BytesMut,
    /// Where the line that is not complete begins.
    line_at: usize,
    /// Whether its beginning was told already.
    is_within: bool,
}

impl Arrival {
    pub(crate) fn new(tell: Option<Tell>, hidden: Hidden) -> Self {
        Self {
            tell,
            hidden: Arc::new(Mutex::new(hidden)),
            streams: Arc::default(),
            state: Arc::default(),
        }
    }

    /// Follows answers of these media types too.
    pub(crate) fn following<'t>(mut self, streams: impl Iterator<Item = &'t str>) -> Self {
        // A stream of parts has other borders than lines.
        let lines = streams.filter(|it| !it.starts_with("multipart/"));
        self.streams = lines.map(str::to_owned).collect();
        self
    }

    /// These credentials go with the request.
    pub(crate) fn hide(&self, credentials: impl IntoIterator<Item = Secret>) {
        lock(&self.hidden).extend(credentials);
    }

    /// What must not come back with the response.
    pub(crate) fn hidden(&self) -> Hidden {
        lock(&self.hidden).clone()
    }

    /// A response begins; what came of an earlier attempt is forgotten.
    pub(super) fn begin(&self, status: StatusCode, headers: &HeaderMap) {
        let media_type = headers.get(header::CONTENT_TYPE);
        let media_type = media_type.and_then(|it| it.to_str().ok());
        let media_type = media_type.map_or_else(String::new, essence);
        let is_followed =
            status.is_success() && (is_stream(&media_type) || self.streams.contains(&media_type));
        *lock(&self.state) = State {
            head: is_followed.then(|| (status, headers.clone())),
            is_event_stream: media_type == "text/event-stream",
            ..State::default()
        };
    }

    /// More of its body is there.
    pub(super) fn chunk(&self, bytes: &[u8]) {
        let mut lines = Vec::new();
        let hidden = self.hidden();
        {
            let mut state = lock(&self.state);
            if state.head.is_none() {
                return;
            }
            state.body.extend_from_slice(bytes);
            while self.tell.is_some()
                && let Some(line) = state.next_line(&hidden)
            {
                lines.push((state.line_at, line));
            }
        }
        let told = self
            .tell
            .iter()
            .flat_map(|tell| lines.iter().map(move |it| (tell, it)));
        for (tell, (so_far, line)) in told.filter(|(_, (_, line))| !line.is_empty()) {
            tell(*so_far, line);
        }
    }

    /// What has come, if it is a response worth having without its end.
    pub(crate) fn so_far(&self) -> Option<Response<Bytes>> {
        let mut state = lock(&self.state);
        if state.body.is_empty() {
            return None;
        }
        let (status, headers) = state.head.take()?;
        let mut response = Response::new(std::mem::take(&mut state.body).freeze());
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response.extensions_mut().insert(Unfinished);
        Some(response)
    }
}

/// What is behind a poisoned lock is whole: nothing panics between two changes of it.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// The next line that is complete, or too long to wait for its end; empty if there is nothing to tell in it.
    fn next_line(&mut self, hidden: &Hidden) -> Option<String> {
        let rest = self.body.get(self.line_at..)?;
        let (line, length, ends) = match rest.iter().position(|byte| *byte == b'\n') {
            Some(end) => (rest.get(..end)?, end + 1, true),
            None if rest.len() >= STREAM_LINE_BYTES_MAX => (rest, rest.len(), false),
            None => return None,
        };
        // A credential may stand where a line is told in parts; then the first is enough.
        let is_told = !self.is_within || hidden.is_empty();
        let text = match is_told {
            true => hidden.scrub(&String::from_utf8_lossy(line), Outcome::Success),
            false => String::new(),
        };
        let text = match (self.is_event_stream, text.split_once(':')) {
            (false, _) => text.as_str(),
            (true, Some(("data", data))) => data,
            (true, _) => "",
        };
        // Texts of JSON in a sequence begin with a separator of records (RFC 7464).
        let text = text
            .trim_start_matches('\u{1e}')
            .trim()
            .chars()
            .take(STREAM_LINE_CHARS_MAX)
            .collect();
        self.line_at += length;
        self.is_within = !ends;
        Some(text)
    }
}

fn is_stream(media_type: &str) -> bool {
    let lines = ["ndjson", "jsonl", "json-lines", "json-seq", "stream+json"];
    matches!(media_type, "text/event-stream" | "text/csv" | "text/plain")
        || lines.iter().any(|it| media_type.contains(it))
}

impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn told(media_type: &'static str, chunks: &[&[u8]]) -> (Vec<(usize, String)>, Arrival) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hear = Arc::clone(&heard);
        let tell: Tell =
            Arc::new(move |so_far, line| hear.lock().unwrap().push((so_far, line.to_owned())));
        let arrival = Arrival::new(Some(tell), Hidden::default());
        let arrival = arrival.following(["application/x-items"].into_iter());
        if media_type == "text/csv" {
            arrival.hide([Secret::new("long-secret")]);
        }
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static(media_type));
        arrival.begin(StatusCode::OK, &headers);
        chunks.iter().for_each(|chunk| arrival.chunk(chunk));
        let heard = heard.lock().unwrap().clone();
        (heard, arrival)
    }

    #[test]
    fn k1b_10_lines_of_text_csv_and_json_are_told_once_they_are_complete() {
        for media_type in [
            "text/plain; charset=utf-8",
            "text/csv",
            "application/x-ndjson",
        ] {
            let (heard, arrival) = told(media_type, &[b"one\ntw", b"o\r\n", b"\nthr"]);
            assert_eq!(heard, [(4, "one".to_owned()), (9, "two".to_owned())]);
            let response = arrival.so_far().unwrap();
            assert_eq!(response.body().as_ref(), b"one\ntwo\r\n\nthr");
            assert!(response.extensions().get::<Unfinished>().is_some());
        }
    }

    #[test]
    fn k1b_10_the_data_of_events_is_told() {
        let stream: &[u8] = b": hello\nid: 1\ndata: {\"a\": 1}\n\ndata:x\n\n";
        let (heard, _) = told("text/event-stream", &[stream]);
        let heard: Vec<&str> = heard.iter().map(|it| it.1.as_str()).collect();
        assert_eq!(heard, ["{\"a\": 1}", "x"]);
    }

    #[test]
    fn what_the_document_says_is_a_stream_is_told_item_by_item() {
        let (heard, _) = told("application/geo+json-seq", &[b"\x1e{\"a\": 1}\n\x1e{}\n"]);
        let heard: Vec<&str> = heard.iter().map(|it| it.1.as_str()).collect();
        assert_eq!(heard, ["{\"a\": 1}", "{}"]);
        assert!(told("application/x-own", &[b"1\n"]).0.is_empty());
        let (heard, _) = told("application/x-items", &[b"1\n2\n"]);
        assert_eq!(heard.len(), 2);
    }

    #[test]
    fn a_line_without_an_end_is_told_in_parts() {
        let long = vec![b'x'; STREAM_LINE_BYTES_MAX];
        let (heard, _) = told("text/plain", &[&long, b"y\n"]);
        assert_eq!(heard[0].1.len(), STREAM_LINE_CHARS_MAX);
        assert_eq!(heard[1].1, "y");
    }

    #[test]
    fn credentials_are_not_told_even_where_a_line_is_told_in_parts() {
        let mut long = vec![b'x'; STREAM_LINE_BYTES_MAX - 5];
        long.extend_from_slice(b"long-");
        let (heard, _) = told("text/csv", &[b"a,long-secret\n", &long, b"secret\ny\n"]);
        let heard: Vec<&str> = heard.iter().map(|it| it.1.as_str()).collect();
        assert_eq!((heard[0], heard.len()), ("a,[redacted]", 3));
        assert!(heard[1].ends_with('x') && heard[2] == "y");
    }

    #[test]
    fn other_answers_are_waited_for() {
        let (heard, arrival) = told("application/json", &[b"{}\n"]);
        assert!(heard.is_empty() && arrival.so_far().is_none());
    }
}
