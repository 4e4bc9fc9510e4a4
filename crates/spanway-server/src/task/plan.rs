//! Whether a call becomes a task: what the tool allows, what the revision has, and who may decide.

use std::sync::Arc;
use std::time::Duration;

use spanway_protocol::jsonrpc::{ErrorObject, code};
use spanway_protocol::schema::{TASKS_EXTENSION, TaskParams};
use spanway_protocol::{Call, Era, ProtocolVersion, Rejection, Reply};

use super::TaskSupport;
use super::start::Start;
use crate::context::Context;
use crate::router::invalid;
use crate::server::Shared;
use crate::tool::ToolEntry;

/// What becomes of a call.
pub(crate) enum Plan {
    /// It is answered with its result.
    Inline,
    /// It is answered with a task.
    Task(Start),
    /// It is answered with a task if it takes longer than this.
    After(Duration, Start),
}

/// The two forms in which tasks are on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Of 2025-11-25, where the client decides.
    Core,
    /// The extension of 2026-07-28, where the server decides.
    Extension,
}

impl Form {
    /// The form a call can use. That of 2025-11-25 needs a session, which tells the tasks of one client from
    /// those of another; where there is none it is not advertised either (T-LTASK-10).
    pub(super) fn of(context: &Context) -> Option<Self> {
        match context.version() {
            version if version.era() == Era::Modern => Some(Self::Extension),
            ProtocolVersion::V2025_11_25 if context.session().is_some() => Some(Self::Core),
            _ => None,
        }
    }
}

impl Plan {
    pub(crate) fn of(
        shared: &Arc<Shared>,
        tool: &ToolEntry,
        call: &Call,
        context: &Context,
    ) -> Result<Self, Reply> {
        if !shared.info.capabilities.tasks {
            return Ok(Self::Inline);
        }
        let start = |ttl_ms| Start::new(shared.tasks(context), tool, call, context, ttl_ms);
        match (Form::of(context), tool.tasks()) {
            (None, _) | (Some(Form::Extension), TaskSupport::Forbidden) => Ok(Self::Inline),
            (Some(Form::Core), support) => {
                let wished = wished(call)?;
                match (support, wished) {
                    (TaskSupport::Forbidden, Some(_)) => Err(refuse("cannot", tool)),
                    (TaskSupport::Required, None) => Err(refuse("must", tool)),
                    (_, Some(TaskParams { ttl, .. })) => Ok(Self::Task(start(ttl))),
                    (_, None) => Ok(Self::Inline),
                }
            }
            // T-TASK-02: never for a request that does not declare the extension, and whatever its `task` says.
            (Some(Form::Extension), support) => {
                let takes_tasks = context.client_capabilities().tasks_extension();
                match support {
                    TaskSupport::Required if !takes_tasks => {
                        Err(Rejection::missing_extension(TASKS_EXTENSION).into())
                    }
                    _ if !takes_tasks => Ok(Self::Inline),
                    TaskSupport::After(patience) => Ok(Self::After(patience, start(None))),
                    _ => Ok(Self::Task(start(None))),
                }
            }
        }
    }
}

/// What a client of 2025-11-25 wishes, if it wants a task (T-LTASK-04).
fn wished(call: &Call) -> Result<Option<TaskParams>, Reply> {
    let Some(raw) = &call.params.task else {
        return Ok(None);
    };
    let wished = raw.is_object().then(|| raw.read().ok()).flatten();
    wished.map(Some).ok_or_else(|| {
        invalid("task must be an object, and its ttl a whole number of milliseconds")
    })
}

/// T-LTASK-02
fn refuse(verb: &str, tool: &ToolEntry) -> Reply {
    let name = tool.name();
    let message = format!("a call of the tool {name:?} {verb} be a task");
    ErrorObject::new(code::METHOD_NOT_FOUND, message).into()
}
