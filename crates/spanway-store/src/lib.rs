//! Where legacy sessions, their streams and tasks are kept: the traits, the in-memory stores, and the suite
//! every store passes.
//!
//! Modern requests carry all that is needed to serve them. What is kept of them here is only which states
//! their clients have brought back, so that each is used once.

mod bus;
mod error;
mod log;
mod memory;
mod nonce;
mod session;
pub mod stored;
mod stores;
#[cfg(any(test, feature = "suite"))]
pub mod suite;
mod task;

pub use bus::{BusMessage, NodeBus, SingleNode};
pub use error::StoreError;
pub use log::{
    Appended, Batch, Bell, Bells, Dropped, Kept, Log, LogIndex, NodeId, Page, StreamKey, StreamLog,
    StreamState,
};
pub use memory::{MemoryLog, MemoryNonces, MemoryStore, MemoryTasks};
pub use nonce::{Nonce, NonceStore};
pub use session::{SessionChange, SessionStore};
pub use stores::Stores;
pub use task::{TaskEntry, TaskId, TaskStore};
