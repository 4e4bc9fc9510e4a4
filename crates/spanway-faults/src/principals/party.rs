//! One of the two: everything a client can have, and whether it is all still as it was.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use futures_util::FutureExt;
use http::{HeaderValue, Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use spanway_protocol::{METHOD, NAME, PROTOCOL_VERSION};

use crate::figures::Figures;
use crate::fixture::{ASK, STEPS, STEPS_MAX};
use crate::ledger::{Ledger, Outcome};
use crate::peer::Peer;
use crate::wire::Answer;

use super::task::Tasks;

const MODERN: &str = "2026-07-28";

/// A client with something of every kind going on.
pub(super) struct Party {
    pub(super) name: &'static str,
    pub(super) peer: Peer,
    /// The id of the request that runs, which no other has.
    pub(super) running_id: u64,
    /// The id of the question it is asked.
    pub(super) question: Value,
    /// The ids of events it has seen, on each of its streams.
    pub(super) events: Vec<String>,
    /// The session of its HTTP+SSE connection.
    pub(super) connection: String,
    /// A sealed state of a modern call.
    pub(super) state: String,
    pub(super) tasks: Tasks,
    running: (Answer, Ledger),
    asking: Answer,
    listening: Answer,
    sse: Answer,
}

impl Party {
    /// Opens a session and begins everything.
    pub(super) async fn settle(
        name: &'static str,
        token: &str,
        running_id: u64,
        node: SocketAddr,
        figures: &Arc<Figures>,
    ) -> anyhow::Result<Self> {
        let peer = Peer::open(node, "2025-11-25", Some(token), figures).await?;
        let mut events = Vec::new();
        let arguments = steps(name);
        let steps = call(running_id, STEPS, arguments.clone());
        let mut running = stream(&peer, peer.post(&steps)).await?;
        let mut ledger = Ledger::new(running_id, STEPS_MAX);
        while events.len() < 4 {
            let event = running.event().await.ok().flatten().context("no step")?;
            ledger.take(&event)?;
            events.extend(event.id);
        }
        let mut asking = stream(&peer, peer.post(&call(running_id + 1, ASK, json!({})))).await?;
        let question = loop {
            let event = asking.event().await.ok().flatten().context("no question")?;
            events.extend(event.id);
            if let Ok(message) = serde_json::from_str::<Value>(&event.data) {
                break message["id"].clone();
            }
        };
        let mut listening = stream(&peer, peer.get(None)).await?;
        let place = listening.event().await.ok().flatten().context("no place")?;
        events.extend(place.id);
        let mut sse = stream(&peer, bare(&peer, Method::GET, "/sse", "")).await?;
        let address = sse.event().await.ok().flatten().context("no address")?;
        let connection = address.data.split_once("sessionId=").map(|(_, id)| id);
        let connection = connection.context("no session in the address")?.to_owned();
        let state = state(&peer).await?;
        let tasks = Tasks::begin(&peer, running_id + 2, &arguments).await?;
        Ok(Self {
            name,
            running_id,
            question,
            events,
            connection,
            state,
            tasks,
            running: (running, ledger),
            asking,
            listening,
            sse,
            peer,
        })
    }

    /// What no answer to anybody else may hold.
    pub(super) fn secret(&self) -> String {
        secret(self.name)
    }

    /// Everything goes on as if nobody had tried anything.
    pub(super) async fn see_through(mut self) -> anyhow::Result<()> {
        self.peer.ping().await.context("its session")?;
        let (mut running, mut ledger) = self.running;
        while let Ok(Some(event)) = running.event().await {
            ledger.take(&event).context("its running call")?;
        }
        ensure!(
            ledger.outcome() == Some(Outcome::Result),
            "its call did not come to its result"
        );
        let answer = response(&self.question, "right");
        let status = self.peer.insist(|peer| peer.post(&answer)).await.status;
        ensure!(
            status == 202,
            "its answer to its question was refused: {status}"
        );
        let mut said = String::new();
        while let Ok(Some(event)) = self.asking.event().await {
            said = event.data;
        }
        ensure!(
            said.contains(r#""text":"right""#),
            "its question was answered otherwise: {said}"
        );
        let ping = json!({ "jsonrpc": "2.0", "id": "sse", "method": "ping" }).to_string();
        let posted = posted(&self.peer, &self.connection, &ping);
        let status = self.peer.send(posted).await.map(|answer| answer.status);
        ensure!(
            status == Ok(202),
            "its HTTP+SSE connection took no message: {status:?}"
        );
        let pong = self.sse.event().await.ok().flatten();
        ensure!(
            pong.is_some_and(|event| event.data.contains(r#""id":"sse""#)),
            "its HTTP+SSE connection did not answer"
        );
        let tasks = self.tasks.see_through(&self.peer).await;
        tasks.context("its tasks")?;
        let continued = self.peer.send(modern(&self.peer, Some(&self.state))).await;
        let mut continued = continued.ok().context("no answer to its state")?;
        let body = continued.rest().await.unwrap_or_default();
        let body = String::from_utf8_lossy(&body);
        ensure!(
            body.contains(r#""text":"of a state""#),
            "its state is of no use to itself: {body}"
        );
        let heard = self.listening.event().now_or_never();
        ensure!(
            heard.is_none(),
            "its GET stream ended or said something: {heard:?}"
        );
        Ok(())
    }
}

fn secret(name: &str) -> String {
    format!("the secret of {name}")
}

fn steps(name: &str) -> Value {
    json!({ "count": STEPS_MAX, "pace_ms": 12, "bytes": 10, "mark": secret(name) })
}

/// A call of a session.
pub(super) fn call(id: u64, tool: &str, arguments: Value) -> Value {
    let mut params = json!({ "name": tool, "_meta": { "progressToken": id } });
    params["arguments"] = arguments;
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params })
}

/// A response to a question.
pub(super) fn response(question: &Value, word: &str) -> Value {
    let result = json!({ "action": "accept", "content": { "word": word } });
    json!({ "jsonrpc": "2.0", "id": question, "result": result })
}

/// A request without a session.
fn bare(peer: &Peer, method: Method, path: &str, body: &str) -> Request<Full<bytes::Bytes>> {
    let mut request = peer.in_session("").request(method, body.to_owned());
    if let Ok(uri) = path.parse() {
        *request.uri_mut() = uri;
    }
    let json = HeaderValue::from_static("application/json");
    request
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, json);
    request
}

/// A message for an HTTP+SSE connection.
pub(super) fn posted(peer: &Peer, connection: &str, body: &str) -> Request<Full<bytes::Bytes>> {
    let path = format!("/messages?sessionId={connection}");
    bare(peer, Method::POST, &path, body)
}

/// A modern call that asks, or one that comes back with a state and an answer.
pub(super) fn modern(peer: &Peer, state: Option<&str>) -> Request<Full<bytes::Bytes>> {
    let mut params = json!({ "name": ASK, "arguments": {} });
    if let Some(state) = state {
        params["requestState"] = json!(state);
        params["inputResponses"] =
            json!({ "word": { "action": "accept", "content": { "word": "of a state" } } });
    }
    let capabilities = json!({ "elicitation": {} });
    let mut request = modern_request(peer, "tools/call", params, &capabilities);
    let name = HeaderValue::from_static(ASK);
    request.headers_mut().insert(NAME, name);
    request
}

/// A modern request of a client with these capabilities.
pub(super) fn modern_request(
    peer: &Peer,
    method: &'static str,
    mut params: Value,
    capabilities: &Value,
) -> Request<Full<bytes::Bytes>> {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": capabilities,
        "io.modelcontextprotocol/clientInfo": { "name": "spanway-faults", "version": "0" },
    });
    let message = json!({ "jsonrpc": "2.0", "id": 3, "method": method, "params": params });
    let mut request = bare(peer, Method::POST, "/mcp", &message.to_string());
    let headers = request.headers_mut();
    headers.insert(PROTOCOL_VERSION, HeaderValue::from_static(MODERN));
    headers.insert(METHOD, HeaderValue::from_static(method));
    request
}

async fn state(peer: &Peer) -> anyhow::Result<String> {
    let answer = peer.send(modern(peer, None)).await;
    let mut answer = answer.ok().context("no answer to a modern call")?;
    let body = answer
        .rest()
        .await
        .ok()
        .context("a modern answer was cut")?;
    let body: Value = serde_json::from_slice(&body)?;
    let state = body["result"]["requestState"].as_str();
    Ok(state
        .with_context(|| format!("no state: {body}"))?
        .to_owned())
}

async fn stream(peer: &Peer, request: Request<Full<bytes::Bytes>>) -> anyhow::Result<Answer> {
    let answer = peer.send(request).await;
    let answer = answer
        .ok()
        .context("no answer to a client that does no wrong")?;
    if !answer.is_stream() {
        bail!("no stream, but {}", answer.status);
    }
    Ok(answer)
}
