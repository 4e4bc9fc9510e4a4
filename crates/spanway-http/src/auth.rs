//! Who calls: credentials to a principal, before anything of the request is looked at.

mod tokens;

pub use tokens::{BearerTokens, TokenFileError};

use futures_util::future::BoxFuture;
use http::HeaderValue;
use http::request::Parts;
use spanway_server::Principal;

/// Turns the credentials of a request into a principal. Runs after the Host and Origin check and before
/// any session lookup, so that it cannot be learnt whether a session exists (T-AUTH-19, trap 47).
pub trait Authenticate: Send + Sync + 'static {
    /// The principal that `head` has credentials for.
    ///
    /// # Cancel safety
    /// The future is dropped when the client disconnects.
    fn authenticate<'a>(&'a self, head: &'a Parts) -> BoxFuture<'a, Result<Principal, Challenge>>;
}

/// Why credentials were not enough, and what to say in `WWW-Authenticate`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenge {
    /// The value of `WWW-Authenticate`.
    pub header: HeaderValue,
    /// One sentence for the person who reads the error. Never the credentials.
    pub detail: &'static str,
}

impl Challenge {
    /// A request without credentials.
    #[must_use]
    pub fn missing() -> Self {
        Self {
            header: HeaderValue::from_static("Bearer realm=\"mcp\""),
            detail: "this server needs a token: send Authorization: Bearer TOKEN",
        }
    }

    /// A request with credentials that are not valid (RFC 6750, 3.1).
    #[must_use]
    pub fn invalid() -> Self {
        Self {
            header: HeaderValue::from_static("Bearer realm=\"mcp\", error=\"invalid_token\""),
            detail: "the token is not valid here",
        }
    }
}
