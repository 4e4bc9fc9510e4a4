//! Spanway's protocol core: bytes and headers in, decisions out.
//!
//! Deterministic: it never reads a clock, spawns, locks or does I/O. Time and randomness come in as values.
//! A request passes through the modules in this order:
//!
//! 1. [`Head`] is the request without its body; [`Guard`] checks Host and Origin, [`guard`] the rest of it.
//! 2. [`jsonrpc::parse`] reads the body; parameters stay raw.
//! 3. [`Selected::decide`] tells the eras apart, the only place that does.
//! 4. [`modern::accept`] or [`legacy::accept`] turns the request into a [`Call`], or refuses it with a
//!    [`Rejection`].
//! 5. What answers the call gives a [`Reply`], and [`encode`] writes it for the revision that asked.
//!
//! [`schema`] holds the wire types, neutral of revision until they are written; [`sse`] the event streams.
#![warn(clippy::exhaustive_enums)]

mod call;
mod era;
pub mod guard;
mod head;
mod header_rules;
mod json;
pub mod jsonrpc;
pub mod legacy;
mod limits;
mod method;
pub mod modern;
mod rejection;
mod reply;
pub mod schema;
pub mod sse;
mod time;
mod version;

pub use call::{Call, Client};
pub use era::Selected;
pub use guard::Guard;
pub use head::{Head, LAST_EVENT_ID, METHOD, NAME, PROTOCOL_VERSION, SESSION_ID};
pub use header_rules::HeaderRules;
pub use json::{RawJson, Shape, describe};
pub use limits::Limits;
pub use method::Method;
pub use rejection::{Refusal, Rejection};
pub use reply::{
    Answer, Emission, Outgoing, Reply, ServerRequest, encode, encode_bare_notification,
    encode_emission, encode_resource_updated, encode_url_completed, outcome, refuse,
};
pub use time::Timestamp;
pub use version::{Era, ProtocolVersion};
