//! Calls over HTTP/2 without TLS, known beforehand: several streams on each connection.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::ensure;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use memchr::memmem::find;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::asking::{Asking, TEXT};

/// Calls in flight on one connection.
const STREAMS: usize = 8;

/// One connection until the time is over; gives how long each call took, in microseconds.
pub(crate) async fn connection(
    address: SocketAddr,
    asking: Asking,
    until: Instant,
) -> anyhow::Result<Vec<u64>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    let mut tasks = JoinSet::new();
    // It ends with the last sender.
    tasks.spawn(async {
        connection.await?;
        Ok(Vec::new())
    });
    let body = Bytes::from(asking.body());
    for _ in 0..STREAMS {
        tasks.spawn(stream_of_calls(sender.clone(), asking, body.clone(), until));
    }
    drop(sender);
    let mut micros = Vec::new();
    while let Some(outcome) = tasks.join_next().await {
        micros.extend(outcome??);
    }
    Ok(micros)
}

async fn stream_of_calls(
    mut sender: SendRequest<Full<Bytes>>,
    asking: Asking,
    body: Bytes,
    until: Instant,
) -> anyhow::Result<Vec<u64>> {
    let mut micros = Vec::new();
    while Instant::now() < until {
        let mut request = Request::post("http://localhost/mcp")
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream");
        for (name, value) in asking.headers(None) {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(body.clone()))?;
        let sent = Instant::now();
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let answer = answer.into_body().collect().await?.to_bytes();
        let right = status == 200 && find(&answer, TEXT.as_bytes()).is_some();
        ensure!(right, "a wrong answer: {status} {answer:?}");
        micros.push(u64::try_from(sent.elapsed().as_micros())?);
    }
    Ok(micros)
}
