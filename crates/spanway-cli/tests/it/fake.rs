//! Servers made for one test: they record what they are sent and answer what the test says.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Seen {
    /// The value of a header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The JSON-RPC method.
    pub(crate) fn rpc(&self) -> &str {
        self.body["method"].as_str().unwrap_or_default()
    }
}

/// A server on a thread of its own, for as long as the test runs.
pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Fake {
    /// Answers every request with what `answer` says.
    pub(crate) fn start(
        answer: impl Fn(&Seen) -> Response + Clone + Send + Sync + 'static,
    ) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let log = seen.clone();
        let router = Router::new().fallback(async move |request: Request| {
            let (head, body) = request.into_parts();
            let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
            let one = Seen {
                method: head.method,
                target: head.uri.to_string(),
                headers: head.headers,
                body: serde_json::from_slice(&body).unwrap_or_default(),
            };
            log.lock().unwrap().push(one.clone());
            answer(&one)
        });
        Self {
            address: on_a_thread(router),
            seen,
        }
    }

    /// Where its MCP endpoint would be.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// What arrived so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// What arrived so far, by the JSON-RPC method, or the HTTP method where there is none.
    pub(crate) fn story(&self) -> Vec<String> {
        let name = |seen: &Seen| match seen.rpc() {
            "" => seen.method.to_string(),
            method => method.to_owned(),
        };
        self.seen().iter().map(name).collect()
    }
}

/// Serves `router` on a free port until the process ends.
pub(crate) fn on_a_thread(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
    });
    address
}

/// A JSON-RPC result for the request.
pub(crate) fn result(seen: &Seen, result: Value) -> Response {
    axum::Json(json!({"jsonrpc": "2.0", "id": seen.body["id"], "result": result})).into_response()
}

/// A JSON-RPC error for the request.
pub(crate) fn error(seen: &Seen, status: u16, code: i64, data: Value) -> Response {
    let error = json!({"code": code, "message": "not like that", "data": data});
    let body = json!({"jsonrpc": "2.0", "id": seen.body["id"], "error": error});
    (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response()
}

/// An event stream that ends after `text`.
pub(crate) fn events(text: impl Into<Bytes>) -> Response {
    ([(header::CONTENT_TYPE, "text/event-stream")], text.into()).into_response()
}

/// A status with a text.
pub(crate) fn plain(status: u16, text: &'static str) -> Response {
    (StatusCode::from_u16(status).unwrap(), text).into_response()
}
