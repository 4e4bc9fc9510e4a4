//! A store that fails on purpose.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, poll_fn};
use spanway_protocol::Timestamp;
use spanway_protocol::legacy::{Session, SessionId};

use crate::error::StoreError;
use crate::log::{Appended, Batch, Bells, Page, StreamKey, StreamLog};
use crate::nonce::{Nonce, NonceStore};
use crate::session::{SessionChange, SessionStore};
use crate::task::{TaskEntry, TaskId, TaskStore};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The operation is not done, and fails.
    Refused,
    /// The operation is done, and fails: the answer was lost.
    Lost,
    /// The operation is done later: its future is polled this often before it begins.
    Late(usize),
}

/// A store of which every nth operation goes wrong, whatever operation it is. It also makes one store of what
/// is known as a trait object only.
#[derive(Debug)]
pub struct Faulty<S: ?Sized> {
    inner: Arc<S>,
    fault: Fault,
    every: usize,
    count: AtomicUsize,
}

impl<S: ?Sized> Faulty<S> {
    /// A store in front of `inner`; with an `every` of 0 nothing goes wrong.
    #[must_use]
    pub fn new(inner: Arc<S>, fault: Fault, every: usize) -> Self {
        Self {
            inner,
            fault,
            every,
            count: AtomicUsize::new(0),
        }
    }

    /// How many operations were asked for.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    fn run<'a, T: Send + 'a>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        let goes_wrong = self.every > 0 && number.is_multiple_of(self.every);
        let fault = goes_wrong.then_some(self.fault);
        async move {
            match fault {
                Some(Fault::Refused) => return Err(on_purpose()),
                Some(Fault::Late(polls)) => pending(polls).await,
                _ => {}
            }
            let done = work.await;
            match fault {
                Some(Fault::Lost) => Err(on_purpose()),
                _ => done,
            }
        }
        .boxed()
    }
}

fn on_purpose() -> StoreError {
    StoreError::Unavailable("it fails on purpose".into())
}

/// Is ready when it was polled this often.
async fn pending(mut polls: usize) {
    poll_fn(|cx| {
        if polls == 0 {
            return Poll::Ready(());
        }
        polls -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl<S: SessionStore + ?Sized> SessionStore for Faulty<S> {
    fn insert(&self, session: Session, now: Timestamp) -> BoxFuture<'_, Result<(), StoreError>> {
        self.run(async move { self.inner.insert(session, now).await })
    }

    fn load<'a>(
        &'a self,
        id: &'a SessionId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Arc<Session>>, StoreError>> {
        self.run(async move { self.inner.load(id, now).await })
    }

    fn change<'a>(
        &'a self,
        id: &'a SessionId,
        change: SessionChange,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.run(async move { self.inner.change(id, change, now).await })
    }

    fn renew<'a>(
        &'a self,
        ids: &'a [SessionId],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.run(async move { self.inner.renew(ids, now).await })
    }

    fn remove<'a>(
        &'a self,
        id: &'a SessionId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.run(async move { self.inner.remove(id, now).await })
    }

    fn count(&self, now: Timestamp) -> BoxFuture<'_, Result<usize, StoreError>> {
        self.run(async move { self.inner.count(now).await })
    }
}

impl<S: StreamLog + ?Sized> StreamLog for Faulty<S> {
    fn append(
        &self,
        key: StreamKey,
        batch: Batch,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Appended, StoreError>> {
        let inner = self.inner.clone();
        self.run(async move { inner.append(key, batch, now).await })
    }

    fn read(
        &self,
        key: StreamKey,
        after: u64,
        bytes_max: usize,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Option<Page>, StoreError>> {
        let inner = self.inner.clone();
        self.run(async move { inner.read(key, after, bytes_max, now).await })
    }

    fn forget(&self, session: SessionId) -> BoxFuture<'static, Result<(), StoreError>> {
        let inner = self.inner.clone();
        self.run(async move { inner.forget(session).await })
    }

    fn bells(&self) -> Arc<Bells> {
        self.inner.bells()
    }
}

impl<S: TaskStore + ?Sized> TaskStore for Faulty<S> {
    fn insert(
        &self,
        entry: TaskEntry,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        let inner = self.inner.clone();
        self.run(async move { inner.insert(entry, now).await })
    }

    fn load(
        &self,
        id: TaskId,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Option<TaskEntry>, StoreError>> {
        let inner = self.inner.clone();
        self.run(async move { inner.load(id, now).await })
    }

    fn replace(
        &self,
        entry: TaskEntry,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<bool, StoreError>> {
        let inner = self.inner.clone();
        self.run(async move { inner.replace(entry, now).await })
    }

    fn list(
        &self,
        owner: Box<str>,
        after: Option<(Timestamp, TaskId)>,
        limit: usize,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<TaskEntry>, StoreError>> {
        let inner = self.inner.clone();
        self.run(async move { inner.list(owner, after, limit, now).await })
    }

    fn count(
        &self,
        owner: Box<str>,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<usize, StoreError>> {
        let inner = self.inner.clone();
        self.run(async move { inner.count(owner, now).await })
    }
}

impl<S: NonceStore + ?Sized> NonceStore for Faulty<S> {
    fn spend(
        &self,
        nonce: Nonce,
        expires: Timestamp,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<bool, StoreError>> {
        let inner = self.inner.clone();
        self.run(async move { inner.spend(nonce, expires, now).await })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use spanway_protocol::Limits;
    use spanway_protocol::legacy::StreamId;

    use super::super::{at, session_id};
    use super::*;
    use crate::log::StreamState;
    use crate::memory::MemoryLog;

    /// Appends five messages, each until it is known to be there.
    async fn five_messages_through(fault: Fault) -> Vec<Bytes> {
        let log = Faulty::new(Arc::new(MemoryLog::new(&Limits::default())), fault, 2);
        let key = StreamKey {
            session: session_id(1),
            stream: StreamId::from_random([1; 8]),
        };
        let message = |first: u64| Bytes::from(format!("{first}"));
        for first in 1..=5 {
            let batch = Batch {
                first,
                messages: vec![message(first)],
                state: StreamState::Listening,
            };
            loop {
                match log.append(key.clone(), batch.clone(), at(0)).await {
                    Ok(Appended::Done) => break,
                    Ok(Appended::Conflict { last }) if last == first => break,
                    Ok(other) => panic!("{other:?}"),
                    Err(_) => {}
                }
            }
        }
        assert!(log.count() >= 5);
        let page = log.inner.read(key, 0, 1000, at(0)).await;
        page.unwrap().unwrap().messages
    }

    #[tokio::test]
    async fn whatever_goes_wrong_a_writer_that_asks_again_writes_once() {
        for fault in [Fault::Refused, Fault::Lost, Fault::Late(3)] {
            let found = five_messages_through(fault).await;
            assert_eq!(found, ["1", "2", "3", "4", "5"], "{fault:?}");
        }
    }
}
