//! What is asked and what must come back.

use clap::ValueEnum;

/// The text that is sent and echoed: 33 bytes.
pub(crate) const TEXT: &str = "thirty-two bytes of text, no more";

/// A server and the way it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// Bare hyper: reads the body, parses the envelope, answers the bytes Spanway would.
    Floor,
    /// Spanway, 2026-07-28, JSON.
    Modern,
    /// Spanway, a session of 2025-11-25, JSON.
    Legacy,
    /// Spanway, 2026-07-28, one progress message and the result as events.
    ModernSse,
}

impl Scenario {
    pub(crate) const ALL: [Self; 4] = [Self::Floor, Self::Modern, Self::Legacy, Self::ModernSse];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Floor => "bare hyper, the same bytes",
            Self::Modern => "Spanway, 2026-07-28, JSON",
            Self::Legacy => "Spanway, 2025-11-25 session, JSON",
            Self::ModernSse => "Spanway, 2026-07-28, SSE with one progress message",
        }
    }

    /// The command-line word for this scenario.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Modern => "modern",
            Self::Legacy => "legacy",
            Self::ModernSse => "modern-sse",
        }
    }

    /// The bytes of one request. `session` is what `initialize` gave, for the legacy scenario.
    pub(crate) fn request(self, session: Option<&str>) -> Vec<u8> {
        let body = match self {
            Self::Legacy => format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"echo","arguments":{{"text":"{TEXT}"}}}}}}"#
            ),
            Self::Floor | Self::Modern | Self::ModernSse => {
                let tool = if self == Self::ModernSse {
                    "echo_with_progress"
                } else {
                    "echo"
                };
                format!(
                    r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"_meta":{{"progressToken":1,"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{{"name":"bench","version":"1"}},"io.modelcontextprotocol/clientCapabilities":{{}}}},"name":"{tool}","arguments":{{"text":"{TEXT}"}}}}}}"#
                )
            }
        };
        let headers = match self {
            Self::Legacy => format!(
                "mcp-protocol-version: 2025-11-25\r\nmcp-session-id: {}\r\n",
                session.unwrap_or_default()
            ),
            Self::Floor | Self::Modern => modern_headers("echo"),
            Self::ModernSse => modern_headers("echo_with_progress"),
        };
        post(&headers, &body)
    }
}

fn modern_headers(tool: &str) -> String {
    format!("mcp-protocol-version: 2026-07-28\r\nmcp-method: tools/call\r\nmcp-name: {tool}\r\n")
}

/// A POST to the endpoint, as SDK clients send it.
pub(crate) fn post(headers: &str, body: &str) -> Vec<u8> {
    format!(
        "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\naccept: application/json, text/event-stream\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
