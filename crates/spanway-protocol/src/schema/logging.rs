//! Log messages for the client.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fields::Fields;
use super::project::{Project, View};

/// How grave a message is: the eight levels of RFC 5424, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "RFC 5424 knows eight levels")]
pub enum LoggingLevel {
    /// Details for developers.
    Debug,
    /// What is going on.
    Info,
    /// Normal, but worth a look.
    Notice,
    /// Something may go wrong.
    Warning,
    /// Something went wrong.
    Error,
    /// A part has failed.
    Critical,
    /// Somebody must act at once.
    Alert,
    /// Nothing works.
    Emergency,
}

impl LoggingLevel {
    /// Every level, least first.
    pub const ALL: [Self; 8] = [
        Self::Debug,
        Self::Info,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Critical,
        Self::Alert,
        Self::Emergency,
    ];

    /// The level of this name; `None` for anything else.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == name)
    }

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Alert => "alert",
            Self::Emergency => "emergency",
        }
    }
}

/// The parameters of `notifications/message`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LogMessage {
    /// How grave it is.
    pub level: LoggingLevel,
    /// Which part of the server says it.
    pub logger: Option<String>,
    /// What it says: any JSON.
    pub data: Value,
}

impl LogMessage {
    /// A message of no part in particular.
    #[must_use]
    pub fn new(level: LoggingLevel, data: Value) -> Self {
        Self {
            level,
            logger: None,
            data,
        }
    }

    /// The same message, of this part of the server.
    #[must_use]
    pub fn with_logger(mut self, logger: impl Into<String>) -> Self {
        self.logger = Some(logger.into());
        self
    }
}

impl Project for LogMessage {
    fn project(&self, _: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        fields.put("level", &self.level)?;
        fields.maybe("logger", self.logger.as_ref())?;
        fields.value("data", &self.data)
    }
}
