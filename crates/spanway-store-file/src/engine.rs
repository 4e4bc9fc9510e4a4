//! The embedded engine, fjall, in one directory: opened by one process, written in whole steps, read in views.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::ops::{Bound, RangeBounds};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Snapshot};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use spanway_store::StoreError;
use spanway_store::stored;
use tokio::task::spawn_blocking;

use crate::changes::Changes;
use crate::error::{OpenError, read_failed};
use crate::key;

/// Bytes of written values that wait in memory for their place on the disk; they are in the journal already.
const MEMTABLE_BYTES: u64 = 16 << 20;
/// Bytes of what was read that stay in memory.
const CACHE_BYTES: u64 = 8 << 20;
/// Bytes of journals; then what they hold is moved to its place.
const JOURNALS_BYTES: u64 = 128 << 20;
const THREADS: usize = 2;

/// Everything is in one keyspace: a second one that is seldom written would keep old journals from going.
pub(crate) struct Engine {
    database: Database,
    data: Keyspace,
    /// Held until the database is closed, which the order of the fields ensures.
    _lock: File,
}

impl Engine {
    /// Opens the directory, or makes it.
    pub(crate) fn open(dir: &Path) -> Result<Self, OpenError> {
        let io = |source| OpenError::Io {
            dir: dir.into(),
            source,
        };
        make_private(dir).map_err(io)?;
        let lock = File::create(dir.join("lock")).map_err(io)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(dir.into())),
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        let path = dir.join("store");
        if !path.try_exists().map_err(io)? {
            create(dir, &path)?;
        }
        let (database, data) = open_database(&path).map_err(|error| unusable(dir, error))?;
        let engine = Self {
            database,
            data,
            _lock: lock,
        };
        engine.check_format(dir)?;
        Ok(engine)
    }

    fn check_format(&self, dir: &Path) -> Result<(), OpenError> {
        let found = self
            .data
            .get(key::FORMAT)
            .map_err(|error| unusable(dir, error))?;
        let found = found.map_or_else(
            || "none".to_owned(),
            |found| String::from_utf8_lossy(&found).into_owned(),
        );
        if found == stored::FORMAT.to_string() {
            return Ok(());
        }
        let dir = dir.into();
        Err(OpenError::Format { dir, found })
    }

    /// Writes all of it or nothing. On the disk when this returns. After a failure nothing can be written any
    /// more until the directory is opened again.
    pub(crate) fn commit(&self, changes: Changes) -> fjall::Result<()> {
        let mut batch = self
            .database
            .batch()
            .durability(Some(PersistMode::SyncData));
        for (key, value) in changes.into_iter() {
            match value {
                Some(value) => batch.insert(&self.data, key, value),
                None => batch.remove(&self.data, key),
            }
        }
        batch.commit()
    }

    /// Reads on a thread that may wait for the disk.
    pub(crate) fn read<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&View) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let engine = self.clone();
        let reading = async move { spawn_blocking(move || read(&engine.view())).await };
        reading
            .map(|read| read.unwrap_or_else(|error| Err(StoreError::Unavailable(error.into()))))
            .boxed()
    }

    /// What is on the disk at this moment.
    pub(crate) fn view(&self) -> View {
        View {
            snapshot: self.database.snapshot(),
            data: self.data.clone(),
        }
    }
}

/// A key and its value.
type Entry = Result<(Bytes, Bytes), StoreError>;

/// All that was written up to one moment. Reading waits for the disk.
pub(crate) struct View {
    snapshot: Snapshot,
    data: Keyspace,
}

impl View {
    pub(crate) fn value(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        let value = self.snapshot.get(&self.data, key).map_err(read_failed)?;
        Ok(value.map(Bytes::from))
    }

    /// Keys and values in the order of keys.
    pub(crate) fn range(
        &self,
        range: impl RangeBounds<Vec<u8>>,
    ) -> Box<dyn Iterator<Item = Entry>> {
        Box::new(self.snapshot.range(&self.data, range).map(|entry| {
            let (key, value) = entry.into_inner().map_err(read_failed)?;
            Ok((key.into(), value.into()))
        }))
    }

    /// What has keys that begin like this, those behind `after` if it is given.
    pub(crate) fn beginning(
        &self,
        prefix: &[u8],
        after: Option<Vec<u8>>,
    ) -> Box<dyn Iterator<Item = Entry>> {
        let start = after.map_or_else(|| Bound::Included(prefix.to_vec()), Bound::Excluded);
        // The first key behind all that begin like this.
        let mut end = prefix.to_vec();
        while end.pop_if(|last| *last == u8::MAX).is_some() {}
        let end = match end.last_mut() {
            Some(last) => {
                *last += 1;
                Bound::Excluded(end)
            }
            None => Bound::Unbounded,
        };
        self.range((start, end))
    }
}

/// Makes the database beside its place, so that no crash leaves half of one there.
fn create(dir: &Path, path: &Path) -> Result<(), OpenError> {
    let io = |source| OpenError::Io {
        dir: dir.into(),
        source,
    };
    let new = dir.join("new");
    match fs::remove_dir_all(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
        _ => {}
    }
    let write_format = || {
        let (database, data) = open_database(&new)?;
        data.insert(key::FORMAT, stored::FORMAT.to_string().as_str())?;
        database.persist(PersistMode::SyncAll)
    };
    write_format().map_err(|error| unusable(dir, error))?;
    fs::rename(&new, path).map_err(io)?;
    sync_dir(dir).map_err(io)
}

fn open_database(path: &Path) -> fjall::Result<(Database, Keyspace)> {
    let database = Database::builder(path)
        .cache_size(CACHE_BYTES)
        .max_journaling_size(JOURNALS_BYTES)
        .worker_threads(THREADS)
        .open()?;
    let options = || KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES);
    let data = database.keyspace("data", options)?;
    Ok((database, data))
}

fn unusable(dir: &Path, error: fjall::Error) -> OpenError {
    let dir = dir.to_path_buf();
    match error {
        fjall::Error::Locked => OpenError::InUse(dir),
        fjall::Error::Io(source) => OpenError::Io { dir, source },
        error => OpenError::Unreadable {
            dir,
            source: error.into(),
        },
    }
}

/// Session ids are secrets of their clients, so a directory we make is for nobody else to read.
fn make_private(dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// A rename is on the disk when its directory is; where directories cannot be opened, there is nothing to do.
fn sync_dir(dir: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(dir)?.sync_all()?;
    }
    Ok(())
}
