//! What a person did with a question.

use serde_json::Value;
use spanway_protocol::schema::{ElicitAction, ElicitResult};

use super::InputError;

/// What a person did with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
#[expect(
    clippy::exhaustive_enums,
    reason = "the specification knows these three"
)]
pub enum Elicited<T> {
    /// Answered it. For a URL: agreed to open it, which does not mean that anything is done there yet.
    Accepted(T),
    /// Said no.
    Declined,
    /// Left it unanswered.
    Cancelled,
}

impl<T> Elicited<T> {
    /// The answer, where the handler cannot go on without one.
    ///
    /// # Errors
    /// There is none; as the error of a tool it tells the model so.
    pub fn accepted(self) -> Result<T, InputError> {
        match self {
            Self::Accepted(answer) => Ok(answer),
            Self::Declined => Err(InputError::Declined),
            Self::Cancelled => Err(InputError::Cancelled),
        }
    }

    /// The answer, if there is one.
    pub fn into_option(self) -> Option<T> {
        self.accepted().ok()
    }

    /// The same with something else in place of the answer.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Elicited<U> {
        match self {
            Self::Accepted(answer) => Elicited::Accepted(change(answer)),
            Self::Declined => Elicited::Declined,
            Self::Cancelled => Elicited::Cancelled,
        }
    }

    /// Reads what the client sent; `content` reads the fields of an accepted form.
    pub(super) fn read(
        answer: Value,
        content: impl FnOnce(Option<Value>) -> Result<T, String>,
    ) -> Result<Self, String> {
        let result: ElicitResult = serde_json::from_value(answer)
            .map_err(|_| "/action: must be accept, decline or cancel".to_owned())?;
        Ok(match result.action {
            ElicitAction::Accept => Self::Accepted(content(result.content)?),
            ElicitAction::Decline => Self::Declined,
            ElicitAction::Cancel => Self::Cancelled,
        })
    }
}
