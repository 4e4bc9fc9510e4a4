//! What was used once: known in memory, and on the disk for the next process.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use spanway_protocol::Timestamp;
use spanway_store::{Nonce, NonceStore, StoreError};

use crate::changes::Changes;
use crate::engine::View;
use crate::journal::Journal;
use crate::key;

/// Keeps what was used.
pub(crate) struct FileNonces {
    /// Only the writer looks at it, so that of two callers one is the first.
    used: Arc<Mutex<Used>>,
    journal: Arc<Journal>,
}

struct Used {
    nonces: HashSet<Nonce>,
    expiry: BTreeSet<(Timestamp, Nonce)>,
    nonces_max: usize,
}

impl FileNonces {
    /// With what was used before. An entry that cannot be read is kept: it was used, for who knows how long.
    pub(crate) fn new(
        view: &View,
        journal: Arc<Journal>,
        nonces_max: usize,
    ) -> Result<Self, StoreError> {
        let mut used = Used {
            nonces: HashSet::new(),
            expiry: BTreeSet::new(),
            nonces_max,
        };
        for entry in view.beginning(&[key::NONCE], None) {
            let (key, expires) = entry?;
            if let Some(nonce) = key::read_nonce(&key) {
                used.nonces.insert(nonce);
                if let Some((expires, _)) = key::split_time(&expires) {
                    used.expiry.insert((expires, nonce));
                }
            }
        }
        Ok(Self {
            used: Arc::new(Mutex::new(used)),
            journal,
        })
    }
}

impl NonceStore for FileNonces {
    fn spend(
        &self,
        nonce: Nonce,
        expires: Timestamp,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<bool, StoreError>> {
        let used = self.used.clone();
        self.journal.write(move |changes| {
            let mut used = used.lock().unwrap_or_else(PoisonError::into_inner);
            used.drop_expired(now, changes);
            used.spend(nonce, expires, changes)
        })
    }
}

impl Used {
    fn drop_expired(&mut self, now: Timestamp, changes: &mut Changes) {
        while let Some((expires, _)) = self.expiry.first()
            && *expires < now
            && let Some((_, nonce)) = self.expiry.pop_first()
        {
            self.nonces.remove(&nonce);
            changes.remove(key::nonce(&nonce));
        }
    }

    fn spend(
        &mut self,
        nonce: Nonce,
        expires: Timestamp,
        changes: &mut Changes,
    ) -> Result<bool, StoreError> {
        if self.nonces.contains(&nonce) {
            return Ok(false);
        }
        if self.nonces.len() >= self.nonces_max {
            return Err(StoreError::Full {
                what: "used nonces",
                limit: self.nonces_max,
            });
        }
        self.nonces.insert(nonce);
        self.expiry.insert((expires, nonce));
        let expires = expires.as_millis().to_be_bytes();
        changes.put(key::nonce(&nonce), expires.to_vec());
        Ok(true)
    }
}
