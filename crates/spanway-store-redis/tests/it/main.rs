//! The stores against a real Redis, which the tests start.
#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected fails")]

mod contract;
mod kept;
mod nodes;
mod outage;
mod secured;
