//! What every store keeps to, as tests each backend runs; and a store that fails on purpose.
//!
//! The tests give the time as a value. A test that fails panics, as tests do.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test suite: a failure is a panic that names its place"
)]

pub mod cluster;
mod faulty;
mod logs;
mod model;
mod nonces;
mod sessions;
mod tasks;

pub use faulty::{Fault, Faulty};
pub use logs::{logs, logs_in_all};
pub use model::logs_like_a_vec;
pub use nonces::{nonces, nonces_in_all};
pub use sessions::sessions;
pub use tasks::tasks;

use spanway_protocol::Timestamp;
use spanway_protocol::legacy::SessionId;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + seconds * 1000)
}

fn session_id(number: u8) -> SessionId {
    SessionId::from_random([number; 16])
}
