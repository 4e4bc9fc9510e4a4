//! What is kept of a task: where it stands, the call it came from, and all its handler needs to go on on
//! another node. Pure: changes are made here and written elsewhere.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use spanway_protocol::jsonrpc::ErrorObject;
use spanway_protocol::schema::{
    DetailedTask, ProgressToken, Question, Task, TaskDetail, TaskStatus,
};
use spanway_protocol::{Client, Era, ProtocolVersion, RawJson, Timestamp};
use spanway_store::{NodeId, StoreError, TaskEntry};

use super::seat::{Notes, Reached};
use crate::input::Journal;

/// The number of the form below. What has another is not read.
const FORMAT: u32 = 1;

/// How often a task is begun, at most: one that kills its node must not kill them all.
const RUNS_MAX: u32 = 3;

const UNREADABLE: StoreError = StoreError::Unreadable { what: "a task" };

/// A task as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    #[serde(rename = "v")]
    format: u32,
    /// The node that works on it; none if that one gave it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    worker: Option<Box<str>>,
    /// How often it was begun.
    runs: u32,
    pub(super) status: TaskStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    updated: u64,
    ttl_ms: u64,
    poll_ms: u64,
    pub(super) call: KeptCall,
    journal: Journal,
    /// What the client answered with errors.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    refused: BTreeMap<String, ErrorObject>,
    /// What the client has yet to answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) open: Vec<Question>,
    /// Whether there are answers the handler has not had. While it waited it did nothing, so it may be run
    /// again from the top.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    untaken: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reached: Option<Reached>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    result: Option<RawJson>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<ErrorObject>,
}

/// The call a task came from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct KeptCall {
    version: Box<str>,
    pub(super) tool: Box<str>,
    #[serde(default, skip_serializing_if = "RawJson::is_absent")]
    pub(super) arguments: RawJson,
    #[serde(default, skip_serializing_if = "RawJson::is_absent")]
    client_info: RawJson,
    #[serde(default, skip_serializing_if = "RawJson::is_absent")]
    client_capabilities: RawJson,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) principal: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) progress_token: Option<ProgressToken>,
    /// Whether the tool may be run more than once for it.
    idempotent: bool,
}

impl KeptCall {
    pub(super) fn new(
        version: ProtocolVersion,
        tool: &str,
        arguments: RawJson,
        client: &Client,
        idempotent: bool,
    ) -> Self {
        Self {
            version: version.as_str().into(),
            tool: tool.into(),
            arguments,
            client_info: client.info.clone(),
            client_capabilities: client.capabilities.clone(),
            principal: None,
            session: None,
            progress_token: None,
            idempotent,
        }
    }

    /// The revision of the call; the latest there is, if it was kept by a program that knows later ones.
    pub(super) fn version(&self) -> ProtocolVersion {
        ProtocolVersion::parse(&self.version).unwrap_or(ProtocolVersion::V2026_07_28)
    }

    pub(super) fn client(&self) -> Client {
        Client::new(self.client_info.clone(), self.client_capabilities.clone())
    }
}

/// How a task ended.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) outcome: Result<RawJson, ErrorObject>,
    /// Whether the result says that the tool failed, and how.
    pub(super) tool_error: Option<String>,
}

impl End {
    /// With an error, and no result.
    pub(super) fn error(error: ErrorObject) -> Self {
        Self {
            outcome: Err(error),
            tool_error: None,
        }
    }
}

impl Record {
    /// A task that `worker` is about to begin.
    pub(super) fn new(call: KeptCall, worker: NodeId, ttl_ms: u64, poll_ms: u64) -> Self {
        Self {
            format: FORMAT,
            worker: Some(worker.to_string().into()),
            runs: 1,
            status: TaskStatus::Working,
            message: None,
            updated: 0,
            ttl_ms,
            poll_ms,
            call,
            journal: Journal::default(),
            refused: BTreeMap::new(),
            open: Vec::new(),
            untaken: false,
            reached: None,
            result: None,
            error: None,
        }
    }

    pub(super) fn read(body: &[u8]) -> Result<Self, StoreError> {
        let record: Self = serde_json::from_slice(body).map_err(|_| UNREADABLE)?;
        if record.format == FORMAT {
            Ok(record)
        } else {
            Err(UNREADABLE)
        }
    }

    /// The record as it is after a change at this time.
    pub(super) fn write(&mut self, now: Timestamp) -> Result<Bytes, StoreError> {
        self.updated = now.as_millis();
        let written = serde_json::to_vec(self).map_err(|_| UNREADABLE)?;
        Ok(written.into())
    }

    pub(super) fn is_terminal(&self) -> bool {
        self.status.is_terminal()
    }

    /// Who works on it, if anybody does.
    pub(super) fn worker(&self) -> Option<NodeId> {
        NodeId::parse(self.worker.as_deref()?)
    }

    /// Whether `node` is to go on with it.
    pub(super) fn is_worked_on_by(&self, node: NodeId) -> bool {
        !self.is_terminal() && self.worker() == Some(node)
    }

    /// What its handler knows from before.
    pub(super) fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(super) fn set_journal(&mut self, journal: Journal) {
        self.journal = journal;
    }

    /// Whether the answers, or the tool, allow it to be begun again once its node is gone.
    pub(super) fn may_run_again(&self) -> bool {
        (self.untaken || self.call.idempotent) && self.runs < RUNS_MAX
    }

    /// Whether it waits for the client and nothing else: then it needs no node.
    pub(super) fn is_parked(&self) -> bool {
        self.status == TaskStatus::InputRequired
    }

    /// Another node begins it again.
    pub(super) fn adopt(&mut self, node: NodeId) {
        self.worker = Some(node.to_string().into());
        self.runs += 1;
    }

    /// Its node gives it up without an end.
    pub(super) fn release(&mut self) {
        self.worker = None;
        // What was given up in order has not failed.
        self.runs = self.runs.saturating_sub(1);
    }

    /// What its handler asks now. What was answered meanwhile is not asked again (T-TASK-08). Whether that is
    /// news.
    pub(super) fn pose(&mut self, mut questions: Vec<Question>) -> bool {
        questions.retain(|question| self.answer_to(&question.key).is_none());
        if questions == self.open {
            return false;
        }
        self.open = questions;
        self.settle();
        true
    }

    /// The client's answer to a question; whether there was one to answer. What is unknown, or answered
    /// already, is passed over (T-TASK-07).
    pub(super) fn answer(&mut self, key: &str, outcome: &Result<RawJson, ErrorObject>) -> bool {
        let Some(position) = self.open.iter().position(|question| question.key == key) else {
            return false;
        };
        match outcome {
            Ok(answer) => {
                let Ok(answer) = answer.read() else {
                    return false;
                };
                self.journal.answers.insert(key.to_owned(), answer);
            }
            Err(error) => {
                self.refused.insert(key.to_owned(), error.clone());
            }
        }
        self.open.remove(position);
        self.untaken = true;
        self.settle();
        true
    }

    /// What the client answered to the question of this key.
    pub(super) fn answer_to(&self, key: &str) -> Option<Result<RawJson, ErrorObject>> {
        if let Some(error) = self.refused.get(key) {
            return Some(Err(error.clone()));
        }
        let answer = self.journal.answers.get(key)?;
        RawJson::from_serialize(answer).ok().map(Ok)
    }

    /// The handler has had every answer there is; whether that is news.
    pub(super) fn take_answers(&mut self) -> bool {
        std::mem::take(&mut self.untaken)
    }

    /// What a side effect gave, so that it is not had again.
    pub(super) fn remember_outcome(&mut self, key: &str, outcome: serde_json::Value) {
        self.journal.outcomes.insert(key.to_owned(), outcome);
    }

    /// What its handler says of itself; whether that is news.
    pub(super) fn note(&mut self, notes: &Notes) -> bool {
        let is_news = self.message != notes.message || self.reached != notes.reached;
        self.message.clone_from(&notes.message);
        self.reached.clone_from(&notes.reached);
        is_news
    }

    /// T-LTASK-06, T-TASK-06: what a tool calls its failure is a failed task in 2025-11-25, and one with a
    /// result in the extension (trap 17).
    pub(super) fn finish(&mut self, end: End) {
        let failed = |message: String| (TaskStatus::Failed, Some(message));
        let legacy = self.call.version().era() == Era::Legacy;
        let (status, message) = match (&end.outcome, end.tool_error) {
            (Err(error), _) => failed(error.message.clone().into_owned()),
            (Ok(_), Some(text)) if legacy => failed(text),
            (Ok(_), _) => (TaskStatus::Completed, None),
        };
        self.end(status, message);
        match end.outcome {
            Ok(result) => self.result = Some(result),
            Err(error) => self.error = Some(error),
        }
    }

    /// Nobody wants it any more (T-LTASK-11).
    pub(super) fn cancel(&mut self) {
        let message = "the task was cancelled on request".to_owned();
        self.end(TaskStatus::Cancelled, Some(message));
    }

    fn end(&mut self, status: TaskStatus, message: Option<String>) {
        self.status = status;
        self.message = message;
        self.worker = None;
        self.open.clear();
        self.untaken = false;
        // Nobody runs it again.
        self.journal = Journal::default();
        self.refused.clear();
        self.call.arguments = RawJson::default();
    }

    fn settle(&mut self) {
        self.status = if self.open.is_empty() {
            TaskStatus::Working
        } else {
            TaskStatus::InputRequired
        };
    }

    /// What the call was answered with in the end; none if it was cancelled, or goes on.
    pub(super) fn outcome(&self) -> Option<Result<RawJson, ErrorObject>> {
        match (&self.result, &self.error) {
            (Some(result), _) => Some(Ok(result.clone())),
            (None, Some(error)) => Some(Err(error.clone())),
            (None, None) => None,
        }
    }

    /// The task as it is told.
    pub(super) fn task(&self, entry: &TaskEntry) -> Task {
        let mut task = Task::new(entry.id.as_str(), entry.created, self.ttl_ms, self.poll_ms);
        task.status = self.status;
        task.message.clone_from(&self.message);
        task.updated = Timestamp::from_millis(self.updated);
        task
    }

    /// The task and what goes with its status.
    pub(super) fn detailed(&self, entry: &TaskEntry) -> DetailedTask {
        let detail = match self.status {
            TaskStatus::Working | TaskStatus::Cancelled => TaskDetail::None,
            TaskStatus::InputRequired => TaskDetail::Input(self.open.clone()),
            TaskStatus::Completed | TaskStatus::Failed => match self.outcome() {
                Some(Ok(result)) => TaskDetail::Result(result),
                Some(Err(error)) => TaskDetail::Error(error),
                None => TaskDetail::None,
            },
        };
        DetailedTask::new(self.task(entry), detail)
    }
}
