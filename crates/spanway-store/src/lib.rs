//! Where legacy sessions, their streams and tasks are kept: the traits, the in-memory stores, and the suite
//! every store passes.
//!
//! Modern requests need nothing from here: each carries all that is needed to serve it.

mod bus;
mod error;
mod log;
mod memory;
mod session;
pub mod stored;
mod stores;
#[cfg(any(test, feature = "suite"))]
pub mod suite;
mod task;

pub use bus::{BusMessage, NodeBus, SingleNode};
pub use error::StoreError;
pub use log::{Appended, Batch, Bell, Bells, NodeId, Page, StreamKey, StreamLog, StreamState};
pub use memory::{MemoryLog, MemoryStore, MemoryTasks};
pub use session::{SessionChange, SessionStore};
pub use stores::Stores;
pub use task::{TaskEntry, TaskId, TaskStore};
