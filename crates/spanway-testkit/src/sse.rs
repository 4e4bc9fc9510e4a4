//! A client of the deprecated HTTP+SSE transport: one stream to read, one address to post to.

use serde_json::{Value, json};

use crate::answer::{Answer, message};
use crate::client::Client;
use crate::request::RequestBuilder;
use crate::stream::{EventStream, Piece};

/// An open connection. Dropping it is a disconnect.
#[derive(Debug)]
pub struct SseConnection {
    client: Client,
    /// What the server says, the first event taken off.
    pub stream: EventStream,
    /// Where to post: what the first event said, resolved against the address of the stream.
    pub address: String,
    last_id: i64,
}

impl SseConnection {
    /// Opens the stream at `path` and reads its first event.
    pub async fn open(client: &Client, path: &str) -> Self {
        let stream = client.get().path(path).open().await;
        Self::of(client.clone(), path, stream).await
    }

    /// The connection whose stream was opened at `path`.
    pub async fn of(client: Client, path: &str, mut stream: EventStream) -> Self {
        assert_eq!(stream.status, 200, "{stream:?}");
        let first = stream.next().await;
        let Some(Piece::Event(first)) = first else {
            panic!("the first event comes first: {first:?}");
        };
        assert_eq!(first.event, "endpoint");
        Self {
            client,
            stream,
            address: resolve(path, &first.data),
            last_id: 0,
        }
    }

    /// The whole handshake; the result of `initialize`.
    pub async fn connect(&mut self, version: &str, capabilities: Value) -> Value {
        let client_info = json!({ "name": "testkit", "version": "0" });
        let params = json!({ "protocolVersion": version, "capabilities": capabilities, "clientInfo": client_info });
        let mut response = self.request("initialize", params).await;
        self.notify("notifications/initialized", json!({})).await;
        assert!(response.get("result").is_some(), "{response}");
        response["result"].take()
    }

    /// A POST of any JSON.
    pub fn post(&self, message: Value) -> RequestBuilder {
        self.client.post_json(message).path(&self.address)
    }

    /// Posts a message that is taken.
    pub fn send(&self, message: Value) -> impl Future<Output = ()> + Send + use<> {
        let sent = self.post(message).send();
        async {
            let taken = sent.await;
            assert_eq!((taken.status, taken.body.len()), (202, 0), "{taken:?}");
        }
    }

    /// Posts a request with the next id, which is returned.
    pub async fn ask(&mut self, method: &str, params: Value) -> i64 {
        self.last_id += 1;
        let id = self.last_id;
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
            .await;
        id
    }

    /// Posts a `tools/call` with the next id.
    pub async fn call(&mut self, tool: &str, arguments: Value) -> i64 {
        let params = json!({ "name": tool, "arguments": arguments });
        self.ask("tools/call", params).await
    }

    /// Posts a notification.
    pub fn notify(&self, method: &str, params: Value) -> impl Future<Output = ()> + Send + use<> {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    /// Posts what the client has to say to a question of the server.
    pub async fn respond(&self, question: &Value, result: Value) -> Answer {
        let response = json!({ "jsonrpc": "2.0", "id": question["id"], "result": result });
        self.post(response).send().await
    }

    /// The next message on the stream.
    pub async fn message(&mut self) -> Value {
        let event = self.stream.next_event().await;
        let event = event.expect("the stream has not ended");
        assert_eq!(event.event, "message", "{event:?}");
        message(&event)
    }

    /// Posts a request; the next message must be its response.
    pub async fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params).await;
        let response = self.message().await;
        assert_eq!(response["id"], id, "{response}");
        response
    }
}

/// What a relative reference names, seen from `base` (RFC 3986, as far as it is needed).
fn resolve(base: &str, reference: &str) -> String {
    if reference.starts_with('/') {
        return reference.to_owned();
    }
    let up = reference.matches("../").count();
    let mut folders: Vec<&str> = base.split('/').collect();
    folders.truncate(folders.len().saturating_sub(up + 1));
    format!(
        "{}/{}",
        folders.join("/"),
        reference.trim_start_matches("../")
    )
}
