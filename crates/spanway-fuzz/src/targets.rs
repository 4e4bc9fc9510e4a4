//! What inputs are thrown at: one file each, with what must hold of it.

use crate::runner::{Failure, Settings};

mod document;
mod envelope;
mod headers;
mod session;
mod sse;

/// Runs for its time; the number of inputs, or the one that something is wrong with.
pub(crate) type Target = fn(&Settings) -> Result<u64, Failure>;

/// Every target by its name.
pub(crate) const ALL: [(&str, Target); 5] = [
    ("envelope", envelope::run),
    ("headers", headers::run),
    ("sse", sse::run),
    ("session", session::run),
    ("document", document::run),
];
