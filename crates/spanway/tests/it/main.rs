//! The facade, as its users see it: an application's routes as MCP features, by real clients of both eras; and the
//! stores that outlive a process.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends where what it expects is not there"
)]

mod aide_app;
mod beside;
mod callers;
mod choice;
mod guide;
mod reading;
mod sessions;
mod shop;
mod tasks;
mod tools;
