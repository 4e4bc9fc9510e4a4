//! The MCP endpoint as a tower service: POST, GET and DELETE on one path; and the way in of the deprecated
//! HTTP+SSE transport beside it, through the same checks.

mod delete;
mod get;
mod post;
mod sse;

pub(crate) use sse::MESSAGES;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::ORIGIN;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use spanway_protocol::{Era, Head, Refusal, Rejection};
use spanway_server::{McpService, Principal};
use tower::{Layer, Service};

use crate::auth::ProtectedResource;
use crate::builder::StreamableHttpBuilder;
use crate::respond;
use crate::sse::Connections;
use crate::state::Shared;
use crate::stream::ResponseBody;

/// Streamable HTTP in front of an [`McpService`]: every protocol revision on one endpoint.
///
/// A tower service for `http::Request<B>`, so axum, hyper and every tower stack can mount it. The path is
/// the mounter's business; with axum, `nest_service("/mcp", …)` serves it with and without trailing slash.
/// Clones share sessions and settings.
///
/// # Cancel safety
/// Dropping a response future or body is how a client leaves: a modern call is then cancelled, a legacy one
/// goes on (T-2607-08, T-2503-08).
#[derive(Clone)]
pub struct StreamableHttp {
    shared: Arc<Shared>,
}

/// Where a request came in.
#[derive(Clone)]
pub(crate) enum Door {
    /// The MCP endpoint.
    Mcp,
    /// Where an HTTP+SSE client opens its stream.
    Sse(Arc<Connections>),
    /// Where it posts to.
    Messages(Arc<Connections>),
}

/// The future of one answer, of this endpoint and of what is built around it.
pub(crate) type Answering =
    Pin<Box<dyn Future<Output = Result<Response<ResponseBody>, Infallible>> + Send>>;

impl StreamableHttp {
    /// An endpoint with the default settings: loopback hosts only, sessions in memory, JSON or event
    /// streams as each call needs.
    pub fn new(service: impl McpService) -> Self {
        Self::builder(service).build()
    }

    /// Settings to choose before the endpoint is built.
    pub fn builder(service: impl McpService) -> StreamableHttpBuilder {
        StreamableHttpBuilder::new(Arc::new(service))
    }

    pub(crate) fn from_shared(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Answers a request that came to `door`. What no browser sent is not held up by CORS.
    pub(crate) fn answer<B>(&self, door: Door, request: Request<B>) -> Answering
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Send,
    {
        let direct = move |request: Request<B>| -> Answering {
            let (shared, door) = (self.shared.clone(), door.clone());
            let (mut parts, body) = request.into_parts();
            // It lends on what it has instead of handing it on, so that it is no larger than it must be.
            pinned(move || async move { Ok(answer(shared, &door, &mut parts, body).await) })
        };
        if request.headers().contains_key(ORIGIN) || request.method() == Method::OPTIONS {
            Box::pin(
                self.shared
                    .cors
                    .layer(tower::service_fn(direct))
                    .call(request),
            )
        } else {
            direct(request)
        }
    }

    /// The metadata of the protected resource, if that is at `path`.
    pub(crate) fn metadata_at(&self, path: &str, mounted: &str) -> Option<Bytes> {
        let resource = self.shared.resource.as_ref();
        let found = resource.filter(|it| it.is_at(path, mounted));
        found.map(ProtectedResource::document)
    }

    /// Answers with a public document, which pages of allowed origins may read.
    pub(crate) fn tell<B>(&self, document: Bytes, request: Request<B>) -> Answering
    where
        B: Send + 'static,
    {
        let service = tower::service_fn(move |request: Request<B>| {
            let answer = match *request.method() {
                Method::GET | Method::HEAD => respond::with_json(StatusCode::OK, document.clone()),
                _ => respond::get_only(),
            };
            std::future::ready(Ok(answer))
        });
        Box::pin(self.shared.cors.layer(service).call(request))
    }

    /// The connections of the HTTP+SSE transport, where it is served.
    pub(crate) fn sse(&self) -> Option<&Arc<Connections>> {
        self.shared.sse.as_ref()
    }

    /// How many sessions and streams there are.
    ///
    /// # Errors
    /// The session store is not available.
    pub async fn health(&self) -> Result<Health, Rejection> {
        let counted = match &self.shared.sessions {
            Some(registry) => registry
                .count()
                .await
                .map_err(|_| Rejection::StoreUnavailable)?,
            None => (0, 0),
        };
        Ok(Health {
            sessions: counted.0,
            streams: counted.1 + self.shared.subscriptions.open(),
            uptime_seconds: self.shared.clock.uptime_seconds(),
            draining: self.shared.is_draining(),
        })
    }

    /// Takes no new work: requests get 503, GET and listen streams end, calls in flight go on.
    pub fn start_drain(&self) {
        self.shared.draining.store(true, Ordering::Relaxed);
        if let Some(registry) = &self.shared.sessions {
            registry.close_streams();
        }
        self.shared.subscriptions.close();
    }

    /// Whether [`start_drain`](Self::start_drain) was called.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.shared.is_draining()
    }

    /// Waits for tasks, up to `patience`; then those that still run are stopped. What may be begun again is left
    /// to other nodes or the next process, all else fails with a status that says why. Whether all ended by
    /// themselves.
    pub async fn finish_tasks(&self, patience: Duration) -> bool {
        match &self.shared.tasks {
            Some(tasks) => tasks.finish_all(patience).await,
            None => true,
        }
    }

    /// Waits for legacy calls whose client went away, up to `patience`; `false` if some are still running.
    pub async fn finish_detached(&self, patience: Duration) -> bool {
        self.shared.detached.close();
        tokio::time::timeout(patience, self.shared.detached.wait())
            .await
            .is_ok()
    }
}

impl std::fmt::Debug for StreamableHttp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamableHttp")
            .field("draining", &self.is_draining())
            .finish_non_exhaustive()
    }
}

/// What an endpoint tells of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// Live sessions.
    pub sessions: usize,
    /// Open GET and listen streams and HTTP+SSE connections on this node.
    pub streams: usize,
    /// Seconds since the endpoint was built.
    pub uptime_seconds: u64,
    /// Whether it takes no new work.
    pub draining: bool,
}

impl<B> Service<Request<B>> for StreamableHttp
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.answer(Door::Mcp, request)
    }
}

/// Boxes a future, which the compiler can make where it stays. With `Box::pin` it is made on the stack and copied
/// whole, with all the room it has for what is yet to come.
fn pinned<F: Future>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::into_pin(Box::write(Box::new_uninit(), make()))
}

/// Steps 1 to 3 of the validation ladder, the same at every door (T-ALL-10).
async fn answer<B>(
    shared: Arc<Shared>,
    door: &Door,
    parts: &mut Parts,
    body: B,
) -> Response<ResponseBody>
where
    B: Body<Data = Bytes> + Send,
    B::Error: Send,
{
    let head = head(parts);
    let era = match door {
        Door::Mcp => head.era(),
        Door::Sse(_) | Door::Messages(_) => Era::Legacy,
    };
    if let Err(why) = shared.guard.check(&head) {
        return respond::refusal(&why.into(), era);
    }
    let principal = match authenticate(&shared, parts).await {
        Ok(principal) => principal,
        Err(challenge) => {
            return respond::unauthorized(challenge, shared.resource.as_ref(), era);
        }
    };
    // While draining nothing begins, but what runs can still be cancelled, answered and ended.
    if shared.is_draining() && parts.method == Method::GET {
        return respond::refusal(&Rejection::ShuttingDown.into(), era);
    }
    let answered = match door {
        Door::Mcp if parts.method == Method::POST => {
            let asked = post::receive(&shared, &head, era, body).await;
            return post::answer(shared, parts, asked, principal).await;
        }
        Door::Mcp => return by_method(&shared, parts, era, principal).await,
        Door::Sse(connections) => {
            sse::open(&shared, connections, parts, principal.as_ref()).map_err(Refusal::from)
        }
        Door::Messages(connections) => {
            Box::pin(sse::take(&shared, connections, parts, body, principal)).await
        }
    };
    answered.unwrap_or_else(|refusal| respond::refusal(&refusal, era))
}

/// At the endpoint the HTTP method decides; POST was seen to. What is rare is boxed, here and further in: every
/// request pays for the size of the largest future there is.
async fn by_method(
    shared: &Arc<Shared>,
    parts: &mut Parts,
    era: Era,
    principal: Option<Principal>,
) -> Response<ResponseBody> {
    match (&parts.method, era) {
        (&Method::GET, Era::Legacy) => {
            Box::pin(get::answer(shared, parts, principal.as_ref())).await
        }
        (&Method::DELETE, Era::Legacy) => {
            Box::pin(delete::answer(shared, parts, principal.as_ref())).await
        }
        // T-2607-01: the modern revision has POST only.
        (_, Era::Modern) => {
            respond::refusal(&Rejection::MethodNotAllowed { allow: "POST" }.into(), era)
        }
        (_, Era::Legacy) => {
            let allow = shared.allowed_methods();
            respond::refusal(&Rejection::MethodNotAllowed { allow }.into(), era)
        }
    }
}

pub(crate) fn head(parts: &Parts) -> Head<'_> {
    Head::new(
        &parts.method,
        parts.uri.authority().map(http::uri::Authority::as_str),
        &parts.headers,
    )
}

/// The principal a layer before this one found, or the one the endpoint's own check finds.
async fn authenticate(
    shared: &Shared,
    parts: &Parts,
) -> Result<Option<Principal>, crate::auth::Challenge> {
    match &shared.auth {
        Some(auth) => auth.authenticate(parts).await.map(Some),
        None => Ok(parts.extensions.get::<Principal>().cloned()),
    }
}

#[cfg(test)]
mod tests;
