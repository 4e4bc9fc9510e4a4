//! The contracts every store keeps.

use std::future::{Ready, ready};
use std::sync::Mutex;
use std::time::Duration;

use spanway_protocol::Limits;
use spanway_store::suite::{self, Fault, Faulty};
use spanway_store::{Stores, StreamLog};
use tempfile::TempDir;

use crate::TTL;

/// Opens a new directory each time; all go at the end.
#[derive(Default)]
struct Dirs(Mutex<Vec<TempDir>>);

impl Dirs {
    fn open(&self, ttl: Duration, limits: &Limits) -> Stores {
        let dir = TempDir::new().unwrap();
        let stores = spanway_store_file::open(dir.path(), ttl, limits).unwrap();
        self.0.lock().unwrap().push(dir);
        stores
    }

    fn logs(&self, limits: &Limits) -> Ready<Faulty<dyn StreamLog>> {
        let logs = self.open(TTL, limits).logs;
        ready(Faulty::new(logs, Fault::Refused, 0))
    }
}

#[tokio::test]
async fn it_keeps_the_contract_of_sessions() {
    let dirs = Dirs::default();
    suite::sessions(|ttl, max| {
        let mut limits = Limits::default();
        limits.sessions_max = max;
        let sessions = dirs.open(ttl, &limits).sessions;
        ready(Faulty::new(sessions, Fault::Refused, 0))
    })
    .await;
}

#[tokio::test]
async fn it_keeps_the_contract_of_logs() {
    let dirs = Dirs::default();
    suite::logs(|limits| dirs.logs(&limits)).await;
    suite::logs_in_all(|limits| dirs.logs(&limits)).await;
}

#[tokio::test]
async fn its_logs_are_like_a_vec() {
    let dirs = Dirs::default();
    suite::logs_like_a_vec(|limits| dirs.logs(&limits), 25).await;
}

#[tokio::test]
async fn it_keeps_the_contract_of_nonces() {
    let dirs = Dirs::default();
    suite::nonces(|max| {
        let mut limits = Limits::default();
        limits.spent_states_max = max;
        let nonces = dirs.open(TTL, &limits).nonces;
        ready(Faulty::new(nonces, Fault::Refused, 0))
    })
    .await;
}

#[tokio::test]
async fn it_keeps_the_contract_of_tasks() {
    let dirs = Dirs::default();
    suite::tasks(|max| {
        let mut limits = Limits::default();
        limits.tasks_max = max;
        let tasks = dirs.open(TTL, &limits).tasks;
        ready(Faulty::new(tasks, Fault::Refused, 0))
    })
    .await;
}
