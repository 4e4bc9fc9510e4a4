//! Asking the client for input: one way to write it, right in both eras (T-MRTR-01, T-2411-19).
//!
//! A question has a key, and an answer belongs to its key for the whole call. Legacy clients are asked by a
//! request on the stream of the call, which waits. Modern clients are asked by an interim answer: the handler
//! is dropped, and runs again from the top when the client comes back with answers. What was answered before,
//! and what [`once`](crate::Context::once) did, is in the sealed state that travels with the client. A state is
//! used up when the handler begins to run with it. In a task the handler stays where it is, questions and
//! answers are kept with the task, and so is the rest.

mod ask;
mod asked;
mod claims;
mod desk;
mod elicited;
mod error;
mod form;
mod journal;
mod keys;
mod round;
mod spent;
mod url;

pub use asked::{Asked, Question};
pub use elicited::Elicited;
pub use error::InputError;
pub use keys::{StateKeyError, StateKeys};
pub use spent::SpentStates;
pub use url::UrlCompletion;

pub(crate) use asked::Declared;
pub(crate) use desk::{Binding, Desk};
pub(crate) use journal::Journal;
pub(crate) use round::{LegEnd, Round};

/// Questions one call may have open at once, and messages about them that may wait to be written.
pub(crate) const QUESTIONS_MAX: usize = 64;
