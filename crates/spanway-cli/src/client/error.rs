//! Why a server could not be talked to, each as one line for the person at the terminal.

use http::StatusCode;

/// What went wrong between this client and a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ClientError {
    /// There was no HTTP answer at all.
    #[error("{url} cannot be reached: {reason}")]
    Unreachable { url: String, reason: String },
    /// The server wants to know who calls, or knows and does not like it.
    #[error("the server refuses access ({status}){detail}; credentials go into --header")]
    Denied { status: StatusCode, detail: String },
    /// An HTTP answer that is not MCP.
    #[error("the server answers {status}{detail}{}", hint(*status))]
    NotMcp { status: StatusCode, detail: String },
    /// A JSON-RPC error.
    #[error("the server refuses {method}: {message} ({code})")]
    Rpc {
        method: &'static str,
        code: i64,
        message: String,
    },
    /// Something that MCP does not allow a server to send.
    #[error("the server does not keep to the protocol: {0}")]
    Malformed(String),
    /// No revision in common.
    #[error("no revision in common: the server speaks {offered}")]
    NoCommonVersion { offered: String },
    /// The tool wants an answer from a person or a model before it goes on.
    #[error("the tool asks for further input, which `spanway call` cannot give")]
    InputRequired,
}

impl ClientError {
    /// A short form of what a server said, fit to follow a status: at most one line, without control characters.
    pub(super) fn detail(text: &str) -> String {
        const CHARS_MAX: usize = 200;
        let line = text.lines().find(|line| !line.trim().is_empty());
        let shown: String = line
            .unwrap_or_default()
            .chars()
            .filter(|c| !c.is_control())
            .take(CHARS_MAX)
            .collect();
        if shown.is_empty() {
            shown
        } else {
            format!(": {}", shown.trim())
        }
    }
}

fn hint(status: StatusCode) -> &'static str {
    if status.is_server_error() {
        ""
    } else {
        "; is this the URL of an MCP endpoint?"
    }
}
