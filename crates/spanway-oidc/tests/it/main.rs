//! Tokens of issuers at the door of an endpoint, with issuers on this machine.
#![expect(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a test that meets the unexpected fails; literals are passed by value"
)]

mod issuer;
mod keys;
mod metadata;
mod refusals;
mod support;
