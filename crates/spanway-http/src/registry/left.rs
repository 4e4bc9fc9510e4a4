//! What waits for sessions that do not listen at the moment, but did a short while ago.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use spanway_protocol::Timestamp;
use spanway_protocol::legacy::SessionId;

use super::listener::Mailbox;

/// How long changes are kept for a session that stopped listening. Later it is told that everything
/// changed.
const AGE_MAX: Duration = Duration::from_secs(300);
/// For how many sessions.
const SESSIONS_MAX: usize = 1024;

/// Mailboxes nobody reads. Bounded in number and age: what is dropped costs a client a look in vain.
#[derive(Default)]
pub(super) struct LeftMailboxes(Mutex<HashMap<SessionId, Left>>);

struct Left {
    mailbox: Arc<Mailbox>,
    since: Timestamp,
}

impl LeftMailboxes {
    pub(super) fn put(&self, session: &SessionId, mailbox: Arc<Mailbox>, now: Timestamp) {
        let mut all = self.lock();
        all.retain(|_, left| now.since(left.since) < AGE_MAX);
        if all.len() >= SESSIONS_MAX {
            let oldest = all.iter().min_by_key(|(_, left)| left.since);
            if let Some(oldest) = oldest.map(|(session, _)| session.clone()) {
                all.remove(&oldest);
            }
        }
        all.insert(
            session.clone(),
            Left {
                mailbox,
                since: now,
            },
        );
    }

    pub(super) fn get(&self, session: &SessionId) -> Option<Arc<Mailbox>> {
        self.lock().get(session).map(|left| left.mailbox.clone())
    }

    pub(super) fn take(&self, session: &SessionId, now: Timestamp) -> Option<Arc<Mailbox>> {
        let left = self.lock().remove(session)?;
        (now.since(left.since) < AGE_MAX).then_some(left.mailbox)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Left>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
