//! Why a directory could not be opened, and how the engine's errors become a store's.

use std::io;
use std::path::PathBuf;

use spanway_store::StoreError;
use spanway_store::stored::FORMAT;

/// Why a directory cannot be used as a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process has it, or another store in this one.
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// A newer or older version wrote it.
    #[error("{} holds format {found}; this version reads format {FORMAT}", .dir.display())]
    Format {
        /// The directory.
        dir: PathBuf,
        /// What it holds.
        found: String,
    },
    /// What is there cannot be read.
    #[error("{} cannot be read as a store", .dir.display())]
    Unreadable {
        /// The directory.
        dir: PathBuf,
        /// What the engine says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The operating system refuses.
    #[error("{} cannot be used", .dir.display())]
    Io {
        /// The directory.
        dir: PathBuf,
        /// What it says.
        #[source]
        source: io::Error,
    },
}

/// The engine failed to read: the disk does not answer, or what it says makes no sense.
pub(crate) fn read_failed(error: fjall::Error) -> StoreError {
    match error {
        fjall::Error::Io(_) | fjall::Error::Poisoned => StoreError::Unavailable(error.into()),
        fjall::Error::Storage(source) if std::error::Error::source(&source).is_some() => {
            StoreError::Unavailable(source.into())
        }
        error => {
            tracing::error!(%error, "the file store is damaged");
            StoreError::Unreadable {
                what: "a part of the file store",
            }
        }
    }
}
