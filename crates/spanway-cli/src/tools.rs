//! `spanway tools`: what an API would be served as, without serving it.

use std::process::ExitCode;

use anyhow::bail;

use crate::api::Part;
use crate::cli::ToolsCommand;
use crate::failure::usage;
use crate::{output, runtime};

/// Prints the tools, and what is left out and why.
///
/// # Errors
/// A document cannot be read, a setting is wrong, stdout cannot be written to, or, if it is to be strict, something
/// is left out.
pub(crate) fn run(command: ToolsCommand) -> anyhow::Result<ExitCode> {
    let settings = usage(command.settings.over_file(command.config.as_deref()))?;
    let served = runtime()?.block_on(crate::open(command.source, &settings))?;
    let text = if command.json {
        format!("{:#}\n", served.to_json())
    } else {
        served.announcement()
    };
    output::print(&text)?;
    let left_out: usize = served
        .parts()
        .iter()
        .map(|part| part.left_out().count())
        .sum();
    if command.strict && left_out > 0 {
        let sources: Vec<&str> = served.parts().iter().map(Part::name).collect();
        bail!("{left_out} parts of {} are left out", sources.join(", "));
    }
    Ok(ExitCode::SUCCESS)
}
