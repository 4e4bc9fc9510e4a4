//! The process that is killed.

use std::env;
use std::io::Write;

use bytes::Bytes;
use futures_util::future::{join_all, join3};
use spanway_protocol::legacy::{Session, SessionId, StreamId};
use spanway_protocol::{Client, Limits, ProtocolVersion};
use spanway_store::{
    Appended, Batch, SessionChange, Stores, StreamKey, StreamState, TaskEntry, TaskId,
};

use super::Random;
use crate::{TTL, at, calls};

pub(super) const DIR: &str = "SPANWAY_CRASH_DIR";
pub(super) const SEED: &str = "SPANWAY_CRASH_SEED";
/// The line that comes before the directory is opened.
pub(super) const OPENING: &str = "opening";
const WRITERS: u64 = 8;
const STREAM_MESSAGES: u64 = 100;
pub(super) const BATCH_MAX: u64 = 3;

/// Not a test by itself: without the parent's environment there is nothing to do.
#[tokio::test]
async fn writes_until_killed() {
    let Ok(dir) = env::var(DIR) else {
        return;
    };
    let seed: u64 = env::var(SEED).unwrap().parse().unwrap();
    // What libtest began is not our line.
    println!();
    say(OPENING);
    let stores = spanway_store_file::open(dir, TTL, &Limits::default()).unwrap();
    let logs = (0..WRITERS).map(|number| log(&stores, seed, number));
    join3(
        join_all(logs),
        sessions(&stores, seed),
        tasks(&stores, seed),
    )
    .await;
}

/// One write, so that a kill cuts no line but the last.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

pub(super) fn stream_key(stream: u64) -> StreamKey {
    StreamKey {
        session: SessionId::from_random([1; 16]),
        stream: StreamId::from_random(stream.to_be_bytes()),
    }
}

pub(super) fn message(stream: u64, number: u64) -> Bytes {
    let padding = usize::try_from(number * 7 % 300).unwrap();
    format!("{stream} {number} {:padding$}", "").into()
}

/// Writes one stream after the other, each to its end.
async fn log(stores: &Stores, seed: u64, writer: u64) {
    let mut random = Random(seed ^ writer);
    loop {
        let stream = random.next();
        let mut first = 1;
        while first <= STREAM_MESSAGES {
            let next = first + random.below(BATCH_MAX + 1);
            let state = match next {
                next if next > STREAM_MESSAGES => StreamState::Ended,
                _ => calls(stores.bus.node()),
            };
            let messages = (first..next)
                .map(|number| message(stream, number))
                .collect();
            let batch = Batch {
                first,
                messages,
                state,
            };
            let appended = stores.logs.append(stream_key(stream), batch, at(0)).await;
            assert_eq!(appended.unwrap(), Appended::Done);
            first = next;
            say(&format!("appended {stream} {}", next - 1));
        }
    }
}

pub(super) fn session_id(session: u64) -> SessionId {
    let mut bits = [2; 16];
    bits[..8].copy_from_slice(&session.to_be_bytes());
    SessionId::from_random(bits)
}

/// Begins sessions, changes them, ends some.
async fn sessions(stores: &Stores, seed: u64) {
    let mut random = Random(!seed);
    let keeper = &stores.sessions;
    loop {
        let session = random.next();
        let id = session_id(session);
        let version = ProtocolVersion::V2025_11_25;
        let new = Session::new(id.clone(), version, &Client::default(), None);
        keeper.insert(new, at(0)).await.unwrap();
        say(&format!("inserted {session} 0"));
        for number in 1..=random.below(5) {
            let change = SessionChange::Subscribed(number.to_string().into());
            assert!(keeper.change(&id, change, at(0)).await.unwrap());
            say(&format!("inserted {session} {number}"));
        }
        if random.below(2) == 0 {
            say(&format!("removing {session} 0"));
            assert!(keeper.remove(&id, at(0)).await.unwrap());
            say(&format!("removed {session} 0"));
        }
    }
}

pub(super) fn task(task: u64, version: u64) -> TaskEntry {
    let mut bits = [3; 16];
    bits[..8].copy_from_slice(&task.to_be_bytes());
    let body = Bytes::from(format!("{task} {version}"));
    let mut entry = TaskEntry::new(TaskId::from_random(bits), "ann", at(0), at(60), body);
    entry.version = version;
    entry
}

/// Makes tasks and replaces them.
async fn tasks(stores: &Stores, seed: u64) {
    let mut random = Random(seed.rotate_left(32));
    loop {
        let name = random.next();
        stores.tasks.insert(task(name, 0), at(0)).await.unwrap();
        say(&format!("kept {name} 0"));
        for version in 1..=random.below(4) {
            let replaced = stores.tasks.replace(task(name, version), at(0)).await;
            assert!(replaced.unwrap());
            say(&format!("kept {name} {version}"));
        }
    }
}
