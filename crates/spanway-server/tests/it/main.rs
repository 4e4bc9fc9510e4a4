//! The server through its public door: calls go in as JSON-RPC text, replies come out encoded per revision.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "a test that cannot go on has failed; literals are passed by value"
)]

mod build;
mod completion;
mod dynamic;
mod failures;
mod forms;
mod handlers;
mod input;
mod lifecycle;
mod lists;
mod prompts;
mod resources;
mod rounds;
mod subscriptions;
mod support;
mod tools;
mod visibility;
