//! Tasks: the core form of 2025-11-25, whose answers depend on more than the method, and the extension of
//! 2026-07-28, which has a schema of its own.

use serde_json::Value;
use spanway_protocol::{Era, ProtocolVersion};

use super::{Violation, rules};
use crate::published::{Reading, Revision};

/// Fields of tasks in the core form, which the extension has under other names (T-TASK-04).
const CORE_ONLY: [&str; 3] = ["task", "ttl", "pollInterval"];

type Checked = Result<(), Violation>;

/// Checks a result that is one of tasks; `None` if it is any other.
pub(super) fn answered(revision: &Revision, method: &str, result: &Value) -> Option<Checked> {
    let is_core = revision.version() == ProtocolVersion::V2025_11_25;
    match (method, revision.version().era()) {
        ("tools/call", Era::Legacy) if is_core && result.get("task").is_some() => {
            Some(rules::fits(revision, "CreateTaskResult", result))
        }
        // T-LTASK-08: tools are all that can be called as tasks.
        ("tasks/result", Era::Legacy) if is_core => {
            Some(rules::fits(revision, "CallToolResult", result))
        }
        ("tools/call", Era::Modern) if result["resultType"] == "task" => {
            Some(extended("CreateTaskResult", result))
        }
        ("tasks/get", Era::Modern) => Some(got(revision, result)),
        ("tasks/update", Era::Modern) => Some(acknowledged("UpdateTaskResult", method, result)),
        ("tasks/cancel", Era::Modern) => Some(acknowledged("CancelTaskResult", method, result)),
        _ => None,
    }
}

/// Checks what is told of a task in the extension; `None` if it is anything else.
pub(super) fn told(version: ProtocolVersion, method: &str, message: &Value) -> Option<Checked> {
    let is_task = version.era() == Era::Modern && method == "notifications/tasks";
    is_task.then(|| {
        without_core_fields(&message["params"])?;
        against("TaskStatusNotification", message)
    })
}

/// The message without the tasks that a listener is promised, which are the extension's (T-TASK-12).
pub(super) fn without_their_ids(version: ProtocolVersion, method: &str, message: &Value) -> Value {
    let mut rest = message.clone();
    let acknowledges = method == "notifications/subscriptions/acknowledged";
    if version.era() == Era::Modern
        && acknowledges
        && let Some(promised) = rest["params"]["notifications"].as_object_mut()
    {
        promised.remove("taskIds");
    }
    rest
}

/// A task and what goes with its status: a result is one that the call could have had at once.
fn got(revision: &Revision, result: &Value) -> Checked {
    extended("GetTaskResult", result)?;
    match result.get("result") {
        Some(inner) => rules::fits(revision, "CallToolResult", inner),
        None => Ok(()),
    }
}

fn acknowledged(name: &str, method: &str, result: &Value) -> Checked {
    rules::is_empty(ProtocolVersion::V2026_07_28, method, result)?;
    against(name, result)
}

fn extended(name: &str, result: &Value) -> Checked {
    without_core_fields(result)?;
    against(name, result)
}

fn without_core_fields(task: &Value) -> Checked {
    match CORE_ONLY.iter().find(|field| task.get(field).is_some()) {
        Some(field) => Err(format!("the extension has no {field:?}")),
        None => Ok(()),
    }
}

fn against(name: &str, value: &Value) -> Checked {
    let Some(extension) = Revision::of_tasks() else {
        return Ok(());
    };
    rules::against(extension, name, Reading::Open, value)
}
