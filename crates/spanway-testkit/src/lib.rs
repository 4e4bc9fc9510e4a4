//! Test clients: raw HTTP in, raw HTTP out, against any tower service in process or a real socket; and a proxy
//! that breaks connections between them.
//!
//! [`Client`] sends requests exactly as a test spells them; [`Client::modern`] and [`Session`] fill in what a
//! correct client of each era would send, so that a test changes only the one thing it is about. Nothing here
//! retries, reconnects or corrects, and everything fails loudly: a test client has no other way to report.
//!
//! Whatever a client reads, it holds every message against the published schema of the revision it is in
//! ([`Exchange`]); a test need not ask for it.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::needless_pass_by_value,
    reason = "a test client that meets the unexpected fails its test, says what it could not check, and takes json! values as they are"
)]

mod answer;
mod client;
mod dice;
mod exchange;
mod legacy;
mod proxy;
pub mod published;
mod redis;
mod request;
mod socket;
mod sse;
mod stream;

pub use answer::Answer;
pub use client::{BoxError, Client, RequestBody};
pub use dice::Dice;
pub use exchange::Exchange;
pub use legacy::Session;
pub use proxy::{Fault, FaultProxy, Place, Plan};
pub use redis::{RedisServer, free_port};
pub use request::RequestBuilder;
pub use socket::Socket;
pub use sse::SseConnection;
pub use stream::{EventStream, Piece};
