//! The sessions in memory, when they expire, and which of them the disk does not have as they are.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use spanway_protocol::Timestamp;
use spanway_protocol::legacy::{Session, SessionId};
use spanway_store::{SessionChange, StoreError};

#[derive(Debug)]
pub(super) struct Cache {
    entries: HashMap<SessionId, Entry>,
    /// Each session once, in the order of moments before which it was not unused for long enough; it may
    /// have been used since.
    queue: BTreeSet<(Timestamp, SessionId)>,
    /// What the disk has to be told of.
    due: HashSet<SessionId>,
    /// Sessions of which not even the last use could be read. It is the first moment we hear of.
    undated: Vec<SessionId>,
    ttl: Duration,
    /// How far the disk is ahead of the last use.
    ahead: Duration,
    sessions_max: usize,
}

#[derive(Debug)]
struct Entry {
    /// `None` if what is on the disk could not be read.
    session: Option<Arc<Session>>,
    used: Timestamp,
    /// The last use the disk knows of, which may be still to come.
    used_on_disk: Timestamp,
    queued: Timestamp,
}

/// A session as the disk should have it.
pub(super) struct Due {
    pub(super) id: SessionId,
    /// With its last use; `None` if there is no such session.
    pub(super) kept: Option<(Arc<Session>, Timestamp)>,
}

impl Cache {
    pub(super) fn new(ttl: Duration, sessions_max: usize) -> Self {
        Self {
            entries: HashMap::new(),
            queue: BTreeSet::new(),
            due: HashSet::new(),
            undated: Vec::new(),
            ttl,
            ahead: ttl / 16,
            sessions_max,
        }
    }

    pub(super) fn restore(
        &mut self,
        id: SessionId,
        session: Option<Arc<Session>>,
        used: Timestamp,
    ) {
        self.queue.insert((used, id.clone()));
        let entry = Entry {
            session,
            used,
            used_on_disk: used,
            queued: used,
        };
        self.entries.insert(id, entry);
    }

    /// Puts back one that cannot be read.
    pub(super) fn restore_unreadable(&mut self, id: SessionId, used: Option<Timestamp>) {
        if used.is_none() {
            self.undated.push(id.clone());
        }
        self.restore(id, None, used.unwrap_or_default());
    }

    pub(super) fn insert(&mut self, session: Session, now: Timestamp) -> Result<(), StoreError> {
        self.drop_expired(now);
        if self.entries.len() >= self.sessions_max {
            return Err(StoreError::Full {
                what: "sessions",
                limit: self.sessions_max,
            });
        }
        let id = session.id.clone();
        self.drop_entry(&id);
        self.restore(id.clone(), Some(Arc::new(session)), now);
        self.due.insert(id);
        Ok(())
    }

    /// The session, now used.
    pub(super) fn load(
        &mut self,
        id: &SessionId,
        now: Timestamp,
    ) -> Result<Option<Arc<Session>>, StoreError> {
        let Some(entry) = self.live(id, now) else {
            return Ok(None);
        };
        let session = entry.session.as_ref().ok_or(UNREADABLE)?;
        entry.used = entry.used.max(now);
        Ok(Some(session.clone()))
    }

    pub(super) fn change(
        &mut self,
        id: &SessionId,
        change: SessionChange,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(entry) = self.live(id, now) else {
            return Ok(false);
        };
        let session = entry.session.as_mut().ok_or(UNREADABLE)?;
        change.apply(Arc::make_mut(session));
        entry.used = entry.used.max(now);
        self.due.insert(id.clone());
        Ok(true)
    }

    /// Makes the session used now, expired or not, as long as nobody noticed that it is.
    pub(super) fn renew(&mut self, id: &SessionId, now: Timestamp) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.used = entry.used.max(now);
        }
    }

    /// Whether there was a live one.
    pub(super) fn remove(&mut self, id: &SessionId, now: Timestamp) -> bool {
        let is_live = self.live(id, now).is_some();
        if is_live {
            self.drop_entry(id);
        }
        is_live
    }

    pub(super) fn count(&mut self, now: Timestamp) -> usize {
        self.drop_expired(now);
        self.entries.len()
    }

    /// Whether the disk has to hear of the use at this moment, which it then will.
    pub(super) fn is_renewal_due(&mut self, id: &SessionId, now: Timestamp) -> bool {
        let is_due = self
            .entries
            .get(id)
            .is_some_and(|entry| entry.session.is_some() && entry.used_on_disk < now);
        if is_due {
            self.due.insert(id.clone());
        }
        is_due
    }

    /// What the disk does not know yet. It must then be told.
    pub(super) fn take_due(&mut self) -> Vec<Due> {
        let due = std::mem::take(&mut self.due);
        due.into_iter()
            .map(|id| {
                let ahead = self.ahead;
                let kept = self.entries.get_mut(&id).and_then(|entry| {
                    let session = entry.session.clone()?;
                    entry.used_on_disk = entry.used + ahead;
                    Some((session, entry.used_on_disk))
                });
                Due { id, kept }
            })
            .collect()
    }

    fn live(&mut self, id: &SessionId, now: Timestamp) -> Option<&mut Entry> {
        self.date(now);
        if now.since(self.entries.get(id)?.used) >= self.ttl {
            self.drop_entry(id);
            return None;
        }
        self.entries.get_mut(id)
    }

    fn date(&mut self, now: Timestamp) {
        for id in self.undated.drain(..) {
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.used = now;
            }
        }
    }

    fn drop_expired(&mut self, now: Timestamp) {
        self.date(now);
        while let Some((queued, _)) = self.queue.first()
            && now.since(*queued) >= self.ttl
            && let Some((_, id)) = self.queue.pop_first()
        {
            match self.entries.get_mut(&id) {
                Some(entry) if now.since(entry.used) < self.ttl => {
                    entry.queued = entry.used;
                    self.queue.insert((entry.used, id));
                }
                _ => self.drop_entry(&id),
            }
        }
    }

    fn drop_entry(&mut self, id: &SessionId) {
        if let Some(entry) = self.entries.remove(id) {
            self.queue.remove(&(entry.queued, id.clone()));
            self.due.insert(id.clone());
        }
    }
}

const UNREADABLE: StoreError = StoreError::Unreadable { what: "a session" };
