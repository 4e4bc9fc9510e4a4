//! The narrow waist: whatever answers calls, and whatever brings them, meets here.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::value::RawValue;
use spanway_protocol::schema::{Implementation, ServerCapabilities};
use spanway_protocol::{Call, Reply};

use crate::change::ChangeHub;
use crate::context::Context;
use crate::principal::Principal;

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
