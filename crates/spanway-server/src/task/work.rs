//! A task while it runs: its handler, and what keeps handler and record in step.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{BoxFuture, poll_fn};
use serde_json::Value;
use spanway_protocol::{Rejection, Reply};
use spanway_store::{Bell, StoreError, TaskId};
use tokio::time::sleep;

use super::engine::{Changed, Entered, Tasks};
use super::record::End;
use crate::context::{Context, News};

/// What a handler says of itself is written this often at most; what it asks, at once.
const PACE: Duration = Duration::from_millis(500);

/// How long to wait before trying again when the store failed.
pub(super) const RETRY: Duration = Duration::from_secs(1);

/// Why the handler of a task is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// It was cancelled, its life is over, or another node has it.
    Unwanted,
    /// This node ends.
    Closing,
}

impl Tasks {
    /// Runs `handler` to its end, in a task of the runtime. `context` is the handler's.
    pub(super) fn begin(
        &self,
        entered: Entered,
        context: Context,
        handler: BoxFuture<'static, Reply>,
    ) {
        if let Some(seat) = context.seat() {
            seat.take(self, &entered.id);
        }
        let tasks = self.clone();
        let work = async move { tasks.work(entered, context, handler).await };
        self.inner.tracker.spawn(work);
    }

    async fn work(&self, entered: Entered, context: Context, handler: BoxFuture<'static, Reply>) {
        let ended = tokio::select! {
            biased;
            reply = handler => Ok(reply),
            stop = self.keep(&entered, &context) => Err(stop),
        };
        match ended {
            Ok(reply) => {
                context.close();
                self.finish(&entered, context.version(), reply).await;
            }
            // The handler was dropped; what it handed to others is told.
            Err(stop) => {
                context.cancel();
                tracing::debug!(task = ?entered.id, ?stop, "a task was stopped");
                if stop == Stop::Closing {
                    self.let_go(&entered.id).await;
                }
            }
        }
    }

    /// Keeps the record of a task in step with its handler, until that is to stop.
    async fn keep(&self, entered: &Entered, context: &Context) -> Stop {
        let bell = self.bell(&entered.id);
        let mut life = pin!(sleep(entered.expires.since(self.now())));
        let mut closing = pin!(self.inner.closing.cancelled());
        loop {
            let synced = self.sync(&entered.id, context).await;
            if matches!(synced, Ok(false)) {
                return Stop::Unwanted;
            }
            let due = async {
                match synced {
                    Ok(_) => until_due(&bell, context, self.patience(entered.expires)).await,
                    Err(error) => {
                        log_retry(&error);
                        sleep(RETRY).await;
                    }
                }
            };
            tokio::select! {
                biased;
                () = &mut closing => return Stop::Closing,
                () = &mut life => return Stop::Unwanted,
                () = due => {}
            }
        }
    }

    /// Writes what the handler asks and says, and hands it what the client answered. False if the task is no
    /// longer this node's to work on.
    async fn sync(&self, id: &TaskId, context: &Context) -> Result<bool, StoreError> {
        let (node, round) = (self.node(), context.round());
        let notes = context.seat().map(|seat| seat.notes()).unwrap_or_default();
        let changed = self.change(id, |record| {
            if !record.is_worked_on_by(node) {
                return None;
            }
            let asks = record.pose(round.posed());
            let says = record.note(&notes);
            let takes = record.take_answers();
            (asks || says || takes).then_some(())
        });
        let (Changed::Made(kept, ()) | Changed::Not(kept)) = changed.await? else {
            return Ok(false);
        };
        if !kept.record.is_worked_on_by(node) {
            return Ok(false);
        }
        for question in round.posed() {
            if let Some(answer) = kept.record.answer_to(&question.key) {
                round.deliver(&question.key, answer);
            }
        }
        Ok(true)
    }

    /// Keeps what a side effect gave, so that no later run has it again. If that fails the handler goes on: it
    /// is lost only if the node is lost too.
    pub(crate) async fn keep_outcome(&self, id: &TaskId, key: &str, outcome: &Value) {
        let node = self.node();
        let kept = self.change(id, |record| {
            let own = record.is_worked_on_by(node);
            own.then(|| record.remember_outcome(key, outcome.clone()))
        });
        if let Err(error) = kept.await {
            log_retry(&error);
        }
    }

    /// Ends a task of a node that ends: one that may be begun again elsewhere is left to others.
    async fn let_go(&self, id: &TaskId) {
        let node = self.node();
        let changed = self.change(id, |record| {
            if !record.is_worked_on_by(node) {
                return None;
            }
            if record.is_parked() || record.may_run_again() {
                record.release();
            } else {
                let error = Rejection::ShuttingDown.to_error(record.call.version().era());
                record.finish(End::error(error));
            }
            Some(())
        });
        if let Err(error) = changed.await {
            log_retry(&error);
        }
    }
}

/// Ready when the record has to be looked at or written: the bell rang, the handler asked, it said something
/// a while ago, or `patience` is over.
async fn until_due(bell: &Bell<TaskId>, context: &Context, patience: Duration) {
    let (mut pace, mut patience) = (pin!(sleep(PACE)), pin!(sleep(patience)));
    let mut has_said = false;
    poll_fn(|cx| {
        let News { asks, says } = context.take_news(cx);
        has_said |= says;
        let is_due = asks
            || bell.poll_rung(cx).is_ready()
            || (has_said && pace.as_mut().poll(cx).is_ready())
            || patience.as_mut().poll(cx).is_ready();
        if is_due {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

pub(super) fn log_retry(error: &StoreError) {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "the record of a task could not be written"
    );
}
