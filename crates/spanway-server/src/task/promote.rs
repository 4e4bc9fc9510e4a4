//! Calls that become tasks once they have run for long: the client is answered, and the same handler goes on.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use spanway_protocol::{Call, Reply};
use tokio::time::sleep;

use super::start::{Start, created};
use crate::context::{Context, Footing};
use crate::server::Shared;
use crate::tool::{Arguments, ToolEntry};

impl Start {
    /// Answers the call with its result if that is there within `patience`, else with a task. `context` is that
    /// of the call.
    pub(crate) fn after(
        self,
        patience: Duration,
        shared: &Shared,
        tool: &Arc<ToolEntry>,
        arguments: Arguments,
        (call, context): (&Call, Context),
    ) -> Result<BoxFuture<'static, Reply>, Reply> {
        let own = context.for_handler(Footing::Call);
        own.bind(&shared.desk, call)?;
        let handler = tool.call(arguments, own.clone())?;
        let inline = Inline {
            call: context,
            own,
            handler: Some(handler),
        };
        Ok(inline.run(self, patience).boxed())
    }
}

/// A handler that still runs in the task of its request. Dropped before its end, it is cancelled.
struct Inline {
    call: Context,
    own: Context,
    /// Taken when it is done, or goes on elsewhere.
    handler: Option<BoxFuture<'static, Reply>>,
}

impl Inline {
    async fn run(mut self, start: Start, patience: Duration) -> Reply {
        let mut patience = pin!(sleep(patience));
        let done = poll_fn(|cx| match self.poll(cx) {
            Poll::Ready(reply) => Poll::Ready(Some(reply)),
            Poll::Pending => patience.as_mut().poll(cx).map(|()| None),
        });
        if let Some(reply) = done.await {
            return reply;
        }
        match start.create(&self.own).await {
            Ok((entered, kept)) => {
                if let Some(handler) = self.handler.take() {
                    start.tasks.begin(entered, self.own.clone(), handler);
                }
                created(&kept)
            }
            Err(why) => {
                tracing::warn!(%why, "a call cannot become a task and goes on as it is");
                poll_fn(|cx| self.poll(cx)).await
            }
        }
    }

    /// Runs the handler on, and says on the call's stream what it says.
    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Reply> {
        let Some(handler) = &mut self.handler else {
            return Poll::Pending;
        };
        let polled = handler.as_mut().poll(cx);
        while let Poll::Ready(emission) = self.own.poll_emission(cx) {
            self.call.relay(emission);
        }
        if polled.is_ready() {
            self.handler = None;
        }
        polled
    }
}

impl Drop for Inline {
    fn drop(&mut self) {
        if self.handler.is_some() {
            self.own.cancel();
        }
    }
}
