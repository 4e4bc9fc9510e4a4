//! Keeps sessions, their streams, tasks and used nonces in a directory, so that they survive the process,
//! `kill -9` included.
//!
//! What was acknowledged is on the disk: a future that changes something is ready after the disk said so. Many
//! at once share one sync. One process at a time has the directory.
//!
//! ```no_run
//! # fn main() -> Result<(), spanway_store_file::OpenError> {
//! let ttl = std::time::Duration::from_secs(3600);
//! let stores = spanway_store_file::open("state", ttl, &spanway_protocol::Limits::default())?;
//! # Ok(())
//! # }
//! ```

mod changes;
mod engine;
mod error;
mod journal;
mod key;
mod log;
mod nonce;
mod open;
mod session;
mod task;

pub use error::OpenError;
pub use open::open;
