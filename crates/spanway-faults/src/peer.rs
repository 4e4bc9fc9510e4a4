//! A client of the handshake revisions: its session, its requests, and how it comes back when it is refused
//! for a while.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{bail, ensure};
use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::Full;
use serde_json::{Value, json};
use spanway_protocol::{LAST_EVENT_ID, PROTOCOL_VERSION, SESSION_ID};

use crate::figures::Figures;
use crate::wire::{self, Answer, Broken};

/// How long a client waits before it connects again. Servers may ask for more, but not in a test.
const BACK_OFF: Duration = Duration::from_millis(20);
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// A client with an open session.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) session: String,
    pub(crate) version: &'static str,
    token: Option<String>,
    figures: Arc<Figures>,
}

impl Peer {
    /// Opens a session, however often it takes.
    pub(crate) async fn open(
        address: SocketAddr,
        version: &'static str,
        token: Option<&str>,
        figures: &Arc<Figures>,
    ) -> anyhow::Result<Self> {
        let mut peer = Self {
            address,
            session: String::new(),
            version,
            token: token.map(str::to_owned),
            figures: figures.clone(),
        };
        let hello = json!({
            "jsonrpc": "2.0",
            "id": 0,
            "method": "initialize",
            "params": {
                "protocolVersion": version,
                "capabilities": { "elicitation": {} },
                "clientInfo": { "name": "spanway-faults", "version": "0" },
            },
        });
        let answer = peer.insist(|peer| peer.post(&hello)).await;
        if answer.status != 200 {
            bail!("initialize was answered {}", answer.status);
        }
        peer.session = answer.header(SESSION_ID.as_str()).to_owned();
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let status = peer.insist(|peer| peer.post(&ready)).await.status;
        if status != 202 {
            bail!("a session just opened: initialized was answered {status}");
        }
        Ok(peer)
    }

    /// The same client on other connections.
    pub(crate) fn by(&self, address: SocketAddr) -> Self {
        Self {
            address,
            ..self.clone()
        }
    }

    /// The same client with another token, or none.
    pub(crate) fn with_token(&self, token: Option<&str>) -> Self {
        Self {
            token: token.map(str::to_owned),
            ..self.clone()
        }
    }

    /// The same client in another session; empty: in none.
    pub(crate) fn in_session(&self, session: &str) -> Self {
        Self {
            session: session.to_owned(),
            ..self.clone()
        }
    }

    /// A POST of one message.
    pub(crate) fn post(&self, message: &Value) -> Request<Full<Bytes>> {
        let mut request = self.request(Method::POST, message.to_string());
        let json = header::HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        request
    }

    /// A GET: a stream of its own, or one that is read on.
    pub(crate) fn get(&self, after: Option<&str>) -> Request<Full<Bytes>> {
        let mut request = self.request(Method::GET, String::new());
        if let Some(value) = after.and_then(|after| after.parse().ok()) {
            request.headers_mut().insert(LAST_EVENT_ID, value);
        }
        request
    }

    /// A request with what each one of the session carries.
    pub(crate) fn request(&self, method: Method, body: String) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = method;
        *request.uri_mut() = http::Uri::from_static("/mcp");
        let mut put = |name, value: &str| {
            if let Ok(value) = value.parse() {
                request.headers_mut().insert(name, value);
            }
        };
        put(header::HOST, "localhost");
        put(header::ACCEPT, "application/json, text/event-stream");
        if let Some(token) = &self.token {
            put(header::AUTHORIZATION, &format!("Bearer {token}"));
        }
        if !self.session.is_empty() {
            put(SESSION_ID, &self.session);
            if self.version >= "2025-06-18" {
                put(PROTOCOL_VERSION, self.version);
            }
        }
        request
    }

    /// Sends once.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Answer, Broken> {
        wire::send(self.address, request).await
    }

    /// Sends until there is an answer other than "not now".
    pub(crate) async fn insist(
        &self,
        mut request: impl FnMut(&Self) -> Request<Full<Bytes>>,
    ) -> Answer {
        loop {
            match self.send(request(self)).await {
                Ok(answer) if answer.status == 503 => {
                    self.figures.note(|tally| tally.refused += 1);
                    tokio::time::sleep(RETRY_AFTER).await;
                }
                Ok(answer) => return answer,
                Err(_) => {
                    self.figures.note(|tally| tally.unanswered += 1);
                    tokio::time::sleep(BACK_OFF).await;
                }
            }
        }
    }

    /// Whether the session is there: asks until a whole answer comes.
    pub(crate) async fn ping(&self) -> anyhow::Result<()> {
        let ping = json!({ "jsonrpc": "2.0", "id": "ping", "method": "ping" });
        loop {
            let mut answer = self.insist(|peer| peer.post(&ping)).await;
            let Ok(body) = answer.rest().await else {
                self.figures.note(|tally| tally.unanswered += 1);
                continue;
            };
            let body = String::from_utf8_lossy(&body);
            ensure!(
                answer.status == 200 && body.contains("\"result\":{}"),
                "a ping was answered {}: {body}",
                answer.status
            );
            return Ok(());
        }
    }
}
