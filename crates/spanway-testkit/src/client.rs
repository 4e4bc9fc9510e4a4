//! A client for a service in this process: no sockets, so that paused time and dropped bodies work as told.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use http_body::Body;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use serde_json::{Value, json};
use spanway_protocol::{METHOD, NAME, PROTOCOL_VERSION};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

use crate::legacy::Session;
use crate::request::RequestBuilder;

/// Any error of a body.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of every request a [`Client`] sends.
pub type RequestBody = UnsyncBoxBody<Bytes, BoxError>;

type Inner = BoxCloneSyncService<Request<RequestBody>, Response<RequestBody>, Infallible>;

/// The revision [`Client::modern`] speaks.
pub(crate) const MODERN: &str = "2026-07-28";

/// Sends requests to a service. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    service: Inner,
    headers: HeaderMap,
}

impl Client {
    /// A client of `service` that sends `Host: localhost` and nothing else of its own.
    pub fn new<S, B>(service: S) -> Self
    where
        S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let boxed = service.map_response(|response: Response<B>| {
            response.map(|body| body.map_err(Into::into).boxed_unsync())
        });
        Self {
            service: BoxCloneSyncService::new(boxed),
            headers: HeaderMap::from_iter([(HOST, HeaderValue::from_static("localhost"))]),
        }
    }

    /// The same client with a header on every request, in place of one of the same name.
    #[must_use]
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.insert(
            HeaderName::try_from(name).expect("a header name"),
            HeaderValue::try_from(value).expect("a header value"),
        );
        client
    }

    /// A request with only what every request of this client has.
    pub fn request(&self, method: Method) -> RequestBuilder {
        RequestBuilder::new(self.clone(), method, self.headers.clone())
    }

    /// A POST with the content type and both forms of answer accepted, as every MCP client sends it.
    pub fn post(&self, body: impl Into<Bytes>) -> RequestBuilder {
        self.request(Method::POST)
            .set(&CONTENT_TYPE, "application/json")
            .set(&ACCEPT, "application/json, text/event-stream")
            .body(body)
    }

    /// A POST of one JSON value.
    pub fn post_json(&self, message: Value) -> RequestBuilder {
        self.post(Bytes::new()).message(message)
    }

    /// A GET that accepts an event stream.
    pub fn get(&self) -> RequestBuilder {
        self.request(Method::GET).set(&ACCEPT, "text/event-stream")
    }

    /// A correct request of 2026-07-28 with id 1: metadata, and every header that mirrors the body.
    pub fn modern(&self, method: &str, params: Value) -> RequestBuilder {
        let mut params = params;
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": { "name": "testkit", "version": "0" },
        });
        let name = ["name", "uri", "taskId"]
            .iter()
            .find_map(|key| params[*key].as_str())
            .map(str::to_owned);
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut request = self
            .post_json(message)
            .set(&PROTOCOL_VERSION, MODERN)
            .set(&METHOD, method);
        if let Some(name) = name {
            request = request.set(&NAME, &name);
        }
        request
    }

    /// A correct `tools/call` of 2026-07-28.
    pub fn modern_call(&self, tool: &str, arguments: Value) -> RequestBuilder {
        let params = json!({ "name": tool, "arguments": arguments });
        self.modern("tools/call", params)
    }

    /// The first request of the handshake, asking for `version`, with id 0.
    pub fn initialize(&self, version: &str) -> RequestBuilder {
        self.post_json(json!({
            "jsonrpc": "2.0",
            "id": 0,
            "method": "initialize",
            "params": {
                "protocolVersion": version,
                "capabilities": {},
                "clientInfo": { "name": "testkit", "version": "0" },
            },
        }))
    }

    /// The whole handshake: `initialize` and `notifications/initialized`.
    pub async fn connect(&self, version: &str) -> Session {
        let answer = self.initialize(version).send().await;
        let session = Session::of(self.clone(), &answer);
        let noted = session.notify("notifications/initialized", json!({})).await;
        assert_eq!(noted.status, 202, "the handshake ends with 202: {noted:?}");
        session
    }

    pub(crate) fn exchange(
        self,
        request: Request<RequestBody>,
    ) -> BoxFuture<'static, Response<RequestBody>> {
        let exchanged = self.service.oneshot(request);
        exchanged.map(|Ok(response)| response).boxed()
    }
}
