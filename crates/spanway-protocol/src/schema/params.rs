//! Parameters of requests, borrowed from the body.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::logging::LoggingLevel;
use crate::jsonrpc::RequestId;

/// Of `tools/call`.
#[derive(Debug, Deserialize)]
#[non_exhaustive]
pub struct CallToolParams<'a> {
    /// Which tool.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// With what.
    #[serde(default, borrow)]
    pub arguments: Option<&'a RawValue>,
}

/// Of `prompts/get`.
#[derive(Debug, Deserialize)]
#[non_exhaustive]
pub struct GetPromptParams<'a> {
    /// Which prompt.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// With what.
    #[serde(default, borrow)]
    pub arguments: Option<&'a RawValue>,
}

/// Of `resources/read`, and of subscribing.
#[derive(Debug, Deserialize)]
#[non_exhaustive]
pub struct ReadResourceParams {
    /// Which resource.
    pub uri: String,
}

/// Of every list.
#[derive(Debug, Default, Deserialize)]
#[non_exhaustive]
pub struct ListParams {
    /// Where the page begins; an empty string is a value too (T-ALL-50).
    #[serde(default)]
    pub cursor: Option<String>,
}

/// Of `logging/setLevel`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[non_exhaustive]
pub struct SetLevelParams {
    /// From this level on.
    pub level: LoggingLevel,
}

/// Of `notifications/cancelled`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CancelledParams {
    /// Which request; absent where a task is meant.
    #[serde(default)]
    pub request_id: Option<RequestId>,
    /// Why, for logs.
    #[serde(default)]
    pub reason: Option<String>,
}
