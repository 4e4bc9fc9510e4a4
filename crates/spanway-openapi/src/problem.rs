//! What was odd in a document, where, and what it cost; a problem never costs more than one operation.

use std::fmt;

/// What a problem cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Impact {
    /// Nothing is lost: the odd field was ignored or read in the way it was meant.
    Note,
    /// One parameter, or one schema, is left out.
    Part,
    /// The whole operation is left out.
    Operation,
}

/// One odd place in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The JSON Pointer of the place.
    pub pointer: String,
    /// What is odd about it.
    pub message: String,
    /// What it cost.
    pub impact: Impact,
}

impl Problem {
    pub(crate) fn new(impact: Impact, pointer: &str, message: impl Into<String>) -> Self {
        Self {
            pointer: pointer.to_owned(),
            message: message.into(),
            impact,
        }
    }

    pub(crate) fn note(pointer: &str, message: impl Into<String>) -> Self {
        Self::new(Impact::Note, pointer, message)
    }

    pub(crate) fn part(pointer: &str, message: impl Into<String>) -> Self {
        Self::new(Impact::Part, pointer, message)
    }

    pub(crate) fn operation(pointer: &str, message: impl Into<String>) -> Self {
        Self::new(Impact::Operation, pointer, message)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() {
            "/"
        } else {
            &self.pointer
        };
        write!(f, "{place}: {}", self.message)?;
        match self.impact {
            Impact::Note => Ok(()),
            Impact::Part => f.write_str(" (left out)"),
            Impact::Operation => f.write_str(" (operation left out)"),
        }
    }
}
