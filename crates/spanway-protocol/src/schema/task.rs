//! Tasks: calls that go on after they were answered. The core feature of 2025-11-25 and the extension of
//! 2026-07-28 have methods of the same names and other shapes; both are written from the same values here.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::input::{Question, Requests};
use super::list::Listed;
use super::listen::SUBSCRIPTION_ID;
use super::project::{Meta, Project, Projected, View};
use crate::json::RawJson;
use crate::jsonrpc::{ErrorObject, RequestId};
use crate::time::Timestamp;
use crate::version::{Era, ProtocolVersion};

/// The extension of 2026-07-28 (T-TASK-01).
pub const TASKS_EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// The key under which messages of 2025-11-25 name the task they belong to (T-LTASK-14).
const RELATED_TASK: &str = "io.modelcontextprotocol/related-task";

/// Where a task stands (T-LTASK-06, T-TASK-06).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "the specification knows these five"
)]
pub enum TaskStatus {
    /// It runs.
    Working,
    /// It waits for answers of the client.
    InputRequired,
    /// It has a result.
    Completed,
    /// It ended otherwise.
    Failed,
    /// Nobody wants it any more.
    Cancelled,
}

impl TaskStatus {
    /// Whether it has ended, for good.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// What is told of a task in every revision that has tasks.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Task {
    /// Its name.
    pub id: String,
    /// Where it stands.
    pub status: TaskStatus,
    /// The same in words.
    pub message: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it changed last.
    pub updated: Timestamp,
    /// For how long it is kept after it was made, in milliseconds.
    pub ttl_ms: u64,
    /// How long to wait before asking again, in milliseconds.
    pub poll_ms: u64,
}

impl Task {
    /// A task that was just made, `ttl_ms` and `poll_ms` in milliseconds.
    pub fn new(id: impl Into<String>, created: Timestamp, ttl_ms: u64, poll_ms: u64) -> Self {
        Self {
            id: id.into(),
            status: TaskStatus::Working,
            message: None,
            created,
            updated: created,
            ttl_ms,
            poll_ms,
        }
    }

    fn put_fields(&self, fields: &mut Fields<'_>, era: Era) -> serde_json::Result<()> {
        // T-TASK-04: the units are in the names, and the older names must not appear.
        let (ttl, poll) = match era {
            Era::Modern => ("ttlMs", "pollIntervalMs"),
            Era::Legacy => ("ttl", "pollInterval"),
        };
        fields.put("taskId", &self.id)?;
        fields.put("status", &self.status)?;
        fields.maybe("statusMessage", self.message.as_ref())?;
        fields.put("createdAt", &self.created.to_iso8601())?;
        fields.put("lastUpdatedAt", &self.updated.to_iso8601())?;
        fields.put(ttl, &self.ttl_ms)?;
        fields.put(poll, &self.poll_ms)
    }
}

/// As it stands in a list (T-LTASK-10).
impl Project for Task {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        self.put_fields(fields, view.version.era())
    }
}

impl Listed for Task {
    const KEY: &'static str = "tasks";
}

/// The answer to a call that became a task: nested in 2025-11-25 (T-LTASK-04), flat in the extension
/// (T-TASK-04, trap 17).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CreateTaskResult {
    /// The task.
    pub task: Task,
}

impl CreateTaskResult {
    /// The answer that names `task`.
    #[must_use]
    pub fn new(task: Task) -> Self {
        Self { task }
    }
}

impl Project for CreateTaskResult {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        if view.is_modern() {
            self.task.put_fields(fields, Era::Modern)?;
            fields.interim_result(view, "task", &Meta::default())?;
        } else {
            fields.projected("task", &self.task, view)?;
            fields.result(view, &Meta::default())?;
        }
        Ok(())
    }
}

/// A task and what goes with its status, in the extension (T-TASK-06). In 2025-11-25 that is told by other
/// means, and this is the task alone (T-LTASK-07).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DetailedTask {
    /// The task.
    pub task: Task,
    /// What goes with its status.
    pub detail: TaskDetail,
}

/// What goes with the status of a task.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum TaskDetail {
    /// Nothing.
    #[default]
    None,
    /// All that it waits for.
    Input(Vec<Question>),
    /// What the call would have been answered with.
    Result(RawJson),
    /// The error the call would have been answered with.
    Error(ErrorObject),
}

impl DetailedTask {
    /// A task with what goes with its status.
    #[must_use]
    pub fn new(task: Task, detail: TaskDetail) -> Self {
        Self { task, detail }
    }

    fn put_fields(&self, fields: &mut Fields<'_>, era: Era) -> serde_json::Result<()> {
        self.task.put_fields(fields, era)?;
        if era == Era::Legacy {
            return Ok(());
        }
        match &self.detail {
            TaskDetail::None => Ok(()),
            TaskDetail::Input(questions) => fields.put("inputRequests", &Requests(questions)),
            TaskDetail::Result(result) => {
                fields.raw("result", result.as_bytes());
                Ok(())
            }
            TaskDetail::Error(error) => fields.put("error", error),
        }
    }
}

/// As the answer to `tasks/get`. Its `resultType` is `complete`, whatever examples show (trap 17).
impl Project for DetailedTask {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        self.put_fields(fields, view.version.era())?;
        fields.result(view, &Meta::default())
    }
}

/// The parameters of `notifications/tasks` on the listen stream that the request `subscription` opened
/// (T-TASK-12, T-SUB-04).
pub(crate) struct TaskNotification<'a> {
    pub(crate) task: &'a DetailedTask,
    pub(crate) subscription: &'a RequestId,
}

impl Project for TaskNotification<'_> {
    fn project(&self, _: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        self.task.put_fields(fields, Era::Modern)?;
        let id = serde_json::to_value(self.subscription)?;
        fields.value("_meta", &json!({ SUBSCRIPTION_ID: id }))
    }
}

impl Serialize for TaskNotification<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Projected(self, View::without_stamp(ProtocolVersion::LATEST)).serialize(serializer)
    }
}

/// What a client of 2025-11-25 wishes of the task its call is to become (T-LTASK-04).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(expecting = "an object")]
#[non_exhaustive]
pub struct TaskParams {
    /// For how long it is to be kept, in milliseconds.
    #[serde(default)]
    pub ttl: Option<u64>,
}

/// Which task a request is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
#[non_exhaustive]
pub struct TaskIdParams {
    /// Its name.
    pub task_id: String,
}

/// Answers to what a task asked, by their keys (T-TASK-07).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
#[non_exhaustive]
pub struct UpdateTaskParams {
    /// Which task.
    pub task_id: String,
    /// What the client answered.
    pub input_responses: Map<String, Value>,
}

/// What says in the `_meta` of a message of 2025-11-25 to which task it belongs (T-LTASK-14).
#[must_use]
pub fn related_task(id: &str) -> (String, Value) {
    (RELATED_TASK.to_owned(), json!({ "taskId": id }))
}

/// Whether a tool's calls can be tasks, as it is listed (T-LTASK-02).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(
    clippy::exhaustive_enums,
    reason = "the third of the specification, forbidden, is what is meant where there is none"
)]
pub enum TaskMode {
    /// If the client wants it.
    Optional,
    /// Always.
    Required,
}
