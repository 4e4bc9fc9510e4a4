//! The methods of tasks, in both forms.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use spanway_protocol::schema::{ListParams, TASKS_EXTENSION, TaskIdParams, UpdateTaskParams};
use spanway_protocol::{Answer, Call, Method, RawJson, Rejection, Reply, describe};
use spanway_store::{StoreError, TaskId};

use super::engine::{Changed, Tasks, unavailable};
use super::owner::Owner;
use super::plan::Form;
use crate::context::Context;
use crate::router::invalid;
use crate::server::Shared;

/// Answers a method of tasks. The forms share names, and are told apart first (trap 18).
pub(crate) fn answer(
    shared: &Arc<Shared>,
    call: &Call,
    context: Context,
) -> Result<BoxFuture<'static, Reply>, Reply> {
    let form = Form::of(&context).filter(|_| shared.info.capabilities.tasks);
    let (tasks, owner) = (shared.tasks(&context), Owner::of(&context));
    let work = match (form, &call.method) {
        // T-TASK-11
        (Some(Form::Extension), method)
            if method.names_task() && !context.client_capabilities().tasks_extension() =>
        {
            return Err(Rejection::missing_extension(TASKS_EXTENSION).into());
        }
        (Some(_), Method::TasksGet) => get(tasks, owner, task_id(call)?).boxed(),
        (Some(form), Method::TasksCancel) => cancel(form, tasks, owner, task_id(call)?).boxed(),
        (Some(Form::Extension), Method::TasksUpdate) => update(tasks, owner, params(call)?).boxed(),
        (Some(Form::Core), Method::TasksList) => {
            let ListParams { cursor, .. } = params(call)?;
            async move {
                tasks
                    .list(&owner, cursor.as_deref(), context.version())
                    .await
            }
            .boxed()
        }
        (Some(Form::Core), Method::TasksResult) => {
            // T-LTASK-08: its own end, or that of the task, is the end of the wait.
            context.take_its_time();
            let id = task_id(call)?;
            async move { tasks.result(&id, &owner, &context).await }.boxed()
        }
        (_, method) => {
            return Err(Rejection::MethodNotFound {
                method: method.as_str().to_owned(),
            }
            .into());
        }
    };
    Ok(work
        .map(|answered| answered.unwrap_or_else(Reply::from))
        .boxed())
}

fn params<T: DeserializeOwned>(call: &Call) -> Result<T, Reply> {
    let method = &call.method;
    call.params
        .raw()
        .read()
        .map_err(|error| invalid(format!("{method} is malformed: {}", describe(&error))))
}

fn task_id(call: &Call) -> Result<String, Reply> {
    params(call).map(|params: TaskIdParams| params.task_id)
}

async fn get(tasks: Tasks, owner: Owner, id: String) -> Result<Reply, Rejection> {
    let kept = tasks.find(&id, &owner).await?;
    Ok(Answer::Task(Box::new(kept.record.detailed(&kept.entry))).into())
}

/// T-TASK-07: acknowledged, whatever of it was of use. What is no answer at all leaves its question open.
async fn update(tasks: Tasks, owner: Owner, params: UpdateTaskParams) -> Result<Reply, Rejection> {
    let kept = tasks.find(&params.task_id, &owner).await?;
    let answers = params.input_responses.into_iter();
    let answers = answers.filter(|(_, answer)| answer.is_object());
    let answers: Vec<_> = answers
        .filter_map(|(key, answer)| Some((key, Ok(RawJson::from_serialize(&answer).ok()?))))
        .collect();
    tasks.take_answers(&kept, &answers).await?;
    Ok(Answer::Empty.into())
}

/// T-LTASK-11: the task as it is once it is cancelled, or an error if it had ended. T-TASK-09: acknowledged,
/// either way.
async fn cancel(form: Form, tasks: Tasks, owner: Owner, id: String) -> Result<Reply, Rejection> {
    let kept = tasks.find(&id, &owner).await?;
    let cancelled = tasks.cancel(&kept.entry.id).await;
    let cancelled = cancelled.map_err(|error| unavailable(&error))?;
    match (form, cancelled) {
        (_, Changed::Gone) => Err(Rejection::TaskNotFound),
        (Form::Extension, _) => Ok(Answer::Empty.into()),
        (Form::Core, Changed::Made(kept, ())) => {
            Ok(Answer::Task(Box::new(kept.record.detailed(&kept.entry))).into())
        }
        (Form::Core, Changed::Not(_)) => Err(Rejection::InvalidParams {
            detail: "the task has ended already and cannot be cancelled".into(),
        }),
    }
}

impl Tasks {
    /// Cancels a task that has not ended, wherever it runs.
    pub(super) async fn cancel(&self, id: &TaskId) -> Result<Changed<()>, StoreError> {
        self.change(id, |record| {
            let is_open = !record.is_terminal();
            is_open.then(|| record.cancel())
        })
        .await
    }
}
