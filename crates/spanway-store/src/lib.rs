//! Where legacy sessions are kept: the trait, the in-memory store, and the suite every store passes.
//!
//! Modern requests need nothing from here: each carries all that is needed to serve it.

mod error;
mod memory;
mod session;
#[cfg(any(test, feature = "suite"))]
pub mod suite;

pub use error::StoreError;
pub use memory::MemoryStore;
pub use session::{SessionChange, SessionStore};
