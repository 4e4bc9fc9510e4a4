//! The JSON-RPC 2.0 envelope: ids, messages, errors and the one pass that reads them.

mod error;
mod id;
mod message;
mod parse;

pub use error::{ErrorObject, code};
pub use id::RequestId;
pub use message::{Incoming, Message, Notification, Params, Request, Response, Resumed};
pub use parse::parse;
