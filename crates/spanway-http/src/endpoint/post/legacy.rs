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
    Answer, Call, Client, Era, Method, ProtocolVersion, Refusal, Rejection, Reply, SESSION_ID,
    describe, encode,
};
use spanway_server::{ClientRequests, Context, Origin, Principal};
use spanway_store::SessionChange;

use super::{Form, Post, deliver};
use crate::registry::Registry;
use crate::respond::{self, Envelope};
use crate::running::Running;
use crate::state::Shared;
use crate::stream::ResponseBody;

pub(super) async fn answer(
    shared: &Arc<Shared>,
    post: Post,
    incoming: Incoming,
) -> http::Response<ResponseBody> {
    let outcome = match incoming {
        Incoming::Single(Message::Request(request)) if request.method == Method::Initialize => {
            initialize(shared, post, request).await
        }
        other => in_session(shared, post, other).await,
    };
    outcome.unwrap_or_else(|refusal| respond::refusal(&refusal, Era::Legacy))
}

/// T-DUAL-07: `initialize` opens a fresh session, whatever session header came with it.
async fn initialize(
    shared: &Arc<Shared>,
    post: Post,
    request: Request,
) -> Result<http::Response<ResponseBody>, Refusal> {
    let refuse = |why| Refusal::new(Some(request.id.clone()), why);
    let invalid = |error: serde_json::Error| Rejection::InvalidParams {
        detail: format!(
            "initialize needs protocolVersion, capabilities and clientInfo: {}",
            describe(&error)
        )
        .into(),
    };
    let params =
        InitializeParams::read(&request.params.raw).map_err(|error| refuse(invalid(error)))?;
    let version = legacy::negotiate(&params.protocol_version);
    let client = Client::new(params.client_info, params.capabilities);
    let mut call = Call::new(
        request.id.clone(),
        request.method.clone(),
        request.params.clone(),
        version,
    );
    call.client = client.clone();
    let form = post.form;
    let principal = post.principal.clone();
    let mut envelope = Envelope {
        version,
        session: None,
    };
    let mut opened: Option<Box<str>> = None;
    if let Some(registry) = &shared.sessions {
        let session = new_session(registry, version, client, principal.as_ref())
            .await
            .map_err(refuse)?;
        envelope.session = HeaderValue::from_str(session.as_str()).ok();
        opened = Some(session.as_str().into());
    }
    let context = Context::new(
        &call,
        post.into_origin(shared, opened),
        shared.limits.queue_max,
    );
    Ok(deliver::one(
        Running::new(shared, call, context, None),
        form,
        envelope,
        shared.keep_alive,
    )
    .await)
}

async fn new_session(
    registry: &Registry,
    version: ProtocolVersion,
    client: Client,
    principal: Option<&Principal>,
) -> Result<SessionId, Rejection> {
    let mut bits = [0_u8; 16];
    getrandom::fill(&mut bits).map_err(|error| {
        tracing::error!(%error, "the system gives no random numbers");
        Rejection::Internal
    })?;
    let id = SessionId::from_random(bits);
    let owner = principal.map(|principal| principal.as_str().into());
    registry
        .open(Session::new(id.clone(), version, client, owner))
        .await?;
    Ok(id)
}

/// The terms a message is served under.
struct Terms {
    session: Arc<Session>,
    /// `None` where the server keeps no sessions; then nothing can be cancelled or changed.
    registry: Option<Arc<Registry>>,
}

async fn in_session(
    shared: &Arc<Shared>,
    post: Post,
    incoming: Incoming,
) -> Result<http::Response<ResponseBody>, Refusal> {
    let id = match &incoming {
        Incoming::Single(Message::Request(request)) => Some(request.id.clone()),
        _ => None,
    };
    let terms = terms(shared, &post)
        .await
        .map_err(|why| Refusal::new(id.clone(), why))?;
    legacy::check_batch(&incoming, terms.session.version).map_err(|why| Refusal::new(id, why))?;
    match incoming {
        Incoming::Single(Message::Request(request)) => serve(shared, post, &terms, request).await,
        Incoming::Single(Message::Notification(notification)) => {
            notice(shared, &post, &terms, &notification).await?;
            Ok(respond::accepted(terms.session.version))
        }
        Incoming::Single(Message::Response(response)) => {
            take_response(&terms, &response);
            Ok(respond::accepted(terms.session.version))
        }
        Incoming::Batch(messages) => serve_batch(shared, post, &terms, messages).await,
    }
}

/// The session the request names; without sessions, the revision its header names (T-DUAL-08).
async fn terms(shared: &Shared, post: &Post) -> Result<Terms, Rejection> {
    let head = crate::endpoint::head(&post.parts);
    let Some(registry) = &shared.sessions else {
        let version = legacy::version_header(&head)?.unwrap_or(ProtocolVersion::ASSUMED);
        let nameless = SessionId::from_random([0; 16]);
        let session = Session::new(nameless, version, Client::default(), None);
        return Ok(Terms {
            session: Arc::new(session),
            registry: None,
        });
    };
    let id = legacy::session_id(&head)?;
    let session = registry
        .find(&id, post.principal.as_ref().map(Principal::as_str))
        .await?;
    legacy::version_header(&head)?;
    Ok(Terms {
        session,
        registry: Some(registry.clone()),
    })
}

async fn serve(
    shared: &Arc<Shared>,
    post: Post,
    terms: &Terms,
    request: Request,
) -> Result<http::Response<ResponseBody>, Refusal> {
    let form = post.form;
    let envelope = envelope(&post, terms);
    if concerns_session(&request.method) {
        let body = settle(shared, &post, terms, request).await?;
        return Ok(respond::json(body, envelope));
    }
    let session = terms
        .registry
        .is_some()
        .then(|| terms.session.id.as_str().into());
    let requests = client_requests(terms, form);
    let mut origin = post.into_origin(shared, session);
    origin.client_requests = requests;
    let running = start(shared, terms, origin, request)?;
    Ok(deliver::one(running, form, envelope, shared.keep_alive).await)
}

async fn serve_batch(
    shared: &Arc<Shared>,
    post: Post,
    terms: &Terms,
    messages: Vec<Message>,
) -> Result<http::Response<ResponseBody>, Refusal> {
    let (mut calls, mut answered): (Vec<Running>, Vec<Bytes>) = (Vec::new(), Vec::new());
    let mut wants_answer = false;
    let session: Option<Box<str>> = terms
        .registry
        .is_some()
        .then(|| terms.session.id.as_str().into());
    for message in messages {
        let outcome = match message {
            Message::Notification(notification) => {
                notice(shared, &post, terms, &notification).await
            }
            Message::Response(response) => {
                take_response(terms, &response);
                Ok(())
            }
            Message::Request(request) => {
                wants_answer = true;
                if concerns_session(&request.method) {
                    settle(shared, &post, terms, request)
                        .await
                        .map(|outgoing| answered.push(outgoing.body))
                } else {
                    let mut origin = copy_origin(shared, &post, session.clone());
                    origin.client_requests = client_requests(terms, post.form);
                    start(shared, terms, origin, request).map(|running| calls.push(running))
                }
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
    Ok(deliver::batch(
        calls,
        answered,
        post.form,
        envelope(&post, terms),
        shared.keep_alive,
    )
    .await)
}

/// Each call of a batch sees the head of the POST.
fn copy_origin(shared: &Shared, post: &Post, session: Option<Box<str>>) -> Origin {
    let mut origin = Origin::default();
    origin.clock = Some(shared.call_clock.clone());
    origin.principal = post.principal.clone();
    origin.session = session;
    origin.headers = post.parts.headers.clone();
    origin.extensions = post.parts.extensions.clone();
    origin
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
fn take_response(terms: &Terms, response: &Response) {
    let taken = match (&terms.registry, &response.id) {
        (Some(registry), Some(id)) => registry.answer(&terms.session.id, id, &response.outcome),
        _ => false,
    };
    if !taken {
        tracing::debug!(id = ?response.id, "a response answers no open question and is dropped");
    }
}

fn envelope(post: &Post, terms: &Terms) -> Envelope {
    let session = terms
        .registry
        .as_ref()
        .and_then(|_| post.parts.headers.get(SESSION_ID).cloned());
    Envelope {
        version: terms.session.version,
        session,
    }
}

fn start(
    shared: &Arc<Shared>,
    terms: &Terms,
    origin: Origin,
    request: Request,
) -> Result<Running, Refusal> {
    let call = legacy::accept(request, &terms.session)?;
    let context = Context::new(&call, origin, shared.limits.queue_max);
    let in_flight = match &terms.registry {
        Some(registry) => {
            let begun = registry.begin(&terms.session.id, &call.id, &context, &shared.limits);
            Some(begun.map_err(|why| Refusal::new(Some(call.id.clone()), why))?)
        }
        None => None,
    };
    Ok(Running::new(shared, call, context, in_flight))
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
    post: &Post,
    terms: &Terms,
    request: Request,
) -> Result<spanway_protocol::Outgoing, Refusal> {
    let reply = match request.method {
        Method::LoggingSetLevel => set_level(shared, post, terms, &request).await,
        _ => subscribe::answer(shared, post, terms, &request).await,
    };
    let reply = reply.map_err(|why| Refusal::new(Some(request.id.clone()), why))?;
    let server = shared.service.info().raw_implementation();
    Ok(encode(terms.session.version, &request.id, &reply, server))
}

/// T-2411-16: from now on, log messages of this level and above.
async fn set_level(
    shared: &Shared,
    post: &Post,
    terms: &Terms,
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
            .raw
            .read()
            .map_err(|_| Rejection::InvalidParams {
                detail: "level must be one of the eight RFC 5424 levels".into(),
            })?;
    if let Some(refusal) = tell::of_request(shared, post, terms, request).await {
        return Ok(refusal);
    }
    if let Some(registry) = &terms.registry {
        let change = SessionChange::LogLevel(params.level);
        registry.change(&terms.session.id, change).await?;
    }
    Ok(Answer::Empty.into())
}

/// What a client tells without wanting an answer. What is not known or malformed is ignored (T-2411-15).
async fn notice(
    shared: &Shared,
    post: &Post,
    terms: &Terms,
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
            if let Ok(params) = notification.params.raw.read::<CancelledParams>()
                && let Some(id) = params.request_id
            {
                registry.cancel(&terms.session.id, &id);
            }
        }
        _ => {}
    }
    tell::of_notification(shared, post, terms, notification);
    Ok(())
}
