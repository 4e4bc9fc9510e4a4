//! How a server is asked: what one request is, how many at once, over which protocol. The flags of `load`.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};

/// The text that is sent and echoed: 33 bytes. Every answer has it.
pub(crate) const TEXT: &str = "thirty-two bytes of text, no more";

/// The form of the requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Wire {
    /// 2026-07-28: each request by itself.
    Modern,
    /// 2025-11-25, in a session where the server opens one.
    Legacy,
}

/// Which tool is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tool {
    /// Answers what it was told.
    Echo,
    /// The same, with one progress message before: the answer is a stream.
    EchoWithProgress,
    /// Answers what it was told, and takes a list of items besides.
    EchoWithItems,
}

/// What a connection does again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Flow {
    /// Calls.
    Calls,
    /// Opens a session, makes one call in it and ends it.
    Sessions,
    /// Calls on eight streams of an HTTP/2 connection at once.
    Http2,
}

/// How a server is asked.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Asking {
    /// The form of the requests.
    #[arg(long, value_enum, default_value_t = Wire::Modern)]
    pub(crate) wire: Wire,
    /// Which tool is called.
    #[arg(long, value_enum, default_value_t = Tool::Echo)]
    pub(crate) tool: Tool,
    /// Bytes of items in the arguments, about.
    #[arg(long, default_value_t = 0)]
    pub(crate) bytes: usize,
    /// Connections at once.
    #[arg(long, default_value_t = 64)]
    pub(crate) connections: u32,
    /// What each does.
    #[arg(long, value_enum, default_value_t = Flow::Calls)]
    pub(crate) flow: Flow,
    /// GET streams that are open meanwhile, each of a session of its own.
    #[arg(long, default_value_t = 0)]
    pub(crate) idle_streams: usize,
    /// Calls a second, begun on time whether or not earlier ones are answered. 0: each connection begins a call
    /// when its last one is answered.
    #[arg(long, default_value_t = 0)]
    pub(crate) rate: u32,
}

impl Asking {
    /// Small calls of 2026-07-28 on 64 connections.
    pub(crate) const MODERN: Self = Self {
        wire: Wire::Modern,
        tool: Tool::Echo,
        bytes: 0,
        connections: 64,
        flow: Flow::Calls,
        idle_streams: 0,
        rate: 0,
    };

    /// As flags.
    pub(crate) fn flags(&self) -> Vec<String> {
        let word = |value: Option<clap::builder::PossibleValue>| {
            value.map_or_else(String::new, |value| value.get_name().to_owned())
        };
        let flags = [
            ("--wire", word(self.wire.to_possible_value())),
            ("--tool", word(self.tool.to_possible_value())),
            ("--bytes", self.bytes.to_string()),
            ("--connections", self.connections.to_string()),
            ("--flow", word(self.flow.to_possible_value())),
            ("--idle-streams", self.idle_streams.to_string()),
            ("--rate", self.rate.to_string()),
        ];
        let flags = flags.into_iter();
        flags
            .flat_map(|(name, value)| [name.to_owned(), value])
            .collect()
    }

    /// The headers of a call that its form asks for. `session` is what `initialize` gave.
    pub(crate) fn headers(&self, session: Option<&str>) -> Vec<(&'static str, String)> {
        match self.wire {
            Wire::Modern => vec![
                ("mcp-protocol-version", "2026-07-28".to_owned()),
                ("mcp-method", "tools/call".to_owned()),
                ("mcp-name", self.tool_name().to_owned()),
            ],
            Wire::Legacy => in_session(session),
        }
    }

    /// The body of a call.
    pub(crate) fn body(&self) -> String {
        let tool = self.tool_name();
        let arguments = arguments(self.bytes);
        let meta = match self.wire {
            Wire::Modern => {
                r#""_meta":{"progressToken":1,"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}},"#
            }
            Wire::Legacy if self.tool == Tool::EchoWithProgress => {
                r#""_meta":{"progressToken":1},"#
            }
            Wire::Legacy => "",
        };
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{{meta}"name":"{tool}","arguments":{arguments}}}}}"#
        )
    }

    /// A call, as bytes of HTTP/1.1.
    pub(crate) fn request(&self, host: SocketAddr, session: Option<&str>) -> Vec<u8> {
        request("POST", host, &self.headers(session), &self.body())
    }

    fn tool_name(&self) -> &'static str {
        match self.tool {
            Tool::Echo => "echo",
            Tool::EchoWithProgress => "echo_with_progress",
            Tool::EchoWithItems => "echo_with_items",
        }
    }
}

/// The headers of a request in a session.
pub(crate) fn in_session(session: Option<&str>) -> Vec<(&'static str, String)> {
    let mut headers = vec![("mcp-protocol-version", "2025-11-25".to_owned())];
    headers.extend(session.map(|id| ("mcp-session-id", id.to_owned())));
    headers
}

/// The arguments of a call: a text, and a list of small objects if there shall be that many bytes.
pub(crate) fn arguments(bytes: usize) -> String {
    let mut items = String::new();
    for number in 0.. {
        if items.len() >= bytes {
            break;
        }
        let comma = if number == 0 { "" } else { "," };
        items.push_str(&format!(
            r#"{comma}{{"number":{number},"title":"A book, \"quoted\", of some length","tags":["sea","sail"],"price":12.5}}"#
        ));
    }
    if items.is_empty() {
        return format!(r#"{{"text":"{TEXT}"}}"#);
    }
    format!(r#"{{"text":"{TEXT}","items":[{items}]}}"#)
}

/// Any request to the endpoint, with the headers that SDK clients send.
pub(crate) fn request(
    method: &str,
    host: SocketAddr,
    headers: &[(&str, String)],
    body: &str,
) -> Vec<u8> {
    let accept = match method {
        "GET" => "text/event-stream",
        _ => "application/json, text/event-stream",
    };
    let mut head = format!("{method} /mcp HTTP/1.1\r\nhost: {host}\r\naccept: {accept}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if method == "POST" {
        let length = body.len();
        head.push_str(&format!(
            "content-type: application/json\r\ncontent-length: {length}\r\n"
        ));
    }
    format!("{head}\r\n{body}").into_bytes()
}
