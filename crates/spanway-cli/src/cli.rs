//! The command line: commands and flags, nothing else.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::config::Settings;
use crate::units::parse_duration;

/// Serves HTTP APIs to AI agents over the Model Context Protocol.
#[derive(Debug, Parser)]
#[command(name = "spanway", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves an API as MCP tools. Without SOURCE: a built-in demo, a small bookshop.
    Serve(ServeCommand),
    /// Lists the tools an API would be served as, and what is left out and why.
    Tools(ToolsCommand),
    /// Lists the resources and resource templates an API would be served with.
    Resources(ListCommand),
    /// Lists the prompts an API would be served with.
    Prompts(ListCommand),
    /// Judges a document and the settings as a linter does: what is exposed, what is left out and why. Exits with 1 if
    /// anything is left out or could not be served.
    Check(CheckCommand),
    /// Asks a server whether it is ready to serve; for containers, which may have nothing else to ask with. Exits with 1
    /// if it is not.
    Health(HealthCommand),
    /// Calls a tool of any MCP server, of either era; without TOOL, lists its tools.
    Call(CallCommand),
}

#[derive(Debug, Args)]
pub(crate) struct ServeCommand {
    /// OpenAPI 3 or Swagger 2.0 documents: files, URLs or - for standard input, JSON or YAML. PREFIX::SOURCE puts a
    /// prefix before the names of its tools.
    #[arg(env = "SPANWAY_SOURCE", value_delimiter = '\n')]
    pub(crate) source: Vec<String>,
    /// Settings from a TOML file; flags and environment win.
    #[arg(long, value_name = "FILE", env = "SPANWAY_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

#[derive(Debug, Args)]
pub(crate) struct ToolsCommand {
    /// OpenAPI 3 or Swagger 2.0 documents: files, URLs or - for standard input, JSON or YAML. PREFIX::SOURCE puts a
    /// prefix before the names of its tools. Without one: the built-in demo.
    #[arg(env = "SPANWAY_SOURCE", value_delimiter = '\n')]
    pub(crate) source: Vec<String>,
    /// Prints the tools as JSON, schemas included.
    #[arg(long)]
    pub(crate) json: bool,
    /// Fails if anything of a document is left out.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Settings from a TOML file; flags and environment win.
    #[arg(long, value_name = "FILE", env = "SPANWAY_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

#[derive(Debug, Args)]
pub(crate) struct ListCommand {
    /// OpenAPI 3 or Swagger 2.0 documents: files, URLs or - for standard input, JSON or YAML. PREFIX::SOURCE puts a
    /// prefix before what is of it. Without one: the built-in demo.
    #[arg(env = "SPANWAY_SOURCE", value_delimiter = '\n')]
    pub(crate) source: Vec<String>,
    /// Prints the list as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Settings from a TOML file; flags and environment win.
    #[arg(long, value_name = "FILE", env = "SPANWAY_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

#[derive(Debug, Args)]
pub(crate) struct CheckCommand {
    /// OpenAPI 3 or Swagger 2.0 documents: files, URLs or - for standard input, JSON or YAML. PREFIX::SOURCE puts a
    /// prefix before the names of its tools. Without one: the built-in demo.
    #[arg(env = "SPANWAY_SOURCE", value_delimiter = '\n')]
    pub(crate) source: Vec<String>,
    /// Prints the findings as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Prints the JSON Schema of the file of settings, for editors, and judges nothing.
    #[arg(long)]
    pub(crate) config_schema: bool,
    /// Settings from a TOML file; flags and environment win. Every mistake in it is listed with its place.
    #[arg(long, value_name = "FILE", env = "SPANWAY_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

#[derive(Debug, Args)]
pub(crate) struct HealthCommand {
    /// Any URL of the server.
    #[arg(default_value = "http://127.0.0.1:8000")]
    pub(crate) url: String,
    /// How long to wait for the answer.
    #[arg(long, default_value = "5s", value_parser = parse_duration, value_name = "TIME")]
    pub(crate) timeout: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct CallCommand {
    /// The server's MCP endpoint, such as <http://127.0.0.1:8000/mcp>.
    pub(crate) url: String,
    /// The tool to call.
    pub(crate) tool: Option<String>,
    /// Its arguments, a JSON object.
    pub(crate) arguments: Option<String>,
    /// A header to send along, such as 'Authorization: Bearer …'. May be repeated.
    #[arg(long = "header", value_name = "K: V")]
    pub(crate) headers: Vec<String>,
    /// The protocol revision to speak; auto tries the newest and falls back to the handshake.
    #[arg(long, default_value = "auto", value_name = "auto|VERSION")]
    pub(crate) protocol: String,
    /// How long to wait for the answer.
    #[arg(long, default_value = "60s", value_parser = parse_duration, value_name = "TIME")]
    pub(crate) timeout: Duration,
    /// Prints the whole result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
