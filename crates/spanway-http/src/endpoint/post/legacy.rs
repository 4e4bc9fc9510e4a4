//! POST of the handshake revisions: opens sessions and serves what belongs to one.

mod subscribe;
mod tell;

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use spanway_protocol::jsonrpc::{Incoming, Message, Notification, Request, Response};
use spanway_protocol::legacy::{self, Session, SessionId};
use spanway_protocol::schema::{CancelledParams, InitializeParams, SetLevelParams};
use spanway_protocol::{
    Answer, Call, Client, Era, Head, Method, Outgoing, ProtocolVersion, Refusal, Rejection, Reply,
    SESSION_ID, describe, encode,
};
use spanway_server::{ClientRequests, Context, Origin};
use spanway_store::SessionChange;

use super::deliver::{self, Delivery};
use super::{Form, Next, Post};
use crate::registry::Registry;
use crate::respond::{self, Envelope};
use crate::running::Running;
use crate::state::Shared;
use crate::stream::ResponseBody;

/// What the headers say of the session, for which they are not looked through again.
pub(in crate::endpoint) struct Named {
    session: Result<SessionId, Rejection>,
    version: Result<Option<ProtocolVersion>, Rejection>,
}

impl Named {
    pub(super) fn by(head: &Head<'_>) -> Self {
        Self {
            session: legacy::session_id(head),
            version: legacy::version_header(head),
        }
    }
}

pub(super) async fn answer<'a>(
    shared: &Arc<Shared>,
    post: Post<'a>,
    named: Named,
    incoming: Incoming,
) -> Next<'a> {
    let outcome = match incoming {
        Incoming::Single(Message::Request(request)) if request.method == Method::Initialize => {
            Box::pin(initialize(shared, post, request)).await
        }
        other => in_session(shared, post, named, other).await,
    };
    outcome.unwrap_or_else(|refusal| Next::Answer(respond::refusal(&refusal, Era::Legacy)))
}

/// T-DUAL-07: `initialize` opens a fresh session, whatever session header came with it.
async fn initialize<'a>(
    shared: &Arc<Shared>,
    post: Post<'_>,
    request: Request,
) -> Result<Next<'a>, Refusal> {
    shared
        .header_rules
        .check_initialize(&crate::endpoint::head(post.parts))
        .map_err(|why| Refusal::new(Some(request.id.clone()), why))?;
    let call = handshake(request)?;
    let form = post.form;
    let mut envelope = Envelope {
        version: call.version,
        session: None,
    };
    let mut opened: Option<Box<str>> = None;
    if let Some(registry) = &shared.sessions {
        let refuse = |why| Refusal::new(Some(call.id.clone()), why);
        let id = new_id().map_err(refuse)?;
        envelope.session = HeaderValue::from_str(id.as_str()).ok();
        open_session(registry, id.clone(), &call, post.principal())
            .await
            .map_err(refuse)?;
        opened = Some(id.as_str().into());
    }
    let mut origin = post.into_origin(shared);
    origin.session = opened;
    let context = Context::new(&call, origin, shared.limits.queue_max);
    let delivery = Delivery {
        form,
        envelope,
        seat: None,
        pulse: shared.keep_alive,
    };
    let running = Running::new(shared.clone(), call, context, None);
    Ok(Next::Call(running, delivery))
}

/// The call that an `initialize` is, in the revision that was negotiated.
pub(in crate::endpoint) fn handshake(request: Request) -> Result<Call, Refusal> {
    let params = InitializeParams::read(&request.params.raw()).map_err(|error| {
        let detail = format!(
            "initialize needs protocolVersion, capabilities and clientInfo: {}",
            describe(&error)
        );
        let why = Rejection::InvalidParams {
            detail: detail.into(),
        };
        Refusal::new(Some(request.id.clone()), why)
    })?;
    let version = legacy::negotiate(&params.protocol_version);
    let mut call = Call::new(request.id, request.method, request.params, version);
    call.client = Client::new(params.client_info, params.capabilities);
    Ok(call)
}

/// An id that no other session has and nobody can guess (T-2503-20).
pub(in crate::endpoint) fn new_id() -> Result<SessionId, Rejection> {
    let mut bits = [0_u8; 16];
    getrandom::fill(&mut bits).map_err(|error| {
        tracing::error!(%error, "the system gives no random numbers");
        Rejection::Internal
    })?;
    Ok(SessionId::from_random(bits))
}

/// Opens the session that a handshake asks for.
pub(in crate::endpoint) async fn open_session(
    registry: &Registry,
    id: SessionId,
    handshake: &Call,
    principal: Option<&str>,
) -> Result<(), Rejection> {
    let (version, client) = (handshake.version, &handshake.client);
    registry
        .open(Session::new(id, version, client, principal.map(Into::into)))
        .await
}

/// The terms a message is served under.
pub(in crate::endpoint) struct Terms {
    pub(in crate::endpoint) session: Arc<Session>,
    /// `None` where the server keeps no sessions; then nothing can be cancelled or changed.
    pub(in crate::endpoint) registry: Option<Arc<Registry>>,
}

async fn in_session<'a>(
    shared: &Arc<Shared>,
    post: Post<'_>,
    named: Named,
    incoming: Incoming,
) -> Result<Next<'a>, Refusal> {
    let id = match &incoming {
        Incoming::Single(Message::Request(request)) => Some(request.id.clone()),
        _ => None,
    };
    let terms = terms(shared, &post, named)
        .await
        .map_err(|why| Refusal::new(id.clone(), why))?;
    legacy::check_batch(&incoming, terms.session.version).map_err(|why| Refusal::new(id, why))?;
    match incoming {
        Incoming::Single(Message::Request(request)) => serve(shared, post, &terms, request).await,
        Incoming::Single(Message::Notification(notification)) => {
            notice(shared, &terms, || post.origin(shared), &notification).await?;
            Ok(Next::Answer(respond::accepted(terms.session.version)))
        }
        Incoming::Single(Message::Response(response)) => {
            take_response(&terms, &response);
            Ok(Next::Answer(respond::accepted(terms.session.version)))
        }
        Incoming::Batch(messages) => Box::pin(serve_batch(shared, post, &terms, messages))
            .await
            .map(Next::Answer),
    }
}

/// The session the request names; without sessions, the revision its header names (T-DUAL-08).
async fn terms(shared: &Shared, post: &Post<'_>, named: Named) -> Result<Terms, Rejection> {
    let Some(registry) = &shared.sessions else {
        let version = named.version?.unwrap_or(ProtocolVersion::ASSUMED);
        let nameless = SessionId::from_random([0; 16]);
        let session = Session::new(nameless, version, &Client::default(), None);
        return Ok(Terms {
            session: Arc::new(session),
            registry: None,
        });
    };
    let session = registry.find(&named.session?, post.principal()).await?;
    let version = named.version?;
    shared
        .header_rules
        .check_session(version, session.version)?;
    Ok(Terms {
        session,
        registry: Some(registry.clone()),
    })
}

async fn serve<'a>(
    shared: &Arc<Shared>,
    post: Post<'_>,
    terms: &Terms,
    request: Request,
) -> Result<Next<'a>, Refusal> {
    let delivery = delivery(shared, &post, terms);
    let form = post.form;
    let taken = take_request(shared, terms, form, || post.into_origin(shared), request);
    Ok(match taken.await? {
        Taken::Answered(outgoing) => Next::Answer(respond::json(outgoing, delivery.envelope)),
        Taken::Running(running) => Next::Call(running, delivery),
    })
}

async fn serve_batch(
    shared: &Arc<Shared>,
    post: Post<'_>,
    terms: &Terms,
    messages: Vec<Message>,
) -> Result<http::Response<ResponseBody>, Refusal> {
    let (mut calls, mut answered): (Vec<Running>, Vec<Bytes>) = (Vec::new(), Vec::new());
    let mut wants_answer = false;
    for message in messages {
        let outcome = match message {
            Message::Notification(notification) => {
                notice(shared, terms, || post.origin(shared), &notification).await
            }
            Message::Response(response) => {
                take_response(terms, &response);
                Ok(())
            }
            Message::Request(request) => {
                wants_answer = true;
                let origin = || post.origin(shared);
                let taken = take_request(shared, terms, post.form, origin, request).await;
                taken.map(|taken| match taken {
                    Taken::Answered(outgoing) => answered.push(outgoing.body),
                    Taken::Running(running) => calls.push(running),
                })
            }
        };
        if let Err(refusal) = outcome {
            answered.push(
                spanway_protocol::refuse(refusal.id.as_ref(), &refusal.why, Era::Legacy).body,
            );
        }
    }
    if !wants_answer && answered.is_empty() {
        return Ok(respond::accepted(terms.session.version));
    }
    Ok(deliver::batch(calls, answered, delivery(shared, &post, terms)).await)
}

/// Whether a call may ask its client while it runs: on its own stream, of a session whose client is ready
/// (T-2411-12, T-2411-19, traps 33 and 34).
fn client_requests(terms: &Terms, form: Form) -> ClientRequests {
    if terms.registry.is_none() {
        ClientRequests::Refused("this server keeps no sessions")
    } else if !form.sse {
        ClientRequests::Refused("the answer is JSON only, and questions need an event stream")
    } else if !terms.session.initialized {
        ClientRequests::Refused("it has not sent notifications/initialized")
    } else {
        ClientRequests::OnStream
    }
}

/// Hands a posted response to the call of this session that waits for it. One that answers nothing known is
/// dropped: its question may just have been taken back.
pub(in crate::endpoint) fn take_response(terms: &Terms, response: &Response) {
    if let (Some(registry), Some(id)) = (&terms.registry, &response.id) {
        registry.answer(&terms.session.id, id, &response.outcome);
    }
}

fn envelope(post: &Post<'_>, terms: &Terms) -> Envelope {
    let session = terms
        .registry
        .as_ref()
        .and_then(|_| post.parts.headers.get(SESSION_ID).cloned());
    Envelope {
        version: terms.session.version,
        session,
    }
}

/// What is said on the stream of a session is kept, so that the client can come back for it.
fn delivery(shared: &Shared, post: &Post<'_>, terms: &Terms) -> Delivery {
    Delivery {
        form: post.form,
        envelope: envelope(post, terms),
        seat: terms
            .registry
            .as_ref()
            .map(|registry| registry.new_stream(&terms.session)),
        pulse: shared.keep_alive,
    }
}

/// What became of a request.
#[expect(
    clippy::large_enum_variant,
    reason = "it is made and taken apart at once"
)]
pub(in crate::endpoint) enum Taken {
    /// It was about the session itself.
    Answered(Outgoing),
    /// The service has it.
    Running(Running),
}

/// Takes up a request of a session, which comes from `origin` and is answered in `form`.
pub(in crate::endpoint) async fn take_request(
    shared: &Arc<Shared>,
    terms: &Terms,
    form: Form,
    origin: impl FnOnce() -> Origin,
    request: Request,
) -> Result<Taken, Refusal> {
    if concerns_session(&request.method) {
        return Box::pin(settle(shared, terms, origin, request))
            .await
            .map(Taken::Answered);
    }
    let call = legacy::accept(request, &terms.session)?;
    let mut origin = origin();
    origin.client_requests = client_requests(terms, form);
    let Some(registry) = &terms.registry else {
        let context = Context::new(&call, origin, shared.limits.queue_max);
        let running = Running::new(shared.clone(), call, context, None);
        return Ok(Taken::Running(running));
    };
    let session = &terms.session.id;
    origin.session = Some(session.as_str().into());
    let context = Context::new(&call, origin, shared.limits.queue_max);
    let in_flight = registry
        .begin(session, &call.id, &context, &shared.limits)
        .map_err(|why| Refusal::new(Some(call.id.clone()), why))?;
    let running = Running::new(shared.clone(), call, context, Some(in_flight));
    Ok(Taken::Running(running))
}

/// Whether a request is about the session itself: then the transport answers it.
fn concerns_session(method: &Method) -> bool {
    matches!(
        method,
        Method::LoggingSetLevel | Method::ResourcesSubscribe | Method::ResourcesUnsubscribe
    )
}

async fn settle(
    shared: &Shared,
    terms: &Terms,
    origin: impl FnOnce() -> Origin,
    request: Request,
) -> Result<Outgoing, Refusal> {
    let reply = match request.method {
        Method::LoggingSetLevel => set_level(shared, terms, origin, &request).await,
        _ => subscribe::answer(shared, terms, origin, &request).await,
    };
    let reply = reply.map_err(|why| Refusal::new(Some(request.id.clone()), why))?;
    let server = shared.service.info().raw_implementation();
    Ok(encode(terms.session.version, &request.id, &reply, server))
}

/// T-2411-16: from now on, log messages of this level and above.
async fn set_level(
    shared: &Shared,
    terms: &Terms,
    origin: impl FnOnce() -> Origin,
    request: &Request,
) -> Result<Reply, Rejection> {
    if !shared.service.info().capabilities.logging {
        return Err(Rejection::MethodNotFound {
            method: request.method.as_str().to_owned(),
        });
    }
    let params: SetLevelParams =
        request
            .params
            .raw()
            .read()
            .map_err(|_| Rejection::InvalidParams {
                detail: "level must be one of the eight RFC 5424 levels".into(),
            })?;
    if let Some(refusal) = tell::of_request(shared, terms, origin, request).await {
        return Ok(refusal);
    }
    if let Some(registry) = &terms.registry {
        let change = SessionChange::LogLevel(params.level);
        registry.change(&terms.session.id, change).await?;
    }
    Ok(Answer::Empty.into())
}

/// What a client tells without wanting an answer. What is not known or malformed is ignored (T-2411-15).
pub(in crate::endpoint) async fn notice(
    shared: &Shared,
    terms: &Terms,
    origin: impl FnOnce() -> Origin,
    notification: &Notification,
) -> Result<(), Refusal> {
    let Some(registry) = &terms.registry else {
        return Ok(());
    };
    match notification.method {
        Method::Initialized if !terms.session.initialized => {
            registry
                .change(&terms.session.id, SessionChange::Initialized)
                .await?;
        }
        Method::Cancelled => {
            if let Ok(params) = notification.params.raw().read::<CancelledParams>()
                && let Some(id) = params.request_id
            {
                registry.cancel(&terms.session.id, &id);
            }
        }
        _ => {}
    }
    tell::of_notification(shared, terms, origin, notification);
    Ok(())
}
