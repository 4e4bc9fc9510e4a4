//! Static bearer tokens from a file of `name: token` lines.

use std::fmt;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use http::request::Parts;
use spanway_server::Principal;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::{Authenticate, Challenge, bearer_token};

/// The tokens of known callers. Compared in constant time; `Debug` shows only how many there are.
pub struct BearerTokens {
    known: Vec<(Principal, Box<str>)>,
}

/// Why a token file cannot be used. Names the line, never its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFileError {
    /// A line is not `name: token`.
    #[error("line {line} is not of the form `name: token`")]
    Malformed {
        /// Counted from 1.
        line: usize,
    },
    /// A token is too short to be a secret.
    #[error("the token in line {line} is shorter than {min} characters")]
    TooShort {
        /// Counted from 1.
        line: usize,
        /// The least length.
        min: usize,
    },
    /// A name or a token stands twice.
    #[error("line {line} repeats a name or a token of an earlier line")]
    Repeated {
        /// Counted from 1.
        line: usize,
    },
    /// There is no token at all.
    #[error("there is no token in it; write lines of the form `name: token`")]
    Empty,
}

/// Shorter tokens can be guessed.
const TOKEN_LENGTH_MIN: usize = 8;

impl BearerTokens {
    /// Reads lines of `name: token`; empty lines and lines that begin with `#` are passed over.
    ///
    /// # Errors
    /// The first line that is not usable.
    pub fn parse(text: &str) -> Result<Self, TokenFileError> {
        let mut known: Vec<(Principal, Box<str>)> = Vec::new();
        for (index, text) in text.lines().enumerate() {
            let (line, text) = (index + 1, text.trim());
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let (name, token) = text
                .split_once(':')
                .ok_or(TokenFileError::Malformed { line })?;
            let (name, token) = (name.trim(), token.trim());
            let is_plain = |byte: u8| byte.is_ascii_graphic();
            if name.is_empty() || token.is_empty() || !token.bytes().all(is_plain) {
                return Err(TokenFileError::Malformed { line });
            }
            if token.len() < TOKEN_LENGTH_MIN {
                return Err(TokenFileError::TooShort {
                    line,
                    min: TOKEN_LENGTH_MIN,
                });
            }
            if known
                .iter()
                .any(|(other, secret)| other.as_str() == name || **secret == *token)
            {
                return Err(TokenFileError::Repeated { line });
            }
            known.push((Principal::new(name), token.into()));
        }
        if known.is_empty() {
            Err(TokenFileError::Empty)
        } else {
            Ok(Self { known })
        }
    }

    /// Compares with every token, so that the time tells neither which one matched nor how far.
    fn find(&self, token: &str) -> Option<&Principal> {
        let mut found = u32::MAX;
        for (index, (_, secret)) in (0_u32..).zip(&self.known) {
            let same: Choice = secret.as_bytes().ct_eq(token.as_bytes());
            found = u32::conditional_select(&found, &index, same);
        }
        let index = usize::try_from(found).ok()?;
        self.known.get(index).map(|(principal, _)| principal)
    }
}

impl Authenticate for BearerTokens {
    fn authenticate<'a>(&'a self, head: &'a Parts) -> BoxFuture<'a, Result<Principal, Challenge>> {
        let outcome = bearer_token(head)
            .and_then(|token| self.find(token).cloned().ok_or_else(Challenge::invalid));
        ready(outcome).boxed()
    }
}

impl fmt::Debug for BearerTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BearerTokens({})", self.known.len())
    }
}

#[cfg(test)]
mod tests {
    use http::header::AUTHORIZATION;

    use super::*;

    fn authenticate(tokens: &BearerTokens, authorization: &[&str]) -> Result<String, Challenge> {
        let mut request = http::Request::builder();
        for value in authorization {
            request = request.header(AUTHORIZATION, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let outcome = tokens.authenticate(&parts).now_or_never().unwrap();
        outcome.map(|principal| principal.as_str().to_owned())
    }

    #[test]
    fn a_token_stands_for_its_name() {
        let tokens =
            BearerTokens::parse("# staff\nann: secret-of-ann\n\nbob:  secret:of:bob \n").unwrap();
        assert_eq!(
            authenticate(&tokens, &["Bearer secret-of-ann"]).unwrap(),
            "ann"
        );
        assert_eq!(
            authenticate(&tokens, &["bearer  secret:of:bob"]).unwrap(),
            "bob"
        );
        for wrong in [
            "Bearer secret-of-an",
            "Bearer secret-of-annn",
            "Bearer ",
            "Basic secret-of-ann",
            "secret-of-ann",
        ] {
            assert_eq!(
                authenticate(&tokens, &[wrong]),
                Err(Challenge::invalid()),
                "{wrong}"
            );
        }
        assert_eq!(authenticate(&tokens, &[]), Err(Challenge::missing()));
        let twice = ["Bearer secret-of-ann", "Bearer secret-of-ann"];
        assert_eq!(authenticate(&tokens, &twice), Err(Challenge::invalid()));
        assert!(!format!("{tokens:?}").contains("secret"));
    }

    #[test]
    fn a_file_that_cannot_be_used_is_told_by_line() {
        let fault = |text: &str| BearerTokens::parse(text).unwrap_err();
        assert_eq!(
            fault("ann: long-enough\nbob"),
            TokenFileError::Malformed { line: 2 }
        );
        assert_eq!(
            fault(": long-enough"),
            TokenFileError::Malformed { line: 1 }
        );
        assert_eq!(
            fault("ann: two words"),
            TokenFileError::Malformed { line: 1 }
        );
        assert_eq!(
            fault("ann: short"),
            TokenFileError::TooShort { line: 1, min: 8 }
        );
        assert_eq!(
            fault("ann: long-enough\nbob: long-enough"),
            TokenFileError::Repeated { line: 2 }
        );
        assert_eq!(fault("# nobody\n"), TokenFileError::Empty);
    }
}
