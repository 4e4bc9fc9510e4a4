//! The real binary, from the outside: what it prints, how it exits, what it sends.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "a test that meets the unexpected fails; literals are passed by value"
)]

mod calls;
mod documents;
mod durable;
mod fake;
mod fetching;
mod image;
mod messages;
mod misuse;
mod offers;
mod program;
mod rate;
mod reload;
mod serving;
mod settings;
mod shared;
