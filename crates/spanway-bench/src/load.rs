//! A closed-loop load: every connection sends its next call when the last one is answered.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::scenario::{Scenario, TEXT, post};

/// What a load measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) calls: u64,
    pub(crate) p50_micros: u64,
    pub(crate) p99_micros: u64,
}

/// Loads a server for a time. Every answer is checked; a wrong one ends the run.
pub(crate) async fn run(
    scenario: Scenario,
    address: SocketAddr,
    seconds: f64,
    connections: usize,
) -> anyhow::Result<Load> {
    let session = if scenario == Scenario::Legacy {
        Some(open_session(address).await?)
    } else {
        None
    };
    let until = Instant::now() + Duration::from_secs_f64(seconds);
    let mut tasks = JoinSet::new();
    for number in 0..connections {
        // In a session, requests in flight at once have ids of their own.
        let request = scenario.request(session.as_deref());
        let request = replace_id(request, number + 1);
        tasks.spawn(one_connection(address, request, until));
    }
    let mut latencies = Vec::new();
    while let Some(outcome) = tasks.join_next().await {
        latencies.extend(outcome??);
    }
    latencies.sort_unstable();
    Ok(Load {
        calls: latencies.len() as u64,
        p50_micros: percentile(&latencies, 50),
        p99_micros: percentile(&latencies, 99),
    })
}

/// The value below which so many of a hundred are.
pub(crate) fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let index = sorted.len() * percent / 100;
    sorted.get(index).copied().unwrap_or_default()
}

/// Gives a request its own id, of three digits so that all requests are of one length.
fn replace_id(request: Vec<u8>, number: usize) -> Vec<u8> {
    let Ok(text) = String::from_utf8(request) else {
        return Vec::new();
    };
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Vec::new();
    };
    let body = body.replacen("\"id\":1,", &format!("\"id\":{},", 100 + number), 1);
    let head = head
        .lines()
        .filter(|line| !line.starts_with("content-length"))
        .collect::<Vec<_>>()
        .join("\r\n");
    format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

async fn one_connection(
    address: SocketAddr,
    request: Vec<u8>,
    until: Instant,
) -> anyhow::Result<Vec<u64>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(4096);
    let mut latencies = Vec::new();
    while Instant::now() < until {
        let sent = Instant::now();
        stream.write_all(&request).await?;
        read_answer(&mut stream, &mut buffer).await?;
        latencies.push(u64::try_from(sent.elapsed().as_micros())?);
    }
    Ok(latencies)
}

/// Reads one whole answer and checks that it is the echo.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<()> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        if is_whole(buffer) {
            break;
        }
    }
    if !buffer.starts_with(b"HTTP/1.1 200") || find(buffer, TEXT.as_bytes()).is_none() {
        bail!("a wrong answer: {}", String::from_utf8_lossy(buffer));
    }
    Ok(())
}

/// Whether a response is there to its last byte: by its length, or by the last chunk.
fn is_whole(buffer: &[u8]) -> bool {
    let Some(head) = find(buffer, b"\r\n\r\n") else {
        return false;
    };
    let body = buffer.len() - head - 4;
    match find(buffer, b"content-length: ") {
        Some(at) if at < head => {
            let digits = buffer
                .iter()
                .skip(at + 16)
                .take_while(|byte| byte.is_ascii_digit());
            body >= digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'))
        }
        _ => buffer.ends_with(b"\r\n0\r\n\r\n"),
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

async fn open_session(address: SocketAddr) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let body = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}"#;
    stream.write_all(&post("", body)).await?;
    let mut buffer = Vec::new();
    while !is_whole(&buffer) {
        if stream.read_buf(&mut buffer).await? == 0 {
            bail!("the server closed the connection");
        }
    }
    let text = String::from_utf8_lossy(&buffer).into_owned();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("mcp-session-id: "));
    line.map(str::to_owned)
        .context("initialize gave no session")
}
