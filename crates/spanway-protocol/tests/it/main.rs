//! The protocol core from outside: what it writes, against what the specification publishes.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says on stderr what it could not check"
)]

mod listen;
mod mirror;
mod official;
mod params;
mod projection;
mod questions;
mod samples;
mod schema_valid;
mod wire_examples;
