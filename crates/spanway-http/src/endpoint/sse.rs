//! The deprecated HTTP+SSE transport of 2024-11-05: a stream to open, and an address to post to.
//!
//! Always legacy, whatever a header or `_meta` says: the modern revision has no such transport.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Method as HttpMethod, Response, StatusCode};
use http_body::Body;
use spanway_protocol::guard::{self, Accepts};
use spanway_protocol::jsonrpc::{Incoming, Message, Request};
use spanway_protocol::legacy::{self, SessionId};
use spanway_protocol::{Answer, Era, Method, ProtocolVersion, Refusal, Rejection, Reply, encode};
use spanway_server::{Context, Principal};

use super::post::legacy::{
    Taken, Terms, handshake, new_id, notice, open_session, take_request, take_response,
};
use super::post::{self, Form, Post};
use crate::respond;
use crate::running::Running;
use crate::sse::{Connection, Connections, Feed, Item};
use crate::state::Shared;
use crate::stream::{Events, ResponseBody};

/// Where clients post to, beside the stream.
pub(crate) const MESSAGES: &str = "messages";

/// GET: opens a connection. 406 if the client takes no event stream, 503 if there are too many.
pub(super) fn open(
    shared: &Shared,
    connections: &Arc<Connections>,
    parts: &Parts,
    principal: Option<&Principal>,
) -> Result<Response<ResponseBody>, Rejection> {
    if parts.method != HttpMethod::GET {
        return Err(Rejection::MethodNotAllowed { allow: "GET" });
    }
    Accepts::for_get(&super::head(parts))?;
    let id = new_id()?;
    let address = address(parts.uri.path(), &id);
    let feed = Feed::open(shared, connections, id, principal)?;
    // A drain that came before the opening found no stream to end.
    if shared.is_draining() {
        return Err(Rejection::ShuttingDown);
    }
    let events = Events::of_connection(feed, &address, shared.keep_alive);
    Ok(respond::events(events.into()))
}

/// T-2411-05: relative to the stream's own address, so that it is right behind any mount and proxy.
fn address(stream: &str, id: &SessionId) -> String {
    let beside = if stream.ends_with('/') { "../" } else { "" };
    format!("{beside}{MESSAGES}?sessionId={}", id.as_str())
}

/// POST: 202 once the message is taken; what there is to say to it is said on the stream (T-2411-03). 400
/// without a connection, 404 for one that is not there or not this principal's.
pub(super) async fn take<B>(
    shared: &Arc<Shared>,
    connections: &Connections,
    parts: &mut Parts,
    body: B,
    principal: Option<Principal>,
) -> Result<Response<ResponseBody>, Refusal>
where
    B: Body<Data = Bytes> + Send,
    B::Error: Send,
{
    if parts.method != HttpMethod::POST {
        return Err(Rejection::MethodNotAllowed { allow: "POST" }.into());
    }
    let owner = principal.as_ref().map(Principal::as_str);
    let connection = connections.find(&named(parts.uri.query())?, owner)?;
    guard::content_type(&super::head(parts))?;
    let incoming = post::read(shared, body).await?;
    let posted = Posted {
        shared,
        connection: &connection,
        terms: terms(connections, &connection, owner).await?,
        post: Post::to_stream(parts, principal),
    };
    posted.take(connections, incoming).await?;
    Ok(respond::empty(StatusCode::ACCEPTED))
}

/// The connection that the query names.
fn named(query: Option<&str>) -> Result<SessionId, Rejection> {
    let id = query
        .into_iter()
        .flat_map(|query| query.split('&'))
        .find_map(|pair| pair.strip_prefix("sessionId="))
        .ok_or(Rejection::ConnectionRequired)?;
    SessionId::parse(id).ok_or(Rejection::SessionNotFound)
}

/// What was agreed on; `None` before `initialize`.
async fn terms(
    connections: &Connections,
    connection: &Connection,
    owner: Option<&str>,
) -> Result<Option<Terms>, Rejection> {
    let registry = connections.registry();
    match registry.find(connection.id(), owner).await {
        Ok(session) => Ok(Some(Terms {
            session,
            registry: Some(registry.clone()),
        })),
        Err(Rejection::SessionNotFound) => Ok(None),
        Err(why) => Err(why),
    }
}

/// What came to a connection, and what it is served under.
struct Posted<'a> {
    shared: &'a Arc<Shared>,
    connection: &'a Connection,
    terms: Option<Terms>,
    post: Post<'a>,
}

impl Posted<'_> {
    async fn take(&self, connections: &Connections, incoming: Incoming) -> Result<(), Refusal> {
        let agreed = self.terms.as_ref().map(|terms| terms.session.version);
        legacy::check_batch(&incoming, agreed.unwrap_or(ProtocolVersion::V2024_11_05))?;
        let messages = match incoming {
            Incoming::Single(message) => vec![message],
            Incoming::Batch(messages) => messages,
        };
        let is_request = |message: &&Message| matches!(message, Message::Request(_));
        // Before anything is done, so that whatever is done can be answered.
        let mut places = self
            .connection
            .reserve(messages.iter().filter(is_request).count())?;
        for message in messages {
            match (message, &self.terms) {
                (Message::Request(request), _) => {
                    let item = self.answer(connections, request).await;
                    if let Some(place) = places.as_mut().and_then(Iterator::next) {
                        place.send(item);
                    }
                }
                (Message::Notification(notification), Some(terms)) => {
                    notice(
                        self.shared,
                        terms,
                        || self.post.origin(self.shared),
                        &notification,
                    )
                    .await?;
                    if notification.method == Method::Initialized {
                        self.connection.set_initialized();
                    }
                }
                (Message::Response(response), Some(terms)) => take_response(terms, &response),
                // Before `initialize` there is nothing that could be meant.
                (_, None) => {}
            }
        }
        Ok(())
    }

    /// What a request is answered with. A refusal goes onto the stream too: some clients wait for nothing
    /// else, and give up the connection if a POST fails.
    async fn answer(&self, connections: &Connections, request: Request) -> Item {
        let answered = match &self.terms {
            _ if request.method == Method::Initialize => {
                self.initialize(connections.registry(), request).await
            }
            Some(terms) => {
                let origin = || self.post.origin(self.shared);
                take_request(self.shared, terms, Form::STREAM, origin, request).await
            }
            None => self.before_initialize(request),
        };
        match answered {
            Ok(Taken::Answered(outgoing)) => Item::Answer(outgoing.body),
            // T-2411-06: the stream is the connection; its end is the end of the call.
            Ok(Taken::Running(running)) => Item::Call(Box::new(running.cancelled_on_drop())),
            Err(refusal) => {
                let id = refusal.id.as_ref();
                Item::Answer(spanway_protocol::refuse(id, &refusal.why, Era::Legacy).body)
            }
        }
    }

    /// T-2411-10: opens the session of the connection, under the connection's own name.
    async fn initialize(
        &self,
        registry: &Arc<crate::registry::Registry>,
        request: Request,
    ) -> Result<Taken, Refusal> {
        if self.terms.is_some() {
            let why = Rejection::InvalidRequest {
                detail: "this connection is initialized; open another one".into(),
            };
            return Err(Refusal::new(Some(request.id), why));
        }
        let call = handshake(request)?;
        let id = self.connection.id();
        open_session(registry, id.clone(), &call, self.post.principal())
            .await
            .map_err(|why| Refusal::new(Some(call.id.clone()), why))?;
        // The client may have left meanwhile, and then nobody else would end the session.
        if self.connection.is_closed() {
            registry.abandon(id.clone());
        }
        let origin = self.post.origin(self.shared);
        let context = Context::new(&call, origin, self.shared.limits.queue_max);
        let running = Running::new(self.shared.clone(), call, context, None);
        Ok(Taken::Running(running))
    }

    /// T-2411-10, T-2411-14: `initialize` comes first, but for `ping`.
    fn before_initialize(&self, request: Request) -> Result<Taken, Refusal> {
        if request.method != Method::Ping {
            let why = Rejection::InvalidRequest {
                detail: "initialize must come first".into(),
            };
            return Err(Refusal::new(Some(request.id), why));
        }
        let server = self.shared.service.info().raw_implementation();
        let pong = Reply::Answer(Answer::Empty);
        let version = ProtocolVersion::V2024_11_05;
        Ok(Taken::Answered(encode(version, &request.id, &pong, server)))
    }
}
