//! A service as legacy clients see it where no sessions are kept.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use spanway_protocol::{Answer, Call, Method, Reply};
use spanway_server::{ChangeHub, Context, McpService, Principal, ServiceInfo};

/// Promises no changes in the handshake: without sessions there is no stream to tell them on, and nothing
/// remembers a subscription (T-2411-17). The modern revision needs no sessions and is told all the same.
pub(crate) struct Sessionless(pub(crate) Arc<dyn McpService>);

impl McpService for Sessionless {
    fn info(&self) -> &ServiceInfo {
        self.0.info()
    }

    fn call(&self, call: Call, context: Context) -> BoxFuture<'static, Reply> {
        let initializes = call.method == Method::Initialize;
        let reply = self.0.call(call, context);
        if initializes {
            reply.map(promise_no_changes).boxed()
        } else {
            reply
        }
    }

    fn changes(&self) -> &ChangeHub {
        self.0.changes()
    }

    fn may_watch(&self, uri: &str, principal: Option<&Principal>) -> bool {
        self.0.may_watch(uri, principal)
    }
}

fn promise_no_changes(reply: Reply) -> Reply {
    match reply {
        Reply::Answer(Answer::Initialize(mut result)) => {
            result.capabilities = result.capabilities.without_changes();
            Reply::Answer(Answer::Initialize(result))
        }
        other => other,
    }
}
