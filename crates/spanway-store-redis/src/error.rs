//! What can go wrong with Redis, and what of it is told. Credentials are in none of it.

use redis::{ErrorKind, RedisError, RetryMethod, ServerErrorKind};
use spanway_store::StoreError;

/// Why the stores could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL cannot be used.
    #[error("the URL of the store cannot be used: {0}")]
    Url(&'static str),
    /// Redis did not answer, or does not let us in.
    #[error("Redis at {address} cannot be used")]
    Redis {
        /// Host and port.
        address: Box<str>,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What is kept there was written by another version.
    #[error(
        "Redis at {address} has format {found} under the prefix {prefix}, this version needs {needed}"
    )]
    Format {
        /// Host and port.
        address: Box<str>,
        /// The prefix of all keys.
        prefix: Box<str>,
        /// What is there.
        found: Box<str>,
        /// What this version writes.
        needed: u32,
    },
}

/// Redis did not answer in time, or there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Away {
    #[error("redis did not answer in time")]
    Silent,
    #[error("there is no connection to redis")]
    Unconnected,
}

/// What helps against an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Another connection.
    Reconnect,
    /// Some time.
    Wait,
    /// Nothing.
    None,
}

/// What helps against this one.
pub(crate) fn remedy(error: &RedisError) -> Remedy {
    match error.kind() {
        // A server that may only be read became a replica: who answers at the address now may be another.
        ErrorKind::Io | ErrorKind::Parse | ErrorKind::Server(ServerErrorKind::ReadOnly) => {
            Remedy::Reconnect
        }
        _ => match error.retry_method() {
            RetryMethod::Reconnect | RetryMethod::ReconnectFromInitialConnections => {
                Remedy::Reconnect
            }
            RetryMethod::WaitAndRetry | RetryMethod::RetryImmediately => Remedy::Wait,
            _ => Remedy::None,
        },
    }
}

pub(crate) fn unavailable(
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Unavailable(error.into())
}
