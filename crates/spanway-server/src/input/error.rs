//! Why there is no answer.

use std::borrow::Cow;

use serde_json::Value;
use spanway_protocol::Rejection;
use spanway_protocol::jsonrpc::ErrorObject;
use spanway_protocol::schema::{FormError, Unsupported};

use crate::handler::Failure;

/// Why a question was not answered, or not with what the handler needs.
///
/// `?` turns it into the error of any handler: a missing capability into the error of the protocol that names
/// it, everything else into its text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The client did not declare that it can answer this (T-MRTR-03).
    #[error("the client did not declare the capability this call needs: {required}")]
    Undeclared {
        /// The capability, as a client would declare it.
        required: Value,
    },
    /// The client's protocol revision has no such question.
    #[error("the client cannot be asked: {0}")]
    Unsupported(#[from] Unsupported),
    /// The client cannot be reached from here (trap 34).
    #[error("the client cannot be asked: {0}")]
    Unreachable(&'static str),
    /// The question itself is not one that can be asked.
    #[error("the question {key:?} cannot be asked: {detail}")]
    Question {
        /// Its key.
        key: String,
        /// What is wrong with it.
        detail: Cow<'static, str>,
    },
    /// The call cannot be answered before the person has opened a URL; made by
    /// [`Context::require_url`](crate::Context::require_url).
    #[error("{}", _0.message)]
    UrlRequired(Box<ErrorObject>),
    /// The person said no.
    #[error("the user declined to answer")]
    Declined,
    /// The person left the question unanswered.
    #[error("the user dismissed the question")]
    Cancelled,
    /// The client answered with an error.
    #[error("the client refused to answer {key:?}: {} ({})", error.message, error.code)]
    Refused {
        /// The key of the question.
        key: String,
        /// What it answered.
        error: Box<ErrorObject>,
    },
    /// The answer is not of the form that was asked for.
    #[error("the client's answer to {key:?} is not valid:\n{detail}")]
    Invalid {
        /// The key of the question.
        key: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The client took too long.
    #[error("the client did not answer {key:?} in time")]
    TimedOut {
        /// The key of the question.
        key: String,
    },
    /// What `once` remembers of an earlier round is not what the handler wants now.
    #[error("the outcome remembered under {key:?} cannot be used: {detail}")]
    Outcome {
        /// Its key.
        key: String,
        /// Why not.
        detail: String,
    },
}

impl InputError {
    pub(super) fn question(key: &str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::Question {
            key: key.to_owned(),
            detail: detail.into(),
        }
    }

    pub(super) fn form(key: &str, error: &FormError) -> Self {
        Self::question(key, error.to_string())
    }

    /// As the failure of a handler.
    pub(crate) fn into_failure(self) -> Failure {
        match self {
            Self::Undeclared { required } => {
                Failure::Rejected(Rejection::MissingCapability { required })
            }
            Self::UrlRequired(error) => Failure::Protocol(*error),
            other => Failure::Text(other.to_string().into()),
        }
    }
}
