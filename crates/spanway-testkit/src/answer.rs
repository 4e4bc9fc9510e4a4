//! A whole answer, and the questions tests ask of it.

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body_util::BodyExt;
use serde_json::Value;
use spanway_protocol::sse::{Decoder, Event};

use crate::client::RequestBody;
use crate::exchange::Exchange;

/// Status, headers and the whole body.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whatever its form.
    pub body: Bytes,
}

impl Answer {
    /// Reads it to its end, and checks every message in it unless the client checks nothing.
    pub(crate) async fn read(response: Response<RequestBody>, exchange: Option<Exchange>) -> Self {
        let (parts, body) = response.into_parts();
        let collected = body.collect().await.expect("the body is whole");
        let answer = Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: collected.to_bytes(),
        };
        if let Some(mut exchange) = exchange {
            answer.check(&mut exchange);
        }
        answer
    }

    fn check(&self, exchange: &mut Exchange) {
        if self.is_stream() {
            let events = self.events();
            events.iter().for_each(|event| exchange.event(event));
        } else {
            exchange.body(self.status, &self.headers, &self.body);
        }
    }

    /// The only value of a header; `None` if it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        only_value(&self.headers, name)
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        assert_eq!(
            self.header("content-type"),
            Some("application/json"),
            "{self:?}"
        );
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    /// Whether the answer came as an event stream.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.header("content-type") == Some("text/event-stream")
    }

    /// The events of the body.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        assert!(self.is_stream(), "{self:?}");
        let mut decoder = Decoder::new(1 << 24);
        decoder.push(&self.body);
        std::iter::from_fn(|| decoder.next_event().expect("an event stream")).collect()
    }

    /// Every JSON-RPC message of the answer, in whichever form it came.
    #[must_use]
    pub fn messages(&self) -> Vec<Value> {
        if self.is_stream() {
            let events = self.events();
            let carries = |event: &&Event| !event.data.is_empty();
            return events.iter().filter(carries).map(message).collect();
        }
        match self.json() {
            Value::Array(messages) => messages,
            one => vec![one],
        }
    }

    /// The only message, which must be a response.
    #[must_use]
    pub fn response(&self) -> Value {
        let mut messages = self.messages();
        assert_eq!(messages.len(), 1, "one message: {self:?}");
        let response = messages.remove(0);
        assert_eq!(response["jsonrpc"], "2.0", "{response}");
        response
    }

    /// The result of the only response.
    #[must_use]
    pub fn result(&self) -> Value {
        let mut response = self.response();
        assert!(response.get("result").is_some(), "{response}");
        response["result"].take()
    }

    /// The error code of the only response.
    #[must_use]
    pub fn code(&self) -> i64 {
        let response = self.response();
        assert!(response.get("result").is_none(), "{response}");
        response["error"]["code"].as_i64().expect("an error code")
    }

    /// The error message of the only response.
    #[must_use]
    pub fn error_text(&self) -> String {
        let response = self.response();
        let text = response["error"]["message"].as_str();
        text.expect("an error message").to_owned()
    }

    /// HTTP status and JSON-RPC error code.
    #[must_use]
    pub fn refusal(&self) -> (u16, i64) {
        (self.status, self.code())
    }
}

pub(crate) fn only_value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    assert!(values.next().is_none(), "{name} stands twice");
    Some(value.to_str().expect("a header of plain text"))
}

pub(crate) fn message(event: &Event) -> Value {
    serde_json::from_str(&event.data).expect("an event holds a JSON-RPC message")
}
