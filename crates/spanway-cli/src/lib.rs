//! The `spanway` command as a library: its binary is a call of [`main`], and a server written with the
//! library gets the same serving flags with [`serve_library`].

mod api;
mod cli;
mod config;
mod demo;
mod output;
mod serve;
mod shutdown;
mod telemetry;
mod tools;
mod units;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use spanway::Server;

use cli::{Cli, Command, ServeCommand};
use config::{Api, ServerConfig};

/// Runs the command line of this process.
///
/// Exit codes: 0 for success, 1 for a failure while running, 2 for wrong usage. Failures are one line on
/// stderr.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    finish(match cli.command {
        Command::Serve(command) => serve_api(command),
        Command::Tools(command) => tools::run(command),
        Command::Call(_) => Ok(()),
    })
}

/// Serves a server written with the library, with the serving flags of `spanway serve`.
///
/// `about` is the one line that `--help` shows; `build` makes the server once the flags are read.
#[must_use]
pub fn serve_library<E>(about: &'static str, build: impl FnOnce() -> Result<Server, E>) -> ExitCode
where
    anyhow::Error: From<E>,
{
    #[derive(Debug, Parser)]
    #[command(max_term_width = 100)]
    struct Flags {
        /// Settings from a TOML file; flags and environment win.
        #[arg(long, value_name = "FILE", env = "SPANWAY_CONFIG")]
        config: Option<std::path::PathBuf>,
        #[command(flatten)]
        settings: config::Settings,
    }
    let command = <Flags as clap::CommandFactory>::command().about(about);
    let matches = match command.try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return usage(&error),
    };
    let flags = match <Flags as clap::FromArgMatches>::from_arg_matches(&matches) {
        Ok(flags) => flags,
        Err(error) => return usage(&error),
    };
    finish((|| {
        let config = ServerConfig::resolve(&flags.settings.over_file(flags.config.as_deref())?)?;
        telemetry::init(config.log_format);
        let server = build()?;
        runtime()?.block_on(async {
            let name = spanway::McpService::info(&server)
                .implementation
                .name
                .clone();
            serve::run(config, server, &format!("{name}\n")).await
        })
    })())
}

fn serve_api(command: ServeCommand) -> anyhow::Result<()> {
    let settings = command.settings.over_file(command.config.as_deref())?;
    let config = ServerConfig::resolve(&settings)?;
    let api = Api::resolve(&settings)?;
    telemetry::init(config.log_format);
    runtime()?.block_on(async {
        let served = api::open(command.source.as_deref(), &api).await?;
        let (server, announcement) = served.into_server()?;
        serve::run(config, server, &announcement).await
    })
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}

/// Help and version go to stdout, wrong usage to stderr; clap knows which.
fn usage(error: &clap::Error) -> ExitCode {
    let printed = error.print();
    let code = u8::try_from(error.exit_code()).unwrap_or(2);
    if printed.is_ok() {
        ExitCode::from(code)
    } else {
        ExitCode::FAILURE
    }
}

/// A failure is one line: what went wrong, then why.
fn finish(outcome: anyhow::Result<()>) -> ExitCode {
    let Err(error) = outcome else {
        return ExitCode::SUCCESS;
    };
    let line = format!("{error:#}").replace('\n', " ");
    // Where stderr is gone there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "error: {line}");
    ExitCode::FAILURE
}
