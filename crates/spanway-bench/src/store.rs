//! What keeping streams and sessions costs: in memory, in a directory, and the disk by itself.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use spanway::protocol::legacy::{Session, SessionId, StreamId};
use spanway::protocol::{Client, Limits, ProtocolVersion, Timestamp};
use spanway::store::{Appended, Batch, Stores, StreamKey, StreamState};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::load::percentile;

/// A message as a tool's answer is: some hundred bytes.
const MESSAGE_BYTES: usize = 700;
/// Then a stream ends and the next one begins.
const STREAM_MESSAGES: u64 = 100;
const WRITERS: [u16; 3] = [1, 16, 256];
const TTL: Duration = Duration::from_secs(3600);

/// Prints the table.
pub(crate) fn run(dir: Option<PathBuf>, seconds: f64) -> anyhow::Result<()> {
    let dir = dir.unwrap_or_else(std::env::temp_dir);
    let span = Duration::from_secs_f64(seconds);
    println!("| | writers | appends/s | p50 µs | p99 µs |\n|---|---:|---:|---:|---:|");
    row("the disk: write and sync", 1, span, disk(&dir, span)?);
    for writers in WRITERS {
        let stores = Stores::memory(TTL, &Limits::default());
        row("memory", writers, span, appends(&stores, writers, span)?);
    }
    for writers in WRITERS {
        let dir = TempDir::new_in(&dir)?;
        let stores = open(&dir)?;
        row("file", writers, span, appends(&stores, writers, span)?);
    }
    println!("\n| | loads/s |\n|---|---:|");
    let stores = Stores::memory(TTL, &Limits::default());
    println!("| memory | {} |", loads(&stores, span)?);
    let dir = TempDir::new_in(&dir)?;
    println!("| file | {} |", loads(&open(&dir)?, span)?);
    Ok(())
}

fn open(dir: &TempDir) -> anyhow::Result<Stores> {
    Ok(spanway::store_file::open(
        dir.path(),
        TTL,
        &Limits::default(),
    )?)
}

fn row(what: &str, writers: u16, span: Duration, mut micros: Vec<u64>) {
    micros.sort_unstable();
    let rate = per_second(micros.len(), span);
    let (p50, p99) = (percentile(&micros, 50.0), percentile(&micros, 99.0));
    println!("| {what} | {writers} | {rate} | {p50} | {p99} |");
}

fn per_second(count: usize, span: Duration) -> u128 {
    count as u128 * 1000 / span.as_millis().max(1)
}

/// One block written and synced again and again, as a journal does: what no store can be faster than alone.
fn disk(dir: &Path, span: Duration) -> anyhow::Result<Vec<u64>> {
    let dir = TempDir::new_in(dir)?;
    let mut file = File::create(dir.path().join("file"))?;
    file.set_len(64 << 20)?;
    file.sync_all()?;
    let (mut micros, until) = (Vec::new(), Instant::now() + span);
    while Instant::now() < until {
        let started = Instant::now();
        file.write_all(&[7; MESSAGE_BYTES])?;
        file.sync_data()?;
        micros.push(elapsed(started)?);
        if file.stream_position()? > 60 << 20 {
            file.seek(SeekFrom::Start(0))?;
        }
    }
    Ok(micros)
}

/// Each writer appends to a stream of its own, as the next message of a call: one at a time.
fn appends(stores: &Stores, writers: u16, span: Duration) -> anyhow::Result<Vec<u64>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
    runtime.block_on(async {
        let until = Instant::now() + span;
        let mut tasks = JoinSet::new();
        for writer in 0..writers {
            tasks.spawn(one_writer(stores.clone(), writer, until));
        }
        let mut micros = Vec::new();
        while let Some(outcome) = tasks.join_next().await {
            micros.extend(outcome??);
        }
        Ok(micros)
    })
}

async fn one_writer(stores: Stores, writer: u16, until: Instant) -> anyhow::Result<Vec<u64>> {
    let message = Bytes::from(vec![b'x'; MESSAGE_BYTES]);
    let session = SessionId::from_random(u128::from(writer).to_be_bytes());
    let mut micros = Vec::new();
    for stream in 0_u64.. {
        let stream = StreamId::from_random(stream.to_be_bytes());
        for first in 1..=STREAM_MESSAGES {
            let state = match first {
                STREAM_MESSAGES => StreamState::Ended,
                _ => StreamState::Calls {
                    node: stores.bus.node(),
                    pending: vec![1.into()],
                },
            };
            let key = StreamKey {
                session: session.clone(),
                stream,
            };
            let batch = Batch {
                first,
                messages: vec![message.clone()],
                state,
            };
            let started = Instant::now();
            let appended = stores.logs.append(key, batch, now()?).await?;
            micros.push(elapsed(started)?);
            ensure!(appended == Appended::Done, "a stream was lost");
            if Instant::now() >= until {
                return Ok(micros);
            }
            // Stores in memory never wait, and the others shall have their turn.
            tokio::task::yield_now().await;
        }
    }
    Ok(micros)
}

/// What every request of a session does.
fn loads(stores: &Stores, span: Duration) -> anyhow::Result<u128> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let id = SessionId::from_random([1; 16]);
        let version = ProtocolVersion::V2025_11_25;
        let session = Session::new(id.clone(), version, &Client::default(), None);
        stores.sessions.insert(session, now()?).await?;
        let (mut count, until) = (0, Instant::now() + span);
        while Instant::now() < until {
            let loaded = stores.sessions.load(&id, now()?).await?;
            loaded.context("a session was lost")?;
            count += 1;
        }
        Ok(per_second(count, span))
    })
}

fn now() -> anyhow::Result<Timestamp> {
    let since = SystemTime::UNIX_EPOCH.elapsed()?;
    Ok(Timestamp::from_millis(u64::try_from(since.as_millis())?))
}

fn elapsed(since: Instant) -> anyhow::Result<u64> {
    Ok(u64::try_from(since.elapsed().as_micros())?)
}
