//! POST: reads the body, lets the protocol decide what it is, and answers it.

mod deliver;
mod legacy;
mod listen;

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use http_body::Body;
use spanway_protocol::guard::{self, Accepts};
use spanway_protocol::jsonrpc::{self, Notification, Request};
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
struct Post {
    parts: Parts,
    accepts: Accepts,
    form: Form,
    principal: Option<Principal>,
}

/// The forms an answer may take: what the client admits, narrowed by the server's setting where the client
/// leaves a choice.
#[derive(Debug, Clone, Copy)]
struct Form {
    json: bool,
    sse: bool,
}

impl Form {
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
    /// Moves what a handler may want to see into the origin of its call.
    fn into_origin(self, shared: &Shared, session: Option<Box<str>>) -> Origin {
        let mut origin = Origin::default();
        origin.clock = Some(shared.call_clock.clone());
        origin.principal = self.principal;
        origin.session = session;
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
    let accepts = match guard::content_type(&head).and_then(|()| Accepts::for_post(&head)) {
        Ok(accepts) => accepts,
        Err(why) => return respond::refusal(&why.into(), era),
    };
    let bytes = match body::read(
        body,
        shared.limits.body_bytes_max,
        shared.limits.body_timeout,
    )
    .await
    {
        Ok(bytes) => bytes,
        Err(why) => return respond::refusal(&why.into(), era),
    };
    let incoming = match jsonrpc::parse(&bytes, &shared.limits) {
        Ok(incoming) => incoming,
        Err(refusal) => return respond::refusal(&refusal, era),
    };
    if shared.is_draining()
        && let Some(id) = incoming.first_request()
    {
        return respond::refusal(
            &Refusal::new(Some(id.clone()), Rejection::ShuttingDown),
            era,
        );
    }
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
        Selected::ModernNotification(notification) => notified(&post, &notification),
        Selected::Legacy(incoming) => legacy::answer(shared, post, incoming).await,
    }
}

async fn modern(
    shared: &Arc<Shared>,
    post: Post,
    request: Request,
    claims: &Claims,
) -> Response<ResponseBody> {
    let call = match modern::accept(&super::head(&post.parts), request, claims) {
        Ok(call) => call,
        Err(refusal) => return respond::refusal(&refusal, Era::Modern),
    };
    if call.method == Method::Listen {
        let id = call.id.clone();
        return listen::answer(shared, &post, call)
            .unwrap_or_else(|why| respond::refusal(&Refusal::new(Some(id), why), Era::Modern));
    }
    let form = post.form;
    let envelope = Envelope {
        version: call.version,
        session: None,
    };
    let context = Context::new(
        &call,
        post.into_origin(shared, None),
        shared.limits.queue_max,
    );
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
fn notified(post: &Post, notification: &Notification) -> Response<ResponseBody> {
    let head = super::head(&post.parts);
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
