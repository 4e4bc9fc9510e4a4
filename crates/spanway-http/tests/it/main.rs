//! Streamable HTTP from the outside: raw requests against the endpoint, in process or over a socket.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "a helper that meets the unexpected fails its test, and takes json! values as they are"
)]

mod app;
mod asking;
mod auth;
mod batch;
mod body;
mod cancel;
mod delivery;
mod drain;
mod dual;
mod guard;
mod headers;
mod hostile;
mod http2;
mod journal;
mod late;
mod legacy;
mod listen;
mod modern;
mod native;
mod nodes;
mod param_headers;
mod probe;
mod resume;
mod serving;
mod sessions;
mod single_use;
mod socket;
mod sse;
mod sse_life;
mod streams;
mod strict_headers;
mod subscribe;
mod tasks;
mod telling;
mod time;
mod urls;
