//! Spanway's protocol core.
#![warn(clippy::exhaustive_enums)]

pub mod schema;
mod version;

pub use version::{Era, ProtocolVersion};
