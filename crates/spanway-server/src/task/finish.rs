//! How tasks end: with what their call would have been answered with, or with their server.

use std::time::Duration;

use spanway_protocol::jsonrpc::{ErrorObject, code};
use spanway_protocol::schema::{CallToolResult, related_task};
use spanway_protocol::{Answer, Era, ProtocolVersion, Reply, outcome};
use spanway_store::{StoreError, TaskId};
use tokio::time::{sleep, timeout};

use super::engine::{Entered, Tasks};
use super::owner::Owner;
use super::record::End;
use super::work::{RETRY, log_retry};

/// How long tasks that were told to stop may take to be written.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Characters of a result that say in the status how a tool failed.
const MESSAGE_CHARS: usize = 500;

impl Tasks {
    /// Keeps what came of a task, for as long as the task is kept. A store that fails is tried again.
    pub(super) async fn finish(&self, entered: &Entered, version: ProtocolVersion, reply: Reply) {
        let (node, mut end) = (self.node(), self.end_of(&entered.id, version, reply));
        loop {
            // T-LTASK-11: one that was cancelled stays so.
            let written = self.change(&entered.id, |record| {
                let own = record.is_worked_on_by(node);
                own.then(|| record.finish(end.clone()))
            });
            match written.await {
                Ok(_) => return,
                Err(StoreError::Full { what, limit }) if end.outcome.is_ok() => {
                    tracing::error!(task = ?entered.id, what, limit, "there is no room for the result of a task");
                    end = unkept("there is no room to keep the result".to_owned());
                    continue;
                }
                Err(error) => log_retry(&error),
            }
            if entered.expires <= self.now() {
                return;
            }
            sleep(RETRY).await;
        }
    }

    fn end_of(&self, id: &TaskId, version: ProtocolVersion, mut reply: Reply) -> End {
        let mut tool_error = None;
        if let Reply::Answer(Answer::CallTool(result)) = &mut reply {
            tool_error = result.is_error.then(|| failure(result));
            // T-LTASK-08; in the extension the task stands beside its result already (T-TASK-06).
            if version.era() == Era::Legacy {
                let (key, value) = related_task(id.as_str());
                result.meta.insert(key, value);
            }
        }
        let outcome = outcome(version, &reply, self.inner.info.raw_implementation());
        let limit = self.inner.keeper.task_bytes_max;
        let is_too_long = |bytes: usize| bytes > limit;
        if outcome
            .as_ref()
            .is_ok_and(|result| is_too_long(result.as_bytes().len()))
        {
            tracing::error!(task = ?id, limit, "the result of a task is too long to be kept");
            return unkept(format!(
                "the result is longer than the {limit} bytes a task may keep"
            ));
        }
        End {
            outcome,
            tool_error,
        }
    }

    /// Waits up to `patience` for the tasks that run here. Those that do not end by then are stopped: what may
    /// be begun again is left to other nodes, or the next process; all else fails. Whether all ended by
    /// themselves. For transports that shut down.
    pub async fn finish_all(&self, patience: Duration) -> bool {
        let tracker = &self.inner.tracker;
        tracker.close();
        if timeout(patience, tracker.wait()).await.is_ok() {
            return true;
        }
        self.inner.closing.cancel();
        if timeout(LAST_WORDS, tracker.wait()).await.is_err() {
            tracing::warn!("not every task could be written before the end");
        }
        false
    }

    /// Cancels what runs here for a session that has ended: nobody could ask for it any more.
    pub(crate) fn session_ended(&self, session: &str) {
        let orphans = self.running_of(&Owner::session(session));
        if orphans.is_empty() || tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        let tasks = self.clone();
        self.inner.tracker.spawn(async move {
            for id in orphans {
                if let Err(error) = tasks.cancel(&id).await {
                    log_retry(&error);
                }
            }
        });
    }
}

/// The end of a task whose result cannot be kept.
fn unkept(why: String) -> End {
    End::error(ErrorObject::new(code::INTERNAL_ERROR, why))
}

/// What a tool says of its failure.
fn failure(result: &CallToolResult) -> String {
    let text = result.content.iter().find_map(|content| content.as_text());
    let text = text.unwrap_or("the tool failed");
    text.chars().take(MESSAGE_CHARS).collect()
}
