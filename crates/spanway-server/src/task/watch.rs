//! Tasks as a listen stream hears of them (T-TASK-12).

use std::collections::BTreeSet;
use std::fmt;
use std::future::pending;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use futures_util::future::poll_fn;
use futures_util::stream::{BoxStream, Stream, StreamExt, unfold};
use spanway_protocol::Rejection;
use spanway_protocol::schema::DetailedTask;
use spanway_store::{Bell, TaskId};
use tokio::time::sleep;

use super::engine::{Kept, PATROL, Tasks};
use super::owner::Owner;
use super::work::log_retry;
use crate::principal::Principal;

/// What becomes of some tasks, beginning with how they are. Tells of a task until it has ended; itself it ends
/// never.
pub struct TaskWatch {
    ids: BTreeSet<Box<str>>,
    changes: BoxStream<'static, DetailedTask>,
}

impl TaskWatch {
    /// The tasks it tells of: of those that were asked for, the ones that are the caller's.
    #[must_use]
    pub fn ids(&self) -> &BTreeSet<Box<str>> {
        &self.ids
    }
}

impl Stream for TaskWatch {
    type Item = DetailedTask;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<DetailedTask>> {
        self.changes.poll_next_unpin(cx)
    }
}

impl fmt::Debug for TaskWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskWatch")
            .field("tasks", &self.ids.len())
            .finish_non_exhaustive()
    }
}

impl Tasks {
    /// Watches those of these tasks that belong to `principal`, for a listen stream of the modern revision. Of
    /// others it is not told whether there are any.
    ///
    /// # Errors
    /// The store failed.
    pub async fn watch(
        &self,
        ids: &BTreeSet<Box<str>>,
        principal: Option<&Principal>,
    ) -> Result<TaskWatch, Rejection> {
        let owner = Owner::modern(principal.map(Principal::as_str));
        let mut watched = Vec::new();
        for id in ids {
            let Some(name) = TaskId::parse(id) else {
                continue;
            };
            let bell = self.bell(&name);
            match self.find(id, &owner).await {
                Ok(_) => watched.push(Watched {
                    id: name,
                    bell,
                    told: None,
                    is_due: true,
                }),
                Err(Rejection::TaskNotFound) => {}
                Err(why) => return Err(why),
            }
        }
        let ids = watched.iter().map(|one| one.id.as_str().into()).collect();
        let tasks = self.clone();
        let watching = Watching { tasks, watched };
        let changes = unfold(watching, |mut watching| async move {
            let next = watching.next().await;
            Some((next, watching))
        });
        Ok(TaskWatch {
            ids,
            changes: changes.boxed(),
        })
    }
}

struct Watching {
    tasks: Tasks,
    watched: Vec<Watched>,
}

struct Watched {
    id: TaskId,
    bell: Bell<TaskId>,
    /// The version that was told last.
    told: Option<u64>,
    is_due: bool,
}

/// What a look at a task found.
enum Found {
    News(Box<Kept>),
    Nothing,
    Gone,
}

impl Watching {
    async fn next(&mut self) -> DetailedTask {
        loop {
            while let Some(position) = self.watched.iter().position(|one| one.is_due) {
                let one = &mut self.watched[position];
                one.is_due = false;
                match one.look(&self.tasks).await {
                    Found::News(kept) => {
                        one.told = Some(kept.entry.version);
                        // Nothing follows an end.
                        if kept.record.is_terminal() {
                            self.watched.swap_remove(position);
                        }
                        return kept.record.detailed(&kept.entry);
                    }
                    Found::Nothing => {}
                    Found::Gone => {
                        self.watched.swap_remove(position);
                    }
                }
            }
            if self.watched.is_empty() {
                return pending().await;
            }
            self.until_due().await;
        }
    }

    /// Waits for a bell. A node that is not alone looks from time to time all the same: it may have missed
    /// something, or another node may be gone.
    async fn until_due(&mut self) {
        let alone = self.tasks.is_alone();
        let patrol = async {
            if alone {
                pending::<()>().await;
            }
            sleep(PATROL).await;
        };
        let mut patrol = std::pin::pin!(patrol);
        poll_fn(|cx| {
            let is_over = patrol.as_mut().poll(cx).is_ready();
            for one in &mut self.watched {
                one.is_due = one.bell.poll_rung(cx).is_ready() || is_over;
            }
            if self.watched.iter().any(|one| one.is_due) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

impl Watched {
    async fn look(&self, tasks: &Tasks) -> Found {
        let kept = match tasks.load(&self.id).await {
            Ok(Some(kept)) => kept,
            Ok(None) => return Found::Gone,
            Err(error) => {
                log_retry(&error);
                return Found::Nothing;
            }
        };
        match tasks.look_after(kept).await {
            Ok(kept) if self.told == Some(kept.entry.version) => Found::Nothing,
            Ok(kept) => Found::News(Box::new(kept)),
            Err(Rejection::TaskNotFound) => Found::Gone,
            Err(_) => Found::Nothing,
        }
    }
}
