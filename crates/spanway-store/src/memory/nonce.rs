//! What was used once, in this process.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::future::ready;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use spanway_protocol::Timestamp;

use crate::error::StoreError;
use crate::nonce::{Nonce, NonceStore};

/// Keeps what was used in a set, bounded in number. A restarted process knows nothing of it.
#[derive(Debug)]
pub struct MemoryNonces {
    inner: Mutex<Inner>,
    nonces_max: usize,
}

#[derive(Debug, Default)]
struct Inner {
    used: HashSet<Nonce>,
    /// What expires first is at the top.
    expiring: BinaryHeap<Reverse<(Timestamp, Nonce)>>,
}

impl MemoryNonces {
    /// A store of at most `nonces_max`.
    #[must_use]
    pub fn new(nonces_max: usize) -> Self {
        Self {
            inner: Mutex::default(),
            nonces_max,
        }
    }
}

impl Inner {
    fn drop_expired(&mut self, now: Timestamp) {
        while let Some(Reverse((expires, nonce))) = self.expiring.peek()
            && *expires < now
        {
            self.used.remove(nonce);
            self.expiring.pop();
        }
    }

    fn spend(
        &mut self,
        nonce: Nonce,
        expires: Timestamp,
        nonces_max: usize,
    ) -> Result<bool, StoreError> {
        if self.used.contains(&nonce) {
            return Ok(false);
        }
        if self.used.len() >= nonces_max {
            return Err(StoreError::Full {
                what: "used nonces",
                limit: nonces_max,
            });
        }
        self.expiring.push(Reverse((expires, nonce)));
        Ok(self.used.insert(nonce))
    }
}

impl NonceStore for MemoryNonces {
    fn spend(
        &self,
        nonce: Nonce,
        expires: Timestamp,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<bool, StoreError>> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.drop_expired(now);
        ready(inner.spend(nonce, expires, self.nonces_max)).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite;

    #[tokio::test]
    async fn the_memory_nonces_keep_the_contract() {
        suite::nonces(|max| async move { MemoryNonces::new(max) }).await;
    }
}
