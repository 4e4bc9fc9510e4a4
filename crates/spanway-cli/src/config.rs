//! Settings: raw from flags, environment and file; then resolved, every value checked once.

mod raw;
mod resolved;
mod scope;
mod store;
mod texts;

pub(crate) use raw::Settings;
pub(crate) use resolved::{Api, LogFormat, ServerConfig, clash, header, search};
pub(crate) use scope::scoped_sources;

use std::path::Path;

use anyhow::Context as _;

impl Settings {
    /// Fills what flags and environment left open from a TOML file.
    ///
    /// # Errors
    /// The file cannot be read, or line and column of what is wrong in it.
    pub(crate) fn over_file(self, path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(self) };
        let shown = path.display();
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
        let file: Self = toml::from_str(&text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let at = before.map_or_else(String::new, |before| {
                format!(" line {}", before.matches('\n').count() + 1)
            });
            anyhow::anyhow!("{shown}{at}: {}", error.message())
        })?;
        Ok(self.or(file))
    }
}
