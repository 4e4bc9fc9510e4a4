//! Streamable HTTP from the outside: raw requests against the endpoint, in process or over a socket.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that meets the unexpected fails its test"
)]

mod body;
mod dual;
mod guard;
mod headers;
mod journal;
mod listen;
mod modern;
mod param_headers;
mod probe;
mod subscribe;
