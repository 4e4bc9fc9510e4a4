//! `spanway tools`: what an API would be served as, without serving it.

use std::process::ExitCode;

use crate::cli::ToolsCommand;
use crate::config::Api;
use crate::failure::usage;
use crate::{api, output, runtime};

/// Prints the tools, and what is left out and why.
///
/// # Errors
/// The document cannot be read, a setting is wrong, or stdout cannot be written to.
pub(crate) fn run(command: ToolsCommand) -> anyhow::Result<ExitCode> {
    let settings = usage(command.settings.over_file(command.config.as_deref()))?;
    let resolved = usage(Api::resolve(&settings))?;
    let source = command.source.or(settings.source);
    let served = runtime()?.block_on(api::open(source.as_deref(), &resolved))?;
    let text = if command.json {
        format!("{:#}\n", served.to_json())
    } else {
        served.announcement()
    };
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
