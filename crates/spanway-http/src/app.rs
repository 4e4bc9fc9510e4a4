//! What a Spanway process answers over HTTP: the MCP endpoint on its path, and health beside it.
//!
//! | path | answer |
//! |---|---|
//! | the MCP path, with and without trailing slash | [`StreamableHttp`]; never a redirect |
//! | `sse` and `messages` beside the MCP path: `/sse` for `/mcp`, `/api/sse` for `/api/mcp` | the deprecated HTTP+SSE transport, unless it is off |
//! | `/livez` | 200 while the process runs |
//! | `/readyz` | 200, or 503 while it drains or its store is away |
//! | `/health` | JSON: status, sessions, streams, uptime |
//! | `/.well-known/oauth-protected-resource`, alone and with the MCP path behind it | who gives out tokens (RFC 9728), where that is known |
//!
//! What is beside the endpoint needs no credentials and tells nothing of clients.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use serde_json::json;
use tower::Service;

use crate::endpoint::{Answering, Door, MESSAGES, StreamableHttp};
use crate::respond;
use crate::stream::ResponseBody;

/// The endpoint on its path, the deprecated HTTP+SSE transport beside it, and the health answers.
///
/// A tower service, which can be mounted as a whole: with axum, `fallback_service(App::new(endpoint, "/mcp"))`,
/// or `nest_service("/tools", …)` for `/tools/mcp` and `/tools/sse`. Where only the endpoint is mounted there
/// is no HTTP+SSE.
#[derive(Debug, Clone)]
pub struct App {
    endpoint: StreamableHttp,
    paths: Arc<Paths>,
}

#[derive(Debug)]
struct Paths {
    mcp: Box<str>,
    /// Of the HTTP+SSE transport: the stream, and where clients post to.
    sse: Box<str>,
    messages: Box<str>,
}

impl App {
    /// Serves `endpoint` on `path`, which begins with a slash; a trailing one makes no difference. An endpoint
    /// on `/sse` or `/messages` itself comes before the HTTP+SSE transport.
    #[must_use]
    pub fn new(endpoint: StreamableHttp, path: &str) -> Self {
        let mcp = path.trim_end_matches('/');
        let beside = mcp.rfind('/').map_or("", |slash| &mcp[..slash]);
        let paths = Paths {
            mcp: mcp.into(),
            sse: format!("{beside}/sse").into(),
            messages: format!("{beside}/{MESSAGES}").into(),
        };
        Self {
            endpoint,
            paths: Arc::new(paths),
        }
    }

    /// The endpoint.
    #[must_use]
    pub fn endpoint(&self) -> &StreamableHttp {
        &self.endpoint
    }

    /// Where a request for this path comes in, if it is for MCP.
    fn door(&self, path: &str) -> Option<Door> {
        let is = |wanted: &str| path == wanted || path.strip_suffix('/') == Some(wanted);
        if is(&self.paths.mcp) {
            return Some(Door::Mcp);
        }
        let connections = self.endpoint.sse()?;
        if is(&self.paths.sse) {
            Some(Door::Sse(connections.clone()))
        } else if is(&self.paths.messages) {
            Some(Door::Messages(connections.clone()))
        } else {
            None
        }
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
        if let Some(door) = self.door(request.uri().path()) {
            return self.endpoint.answer(door, request);
        }
        let path = request.uri().path();
        if let Some(document) = self.endpoint.metadata_at(path, &self.paths.mcp) {
            return self.endpoint.tell(document, request);
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
                let body = json!({ "error": format!("there is nothing at {path}; MCP is served at {}", self.paths.mcp) });
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
