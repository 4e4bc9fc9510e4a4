//! `spanway tools`: what an API would be served as, without serving it.

use crate::cli::ToolsCommand;
use crate::config::Api;
use crate::{api, output, runtime};

/// Prints the tools, and what is left out and why.
///
/// # Errors
/// The document cannot be read, a setting is wrong, or stdout cannot be written to.
pub(crate) fn run(command: ToolsCommand) -> anyhow::Result<()> {
    let settings = command.settings.over_file(command.config.as_deref())?;
    let resolved = Api::resolve(&settings)?;
    let served = runtime()?.block_on(api::open(command.source.as_deref(), &resolved))?;
    let text = if command.json {
        format!("{:#}\n", served.to_json())
    } else {
        served.announcement()
    };
    output::print(&text)?;
    Ok(())
}
