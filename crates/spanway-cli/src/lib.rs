//! The `spanway` command as a library: its binary is a call of [`main`], and a server written with the
//! library gets the same serving flags with [`serve_library`].

mod api;
mod call;
mod check;
mod cli;
mod client;
mod config;
mod demo;
mod failure;
mod health;
mod list;
mod output;
mod reload;
mod serve;
mod shutdown;
mod telemetry;
mod tools;
mod units;

use std::process::ExitCode;

use clap::Parser;
use spanway::Server;
use tokio::task::JoinSet;

use api::Openings;
use cli::{Cli, Command, ServeCommand};
use config::{Api, ServerConfig, Settings, clash, offer, reload_every, scoped_sources, search};
use failure::{finish, unparsed, usage};
use reload::Reload;

/// Runs the command line of this process.
///
/// Exit codes: 0 for success, 1 for a failure while running, also of the tool that was called, 2 for wrong usage.
/// Failures are one line on stderr.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return unparsed(&error),
    };
    finish(match cli.command {
        Command::Serve(command) => serve_api(command),
        Command::Tools(command) => tools::run(command),
        Command::Resources(command) => list::resources(command),
        Command::Prompts(command) => list::prompts(command),
        Command::Check(command) => check::run(command),
        Command::Health(command) => runtime().and_then(|it| it.block_on(health::run(command))),
        Command::Call(command) => runtime().and_then(|it| it.block_on(call::run(command))),
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
        settings: Settings,
    }
    let command = <Flags as clap::CommandFactory>::command().about(about);
    let matches = match command.try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return unparsed(&error),
    };
    let flags = match <Flags as clap::FromArgMatches>::from_arg_matches(&matches) {
        Ok(flags) => flags,
        Err(error) => return unparsed(&error),
    };
    finish((|| {
        let settings = usage(flags.settings.over_file(flags.config.as_deref()))?;
        let config = usage(ServerConfig::resolve(&settings))?;
        telemetry::init(config.log_format);
        let server = build()?;
        config.prepare(&server);
        runtime()?.block_on(async {
            let name = spanway::McpService::info(&server)
                .implementation
                .name
                .clone();
            serve::run(config, server, &format!("{name}\n")).await?;
            Ok(ExitCode::SUCCESS)
        })
    })())
}

fn serve_api(command: ServeCommand) -> anyhow::Result<ExitCode> {
    let settings = usage(command.settings.over_file(command.config.as_deref()))?;
    let config = usage(ServerConfig::resolve(&settings))?;
    telemetry::init(config.log_format);
    runtime()?.block_on(async {
        let openings = openings(command.source, &settings)?;
        let every = usage(reload_every(&settings))?;
        if every.is_some() && openings.has_stdin() {
            return usage(Err(anyhow::anyhow!(
                "--reload: standard input cannot be read again"
            )));
        }
        let documents = openings.load().await?;
        let (server, announcement) = api::open(&openings, &documents)?.into_server()?;
        config.prepare(&server);
        let mut watching = JoinSet::new();
        if let Some(every) = every {
            watching.spawn(Reload::new(server.clone(), openings, &documents).run(every));
        }
        drop(documents);
        serve::run(config, server, &announcement).await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Opens the documents of a command line, or of the settings.
async fn open(sources: Vec<String>, settings: &Settings) -> anyhow::Result<api::Served> {
    let openings = openings(sources, settings)?;
    let documents = openings.load().await?;
    api::open(&openings, &documents)
}

/// What a command line, or the settings, say to open.
fn openings(sources: Vec<String>, settings: &Settings) -> anyhow::Result<Openings> {
    let clash = usage(clash(settings))?;
    let search = usage(search(settings))?;
    let offer = usage(offer(settings))?;
    let scoped = usage(scoped_sources(sources, settings))?.into_iter();
    let each =
        scoped.map(|(prefix, location, own)| Ok((prefix, location, usage(Api::resolve(&own))?)));
    Ok(Openings {
        each: each.collect::<anyhow::Result<_>>()?,
        clash,
        search,
        offer,
    })
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}
