//! The facade with the stores that outlive a process.
#![expect(
    clippy::expect_used,
    reason = "a helper that meets the unexpected fails its test"
)]

mod tasks;
