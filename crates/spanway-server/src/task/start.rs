//! Beginning tasks: at once, and again where their node is gone.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use spanway_protocol::schema::{CreateTaskResult, TaskStatus};
use spanway_protocol::{Answer, Call, Era, Rejection, Reply};

use super::engine::{Entered, Kept, Tasks};
use super::owner::Owner;
use super::record::{KeptCall, Record};
use crate::context::{Context, Footing, Origin};
use crate::principal::Principal;
use crate::router::invalid;
use crate::tool::{Arguments, ToolEntry};

/// A call that is to be a task, or may become one.
pub(crate) struct Start {
    pub(super) tasks: Tasks,
    owner: Owner,
    call: KeptCall,
    ttl_ms: Option<u64>,
}

impl Start {
    pub(super) fn new(
        tasks: Tasks,
        tool: &ToolEntry,
        call: &Call,
        context: &Context,
        ttl_ms: Option<u64>,
    ) -> Self {
        let arguments = call.params.arguments.clone();
        let (version, idempotent) = (context.version(), tool.is_idempotent());
        let mut kept = KeptCall::new(version, tool.name(), arguments, &call.client, idempotent);
        kept.principal = context.principal().map(|who| who.as_str().into());
        kept.session = context.session().map(Into::into);
        kept.progress_token = call.progress_token.clone();
        Self {
            owner: Owner::of(context),
            tasks,
            call: kept,
            ttl_ms,
        }
    }

    /// Makes the task of a call of which `context` is the handler's.
    pub(super) async fn create(&self, context: &Context) -> Result<(Entered, Kept), Rejection> {
        let (call, journal) = (self.call.clone(), context.known());
        let created = self.tasks.create(&self.owner, call, journal, self.ttl_ms);
        created.await
    }

    /// Answers the call with a task. `context` is that of the call.
    ///
    /// Before that a modern client answers what the tool asks up front (T-MRTR-10); one of 2025-11-25 is asked
    /// when it waits for the result. A call with unusable arguments needs no task, except where the client
    /// waits for one.
    pub(crate) fn at_once(
        self,
        tool: Arc<ToolEntry>,
        arguments: Arguments,
        context: Context,
    ) -> Result<BoxFuture<'static, Reply>, Reply> {
        let is_modern = context.version().era() == Era::Modern;
        let checked = match tool.check_call(arguments, &context) {
            Err(reply) if is_modern || !matches!(reply, Reply::Answer(_)) => return Err(reply),
            checked => checked,
        };
        let work = async move {
            if is_modern && let Err(reply) = tool.prepare(&context).await {
                return reply;
            }
            let own = context.for_handler(Footing::Task);
            own.know(context.known());
            let (entered, kept) = match self.create(&own).await {
                Ok(created) => created,
                Err(rejection) => return rejection.into(),
            };
            let handler = match checked {
                Ok(arguments) => run(tool, arguments, own.clone()),
                Err(reply) => ready(reply).boxed(),
            };
            self.tasks.begin(entered, own, handler);
            created(&kept)
        };
        Ok(work.boxed())
    }
}

/// The answer that names a task.
pub(super) fn created(kept: &Kept) -> Reply {
    let mut task = kept.record.task(&kept.entry);
    task.status = TaskStatus::Working;
    Answer::CreateTask(Box::new(CreateTaskResult::new(task))).into()
}

impl Tasks {
    /// Runs a task from the top whose last run was lost, with all that is known of it.
    pub(super) fn begin_again(&self, entered: Entered, record: &Record) {
        let call = &record.call;
        let origin = Origin {
            principal: call.principal.clone().map(Principal::new),
            session: call.session.clone(),
            clock: Some(self.inner.keeper.clock),
            tasks: Some(self.clone()),
            ..Origin::default()
        };
        let context = Context::kept(call.version(), call.client(), origin);
        context.know(record.journal().clone());
        let handler = self.handler_again(record, &context);
        self.begin(entered, context, handler);
    }

    fn handler_again(&self, record: &Record, context: &Context) -> BoxFuture<'static, Reply> {
        let name = &record.call.tool;
        let refuse = |reply: Reply| ready(reply).boxed();
        let Some(server) = self.inner.server.upgrade() else {
            return refuse(Rejection::ShuttingDown.into());
        };
        let registry = server.registry();
        let Some(tool) = registry.tools.find(name, context.principal()) else {
            return refuse(invalid(format!("unknown tool: {name:?}")));
        };
        // Headers were checked when the call came.
        let arguments = Arguments::of(&record.call.arguments);
        match arguments.and_then(|arguments| tool.check_arguments(arguments)) {
            Ok(arguments) => run(tool.clone(), arguments, context.clone()),
            Err(reply) => refuse(reply),
        }
    }
}

/// Runs a tool where no panic may escape: reading its arguments runs code of the handler's types.
fn run(tool: Arc<ToolEntry>, arguments: Arguments, context: Context) -> BoxFuture<'static, Reply> {
    let running = async move { tool.run(arguments, context).await };
    let running = AssertUnwindSafe(running).catch_unwind();
    running
        .map(|done| {
            done.unwrap_or_else(|_| {
                tracing::error!("a task panicked before its handler ran");
                Rejection::Internal.into()
            })
        })
        .boxed()
}
