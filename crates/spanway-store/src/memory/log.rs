//! Stream logs in this process, weighed in bytes.

use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use spanway_protocol::legacy::SessionId;
use spanway_protocol::{Limits, Timestamp};

use crate::error::StoreError;
use crate::log::{Appended, Batch, Bells, Log, LogIndex, Page, StreamKey, StreamLog};

/// Keeps logs in a map, bounded by the `replay_…` limits.
#[derive(Debug)]
pub struct MemoryLog {
    logs: Mutex<LogIndex<Bytes>>,
    bells: Arc<Bells>,
}

impl MemoryLog {
    /// A keeper with the `replay_…` bounds of `limits`.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            logs: Mutex::new(LogIndex::new(limits)),
            bells: Arc::default(),
        }
    }

    /// Bytes it holds now, what it needs to hold them included.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.lock().bytes()
    }

    fn lock(&self) -> MutexGuard<'_, LogIndex<Bytes>> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StreamLog for MemoryLog {
    fn append(
        &self,
        key: StreamKey,
        batch: Batch,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Appended, StoreError>> {
        let appended = self.lock().append(&key, &batch, now, &mut Vec::new());
        self.bells.ring(&key);
        ready(Ok(appended)).boxed()
    }

    fn read(
        &self,
        key: StreamKey,
        after: u64,
        bytes_max: usize,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Option<Page>, StoreError>> {
        let mut logs = self.lock();
        logs.drop_stale(now, &mut Vec::new());
        let page = logs.log(&key).and_then(|log| page(log, after, bytes_max));
        ready(Ok(page)).boxed()
    }

    fn forget(&self, session: SessionId) -> BoxFuture<'static, Result<(), StoreError>> {
        let mut dropped = Vec::new();
        self.lock().forget(&session, &mut dropped);
        for log in dropped {
            self.bells.ring(&log.key);
        }
        ready(Ok(())).boxed()
    }

    fn bells(&self) -> Arc<Bells> {
        self.bells.clone()
    }
}

fn page(log: &Log<Bytes>, after: u64, bytes_max: usize) -> Option<Page> {
    if after > log.last() {
        return None;
    }
    let skip = usize::try_from((after + 1).checked_sub(log.first())?).ok()?;
    let rest = log.messages().iter().skip(skip);
    let count = Page::fitting(rest.clone().map(Bytes::len), bytes_max);
    let messages: Vec<Bytes> = rest.take(count).cloned().collect();
    Some(Page {
        first: after + 1,
        complete: skip + messages.len() == log.messages().len(),
        messages,
        state: log.state().clone(),
    })
}
