//! An rmcp handler behind the waist: every call goes to it, what it says goes out on the call's own stream.

use std::fmt;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rmcp::ServerHandler;
use rmcp::model::ServerConfig;
use spanway_protocol::jsonrpc::{Notification, code};
use spanway_protocol::{Answer, Call, Rejection, Reply};
use spanway_server::{ChangeHub, Context, McpService, ServiceInfo};

use crate::afterlife::Afterlife;
use crate::convert::capabilities;
use crate::handlers::{Handlers, Hosted};
use crate::limits::HostLimits;
use crate::peers::{Announcer, Peers};
use crate::{request, run};

/// Servers written with rmcp, as a service of this transport. Cheap to clone; clones are the same service.
///
/// See the [crate's documentation](crate) for what a handler can rely on.
pub struct RmcpService<S> {
    host: Arc<Host<S>>,
}

/// What all calls of a service share.
pub(crate) struct Host<S> {
    pub(crate) handlers: Handlers<S>,
    pub(crate) info: ServiceInfo,
    pub(crate) peers: Arc<Peers>,
    pub(crate) afterlife: Afterlife,
    changes: ChangeHub,
}

/// Hosts a handler for each session, as rmcp's own HTTP server does: `factory` makes one when a session begins,
/// and one for each call that belongs to no session, such as every call of 2026-07-28. It is called once more
/// at the start, to ask what is offered.
///
/// This is right for handlers that keep something of their client in themselves. For others,
/// [`RmcpService::new`] costs less.
///
/// ```
/// # use rmcp::ServerHandler;
/// # #[derive(Default)] struct Counter;
/// # impl ServerHandler for Counter {}
/// let service = spanway_rmcp::host(Counter::default);
/// ```
pub fn host<S: ServerHandler>(factory: impl Fn() -> S + Send + Sync + 'static) -> RmcpService<S> {
    let config = factory().get_info();
    RmcpService::assemble(Handlers::made_by(move || Ok(factory())), config)
}

/// The same with a factory that can fail: the very closure that rmcp's own HTTP server takes. Where it fails,
/// the call is answered with an internal error, and the log says why.
///
/// # Errors
/// It fails at the start.
pub fn try_host<S: ServerHandler>(
    factory: impl Fn() -> io::Result<S> + Send + Sync + 'static,
) -> io::Result<RmcpService<S>> {
    let config = factory()?.get_info();
    Ok(RmcpService::assemble(Handlers::made_by(factory), config))
}

impl<S: ServerHandler> RmcpService<S> {
    /// Hosts one handler for all clients. What it keeps in itself, all of them share.
    pub fn new(handler: S) -> Self {
        let config = handler.get_info();
        Self::assemble(Handlers::One(Hosted::greeted(handler)), config)
    }

    fn assemble(handlers: Handlers<S>, config: ServerConfig) -> Self {
        let info = describe(config);
        Self::bounded(handlers, info, ChangeHub::new(), &HostLimits::default())
    }

    fn bounded(
        handlers: Handlers<S>,
        info: ServiceInfo,
        changes: ChangeHub,
        limits: &HostLimits,
    ) -> Self {
        let announcer = Announcer::new(changes.clone(), info.capabilities.clone());
        Self {
            host: Arc::new(Host {
                handlers: handlers.bounded(limits.handlers_max),
                info,
                peers: Arc::new(Peers::new(announcer, limits)),
                afterlife: Afterlife::new(limits),
                changes,
            }),
        }
    }

    /// The same service with other bounds.
    #[must_use]
    pub fn with_limits(self, limits: &HostLimits) -> Self {
        let Host {
            handlers,
            info,
            changes,
            ..
        } = &*self.host;
        Self::bounded(handlers.renewed(), info.clone(), changes.clone(), limits)
    }
}

/// Asked once: what is offered is the same for every client.
#[expect(
    clippy::expect_used,
    reason = "an implementation is text and lists of text, which JSON has room for"
)]
fn describe(config: ServerConfig) -> ServiceInfo {
    ServiceInfo::new(
        capabilities::implementation(config.server_info),
        capabilities::offered(config.capabilities),
        config.instructions,
    )
    .expect("text can be written as JSON")
}

impl<S: ServerHandler> McpService for RmcpService<S> {
    fn info(&self) -> &ServiceInfo {
        &self.host.info
    }

    fn call(&self, call: Call, context: Context) -> BoxFuture<'static, Reply> {
        let cancelled = context.cancellation().child_token();
        let work = run::answer(self.host.clone(), call, context, cancelled.clone());
        let work = AssertUnwindSafe(work).catch_unwind().map(|outcome| {
            outcome.unwrap_or_else(|_| {
                tracing::error!("a handler panicked");
                Rejection::Internal.into()
            })
        });
        self.host.afterlife.watch(work.boxed(), cancelled).boxed()
    }

    fn changes(&self) -> &ChangeHub {
        &self.host.changes
    }

    fn concerning_session(
        &self,
        call: Call,
        context: Context,
    ) -> Option<BoxFuture<'static, Reply>> {
        // A handler that leaves it to the transport does not have the method.
        let reply = self.call(call, context).map(|reply| match reply {
            Reply::Error(error) if error.code == code::METHOD_NOT_FOUND => Answer::Empty.into(),
            other => other,
        });
        Some(reply.boxed())
    }

    fn notified(
        &self,
        notification: &Notification,
        context: Context,
    ) -> Option<BoxFuture<'static, ()>> {
        let own = request::notification(notification)?;
        Some(run::notify(self.host.clone(), own, context).boxed())
    }

    fn session_ended(&self, session: &str) {
        self.host.handlers.forget(session);
        self.host.peers.forget(session);
    }
}

impl<S> Clone for RmcpService<S> {
    fn clone(&self) -> Self {
        Self {
            host: self.host.clone(),
        }
    }
}

impl<S> fmt::Debug for RmcpService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RmcpService")
            .field("info", &self.host.info)
            .field("handlers", &self.host.handlers)
            .field("peers", &self.host.peers)
            .field("afterlife", &self.host.afterlife)
            .finish()
    }
}
