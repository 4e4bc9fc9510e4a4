//! The protocol core from outside: what it writes, against what the specification publishes.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod listen;
mod mirror;
mod official;
mod params;
mod projection;
mod questions;
mod samples;
mod schema_valid;
mod shape;
mod tasks;
mod wire_examples;
