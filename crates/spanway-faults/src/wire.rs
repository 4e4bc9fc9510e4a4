//! One HTTP/1.1 exchange on a connection of its own, with every way it can break told apart from an answer.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use spanway_protocol::sse::{Decoder, Event};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a client waits for the head of an answer.
const HEAD_PATIENCE: Duration = Duration::from_secs(5);
/// How long it waits for the next bytes. Nodes send a comment every second.
const PATIENCE: Duration = Duration::from_secs(3);
const EVENT_BYTES_MAX: usize = 1 << 20;

/// Why there is no answer, or no more of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Nobody listens, or the connection broke before the answer.
    Unanswered,
    /// The connection broke in the middle of the answer.
    Cut,
    /// It is open, and says nothing.
    Silent,
}

/// An answer as it comes. Dropping it closes the connection.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    body: Incoming,
    connection: BoxFuture<'static, ()>,
    connected: bool,
    decoder: Decoder,
}

/// Sends a request and waits for the head of its answer.
pub(crate) async fn send(
    address: SocketAddr,
    request: Request<Full<Bytes>>,
) -> Result<Answer, Broken> {
    let exchanged = timeout(HEAD_PATIENCE, exchange(address, request)).await;
    exchanged.unwrap_or(Err(Broken::Silent))
}

async fn exchange(address: SocketAddr, request: Request<Full<Bytes>>) -> Result<Answer, Broken> {
    let unanswered = |_| Broken::Unanswered;
    let stream = TcpStream::connect(address)
        .await
        .map_err(|_| Broken::Unanswered)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(unanswered)?;
    let mut connection = connection.map(drop).boxed();
    let mut connected = true;
    let mut response = Box::pin(sender.send_request(request));
    let response = loop {
        tokio::select! {
            biased;
            response = &mut response => break response.map_err(unanswered)?,
            () = &mut connection, if connected => connected = false,
        }
    };
    let (head, body) = response.into_parts();
    Ok(Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body,
        connection,
        connected,
        decoder: Decoder::new(EVENT_BYTES_MAX),
    })
}

impl Answer {
    /// A header as text; empty if it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    pub(crate) fn is_stream(&self) -> bool {
        self.header("content-type") == "text/event-stream"
    }

    /// The next event; `None` at the proper end of the answer.
    pub(crate) async fn event(&mut self) -> Result<Option<Event>, Broken> {
        loop {
            if let Some(event) = self.decoder.next_event().map_err(|_| Broken::Cut)? {
                return Ok(Some(event));
            }
            let Some(bytes) = self.piece().await? else {
                return Ok(None);
            };
            self.decoder.push(&bytes);
        }
    }

    /// The rest of the body.
    pub(crate) async fn rest(&mut self) -> Result<Vec<u8>, Broken> {
        let mut whole = Vec::new();
        while let Some(bytes) = self.piece().await? {
            whole.extend_from_slice(&bytes);
        }
        Ok(whole)
    }

    async fn piece(&mut self) -> Result<Option<Bytes>, Broken> {
        loop {
            let frame = timeout(PATIENCE, self.frame()).await;
            match frame.map_err(|_| Broken::Silent)? {
                None => return Ok(None),
                Some(Err(_)) => return Err(Broken::Cut),
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
            }
        }
    }

    /// Reads while the connection is driven; nothing else drives it.
    async fn frame(&mut self) -> Option<Result<http_body::Frame<Bytes>, hyper::Error>> {
        loop {
            tokio::select! {
                biased;
                frame = self.body.frame() => return frame,
                () = &mut self.connection, if self.connected => self.connected = false,
            }
        }
    }
}
