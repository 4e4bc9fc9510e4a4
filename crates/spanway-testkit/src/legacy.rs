//! A client of the handshake revisions, once the handshake is done.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use http::Method;
use serde_json::{Value, json};
use spanway_protocol::{LAST_EVENT_ID, PROTOCOL_VERSION, SESSION_ID};

use crate::answer::Answer;
use crate::client::Client;
use crate::request::RequestBuilder;

/// A session: fills in its id and revision, and counts request ids. Clones are the same session.
#[derive(Debug, Clone)]
pub struct Session {
    client: Client,
    /// The id the server gave; `None` from a server without sessions.
    pub id: Option<String>,
    /// The negotiated revision.
    pub version: String,
    last_id: Arc<AtomicI64>,
}

impl Session {
    /// The session that the answer to `initialize` opened.
    #[must_use]
    pub fn of(client: Client, answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        let version = answer.result()["protocolVersion"]
            .as_str()
            .expect("a version")
            .to_owned();
        Self {
            client,
            id: answer.header("mcp-session-id").map(str::to_owned),
            version,
            last_id: Arc::default(),
        }
    }

    /// The same session used by another client, with its headers.
    #[must_use]
    pub fn used_by(&self, client: Client) -> Self {
        Self {
            client,
            ..self.clone()
        }
    }

    /// Adds what every request of the session carries.
    fn dress(&self, mut request: RequestBuilder) -> RequestBuilder {
        if let Some(id) = &self.id {
            request = request.set(&SESSION_ID, id);
        }
        // The header came with 2025-06-18 (T-2506-02).
        if self.version.as_str() >= "2025-06-18" {
            request = request.set(&PROTOCOL_VERSION, &self.version);
        }
        request
    }

    /// A POST of any JSON, a batch for example.
    pub fn post(&self, message: Value) -> RequestBuilder {
        self.dress(self.client.post_json(message))
    }

    /// A request with the next id.
    pub fn request(&self, method: &str, params: Value) -> RequestBuilder {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        self.post(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
    }

    /// A `tools/call` with the next id.
    pub fn call(&self, tool: &str, arguments: Value) -> RequestBuilder {
        let params = json!({ "name": tool, "arguments": arguments });
        self.request("tools/call", params)
    }

    /// Sends a notification.
    pub async fn notify(&self, method: &str, params: Value) -> Answer {
        self.post(json!({ "jsonrpc": "2.0", "method": method, "params": params }))
            .send()
            .await
    }

    /// Takes a request back.
    pub async fn cancel(&self, id: impl Into<Value>) -> Answer {
        let params = json!({ "requestId": id.into(), "reason": "no longer wanted" });
        self.notify("notifications/cancelled", params).await
    }

    /// The session's own stream.
    pub fn listen(&self) -> RequestBuilder {
        self.dress(self.client.get())
    }

    /// A stream of the session, read on after this event.
    pub fn resume(&self, event: &str) -> RequestBuilder {
        self.listen().set(&LAST_EVENT_ID, event)
    }

    /// The end of the session.
    pub fn delete(&self) -> RequestBuilder {
        self.dress(self.client.request(Method::DELETE))
    }
}
