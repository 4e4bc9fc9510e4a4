//! What the test clients of this process know of each session: its revision, and what was asked in it.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use spanway_protocol::ProtocolVersion;

/// One session. Their names are random, so that one table does for all servers of a process.
#[derive(Default)]
pub(super) struct Ledger {
    version: Option<ProtocolVersion>,
    /// Methods by the id of the request, as JSON text.
    asked: HashMap<String, String>,
}

impl Ledger {
    /// The handshake of this session agreed on a revision.
    pub(super) fn open(session: &str, version: ProtocolVersion) {
        all().entry(session.to_owned()).or_default().version = Some(version);
    }

    /// The revision of this session; `None` if no handshake opened it.
    pub(super) fn version(session: &str) -> Option<ProtocolVersion> {
        all().get(session)?.version
    }

    /// A request was sent in this session.
    pub(super) fn ask(session: &str, id: &Value, method: &str) {
        let mut all = all();
        let ledger = all.entry(session.to_owned()).or_default();
        ledger.asked.insert(id.to_string(), method.to_owned());
    }

    /// The method of a request of this session.
    pub(super) fn asked(session: &str, id: &Value) -> Option<String> {
        all().get(session)?.asked.get(&id.to_string()).cloned()
    }
}

fn all() -> MutexGuard<'static, HashMap<String, Ledger>> {
    static ALL: LazyLock<Mutex<HashMap<String, Ledger>>> = LazyLock::new(Mutex::default);
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}
