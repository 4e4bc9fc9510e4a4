//! The settings of an endpoint, each with its default.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use spanway_protocol::guard::{AllowedHosts, AllowedOrigins};
use spanway_protocol::{Guard, HeaderRules, Limits};
use spanway_server::{Clock, McpService, TaskKeeper};
use spanway_store::{MemoryNonces, MemoryTasks, NodeId, SingleNode, Stores};
use tokio_util::task::TaskTracker;

use crate::auth::{Authenticate, ProtectedResource};
use crate::endpoint::StreamableHttp;
use crate::registry::Registry;
use crate::sessionless::Sessionless;
use crate::spent::Spent;
use crate::sse::Connections;
use crate::state::{ResponseMode, Shared};
use crate::subscription::Subscriptions;

/// Settings of a [`StreamableHttp`] endpoint.
#[must_use]
pub struct StreamableHttpBuilder {
    service: Arc<dyn McpService>,
    guard: Guard,
    auth: Option<Arc<dyn Authenticate>>,
    resource: Option<ProtectedResource>,
    limits: Limits,
    header_rules: HeaderRules,
    mode: ResponseMode,
    keep_alive: Duration,
    session_ttl: Duration,
    sessions: Sessions,
    sse: bool,
}

enum Sessions {
    Memory,
    In(Stores),
    None,
}

impl StreamableHttpBuilder {
    pub(crate) fn new(service: Arc<dyn McpService>) -> Self {
        Self {
            service,
            guard: Guard::default(),
            auth: None,
            resource: None,
            limits: Limits::default(),
            header_rules: HeaderRules::default(),
            mode: ResponseMode::default(),
            keep_alive: Duration::from_secs(15),
            session_ttl: Duration::from_secs(3600),
            sessions: Sessions::Memory,
            sse: true,
        }
    }

    /// Hosts to answer to besides loopback: `name`, `name:port`, or `*` for all. Default: none.
    pub fn allow_hosts<I: IntoIterator<Item: AsRef<str>>>(mut self, hosts: I) -> Self {
        self.guard.hosts = AllowedHosts::new(hosts);
        self
    }

    /// Web origins that may call from a browser besides the server's own: `https://app.example`, or `*`.
    /// Default: none.
    pub fn allow_origins<I: IntoIterator<Item: AsRef<str>>>(mut self, origins: I) -> Self {
        self.guard.origins = AllowedOrigins::new(origins);
        self
    }

    /// Demands credentials of every request. Default: none are demanded, and a
    /// [`Principal`](spanway_server::Principal) that a layer left in the request's extensions is used.
    pub fn auth(mut self, auth: impl Authenticate) -> Self {
        self.auth = Some(Arc::new(auth));
        self
    }

    /// Tells clients who gives out tokens: every 401 names the metadata, which an [`App`](crate::App) serves.
    pub fn protected_resource(mut self, resource: ProtectedResource) -> Self {
        self.resource = Some(resource);
        self
    }

    /// Bounds of bodies, sessions, streams, queues and time.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Refuses headers that the specification leaves open and that are let pass otherwise, with an error that
    /// names the header: for servers behind something that decides by headers. Many clients send some of
    /// them. docs/requirements.md has the list.
    pub fn strict_headers(mut self) -> Self {
        self.header_rules = HeaderRules::Strict;
        self
    }

    /// Form of the answers. Default: [`ResponseMode::Auto`].
    pub fn response_mode(mut self, mode: ResponseMode) -> Self {
        self.mode = mode;
        self
    }

    /// Time between comments on a stream that has nothing to say, and the silence after which a call that
    /// could still be answered with JSON becomes a stream. Default: 15 s.
    pub fn keep_alive(mut self, interval: Duration) -> Self {
        self.keep_alive = interval;
        self
    }

    /// How long an unused session lives. Calls in flight and open streams keep it alive. Default: 1 h.
    /// Stores given with [`stores`](Self::stores) have their own time to live, which should be the same.
    pub fn session_ttl(mut self, ttl: Duration) -> Self {
        self.session_ttl = ttl;
        self
    }

    /// Keeps sessions, their streams and tasks there, and which states modern clients brought back. Default: in
    /// memory, as many as the limits allow.
    pub fn stores(mut self, stores: Stores) -> Self {
        self.sessions = Sessions::In(stores);
        self
    }

    /// Serves legacy clients without sessions: no GET stream, no cancellation, every request by itself.
    pub fn without_sessions(mut self) -> Self {
        self.sessions = Sessions::None;
        self
    }

    /// Does not serve the deprecated HTTP+SSE transport of 2024-11-05. Default: an [`App`](crate::App) serves
    /// it beside the endpoint, unless there are no sessions.
    pub fn without_sse(mut self) -> Self {
        self.sse = false;
        self
    }

    /// The endpoint. Its clock starts now, in the runtime it is built in.
    #[must_use]
    pub fn build(self) -> StreamableHttp {
        let clock = Clock::start();
        let detached = TaskTracker::new();
        let stores = match self.sessions {
            Sessions::Memory => Some(Stores::memory(self.session_ttl, &self.limits)),
            Sessions::In(stores) => Some(stores),
            Sessions::None => None,
        };
        let nonces = match &stores {
            Some(stores) => stores.nonces.clone(),
            None => Arc::new(MemoryNonces::new(self.limits.spent_states_max)),
        };
        let tasks = self.service.keep_tasks(match &stores {
            Some(Stores { tasks, bus, .. }) => {
                let (tasks, bus) = (tasks.clone(), bus.clone());
                TaskKeeper::new(tasks, bus, clock, &self.limits)
            }
            None => {
                let tasks = Arc::new(MemoryTasks::new(&self.limits));
                let bus = Arc::new(SingleNode::new(NodeId::unlike_others()));
                TaskKeeper::new(tasks, bus, clock, &self.limits)
            }
        });
        let sessions = stores.map(|stores| {
            let registry = Registry::new(
                self.service.clone(),
                tasks.clone(),
                stores,
                clock,
                self.session_ttl,
                detached.clone(),
            );
            let registry = Arc::new(registry);
            registry.join();
            registry
        });
        let sse = sessions.as_ref().filter(|_| self.sse).map(|registry| {
            let limit = self.limits.sse_connections_max;
            Arc::new(Connections::new(registry.clone(), limit))
        });
        StreamableHttp::from_shared(Arc::new(Shared {
            service: match sessions {
                Some(_) => self.service,
                None => Arc::new(Sessionless(self.service)),
            },
            cors: crate::cors::policy(&self.guard),
            guard: self.guard,
            auth: self.auth,
            resource: self.resource,
            subscriptions: Subscriptions::new(self.limits.listen_streams_max),
            limits: self.limits,
            header_rules: self.header_rules,
            mode: self.mode,
            keep_alive: self.keep_alive,
            sessions,
            tasks,
            sse,
            spent: Arc::new(Spent(nonces)),
            detached,
            draining: AtomicBool::new(false),
            clock,
        }))
    }
}

impl std::fmt::Debug for StreamableHttpBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamableHttpBuilder")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
