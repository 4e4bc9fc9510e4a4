//! One request, spelled out by a test.

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use serde_json::Value;

use crate::answer::Answer;
use crate::client::{BoxError, Client, RequestBody};
use crate::exchange::Exchange;
use crate::stream::EventStream;

/// A request in the making.
#[must_use = "send it"]
#[derive(Debug)]
pub struct RequestBuilder {
    client: Client,
    request: Request<()>,
    content: Content,
    checked: bool,
}

#[derive(Debug)]
enum Content {
    Bytes(Bytes),
    Message(Value),
    Streamed(RequestBody),
}

impl RequestBuilder {
    pub(crate) fn new(client: Client, method: Method, headers: HeaderMap) -> Self {
        let mut request = Request::new(());
        *request.method_mut() = method;
        *request.headers_mut() = headers;
        Self {
            client,
            request,
            content: Content::Bytes(Bytes::new()),
            checked: true,
        }
    }

    /// The path, `/` if not told.
    pub fn path(mut self, path: &str) -> Self {
        *self.request.uri_mut() = path.parse().expect("a path");
        self
    }

    /// One more header, beside any of the same name. The value may hold any byte a header can.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let value = HeaderValue::from_bytes(value.as_ref()).expect("a header value");
        let name = HeaderName::try_from(name).expect("a header name");
        self.request.headers_mut().append(name, value);
        self
    }

    /// A header in place of any of the same name.
    pub fn set(self, name: &HeaderName, value: &str) -> Self {
        self.without(name).header(name.as_str(), value)
    }

    /// No header of this name.
    pub fn without(mut self, name: &HeaderName) -> Self {
        self.request.headers_mut().remove(name);
        self
    }

    /// What a layer before the endpoint would leave in the extensions.
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.request.extensions_mut().insert(value);
        self
    }

    /// Does not hold the answer against the published schemas. `_why` says which odd thing is asked here.
    pub fn unchecked(mut self, _why: &'static str) -> Self {
        self.checked = false;
        self
    }

    /// The body as bytes.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.content = Content::Bytes(body.into());
        self
    }

    /// The body as JSON.
    pub fn message(mut self, message: Value) -> Self {
        self.content = Content::Message(message);
        self
    }

    /// The body in pieces, its length not announced.
    pub fn pieces<S>(mut self, pieces: S) -> Self
    where
        S: Stream<Item = Result<Bytes, BoxError>> + Send + 'static,
    {
        let body = StreamBody::new(pieces.map(|piece| piece.map(Frame::data)));
        self.content = Content::Streamed(body.boxed_unsync());
        self
    }

    /// Changes the JSON body, wherever it came from.
    pub fn edit(mut self, change: impl FnOnce(&mut Value)) -> Self {
        match &mut self.content {
            Content::Message(message) => change(message),
            _ => panic!("only a JSON body can be edited"),
        }
        self
    }

    /// Another JSON-RPC id.
    pub fn id(self, id: impl Into<Value>) -> Self {
        let id = id.into();
        self.edit(|message| message["id"] = id)
    }

    /// A key of the request's `_meta`.
    pub fn meta(self, key: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        self.edit(|message| message["params"]["_meta"][key] = value)
    }

    /// Sends it and reads the whole answer.
    pub async fn send(self) -> Answer {
        let (response, exchange) = self.exchange().await;
        Answer::read(response, exchange).await
    }

    /// Sends it and waits for the head of the answer only; the body is then read piece by piece. Dropping
    /// the future or the stream is how this client disconnects.
    pub async fn open(self) -> EventStream {
        let (response, exchange) = self.exchange().await;
        EventStream::new(response, exchange)
    }

    async fn exchange(self) -> (http::Response<RequestBody>, Option<Exchange>) {
        let (parts, ()) = self.request.into_parts();
        let (known, body) = match self.content {
            Content::Bytes(bytes) => (Some(bytes.clone()), whole(bytes)),
            Content::Message(message) => {
                let bytes = Bytes::from(message.to_string());
                (Some(bytes.clone()), whole(bytes))
            }
            Content::Streamed(body) => (None, body),
        };
        let exchange = self
            .checked
            .then(|| Exchange::of_request(&parts, known.as_deref()));
        let response = self.client.exchange(Request::from_parts(parts, body)).await;
        (response, exchange)
    }
}

fn whole(bytes: Bytes) -> RequestBody {
    Full::new(bytes)
        .map_err(|never| match never {})
        .boxed_unsync()
}
