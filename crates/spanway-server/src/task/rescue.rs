//! Tasks whose node is gone: noticed by whoever looks at them, ended or begun again once.

use spanway_protocol::jsonrpc::ErrorObject;
use spanway_protocol::{RawJson, Rejection};
use spanway_store::TaskId;

use super::engine::{Changed, Kept, Tasks, unavailable};
use super::owner::Owner;
use super::record::{End, Record};

impl Tasks {
    /// The task of this name, if there is one and it is the owner's. Of others it is not told whether there
    /// are any (T-LTASK-12, T-TASK-10).
    pub(super) async fn find(&self, id: &str, owner: &Owner) -> Result<Kept, Rejection> {
        let id = TaskId::parse(id).ok_or(Rejection::TaskNotFound)?;
        let found = self.load(&id).await.map_err(|error| unavailable(&error))?;
        let found = found.filter(|kept| *kept.entry.owner == *owner.name());
        self.look_after(found.ok_or(Rejection::TaskNotFound)?).await
    }

    /// The task as it is once it was seen to that somebody works on it, or that it ends.
    pub(super) async fn look_after(&self, kept: Kept) -> Result<Kept, Rejection> {
        // What waits for its client alone needs no node until it was answered.
        if kept.record.is_parked() || !self.is_lost(&kept).await {
            return Ok(kept);
        }
        let id = &kept.entry.id;
        let Some(entered) = self.enter(&kept.entry) else {
            return Ok(kept);
        };
        let (worker, node) = (kept.record.worker(), self.node());
        let changed = self.change(id, |record| {
            let is_same = !record.is_terminal() && record.worker() == worker;
            let again = is_same && record.may_run_again();
            if again {
                record.adopt(node);
            } else if is_same {
                let error = Rejection::NodeLost.to_error(record.call.version().era());
                record.finish(End::error(error));
            }
            is_same.then_some(again)
        });
        match changed.await.map_err(|error| unavailable(&error))? {
            Changed::Made(kept, true) => {
                tracing::info!(task = ?id, "a task whose node is gone is begun again");
                self.begin_again(entered, &kept.record);
                Ok(kept)
            }
            Changed::Made(kept, false) => {
                tracing::warn!(task = ?id, "a task whose node is gone has failed");
                Ok(kept)
            }
            Changed::Not(kept) => Ok(kept),
            Changed::Gone => Err(Rejection::TaskNotFound),
        }
    }

    /// Takes answers of the client. Those of a task whose node is gone begin it again, here.
    pub(super) async fn take_answers(
        &self,
        kept: &Kept,
        answers: &[(String, Result<RawJson, ErrorObject>)],
    ) -> Result<(), Rejection> {
        let id = &kept.entry.id;
        let lost = self.is_lost(kept).await;
        let entered = lost.then(|| self.enter(&kept.entry)).flatten();
        let (worker, node) = (kept.record.worker(), self.node());
        let may_adopt = entered.is_some();
        let changed = self.change(id, |record| {
            let taken = answers
                .iter()
                .filter(|(key, outcome)| record.answer(key, outcome));
            if taken.count() == 0 {
                return None;
            }
            let again = may_adopt && is_ready_to_go_on(record) && record.worker() == worker;
            if again {
                record.adopt(node);
            }
            Some(again)
        });
        let changed = changed.await.map_err(|error| unavailable(&error))?;
        if let (Changed::Made(kept, true), Some(entered)) = (changed, entered) {
            tracing::info!(task = ?id, "a task whose node is gone goes on with its answers");
            self.begin_again(entered, &kept.record);
        }
        Ok(())
    }

    /// Whether nobody works on it although somebody should. Where that is not known it counts as worked on.
    async fn is_lost(&self, kept: &Kept) -> bool {
        if kept.record.is_terminal() {
            return false;
        }
        let Some(worker) = kept.record.worker() else {
            return true;
        };
        if worker == self.node() {
            return !self.runs_here(&kept.entry.id);
        }
        let alive = self.inner.keeper.bus.is_alive(worker).await;
        let alive = alive.inspect_err(|error| {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "it is not known whether another node lives"
            );
        });
        !alive.unwrap_or(true)
    }
}

fn is_ready_to_go_on(record: &Record) -> bool {
    !record.is_parked() && record.may_run_again()
}
