//! POST: reads the body, lets the protocol decide what it is, and answers it.

mod deliver;
pub(super) mod legacy;
mod listen;

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use http_body::Body;
use spanway_protocol::guard::{self, Accepts};
use spanway_protocol::jsonrpc::{self, Incoming, Notification, Request};
use spanway_protocol::modern::{self, Claims};
use spanway_protocol::{
    Era, Method, PROTOCOL_VERSION, ProtocolVersion, Refusal, Rejection, Selected,
};
use spanway_server::{Context, Origin, Principal};

use crate::body;
use crate::respond::{self, Envelope};
use crate::running::Running;
use crate::state::{ResponseMode, Shared};
use crate::stream::ResponseBody;

/// What a POST came with besides its body.
pub(super) struct Post {
    parts: Parts,
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

impl Post {
    /// One whose answer goes onto an event stream that is open already.
    pub(super) fn to_stream(parts: Parts, principal: Option<Principal>) -> Self {
        let accepts = Accepts::of(&super::head(&parts));
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
        origin.clock = Some(shared.call_clock.clone());
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
        origin.clock = Some(shared.call_clock.clone());
        origin.header_rules = shared.header_rules;
        origin.tasks.clone_from(&shared.tasks);
        origin.principal = self.principal;
        origin.headers = self.parts.headers;
        origin.extensions = self.parts.extensions;
        origin
    }
}

pub(super) async fn answer<B>(
    shared: &Arc<Shared>,
    parts: Parts,
    body: B,
    principal: Option<Principal>,
) -> Response<ResponseBody>
where
    B: Body<Data = Bytes> + Send,
    B::Error: Send,
{
    let head = super::head(&parts);
    let era = if head.claims_modern() {
        Era::Modern
    } else {
        Era::Legacy
    };
    let accepts = guard::content_type(&head)
        .and_then(|()| Accepts::for_post(&head))
        .and_then(|accepts| shared.header_rules.check_post(&head).map(|()| accepts));
    let accepts = match accepts {
        Ok(accepts) => accepts,
        Err(why) => return respond::refusal(&why.into(), era),
    };
    let incoming = match read(shared, body).await {
        Ok(incoming) => incoming,
        Err(refusal) => return respond::refusal(&refusal, era),
    };
    let selected = match Selected::decide(&head, incoming) {
        Ok(selected) => selected,
        Err((refusal, era)) => return respond::refusal(&refusal, era),
    };
    let post = Post {
        accepts,
        form: Form::choose(accepts, shared.mode),
        parts,
        principal,
    };
    match selected {
        Selected::ModernRequest(request, claims) => modern(shared, post, request, &claims).await,
        // Nothing in the modern revision is told by notification over HTTP: taken and dropped (trap 28).
        Selected::ModernNotification(notification) => notified(shared, &post, &notification),
        Selected::Legacy(incoming) => legacy::answer(shared, post, incoming).await,
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

async fn modern(
    shared: &Arc<Shared>,
    post: Post,
    request: Request,
    claims: &Claims,
) -> Response<ResponseBody> {
    let head = super::head(&post.parts);
    let call = modern::accept(&head, request, claims).and_then(|call| {
        match shared.header_rules.check_call(&head, &call) {
            Ok(()) => Ok(call),
            Err(why) => Err(Refusal::new(Some(call.id), why)),
        }
    });
    let call = match call {
        Ok(call) => call,
        Err(refusal) => return respond::refusal(&refusal, Era::Modern),
    };
    if call.method == Method::Listen {
        let id = call.id.clone();
        return listen::answer(shared, &post, call)
            .await
            .unwrap_or_else(|why| respond::refusal(&Refusal::new(Some(id), why), Era::Modern));
    }
    let form = post.form;
    let envelope = Envelope {
        version: call.version,
        session: None,
    };
    let brings_state = call.params.resumed.is_some();
    let mut origin = post.into_origin(shared);
    origin.spent_states = brings_state.then(|| shared.spent.clone() as _);
    let context = Context::new(&call, origin, shared.limits.queue_max);
    let running = Running::new(shared, call, context, None);
    let delivery = deliver::Delivery {
        form,
        envelope,
        seat: None,
        pulse: shared.keep_alive,
    };
    deliver::one(running, delivery).await
}

/// T-DUAL-09: only an unsupported version is a reason to refuse a modern notification. The header names it;
/// without one, the claim does.
fn notified(shared: &Shared, post: &Post, notification: &Notification) -> Response<ResponseBody> {
    let head = super::head(&post.parts);
    if let Err(why) = shared.header_rules.check_notification(&head, notification) {
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
