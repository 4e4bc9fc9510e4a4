//! The narrow waist: whatever answers calls, and whatever brings them, meets here.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::value::RawValue;
use spanway_protocol::jsonrpc::Notification;
use spanway_protocol::schema::{Implementation, ServerCapabilities};
use spanway_protocol::{Call, Reply};

use crate::change::ChangeHub;
use crate::context::Context;
use crate::principal::Principal;
use crate::task::{TaskKeeper, Tasks};

/// Answers MCP calls: the native [`Server`](crate::Server), or an upstream of another kind.
///
/// A transport calls [`call`](Self::call) in the task of the request itself. Dropping the future cancels
/// the work; the transport decides when that happens, since a lost connection means opposite things in the
/// two eras (ARCHITECTURE.md, invariant 8).
pub trait McpService: Send + Sync + 'static {
    /// Who this is and what it offers.
    fn info(&self) -> &ServiceInfo;

    /// Answers one call. What the handler says before its result goes through `context`.
    fn call(&self, call: Call, context: Context) -> BoxFuture<'static, Reply>;

    /// Where changes of lists and resources are announced.
    fn changes(&self) -> &ChangeHub;

    /// Whether this caller may be told that the resource of this URI changed; asked for each change, since
    /// the answer may change too. What must not be read must not be watched
    /// (ARCHITECTURE.md, invariant 13).
    fn may_watch(&self, uri: &str, principal: Option<&Principal>) -> bool {
        let _ = (uri, principal);
        true
    }

    /// Told of a request about the session itself, which the transport sees to: `logging/setLevel`,
    /// `resources/subscribe`, `resources/unsubscribe`. A refusal is what the client gets, and nothing is
    /// remembered; any other reply is ignored. By default nobody wants to know.
    fn concerning_session(
        &self,
        call: Call,
        context: Context,
    ) -> Option<BoxFuture<'static, Reply>> {
        let _ = (call, context);
        None
    }

    /// Told of a notification of a session's client: `notifications/initialized` and the like. By default
    /// nobody wants to know.
    fn notified(
        &self,
        notification: &Notification,
        context: Context,
    ) -> Option<BoxFuture<'static, ()>> {
        let _ = (notification, context);
        None
    }

    /// Keeps tasks with `keeper` from now on, where this service makes any: then every call that comes with what
    /// this returns, in its [`Origin`](crate::Origin), may be answered with one. By default there are none.
    fn keep_tasks(&self, keeper: TaskKeeper) -> Option<Tasks> {
        let _ = keeper;
        None
    }

    /// Told that a client ended its session. Sessions that are merely no longer used end untold.
    fn session_ended(&self, session: &str) {
        let _ = session;
    }
}

impl<S: McpService + ?Sized> McpService for Arc<S> {
    fn info(&self) -> &ServiceInfo {
        (**self).info()
    }

    fn call(&self, call: Call, context: Context) -> BoxFuture<'static, Reply> {
        (**self).call(call, context)
    }

    fn changes(&self) -> &ChangeHub {
        (**self).changes()
    }

    fn may_watch(&self, uri: &str, principal: Option<&Principal>) -> bool {
        (**self).may_watch(uri, principal)
    }

    fn concerning_session(
        &self,
        call: Call,
        context: Context,
    ) -> Option<BoxFuture<'static, Reply>> {
        (**self).concerning_session(call, context)
    }

    fn notified(
        &self,
        notification: &Notification,
        context: Context,
    ) -> Option<BoxFuture<'static, ()>> {
        (**self).notified(notification, context)
    }

    fn keep_tasks(&self, keeper: TaskKeeper) -> Option<Tasks> {
        (**self).keep_tasks(keeper)
    }

    fn session_ended(&self, session: &str) {
        (**self).session_ended(session);
    }
}

/// Who a service is and what it offers; the same for every client.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServiceInfo {
    /// Name, version and the like.
    pub implementation: Implementation,
    /// What is offered; nothing that does not work is advertised (T-2607-36).
    pub capabilities: ServerCapabilities,
    /// How to use the server, for the model.
    pub instructions: Option<String>,
    raw: Arc<RawValue>,
}

impl ServiceInfo {
    /// Describes a service.
    ///
    /// # Errors
    /// The description cannot be written as JSON.
    pub fn new(
        implementation: Implementation,
        capabilities: ServerCapabilities,
        instructions: Option<String>,
    ) -> Result<Self, serde_json::Error> {
        let raw = implementation.to_modern_json()?;
        Ok(Self {
            implementation,
            capabilities,
            instructions,
            raw: raw.into(),
        })
    }

    /// The implementation as JSON, stamped into every modern result (T-2607-25).
    #[must_use]
    pub fn raw_implementation(&self) -> &RawValue {
        &self.raw
    }
}
