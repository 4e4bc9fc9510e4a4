//! `spanway call`: one tool of any MCP server, called from the command line; or the list of its tools.
//!
//! The result goes to stdout; what the server says while it works, and what goes wrong, to stderr.

mod render;

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use http::HeaderMap;
use serde_json::{Map, Value};
use spanway::protocol::ProtocolVersion;
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use crate::cli::CallCommand;
use crate::client::{Client, ClientError};
use crate::config;
use crate::failure::usage;
use crate::output;

/// How long the goodbye to a server may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// A call, every value checked.
struct Settings {
    url: Url,
    tool: Option<String>,
    arguments: Map<String, Value>,
    headers: HeaderMap,
    protocol: Option<ProtocolVersion>,
    timeout: Duration,
    json: bool,
}

/// Calls the tool and prints its result, or lists the tools.
///
/// # Errors
/// The server cannot be reached or refuses; a tool that fails is an exit code.
pub(crate) async fn run(command: CallCommand) -> anyhow::Result<ExitCode> {
    let settings = usage(Settings::resolve(command))?;
    let deadline = Instant::now() + settings.timeout;
    let late = || anyhow::anyhow!("no answer within {:?}; see --timeout", settings.timeout);
    let (url, headers) = (settings.url.clone(), settings.headers.clone());
    let connecting = Client::connect(url, headers, settings.protocol, tell);
    let mut client = timeout_at(deadline, connecting)
        .await
        .map_err(|_| late())??;
    let outcome = timeout_at(deadline, settings.perform(&mut client)).await;
    let _ = timeout(GOODBYE, async {
        if outcome.is_err() {
            client.cancel("the client has waited long enough").await;
        }
        client.close().await;
    })
    .await;
    match outcome {
        Ok(printed) => printed,
        Err(_) => Err(late()),
    }
}

impl Settings {
    fn resolve(command: CallCommand) -> anyhow::Result<Self> {
        let url = Url::parse(&command.url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .context("URL must be an http or https URL, such as http://127.0.0.1:8000/mcp")?;
        let protocol = match command.protocol.as_str() {
            "auto" => None,
            version => Some(ProtocolVersion::parse(version).with_context(|| {
                let known: Vec<&str> = ProtocolVersion::ALL.iter().map(|it| it.as_str()).collect();
                format!("--protocol {version:?}: it is auto, {}", known.join(", "))
            })?),
        };
        let headers = command
            .headers
            .iter()
            .map(|line| config::header("--header", line));
        Ok(Self {
            url,
            tool: command.tool,
            arguments: arguments(command.arguments.as_deref())?,
            headers: headers.collect::<anyhow::Result<_>>()?,
            protocol,
            timeout: command.timeout,
            json: command.json,
        })
    }

    async fn perform(&self, client: &mut Client) -> anyhow::Result<ExitCode> {
        let Some(tool) = &self.tool else {
            let tools = client.list_tools().await?;
            output::print(&self.listing(client, &tools))?;
            return Ok(ExitCode::SUCCESS);
        };
        let result = client.call_tool(tool, &self.arguments).await?;
        if !result.is_object() {
            return Err(ClientError::Malformed("the result is no object".to_owned()).into());
        }
        let failed = result["isError"] == true;
        let text = if self.json {
            format!("{result:#}\n")
        } else {
            render::result(&result)
        };
        if failed && !self.json {
            // Where stderr is gone there is nobody to tell.
            let _ = io::stderr().write_all(text.as_bytes());
        } else {
            output::print(&text)?;
        }
        Ok(if failed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }

    fn listing(&self, client: &Client, tools: &[Value]) -> String {
        if self.json {
            let whole = serde_json::json!({
                "protocolVersion": client.version(),
                "serverInfo": client.server(),
                "tools": tools,
            });
            return format!("{whole:#}\n");
        }
        render::listing(client.version(), client.server(), tools)
    }
}

/// The arguments: a JSON object, or `-` for one on stdin.
fn arguments(text: Option<&str>) -> anyhow::Result<Map<String, Value>> {
    let mut piped = String::new();
    let text = match text {
        None => return Ok(Map::new()),
        Some("-") => {
            io::stdin()
                .read_to_string(&mut piped)
                .context("the arguments on stdin cannot be read")?;
            &piped
        }
        Some(text) => text,
    };
    match serde_json::from_str(text) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(_) => bail!("the arguments must be a JSON object, such as '{{\"query\": \"whales\"}}'"),
        Err(error) => bail!("the arguments are not JSON: {error}"),
    }
}

/// Shows progress and log messages as they come.
fn tell(notification: &Value) {
    if let Some(line) = render::notification(notification) {
        // Where stderr is gone there is nobody to tell.
        let _ = writeln!(io::stderr(), "{line}");
    }
}
