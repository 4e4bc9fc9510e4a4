//! How far a call has come.

use serde::ser::Error;
use serde::{Deserialize, Serialize, Serializer};

use super::fields::Fields;
use super::project::{Meta, Project, View};
use crate::jsonrpc::RequestId;
use crate::version::ProtocolVersion;

/// What ties progress to its request: a string or an integer of the client's choice, echoed as it came.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProgressToken(RequestId);

impl From<&str> for ProgressToken {
    fn from(token: &str) -> Self {
        Self(token.into())
    }
}

impl From<i64> for ProgressToken {
    fn from(token: i64) -> Self {
        Self(token.into())
    }
}

impl ProgressToken {
    /// Reads one from JSON text.
    pub(crate) fn read(text: &[u8]) -> Result<Self, serde_json::Error> {
        match RequestId::plain(text) {
            Some(id) => Ok(Self(id)),
            None => serde_json::from_slice(text),
        }
    }
}

/// The parameters of `notifications/progress`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Which request.
    pub token: ProgressToken,
    /// How far; it increases with every notification (T-ALL-52).
    pub progress: f64,
    /// How far it will go, if known.
    pub total: Option<f64>,
    /// In words. From 2025-03-26 on.
    pub message: Option<String>,
    /// Attachments.
    pub meta: Meta,
}

impl Progress {
    /// How far the request of `token` has come.
    #[must_use]
    pub fn new(
        token: ProgressToken,
        progress: f64,
        total: Option<f64>,
        message: Option<String>,
    ) -> Self {
        Self {
            token,
            progress,
            total,
            message,
            meta: Meta::default(),
        }
    }

    /// The same, with attachments.
    #[must_use]
    pub fn with_meta(mut self, meta: Meta) -> Self {
        self.meta = meta;
        self
    }
}

impl Project for Progress {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        // JSON has no infinity; `null` in its place would be no progress at all (trap 44).
        if !self.progress.is_finite() {
            return Err(Error::custom("progress must be a finite number"));
        }
        fields.put("progressToken", &self.token)?;
        fields.put("progress", &Number(self.progress))?;
        fields.maybe(
            "total",
            self.total
                .filter(|total| total.is_finite())
                .map(Number)
                .as_ref(),
        )?;
        fields.gated(
            view.since(ProtocolVersion::V2025_03_26),
            "message",
            self.message.as_ref(),
        )?;
        fields.meta(view, &self.meta)
    }
}

/// Written without a fraction where there is none.
struct Number(f64);

impl Serialize for Number {
    #[expect(clippy::cast_possible_truncation, reason = "whole and within ±2^53")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.fract() == 0.0 && self.0.abs() <= 9_007_199_254_740_992.0 {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}
