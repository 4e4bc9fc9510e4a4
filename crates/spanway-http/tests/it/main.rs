//! Streamable HTTP from the outside: raw requests against the endpoint, in process or over a socket.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that meets the unexpected fails its test"
)]

mod auth;
mod batch;
mod body;
mod cancel;
mod delivery;
mod dual;
mod guard;
mod headers;
mod journal;
mod legacy;
mod modern;
mod probe;
mod sessions;
mod streams;
mod time;
