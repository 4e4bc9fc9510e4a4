//! A service as legacy clients see it where no sessions are kept.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use spanway_protocol::{Answer, Call, Method, Reply};
use spanway_server::{ChangeHub, Context, McpService, Principal, ServiceInfo, TaskKeeper, Tasks};

/// Promises no changes in the handshake: without sessions there is no stream to tell them on, and nothing
/// remembers a subscription (T-2411-17). Nor tasks, since nothing tells those of one client from those of
/// another (T-LTASK-10). The modern revision needs no sessions, and has both all the same.
pub(crate) struct Sessionless(pub(crate) Arc<dyn McpService>);

impl McpService for Sessionless {
    fn info(&self) -> &ServiceInfo {
        self.0.info()
    }

    fn call(&self, call: Call, context: Context) -> BoxFuture<'static, Reply> {
        let initializes = call.method == Method::Initialize;
        let reply = self.0.call(call, context);
        if initializes {
            reply.map(promise_less).boxed()
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

    fn keep_tasks(&self, keeper: TaskKeeper) -> Option<Tasks> {
        self.0.keep_tasks(keeper)
    }
}

fn promise_less(reply: Reply) -> Reply {
    match reply {
        Reply::Answer(Answer::Initialize(mut result)) => {
            result.capabilities = result.capabilities.without_changes().without_tasks();
            Reply::Answer(Answer::Initialize(result))
        }
        other => other,
    }
}
