//! Bytes over a real connection, for what only shows there: disconnects, halves of requests, keep-alive.

mod observer;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use http::{HeaderName, HeaderValue, Request};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::exchange::Exchange;
use observer::Observer;

/// Longer than any test should wait; only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(20);

/// An HTTP/1.1 connection, written and read by hand. Dropping it is a disconnect.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    unread: BytesMut,
    /// `None` where the test wants nothing checked.
    observer: Option<Observer>,
}

impl Socket {
    /// Connects.
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address)
            .await
            .expect("the server listens");
        Self {
            stream,
            unread: BytesMut::new(),
            observer: Some(Observer::default()),
        }
    }

    /// Does not hold the answers against the published schemas. `_why` says which odd thing is asked here.
    #[must_use]
    pub fn unchecked(mut self, _why: &'static str) -> Self {
        self.observer = None;
        self
    }

    /// Sends bytes as they are. A server that closed the connection already is not an error here.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok()
    }

    /// Sends a POST of `message` to `/mcp`, with more header lines if needed (each ends with CRLF).
    pub async fn post(&mut self, headers: &str, message: &Value) {
        let body = message.to_string();
        let request = format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            body.len()
        );
        if let Some(observer) = &mut self.observer {
            observer.ask(exchange(headers, &body));
        }
        assert!(self.write(request).await, "the connection is open");
    }

    /// Reads the head of a response: status line and headers, lower case.
    pub async fn head(&mut self) -> String {
        let end = self.read_until(b"\r\n\r\n").await;
        let head = self.unread.split_to(end);
        self.unread.advance(4);
        String::from_utf8_lossy(&head).to_lowercase()
    }

    /// Reads a response with a `Content-Length`: the head and the body.
    pub async fn response(&mut self) -> (String, String) {
        let head = self.head().await;
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map_or(0, |text| text.parse().expect("a length"));
        while self.unread.len() < length {
            assert!(self.fill().await, "the body is whole");
        }
        let body = self.unread.split_to(length);
        (head, String::from_utf8_lossy(&body).into_owned())
    }

    /// Reads until `pattern` has come; whatever stands before it and the pattern are dropped.
    pub async fn wait_for(&mut self, pattern: &str) {
        let at = self.read_until(pattern.as_bytes()).await;
        self.unread.advance(at + pattern.len());
    }

    /// Reads to the end of the line.
    pub async fn line(&mut self) -> String {
        let end = self.read_until(b"\n").await;
        let line = self.unread.split_to(end);
        self.unread.advance(1);
        String::from_utf8_lossy(&line).into_owned()
    }

    /// Reads to the end of the connection; a reset counts as one.
    pub async fn rest(&mut self) -> String {
        while self.fill().await {}
        String::from_utf8_lossy(&self.unread.split()).into_owned()
    }

    async fn read_until(&mut self, pattern: &[u8]) -> usize {
        loop {
            let mut windows = self.unread.windows(pattern.len());
            if let Some(at) = windows.position(|window| window == pattern) {
                return at;
            }
            let more = self.fill().await;
            let so_far = String::from_utf8_lossy(&self.unread);
            assert!(more, "the connection ended after {so_far:?}");
        }
    }

    async fn fill(&mut self) -> bool {
        let before = self.unread.len();
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.unread)).await;
        let more = matches!(read.expect("the server does not hang"), Ok(count) if count > 0);
        if let Some(observer) = &mut self.observer {
            observer.read(&self.unread[before..]);
        }
        more
    }
}

/// What follows from a POST with these header lines.
fn exchange(headers: &str, body: &str) -> Exchange {
    let mut request = Request::post("/mcp");
    for line in headers.lines() {
        let (name, value) = line.split_once(':').expect("a header line");
        let name = HeaderName::try_from(name).expect("a header name");
        let value = HeaderValue::try_from(value.trim()).expect("a header value");
        request = request.header(name, value);
    }
    let (parts, ()) = request.body(()).expect("a request").into_parts();
    Exchange::of_request(&parts, Some(body.as_bytes()))
}
