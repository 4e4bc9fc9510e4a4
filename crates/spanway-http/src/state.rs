//! What all requests of an endpoint share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use spanway_protocol::legacy::SessionId;
use spanway_protocol::{Guard, HeaderRules, Limits};
use spanway_server::{Change, Changes, Clock, McpService, Principal, Tasks};
use tokio_util::task::TaskTracker;
use tower_http::cors::CorsLayer;

use crate::auth::{Authenticate, ProtectedResource};
use crate::registry::Registry;
use crate::spent::Spent;
use crate::sse::Connections;
use crate::subscription::Subscriptions;

/// How calls are answered where the client takes both forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ResponseMode {
    /// JSON if the handler is done before it says anything, else an event stream
    /// (ARCHITECTURE.md, invariant 7).
    #[default]
    Auto,
    /// Always JSON; progress and log messages are dropped.
    Json,
    /// Always an event stream.
    Sse,
}

/// The endpoint's settings, the service behind it and the sessions.
pub(crate) struct Shared {
    pub(crate) service: Arc<dyn McpService>,
    pub(crate) guard: Guard,
    pub(crate) cors: CorsLayer,
    pub(crate) auth: Option<Arc<dyn Authenticate>>,
    /// Who gives out tokens, where clients are told.
    pub(crate) resource: Option<ProtectedResource>,
    pub(crate) limits: Limits,
    pub(crate) header_rules: HeaderRules,
    pub(crate) mode: ResponseMode,
    pub(crate) keep_alive: Duration,
    /// `None` serves legacy requests without sessions, each by itself.
    pub(crate) sessions: Option<Arc<Registry>>,
    /// The tasks of the service; `None` if it makes none.
    pub(crate) tasks: Option<Tasks>,
    /// The open HTTP+SSE connections; `None` where that transport is not served.
    pub(crate) sse: Option<Arc<Connections>>,
    /// Which states modern clients brought back.
    pub(crate) spent: Arc<Spent>,
    /// The open `subscriptions/listen` streams.
    pub(crate) subscriptions: Subscriptions,
    /// Legacy calls whose client went away.
    pub(crate) detached: TaskTracker,
    pub(crate) draining: AtomicBool,
    pub(crate) clock: Clock,
}

impl Shared {
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// What changes from now on: the lists that `wants_list` says yes to, those of the watched resources that
    /// the caller may know of, and what concerns the session alone.
    pub(crate) fn changes(
        &self,
        principal: Option<Principal>,
        session: Option<&SessionId>,
        wants_list: impl Fn(&Change) -> bool + Send + Sync + 'static,
    ) -> Changes {
        let service = self.service.clone();
        let session = session.cloned();
        let wants = move |change: &Change| match change {
            Change::Resource(uri) => service.may_watch(uri, principal.as_ref()),
            // T-2511-16: to the client that was asked, and to no other.
            Change::UrlCompleted { session: whose, .. } => {
                session.as_ref().is_some_and(|own| own.as_str() == &**whose)
            }
            list => wants_list(list),
        };
        self.service.changes().subscribe_where(wants)
    }

    /// What a legacy client may use here: without sessions there is nothing to GET or DELETE.
    pub(crate) fn allowed_methods(&self) -> &'static str {
        match self.sessions {
            Some(_) => "GET, POST, DELETE",
            None => "POST",
        }
    }
}
