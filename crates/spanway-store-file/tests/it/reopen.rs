//! What is there when the directory is opened again.

use std::time::Duration;

use bytes::Bytes;
use spanway_protocol::legacy::Session;
use spanway_protocol::{Client, Limits, ProtocolVersion};
use spanway_store::{
    Appended, Batch, Nonce, SessionChange, StoreError, Stores, StreamState, TaskEntry, TaskId,
};
use tempfile::TempDir;

use crate::{TTL, at, batch, calls, contents, key, open};

fn session(number: u8) -> Session {
    let id = key(number, 0).session;
    let version = ProtocolVersion::V2025_06_18;
    Session::new(id, version, &Client::default(), Some("ann".into()))
}

fn task(number: u8) -> TaskEntry {
    let id = TaskId::from_random([number; 16]);
    TaskEntry::new(id, "ann", at(0), at(60), Bytes::from_static(b"body"))
}

#[tokio::test]
async fn everything_that_was_acknowledged_is_there() {
    let dir = TempDir::new().unwrap();
    let before = open(&dir);
    let node = before.bus.node();
    before.sessions.insert(session(1), at(0)).await.unwrap();
    before.sessions.insert(session(2), at(0)).await.unwrap();
    let wanted = SessionChange::Subscribed("a:1".into());
    let id = session(1).id;
    assert!(before.sessions.change(&id, wanted, at(1)).await.unwrap());
    assert!(before.sessions.remove(&session(2).id, at(1)).await.unwrap());
    let (called, ended) = (key(1, 1), key(1, 2));
    let append = async |key: &_, batch| before.logs.append(Clone::clone(key), batch, at(1)).await;
    append(&called, batch(3, calls(node))).await.unwrap();
    append(&ended, batch(2, StreamState::Ended)).await.unwrap();
    append(&key(2, 1), batch(2, calls(node))).await.unwrap();
    before.logs.forget(session(2).id).await.unwrap();
    before.tasks.insert(task(1), at(0)).await.unwrap();
    let mut replaced = task(1);
    replaced.version = 1;
    replaced.body = Bytes::from_static(b"other");
    assert!(before.tasks.replace(replaced.clone(), at(1)).await.unwrap());
    let nonce = Nonce::new([1; Nonce::BYTES]);
    assert!(before.nonces.spend(nonce, at(60), at(1)).await.unwrap());
    drop(before);

    let after = open(&dir);
    assert_ne!(after.bus.node(), node);
    assert!(!after.bus.is_alive(node).await.unwrap());
    let found = after.sessions.load(&id, at(2)).await.unwrap().unwrap();
    assert!(found.subscriptions.contains("a:1"));
    assert_eq!(after.sessions.count(at(2)).await.unwrap(), 1);
    for (key, count, state) in [(&called, 3, calls(node)), (&ended, 2, StreamState::Ended)] {
        let page = after.logs.read(key.clone(), 0, 1000, at(2)).await;
        let page = page.unwrap().unwrap();
        assert_eq!(page.messages, batch(count, state.clone()).messages);
        assert!(page.complete && page.state == state);
    }
    let forgotten = after.logs.read(key(2, 1), 0, 1000, at(2)).await;
    assert!(forgotten.unwrap().is_none());
    let found = after.tasks.load(replaced.id.clone(), at(2)).await.unwrap();
    assert_eq!(found, Some(replaced));
    assert_eq!(after.tasks.count("ann".into(), at(2)).await.unwrap(), 1);
    assert!(!after.nonces.spend(nonce, at(60), at(60)).await.unwrap());
}

#[tokio::test]
async fn what_was_written_before_goes_on() {
    let dir = TempDir::new().unwrap();
    let before = open(&dir);
    let node = before.bus.node();
    let written = before.logs.append(key(1, 1), batch(3, calls(node)), at(0));
    written.await.unwrap();
    drop(before);
    let after = open(&dir);
    let again = after.logs.append(key(1, 1), batch(3, calls(node)), at(0));
    assert_eq!(again.await.unwrap(), Appended::Conflict { last: 3 });
    let end = Batch {
        first: 4,
        messages: vec![Bytes::from_static(b"4")],
        state: StreamState::Ended,
    };
    let ended = after.logs.append(key(1, 1), end, at(0)).await.unwrap();
    assert_eq!(ended, Appended::Done);
    let page = after.logs.read(key(1, 1), 2, 1000, at(0)).await.unwrap();
    assert_eq!(page.unwrap().messages, ["3", "4"]);
}

#[tokio::test]
async fn a_session_lives_as_long_as_it_was_promised_or_a_sixteenth_longer() {
    let dir = TempDir::new().unwrap();
    let stores = open(&dir);
    stores.sessions.insert(session(1), at(0)).await.unwrap();
    stores.sessions.insert(session(2), at(0)).await.unwrap();
    for seconds in [1, 30, 31, 33] {
        let loaded = stores.sessions.load(&session(1).id, at(seconds)).await;
        assert!(loaded.unwrap().is_some());
    }
    drop(stores);
    let alive_at = async |seconds: u64| {
        let stores = open(&dir);
        stores.sessions.count(at(seconds)).await.unwrap()
    };
    assert_eq!(alive_at(63).await, 2);
    assert_eq!(alive_at(69).await, 1);
    assert_eq!(alive_at(33 + 63).await, 1);
    assert_eq!(alive_at(33 + 64 + 5).await, 0);
}

#[tokio::test]
async fn bounds_count_what_was_there_before() {
    let dir = TempDir::new().unwrap();
    let open = || {
        let mut limits = Limits::default();
        (limits.sessions_max, limits.tasks_max) = (1, 1);
        spanway_store_file::open(dir.path(), TTL, &limits).unwrap()
    };
    let before = open();
    before.sessions.insert(session(1), at(0)).await.unwrap();
    before.tasks.insert(task(1), at(0)).await.unwrap();
    drop(before);
    let after = open();
    let refused = after.sessions.insert(session(2), at(1)).await;
    assert!(matches!(refused, Err(StoreError::Full { .. })));
    let refused = after.tasks.insert(task(2), at(1)).await;
    assert!(matches!(refused, Err(StoreError::Full { .. })));
}

#[tokio::test]
async fn what_is_over_leaves_the_disk() {
    let dir = TempDir::new().unwrap();
    let fill = async |stores: &Stores, first: u8, seconds: u64| {
        for number in first..first + 5 {
            let now = at(seconds);
            let append = |state| stores.logs.append(key(number, 1), batch(2, state), now);
            append(StreamState::Ended).await.unwrap();
            let mut task = task(number);
            (task.created, task.expires) = (now, now + Duration::from_secs(60));
            stores.tasks.insert(task, now).await.unwrap();
            let session = session(number);
            stores.sessions.insert(session, now).await.unwrap();
            let nonce = Nonce::new([number; Nonce::BYTES]);
            let used = stores.nonces.spend(nonce, now, now).await;
            assert!(used.unwrap());
        }
    };
    let stores = open(&dir);
    fill(&stores, 0, 0).await;
    drop(stores);
    let full = contents(&dir).len();
    let stores = open(&dir);
    fill(&stores, 100, 10_000).await;
    drop(stores);
    assert_eq!(contents(&dir).len(), full);
}

#[tokio::test]
async fn calls_of_a_dead_process_wait_for_their_client_once_more() {
    let dir = TempDir::new().unwrap();
    let stores = open(&dir);
    let written = batch(1, calls(stores.bus.node()));
    let append = stores.logs.append(key(1, 1), written, at(0));
    append.await.unwrap();
    drop(stores);
    let stores = open(&dir);
    let is_there = async |seconds: u64| {
        // Others go on meanwhile.
        let state = calls(stores.bus.node());
        let other = stores.logs.append(key(2, 2), batch(0, state), at(seconds));
        other.await.unwrap();
        let page = stores.logs.read(key(1, 1), 0, 1000, at(seconds)).await;
        page.unwrap().is_some()
    };
    assert!(is_there(5000).await);
    assert!(is_there(5299).await);
    assert!(!is_there(5300).await);
}
