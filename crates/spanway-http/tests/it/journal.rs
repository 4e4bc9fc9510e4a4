//! What a handler did, seen from the outside.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;

/// Entries in the order they were made. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Journal {
    entries: Arc<Mutex<Vec<String>>>,
    added: Arc<Notify>,
}

impl Journal {
    pub(crate) fn note(&self, entry: impl Into<String>) {
        self.entries.lock().expect("no panic").push(entry.into());
        self.added.notify_waiters();
    }

    pub(crate) fn entries(&self) -> Vec<String> {
        self.entries.lock().expect("no panic").clone()
    }

    pub(crate) fn has(&self, entry: &str) -> bool {
        self.entries().iter().any(|noted| noted == entry)
    }

    /// Waits until the entry is there; only a bug makes it wait for long.
    pub(crate) async fn wait_for(&self, entry: &str) {
        let noted = async {
            loop {
                let added = self.added.notified();
                if self.has(entry) {
                    return;
                }
                added.await;
            }
        };
        let patience = Duration::from_secs(20);
        if tokio::time::timeout(patience, noted).await.is_err() {
            panic!("{entry:?} never happened, but {:?}", self.entries());
        }
    }
}

/// Notes how a handler ended: `NAME finished`, or `NAME dropped` if it was not let run to its end.
pub(crate) struct Ending {
    journal: Journal,
    name: String,
    finished: bool,
}

impl Ending {
    pub(crate) fn of(journal: &Journal, name: &str) -> Self {
        journal.note(format!("{name} began"));
        Self {
            journal: journal.clone(),
            name: name.to_owned(),
            finished: false,
        }
    }

    pub(crate) fn finish(mut self) {
        self.finished = true;
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let how = if self.finished { "finished" } else { "dropped" };
        self.journal.note(format!("{} {how}", self.name));
    }
}
