//! Who calls: credentials to a principal, before anything of the request is looked at.

mod resource;
mod tokens;

pub use resource::{ProtectedResource, ResourceError};
pub use tokens::{BearerTokens, TokenFileError};

use futures_util::future::BoxFuture;
use http::HeaderValue;
use http::header::AUTHORIZATION;
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
    /// Whether the credentials could not be checked at all: that is 503 with `Retry-After`, and no challenge.
    pub is_unavailable: bool,
}

impl Challenge {
    /// A request without credentials.
    #[must_use]
    pub fn missing() -> Self {
        Self {
            header: HeaderValue::from_static("Bearer realm=\"mcp\""),
            detail: "this server needs a token: send Authorization: Bearer TOKEN",
            is_unavailable: false,
        }
    }

    /// A request with credentials that are not valid (RFC 6750, 3.1).
    #[must_use]
    pub fn invalid() -> Self {
        Self {
            header: HeaderValue::from_static("Bearer realm=\"mcp\", error=\"invalid_token\""),
            detail: "the token is not valid here",
            is_unavailable: false,
        }
    }

    /// A request whose credentials nobody can judge at the moment. It is not let in.
    #[must_use]
    pub fn unavailable() -> Self {
        Self {
            is_unavailable: true,
            ..Self::missing()
        }
    }
}

/// The one bearer token of a request: from `Authorization` alone (T-AUTH-13), the scheme in any case (RFC 9110, 11.1).
///
/// # Errors
/// There is no such header, it stands twice, or it is of another form.
pub fn bearer_token(head: &Parts) -> Result<&str, Challenge> {
    let mut values = head.headers.get_all(AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Err(Challenge::missing()),
        (Some(value), None) => {
            let pair = value.to_str().ok().and_then(|it| it.split_once(' '));
            pair.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
                .map(|(_, token)| token.trim())
                .ok_or_else(Challenge::invalid)
        }
        (Some(_), Some(_)) => Err(Challenge::invalid()),
    }
}
