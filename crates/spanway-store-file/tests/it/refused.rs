//! What is not opened, and what is there but cannot be read.

use std::error::Error;
use std::fs;

use bytes::Bytes;
use spanway_protocol::Limits;
use spanway_protocol::legacy::Session;
use spanway_protocol::{Client, ProtocolVersion};
use spanway_store::{StoreError, StreamState, TaskEntry, TaskId};
use spanway_store_file::OpenError;
use tempfile::TempDir;

use crate::{TTL, at, batch, contents, key, open, overwrite};

fn refused(dir: &TempDir) -> OpenError {
    spanway_store_file::open(dir.path(), TTL, &Limits::default()).unwrap_err()
}

#[tokio::test]
async fn a_directory_in_use_is_refused_until_it_is_free() {
    let dir = TempDir::new().unwrap();
    let stores = open(&dir);
    let refusal = refused(&dir);
    assert!(matches!(refusal, OpenError::InUse(_)), "{refusal}");
    assert!(refusal.to_string().contains("in use by another process"));
    // One keeper is enough to hold it.
    let logs = stores.logs.clone();
    drop(stores);
    assert!(matches!(refused(&dir), OpenError::InUse(_)));
    drop(logs);
    open(&dir);
}

#[test]
fn another_format_is_refused() {
    let dir = TempDir::new().unwrap();
    drop(open(&dir));
    overwrite(&dir, |key| (key == b"f").then(|| b"2".to_vec()));
    let refusal = refused(&dir);
    let said = format!(
        "{} holds format 2; this version reads format 1",
        dir.path().display()
    );
    assert_eq!(refusal.to_string(), said);
}

#[test]
fn what_is_no_directory_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, "").unwrap();
    let refusal = spanway_store_file::open(&path, TTL, &Limits::default()).unwrap_err();
    assert!(matches!(refusal, OpenError::Io { .. }) && refusal.source().is_some());
}

#[test]
fn what_the_engine_cannot_read_is_refused() {
    let dir = TempDir::new().unwrap();
    drop(open(&dir));
    fs::write(dir.path().join("store").join("version"), "?").unwrap();
    let refusal = refused(&dir);
    assert!(matches!(refusal, OpenError::Unreadable { .. }), "{refusal}");
}

#[test]
fn a_directory_half_made_is_made_again() {
    let dir = TempDir::new().unwrap();
    let new = dir.path().join("new");
    fs::create_dir_all(new.join("keyspaces")).unwrap();
    fs::write(new.join("0.jnl"), "half").unwrap();
    drop(open(&dir));
    assert!(!new.exists());
}

#[cfg(unix)]
#[test]
fn a_new_directory_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("a").join("b");
    drop(spanway_store_file::open(&path, TTL, &Limits::default()).unwrap());
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

/// Every entry in turn is cut short: what it belongs to is unreadable, and nothing else is.
#[tokio::test]
async fn damaged_entries_are_unreadable_and_hurt_nothing_else() {
    let dir = TempDir::new().unwrap();
    let stores = open(&dir);
    let version = ProtocolVersion::V2025_06_18;
    let session = Session::new(key(1, 0).session, version, &Client::default(), None);
    stores.sessions.insert(session, at(0)).await.unwrap();
    let append = stores
        .logs
        .append(key(1, 1), batch(2, StreamState::Listening), at(0));
    append.await.unwrap();
    let id = TaskId::from_random([1; 16]);
    let task = TaskEntry::new(
        id.clone(),
        "ann",
        at(0),
        at(60),
        Bytes::from_static(b"body"),
    );
    stores.tasks.insert(task, at(0)).await.unwrap();
    drop(stores);

    let keys = contents(&dir);
    for (damaged, value) in keys.iter().filter(|(key, _)| key != b"f") {
        overwrite(&dir, |key| (key == damaged).then(Vec::new));
        let stores = open(&dir);
        let session = stores.sessions.load(&key(1, 0).session, at(1)).await;
        let stream = stores.logs.read(key(1, 1), 0, 1000, at(1)).await;
        let task = stores.tasks.load(id.clone(), at(1)).await;
        let listed = stores.tasks.list("ann".into(), None, 9, at(1)).await;
        let is_unreadable = [
            is_unreadable(&session.map(|_| ())),
            is_unreadable(&stream.map(|_| ())),
            is_unreadable(&task.map(|_| ())) || is_unreadable(&listed.map(|_| ())),
        ];
        let expected = match damaged[0] {
            b's' => [true, false, false],
            b'l' => [false, true, false],
            b't' | b'o' => [false, false, true],
            // Any bytes are a message, or a body.
            _ => [false, false, false],
        };
        assert_eq!(is_unreadable, expected, "{}", char::from(damaged[0]));
        drop(stores);
        overwrite(&dir, |key| (key == damaged).then(|| value.clone()));
    }
}

fn is_unreadable(result: &Result<(), StoreError>) -> bool {
    matches!(result, Err(StoreError::Unreadable { .. }))
}

#[tokio::test]
async fn a_stream_with_a_gap_is_unreadable_until_its_time_is_over() {
    let dir = TempDir::new().unwrap();
    let stores = open(&dir);
    let append = |stores: &spanway_store::Stores, seconds| {
        let batch = batch(3, StreamState::Listening);
        stores.logs.append(key(1, 1), batch, at(seconds))
    };
    append(&stores, 0).await.unwrap();
    drop(stores);
    let second = |key: &[u8]| key[0] == b'm' && key.last() == Some(&2);
    crate::remove(&dir, second);
    let stores = open(&dir);
    let read = stores.logs.read(key(1, 1), 0, 1000, at(1)).await;
    assert!(is_unreadable(&read.map(|_| ())));
    assert!(is_unreadable(&append(&stores, 1).await.map(|_| ())));
    append(&stores, 301).await.unwrap();
    let page = stores.logs.read(key(1, 1), 0, 1000, at(301)).await;
    assert_eq!(page.unwrap().unwrap().messages.len(), 3);
}
