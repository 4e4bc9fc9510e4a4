//! What a Spanway process answers over HTTP: the MCP endpoint on its path, and health beside it.
//!
//! | path | answer |
//! |---|---|
//! | the MCP path, with and without trailing slash | [`StreamableHttp`]; never a redirect |
//! | `/livez` | 200 while the process runs |
//! | `/readyz` | 200, or 503 while it drains or its store is away |
//! | `/health` | JSON: status, sessions, streams, uptime |
//!
//! Health needs no credentials and tells nothing of clients.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use serde_json::json;
use tower::Service;

use crate::endpoint::{Answering, StreamableHttp};
use crate::respond;
use crate::stream::ResponseBody;

/// The endpoint on its path, and the health answers.
#[derive(Debug, Clone)]
pub struct App {
    endpoint: StreamableHttp,
    path: std::sync::Arc<str>,
}

impl App {
    /// Serves `endpoint` on `path`, which begins with a slash; a trailing one makes no difference.
    #[must_use]
    pub fn new(endpoint: StreamableHttp, path: &str) -> Self {
        Self {
            endpoint,
            path: path.trim_end_matches('/').into(),
        }
    }

    /// The endpoint.
    #[must_use]
    pub fn endpoint(&self) -> &StreamableHttp {
        &self.endpoint
    }

    fn is_endpoint(&self, path: &str) -> bool {
        path == &*self.path || path.strip_suffix('/') == Some(&*self.path)
    }
}

impl<B> Service<Request<B>> for App
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.answer(request)
    }
}

impl App {
    pub(crate) fn answer<B>(&self, request: Request<B>) -> Answering
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Send,
    {
        if self.is_endpoint(request.uri().path()) {
            return self.endpoint.answer(request);
        }
        let app = self.clone();
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        Box::pin(async move { Ok(app.beside(&method, &path).await) })
    }

    async fn beside(&self, method: &Method, path: &str) -> Response<ResponseBody> {
        let answer = match path {
            "/livez" => text(StatusCode::OK, "ok"),
            "/readyz" => self.readiness().await,
            "/health" | "/mcp/health" => self.health().await,
            _ => {
                let body = json!({ "error": format!("there is nothing at {path}; MCP is served at {}", self.path) });
                return respond::with_json(StatusCode::NOT_FOUND, body.to_string().into());
            }
        };
        if matches!(*method, Method::GET | Method::HEAD) {
            answer
        } else {
            respond::get_only()
        }
    }

    async fn readiness(&self) -> Response<ResponseBody> {
        match self.endpoint.health().await {
            Ok(health) if health.draining => text(StatusCode::SERVICE_UNAVAILABLE, "draining"),
            Ok(_) => text(StatusCode::OK, "ok"),
            Err(_) => text(
                StatusCode::SERVICE_UNAVAILABLE,
                "the session store is not available",
            ),
        }
    }

    async fn health(&self) -> Response<ResponseBody> {
        let Ok(health) = self.endpoint.health().await else {
            let body =
                json!({ "status": "unavailable", "reason": "the session store is not available" });
            return respond::with_json(StatusCode::SERVICE_UNAVAILABLE, body.to_string().into());
        };
        let body = json!({
            "status": if health.draining { "draining" } else { "ok" },
            "transport": "streamable-http",
            "sessions": health.sessions,
            "streams": health.streams,
            "uptime_seconds": health.uptime_seconds,
        });
        respond::with_json(StatusCode::OK, body.to_string().into())
    }
}

fn text(status: StatusCode, body: &'static str) -> Response<ResponseBody> {
    respond::with_json(status, json!({ "status": body }).to_string().into())
}
