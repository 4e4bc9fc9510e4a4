//! The error object of a response and the codes MCP gives meaning to.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Error codes, named as the specification names them.
pub mod code {
    /// The body is not JSON.
    pub const PARSE_ERROR: i64 = -32700;
    /// The JSON is not a JSON-RPC message that may stand here.
    pub const INVALID_REQUEST: i64 = -32600;
    /// No such method, or its capability was not advertised.
    pub const METHOD_NOT_FOUND: i64 = -32601;
    /// Parameters are missing or malformed.
    pub const INVALID_PARAMS: i64 = -32602;
    /// The server failed.
    pub const INTERNAL_ERROR: i64 = -32603;
    /// Legacy only: no such resource (T-2411-18). Never sent to a modern client (T-2607-30).
    pub const RESOURCE_NOT_FOUND: i64 = -32002;
    /// 2025-11-25 only: the person has to open a URL first (T-2511-16). Never sent to a modern client
    /// (T-2607-30).
    pub const URL_ELICITATION_REQUIRED: i64 = -32042;
    /// Modern only: a header is missing or contradicts the body (T-2607-22).
    pub const HEADER_MISMATCH: i64 = -32020;
    /// Modern only: the client did not declare a capability the request needs (T-2607-27).
    pub const MISSING_CLIENT_CAPABILITY: i64 = -32021;
    /// Modern only: the revision named in the request is not served (T-2607-23).
    pub const UNSUPPORTED_PROTOCOL_VERSION: i64 = -32022;
}

/// What went wrong, for the peer: a code, a sentence and optional data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ErrorObject {
    /// See [`code`].
    pub code: i64,
    /// One sentence: what was wrong and how to put it right.
    pub message: Cow<'static, str>,
    /// Details a program can read; the form depends on the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

impl ErrorObject {
    /// An error without data.
    pub fn new(code: i64, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }

    /// The same error with data.
    #[must_use]
    pub fn with_data(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }
}
