//! One connection of HTTP/1.1: requests as bytes, answers read whole and checked.

use std::net::SocketAddr;

use anyhow::{Context as _, bail, ensure};
use memchr::memmem::find;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::asking::{TEXT, in_session, request};

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}"#;
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// A connection, and what was read of the last answer.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) address: SocketAddr,
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let buffer = Vec::with_capacity(4096);
        Ok(Self {
            address,
            stream,
            buffer,
        })
    }

    /// Sends a call and checks that the answer is its echo.
    pub(crate) async fn call(&mut self, request: &[u8]) -> anyhow::Result<()> {
        let answer = self.exchange(request).await?;
        if !answer.starts_with(b"HTTP/1.1 200") || find(answer, TEXT.as_bytes()).is_none() {
            bail!("a wrong answer: {}", String::from_utf8_lossy(answer));
        }
        Ok(())
    }

    /// Opens a session and gives its id, if the server made one.
    pub(crate) async fn initialize(&mut self) -> anyhow::Result<Option<String>> {
        let answer = self
            .exchange(&request("POST", self.address, &[], INITIALIZE))
            .await?;
        let text = String::from_utf8_lossy(answer);
        ensure!(text.starts_with("HTTP/1.1 200"), "initialize gave {text}");
        let session = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_id = name.eq_ignore_ascii_case("mcp-session-id");
            is_id.then(|| value.trim().to_owned())
        });
        let headers = in_session(session.as_deref());
        let answer = self
            .exchange(&request("POST", self.address, &headers, INITIALIZED))
            .await?;
        ensure!(
            answer.starts_with(b"HTTP/1.1 20"),
            "initialized was refused"
        );
        Ok(session)
    }

    /// Ends a session.
    pub(crate) async fn delete(&mut self, session: &str) -> anyhow::Result<()> {
        let headers = in_session(Some(session));
        let answer = self
            .exchange(&request("DELETE", self.address, &headers, ""))
            .await?;
        ensure!(answer.starts_with(b"HTTP/1.1 20"), "DELETE was refused");
        Ok(())
    }

    /// Opens a GET stream of a session and reads the head of the answer. It stays open as long as this value.
    pub(crate) async fn listen(&mut self, session: &str) -> anyhow::Result<()> {
        let headers = in_session(Some(session));
        self.stream
            .write_all(&request("GET", self.address, &headers, ""))
            .await?;
        self.buffer.clear();
        while find(&self.buffer, b"\r\n\r\n").is_none() {
            self.read().await?;
        }
        let opened = self.buffer.starts_with(b"HTTP/1.1 200");
        ensure!(opened, "GET gave {}", String::from_utf8_lossy(&self.buffer));
        Ok(())
    }

    async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<&[u8]> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        while !is_whole(&self.buffer) {
            self.read().await?;
        }
        Ok(&self.buffer)
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        let read = self.stream.read_buf(&mut self.buffer).await;
        let count = read.context("the connection broke")?;
        ensure!(count > 0, "the server closed the connection");
        Ok(())
    }
}

/// Whether a response is there to its last byte: by its length, or by the last chunk.
fn is_whole(buffer: &[u8]) -> bool {
    let Some(end) = find(buffer, b"\r\n\r\n") else {
        return false;
    };
    let (head, body) = buffer.split_at(end + 4);
    if let Some(length) = length(head) {
        return body.len() >= length;
    }
    let chunked = find(head, b"chunked").is_some();
    !chunked || body.starts_with(b"0\r\n\r\n") || body.ends_with(b"\r\n0\r\n\r\n")
}

/// Servers write the name in either case.
fn length(head: &[u8]) -> Option<usize> {
    let at = find(head, b"ontent-length: ").or_else(|| find(head, b"ontent-Length: "))?;
    let digits = head.get(at + 15..)?.iter();
    let digits = digits.take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_by_its_length_or_its_last_chunk() {
        assert!(is_whole(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"));
        assert!(!is_whole(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}"));
        let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
        assert!(is_whole(chunked));
        assert!(!is_whole(&chunked[..chunked.len() - 5]));
        assert!(is_whole(b"HTTP/1.1 204 No Content\r\n\r\n"));
    }
}
