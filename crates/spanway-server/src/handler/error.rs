//! How handlers fail: in words for the model, or as an error of the protocol.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use spanway_protocol::jsonrpc::{ErrorObject, code};
use spanway_protocol::{Rejection, Reply};

use crate::input::InputError;

type BoxError = Box<dyn Error + Send + Sync>;

/// Why a tool failed: a text for the model, which it can act on, or an error of the protocol.
///
/// `?` turns any error (and any string) into the former: its own `Display` text, without its sources, goes to
/// the client. Map errors whose text is not for others to read with [`ToolError::new`] first. A [`Rejection`]
/// stays an error of the protocol.
///
/// ```
/// use spanway_server::ToolError;
///
/// async fn halve(text: &str) -> Result<u32, ToolError> {
///     let number: u32 = text.parse()?;
///     if number % 2 == 1 {
///         return Err(ToolError::new("only even numbers can be halved"));
///     }
///     Ok(number / 2)
/// }
/// ```
#[derive(Debug)]
pub struct ToolError(pub(crate) Failure);

/// Why a resource could not be read.
///
/// `?` turns any error into an internal one: the client is told no more than that, the text goes to the log.
/// Choose a text for the client with [`ResourceError::new`].
#[derive(Debug)]
pub struct ResourceError(pub(crate) Failure);

/// Why a prompt could not be filled in, or an argument not be completed.
///
/// `?` turns any error into an internal one: the client is told no more than that, the text goes to the log.
/// Choose a text for the client with [`PromptError::new`].
#[derive(Debug)]
pub struct PromptError(pub(crate) Failure);

/// Why a parameter of a handler could not be had from the call.
#[derive(Debug, Clone, PartialEq)]
pub struct ExtractError {
    pub(crate) kind: ExtractErrorKind,
    pub(crate) text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExtractErrorKind {
    Arguments,
    Refused,
}

pub(crate) enum Failure {
    /// A text the handler chose for the client.
    Text(Cow<'static, str>),
    /// An error nobody chose a text for.
    Source(BoxError),
    Rejected(Rejection),
    Protocol(ErrorObject),
    NotFound,
}

impl ToolError {
    /// A text for the model: what went wrong and what to do about it. Becomes a result with `isError`.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self(Failure::Text(text.into()))
    }

    /// An error of the protocol, with a code of your own outside `-32768…-32000` (T-2607-30).
    #[must_use]
    pub fn protocol(error: ErrorObject) -> Self {
        Self(Failure::Protocol(error))
    }

    /// An error of the protocol that every revision spells in its own way.
    #[must_use]
    pub fn rejected(rejection: Rejection) -> Self {
        Self(Failure::Rejected(rejection))
    }
}

impl ResourceError {
    /// There is no such resource.
    #[must_use]
    pub fn not_found() -> Self {
        Self(Failure::NotFound)
    }

    /// An internal error (`-32603`) with a text for the client.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self(Failure::Text(text.into()))
    }

    /// An error of the protocol, with a code of your own outside `-32768…-32000` (T-2607-30).
    #[must_use]
    pub fn protocol(error: ErrorObject) -> Self {
        Self(Failure::Protocol(error))
    }
}

impl PromptError {
    /// An argument is not usable (`-32602`): which one, and why.
    pub fn invalid(text: impl Into<Cow<'static, str>>) -> Self {
        Self(Failure::Rejected(Rejection::InvalidParams {
            detail: text.into(),
        }))
    }

    /// An internal error (`-32603`) with a text for the client.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self(Failure::Text(text.into()))
    }

    /// An error of the protocol, with a code of your own outside `-32768…-32000` (T-2607-30).
    #[must_use]
    pub fn protocol(error: ErrorObject) -> Self {
        Self(Failure::Protocol(error))
    }
}

impl ExtractError {
    /// The arguments are not what the handler takes: which one, and why.
    pub fn arguments(text: impl Into<String>) -> Self {
        Self {
            kind: ExtractErrorKind::Arguments,
            text: text.into(),
        }
    }

    /// This caller cannot be served: what is missing.
    pub fn refused(text: impl Into<String>) -> Self {
        Self {
            kind: ExtractErrorKind::Refused,
            text: text.into(),
        }
    }

    /// As an answer of the protocol; tools answer with a result instead.
    pub(crate) fn into_reply(self) -> Reply {
        match self.kind {
            ExtractErrorKind::Arguments => Rejection::InvalidParams {
                detail: self.text.into(),
            }
            .into(),
            ExtractErrorKind::Refused => ErrorObject::new(code::INVALID_REQUEST, self.text).into(),
        }
    }
}

impl Failure {
    fn from_error(error: BoxError) -> Self {
        let error = match error.downcast::<Rejection>() {
            Ok(rejection) => return Self::Rejected(*rejection),
            Err(error) => error,
        };
        match error.downcast::<InputError>() {
            Ok(error) => error.into_failure(),
            Err(error) => Self::Source(error),
        }
    }

    /// As an answer of the protocol. `name` says which feature failed; `not_found` answers what is not there.
    pub(crate) fn into_reply(self, name: &str, not_found: impl FnOnce() -> Rejection) -> Reply {
        match self {
            Self::Text(text) => ErrorObject::new(code::INTERNAL_ERROR, text).into(),
            Self::Source(error) => {
                tracing::error!(feature = name, error = %Sources(&*error), "handler failed");
                Rejection::Internal.into()
            }
            Self::Rejected(rejection) => rejection.into(),
            Self::Protocol(error) => error.into(),
            Self::NotFound => not_found().into(),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => text.fmt(f),
            Self::Source(error) => error.fmt(f),
            Self::Rejected(rejection) => rejection.fmt(f),
            Self::Protocol(error) => error.fmt(f),
            Self::NotFound => f.write_str("not found"),
        }
    }
}

// None of these types is itself an error of the standard library, so that any error can become one by `?`.
impl<E: Into<BoxError>> From<E> for ToolError {
    fn from(error: E) -> Self {
        Self(Failure::from_error(error.into()))
    }
}

impl<E: Into<BoxError>> From<E> for ResourceError {
    fn from(error: E) -> Self {
        Self(Failure::from_error(error.into()))
    }
}

impl<E: Into<BoxError>> From<E> for PromptError {
    fn from(error: E) -> Self {
        Self(Failure::from_error(error.into()))
    }
}

/// An error and what caused it, on one line.
pub(crate) struct Sources<'a>(pub(crate) &'a (dyn Error + 'static));

impl fmt::Display for Sources<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
