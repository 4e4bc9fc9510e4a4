//! The one writer: gathers what is asked for at the same time, writes it in one step, then tells everybody.
//!
//! It is a thread of its own, since writing waits for the disk.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use spanway_store::StoreError;
use tokio::sync::{mpsc, oneshot};

use crate::changes::Changes;

/// Jobs that may wait; who brings another one waits until there is room.
const WAITING_MAX: usize = 1024;
/// Jobs of one step.
const STEP_JOBS_MAX: usize = 1024;
/// Bytes of one step, about.
const STEP_BYTES_MAX: usize = 4 << 20;

/// Decides what to write, in the order of jobs, knowing all earlier ones; then hears whether it is written.
type Job = Box<dyn FnOnce(&mut Changes) -> Outcome + Send>;
type Outcome = Box<dyn FnOnce(&Result<(), WriteFailed>) + Send>;

/// Why nothing is written any more.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the file store cannot write: {0}")]
pub(crate) struct WriteFailed(Arc<str>);

/// Hands jobs to the writer. Dropping the last handle waits until what it was given is written.
#[derive(Debug)]
pub(crate) struct Journal {
    /// `None` only while dropping.
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
}

impl Journal {
    /// Starts the writer. After the first failure of `commit` it writes nothing more: nobody knows what of
    /// that step is on the disk, and what comes later must not build on it.
    pub(crate) fn start(
        commit: impl FnMut(Changes) -> Result<(), Arc<str>> + Send + 'static,
    ) -> std::io::Result<Arc<Self>> {
        let (sender, jobs) = mpsc::channel(WAITING_MAX);
        let writer = thread::Builder::new()
            .name("spanway-store".to_owned())
            .spawn(move || write(jobs, commit))?;
        Ok(Arc::new(Self {
            jobs: Some(sender),
            writer: Some(writer),
        }))
    }

    /// Lets `decide` say what to write. The future is ready with what it said when that is on the disk.
    pub(crate) fn write<T: Send + 'static>(
        self: &Arc<Self>,
        decide: impl FnOnce(&mut Changes) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        self.write_then(decide, |_| {})
    }

    /// The same, and calls `then` when it is on the disk, even if nobody waits for the future any more.
    pub(crate) fn write_then<T: Send + 'static>(
        self: &Arc<Self>,
        decide: impl FnOnce(&mut Changes) -> Result<T, StoreError> + Send + 'static,
        then: impl FnOnce(&T) + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let journal = self.clone();
        async move {
            let (answer, answered) = oneshot::channel();
            let job: Job = Box::new(move |changes| {
                let decided = decide(changes);
                Box::new(move |written| {
                    let result = match written {
                        Ok(()) => decided,
                        Err(failed) => Err(StoreError::Unavailable(failed.clone().into())),
                    };
                    if let Ok(decided) = &result {
                        then(decided);
                    }
                    // Who asked may be gone.
                    let _ = answer.send(result);
                })
            });
            if let Some(jobs) = &journal.jobs {
                jobs.send(job).await.map_err(|_| writer_gone())?;
            }
            answered.await.map_err(|_| writer_gone())?
        }
        .boxed()
    }
}

fn writer_gone() -> StoreError {
    StoreError::Unavailable(WriteFailed("its writer is gone".into()).into())
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writer) = self.writer.take() {
            // It has said what it had to say when it panicked.
            let _ = writer.join();
        }
    }
}

fn write(mut jobs: mpsc::Receiver<Job>, mut commit: impl FnMut(Changes) -> Result<(), Arc<str>>) {
    let mut written = Ok(());
    while let Some(first) = jobs.blocking_recv() {
        let mut changes = Changes::default();
        let mut outcomes = Vec::new();
        let mut next = Some(first);
        while let Some(job) = next {
            outcomes.push(job(&mut changes));
            let is_full = outcomes.len() >= STEP_JOBS_MAX || changes.bytes() >= STEP_BYTES_MAX;
            next = if is_full { None } else { jobs.try_recv().ok() };
        }
        if written.is_ok() && !changes.is_empty() {
            written = commit(changes).map_err(|error| {
                tracing::error!(%error, "the file store cannot write any more until a restart");
                WriteFailed(error)
            });
        }
        outcomes.into_iter().for_each(|outcome| outcome(&written));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc as blocking;

    use futures_util::future::join_all;

    use super::*;

    fn put(number: u8) -> impl FnOnce(&mut Changes) -> Result<u8, StoreError> + Send {
        move |changes| {
            changes.put(vec![number], vec![number]);
            Ok(number)
        }
    }

    #[tokio::test]
    async fn what_is_asked_for_meanwhile_is_one_step() {
        let (started, starts) = blocking::channel();
        let (finish, finishing) = blocking::channel();
        let journal = Journal::start(move |changes| {
            started.send(changes.into_iter().count()).unwrap();
            finishing.recv().unwrap();
            Ok(())
        })
        .unwrap();
        let mut first = journal.write(put(0));
        assert!((&mut first).now_or_never().is_none());
        assert_eq!(starts.recv().unwrap(), 1);
        let mut others: Vec<_> = (1..=10).map(|number| journal.write(put(number))).collect();
        for other in &mut others {
            assert!(other.now_or_never().is_none());
        }
        finish.send(()).unwrap();
        assert_eq!(first.await.unwrap(), 0);
        finish.send(()).unwrap();
        let numbers = join_all(others).await.into_iter().map(Result::unwrap);
        assert!(numbers.eq(1..=10));
        assert_eq!(starts.recv().unwrap(), 10);
    }

    #[tokio::test]
    async fn after_a_failure_nothing_is_written() {
        let mut steps = 0;
        let journal = Journal::start(move |_| {
            steps += 1;
            assert_eq!(steps, 1);
            Err("no space".into())
        })
        .unwrap();
        for number in 0..3 {
            let refused = journal.write(put(number)).await.unwrap_err();
            assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
        }
    }

    #[tokio::test]
    async fn what_was_handed_over_is_done_even_if_nobody_waits() {
        let (done, heard) = blocking::channel();
        let journal = Journal::start(|_| Ok(())).unwrap();
        let mut future = journal.write_then(put(7), move |number| done.send(*number).unwrap());
        let _ = (&mut future).now_or_never();
        drop(future);
        drop(journal);
        assert_eq!(heard.recv(), Ok(7));
    }
}
