//! Where legacy sessions and their streams are kept: the traits, the in-memory store, and the suite every
//! store passes.
//!
//! Modern requests need nothing from here: each carries all that is needed to serve it.

mod error;
mod log;
mod memory;
mod session;
mod stores;
#[cfg(any(test, feature = "suite"))]
pub mod suite;

pub use error::StoreError;
pub use log::{Appended, Batch, Bell, Bells, NodeId, Page, StreamKey, StreamLog, StreamState};
pub use memory::{MemoryLog, MemoryStore};
pub use session::{SessionChange, SessionStore};
pub use stores::Stores;
