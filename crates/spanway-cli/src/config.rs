//! Settings: raw from flags, environment and file; then resolved, every value checked once.

mod file;
mod header;
mod issuers;
mod raw;
mod resolved;
mod schema;
mod scope;
mod store;
mod texts;

pub(crate) use file::Mistake;
pub(crate) use header::header;
pub(crate) use raw::Settings;
pub(crate) use resolved::{Api, LogFormat, ServerConfig, clash, offer, reload_every, search};
pub(crate) use schema::schema;
pub(crate) use scope::scoped_sources;

use std::path::Path;

use anyhow::{Context as _, bail};

use file::FileSettings;

impl Settings {
    /// Fills what flags and environment left open from a TOML file.
    ///
    /// # Errors
    /// The file cannot be read, or what is wrong in it and on which line.
    pub(crate) fn over_file(self, path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(self) };
        let file = FileSettings::parse(&read(path)?);
        if !file.mistakes.is_empty() {
            let shown = path.display();
            let each = file.mistakes.iter();
            let all = each.map(|it| format!("{shown} line {}: {}", it.line, it.message));
            bail!("{}", all.collect::<Vec<_>>().join("; "));
        }
        Ok(self.or(file.settings))
    }
}

/// Everything that is wrong in a file, values included, if these documents are to be served with it.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn mistakes(path: &Path, sources: &[String]) -> anyhow::Result<Vec<Mistake>> {
    let text = read(path)?;
    let mut file = FileSettings::parse(&text);
    file.judge(&text, sources);
    Ok(file.mistakes)
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
