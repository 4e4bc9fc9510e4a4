//! POST: reads the body, lets the protocol decide what it is, and answers it.

mod deliver;
pub(super) mod legacy;
mod listen;

use std::future::poll_fn;
use std::mem;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use http::Response;
use http::request::Parts;
use http_body::Body;
use spanway_protocol::guard::{self, Accepts};
use spanway_protocol::jsonrpc::{self, Incoming, Notification, Request};
use spanway_protocol::modern::{self, Claims};
use spanway_protocol::{
    Call, Era, Head, Method, PROTOCOL_VERSION, ProtocolVersion, Refusal, Rejection, Selected,
};
use spanway_server::{Context, Origin, Principal};

use super::pinned;
use crate::body;
use crate::respond::{self, Envelope};
use crate::running::{Running, Step};
use crate::state::{ResponseMode, Shared};
use crate::stream::ResponseBody;
use deliver::Delivery;

/// What a POST came with besides its body.
pub(super) struct Post<'a> {
    parts: &'a mut Parts,
    accepts: Accepts,
    form: Form,
    principal: Option<Principal>,
}

/// The forms an answer may take: what the client admits, narrowed by the server's setting where the client
/// leaves a choice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    json: bool,
    sse: bool,
}

impl Form {
    /// An event stream that is open already.
    pub(super) const STREAM: Self = Self {
        json: false,
        sse: true,
    };

    fn choose(accepts: Accepts, mode: ResponseMode) -> Self {
        match (mode, accepts.json, accepts.sse) {
            (ResponseMode::Json, true, _) => Self {
                json: true,
                sse: false,
            },
            (ResponseMode::Sse, _, true) => Self {
                json: false,
                sse: true,
            },
            (_, json, sse) => Self { json, sse },
        }
    }
}

impl<'a> Post<'a> {
    /// One whose answer goes onto an event stream that is open already.
    pub(super) fn to_stream(parts: &'a mut Parts, principal: Option<Principal>) -> Self {
        let accepts = Accepts::of(&super::head(parts));
        Self {
            parts,
            accepts,
            form: Form::STREAM,
            principal,
        }
    }

    pub(super) fn principal(&self) -> Option<&str> {
        self.principal.as_ref().map(Principal::as_str)
    }

    /// What a handler may want to see, for each call of a batch.
    pub(super) fn origin(&self, shared: &Shared) -> Origin {
        let mut origin = Origin::default();
        origin.clock = Some(shared.clock);
        origin.header_rules = shared.header_rules;
        origin.tasks.clone_from(&shared.tasks);
        origin.principal = self.principal.clone();
        origin.headers = self.parts.headers.clone();
        origin.extensions = self.parts.extensions.clone();
        origin
    }

    /// Moves what a handler may want to see into the origin of its call.
    fn into_origin(self, shared: &Shared) -> Origin {
        let mut origin = Origin::default();
        origin.clock = Some(shared.clock);
        origin.header_rules = shared.header_rules;
        origin.tasks.clone_from(&shared.tasks);
        origin.principal = self.principal;
        origin.headers = mem::take(&mut self.parts.headers);
        origin.extensions = mem::take(&mut self.parts.extensions);
        origin
    }
}

/// How an answer goes on once it is clear what is asked.
#[expect(
    clippy::large_enum_variant,
    reason = "it is made and taken apart at once"
)]
enum Next<'a> {
    /// It is there.
    Answer(Response<ResponseBody>),
    /// A call gives it.
    Call(Running, Delivery),
    /// Something rare does.
    Later(BoxFuture<'a, Response<ResponseBody>>),
}

/// What came with a POST, as far as its head has a say in it.
pub(super) enum Asked {
    Modern(Call, Accepts),
    Legacy(Incoming, Accepts, legacy::Named),
    /// There is nothing more to do.
    Answered(Response<ResponseBody>),
}

/// Reads the body and decides what it is.
pub(super) async fn receive<B>(shared: &Shared, head: &Head<'_>, era: Era, body: B) -> Asked
where
    B: Body<Data = Bytes> + Send,
    B::Error: Send,
{
    let refuse = |refusal: &Refusal, era| Asked::Answered(respond::refusal(refusal, era));
    let accepts = guard::content_type(head)
        .and_then(|()| Accepts::for_post(head))
        .and_then(|accepts| shared.header_rules.check_post(head).map(|()| accepts));
    let accepts = match accepts {
        Ok(accepts) => accepts,
        Err(why) => return refuse(&why.into(), era),
    };
    let incoming = match read(shared, body).await {
        Ok(incoming) => incoming,
        Err(refusal) => return refuse(&refusal, era),
    };
    match Selected::decide(head, incoming) {
        Ok(Selected::ModernRequest(request, claims)) => {
            match accept(shared, head, request, claims) {
                Ok(call) => Asked::Modern(call, accepts),
                Err(refusal) => refuse(&refusal, Era::Modern),
            }
        }
        // Nothing in the modern revision is told by notification over HTTP: taken and dropped (trap 28).
        Ok(Selected::ModernNotification(notification)) => {
            Asked::Answered(notified(shared, head, &notification))
        }
        Ok(Selected::Legacy(incoming)) => {
            let checked = shared.header_rules.check_legacy(head, &incoming);
            match checked {
                Ok(()) => Asked::Legacy(incoming, accepts, legacy::Named::by(head)),
                Err(refusal) => refuse(&refusal, Era::Legacy),
            }
        }
        Err((refusal, era)) => refuse(&refusal, era),
    }
}

pub(super) async fn answer(
    shared: Arc<Shared>,
    parts: &mut Parts,
    asked: Asked,
    principal: Option<Principal>,
) -> Response<ResponseBody> {
    let mode = shared.mode;
    let post = |accepts| Post {
        accepts,
        form: Form::choose(accepts, mode),
        parts,
        principal,
    };
    let next = match asked {
        Asked::Modern(call, accepts) => modern(shared, post(accepts), call),
        Asked::Legacy(incoming, accepts, named) => {
            pinned(|| legacy::answer(&shared, post(accepts), named, incoming)).await
        }
        Asked::Answered(response) => Next::Answer(response),
    };
    match next {
        Next::Answer(response) => response,
        Next::Call(mut running, delivery) => {
            match poll_fn(|cx| Poll::Ready(running.poll_step(cx))).await {
                Poll::Ready(Step::Done(outgoing)) if delivery.form.json => {
                    respond::json(outgoing, delivery.envelope)
                }
                first => deliver::rest(running, first, delivery).await,
            }
        }
        Next::Later(answer) => answer.await,
    }
}

/// What the body holds. While draining no request is taken; what concerns those that run still is.
pub(super) async fn read<B>(shared: &Shared, body: B) -> Result<Incoming, Refusal>
where
    B: Body<Data = Bytes> + Send,
    B::Error: Send,
{
    let limits = &shared.limits;
    let bytes = body::read(body, limits.body_bytes_max, limits.body_timeout).await?;
    let incoming = jsonrpc::parse(&bytes, limits)?;
    match incoming.first_request() {
        Some(id) if shared.is_draining() => {
            Err(Refusal::new(Some(id.clone()), Rejection::ShuttingDown))
        }
        _ => Ok(incoming),
    }
}

/// A request whose metadata and headers are as they must be.
fn accept(
    shared: &Shared,
    head: &Head<'_>,
    request: Request,
    claims: Claims,
) -> Result<Call, Refusal> {
    let call = modern::accept(head, request, claims)?;
    match shared.header_rules.check_call(head, &call) {
        Ok(()) => Ok(call),
        Err(why) => Err(Refusal::new(Some(call.id), why)),
    }
}

fn modern(shared: Arc<Shared>, post: Post<'_>, call: Call) -> Next<'_> {
    if call.method == Method::Listen {
        let id = call.id.clone();
        let answer = async move {
            let answered = listen::answer(&shared, &post, call).await;
            answered
                .unwrap_or_else(|why| respond::refusal(&Refusal::new(Some(id), why), Era::Modern))
        };
        return Next::Later(answer.boxed());
    }
    let form = post.form;
    let envelope = Envelope {
        version: call.version,
        session: None,
    };
    let brings_state = call.params.resumed.is_some();
    let mut origin = post.into_origin(&shared);
    origin.spent_states = brings_state.then(|| shared.spent.clone() as _);
    let context = Context::new(&call, origin, shared.limits.queue_max);
    let delivery = Delivery {
        form,
        envelope,
        seat: None,
        pulse: shared.keep_alive,
    };
    let running = Running::new(shared, call, context, None);
    Next::Call(running, delivery)
}

/// T-DUAL-09: only an unsupported version is a reason to refuse a modern notification. The header names it;
/// without one, the claim does.
fn notified(
    shared: &Shared,
    head: &Head<'_>,
    notification: &Notification,
) -> Response<ResponseBody> {
    if let Err(why) = shared.header_rules.check_notification(head, notification) {
        return respond::refusal(&why.into(), Era::Modern);
    }
    let claims = Claims::read(&notification.params.meta).unwrap_or_default();
    let named = match head.single(&PROTOCOL_VERSION) {
        Ok(Some(named)) => named,
        Ok(None) => claims.version().unwrap_or_default(),
        Err(_) => "(invalid)",
    };
    match ProtocolVersion::parse(named).filter(|version| version.era() == Era::Modern) {
        Some(version) => respond::accepted(version),
        None => {
            let why = Rejection::UnsupportedVersion {
                requested: named.to_owned(),
                supported: modern::supported(),
            };
            respond::refusal(&why.into(), Era::Modern)
        }
    }
}
