//! The file store through its public door: the contracts, what survives a process, what is refused.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that meets the unexpected fails; the crash test says how it went"
)]

mod contract;
mod crash;
mod refused;
mod reopen;

use std::time::Duration;

use bytes::Bytes;
use spanway_protocol::jsonrpc::RequestId;
use spanway_protocol::legacy::{SessionId, StreamId};
use spanway_protocol::{Limits, Timestamp};
use spanway_store::{Batch, NodeId, Stores, StreamKey, StreamState};
use tempfile::TempDir;

const TTL: Duration = Duration::from_secs(64);

fn open(dir: &TempDir) -> Stores {
    spanway_store_file::open(dir.path(), TTL, &Limits::default()).unwrap()
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + seconds * 1000)
}

fn key(session: u8, stream: u8) -> StreamKey {
    StreamKey {
        session: SessionId::from_random([session; 16]),
        stream: StreamId::from_random([stream; 8]),
    }
}

/// Messages `1` to `count`, in one batch.
fn batch(count: u64, state: StreamState) -> Batch {
    let messages = (1..=count).map(|number| Bytes::from(number.to_string()));
    Batch {
        first: 1,
        messages: messages.collect(),
        state,
    }
}

fn calls(node: NodeId) -> StreamState {
    let pending = vec![RequestId::from(1)];
    StreamState::Calls { node, pending }
}

/// The engine of a directory that no store has open.
fn engine(dir: &TempDir) -> (fjall::Database, fjall::Keyspace) {
    let database = fjall::Database::builder(dir.path().join("store"))
        .open()
        .unwrap();
    let data = database
        .keyspace("data", fjall::KeyspaceCreateOptions::default)
        .unwrap();
    (database, data)
}

/// All that is kept.
fn contents(dir: &TempDir) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (_database, data) = engine(dir);
    let entries = data.iter().map(|entry| entry.into_inner().unwrap());
    entries
        .map(|(key, value)| (key.to_vec(), value.to_vec()))
        .collect()
}

/// Puts other values where the closure has some.
fn overwrite(dir: &TempDir, value: impl Fn(&[u8]) -> Option<Vec<u8>>) {
    let keys = contents(dir);
    let (_database, data) = engine(dir);
    for (key, _) in keys {
        if let Some(value) = value(&key) {
            data.insert(key, value).unwrap();
        }
    }
}

fn remove(dir: &TempDir, is_meant: impl Fn(&[u8]) -> bool) {
    let keys = contents(dir);
    let (_database, data) = engine(dir);
    for (key, _) in keys.into_iter().filter(|(key, _)| is_meant(key)) {
        data.remove(key).unwrap();
    }
}
