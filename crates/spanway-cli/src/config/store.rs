//! Where the server keeps what it must not forget.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use spanway::protocol::Limits;
use spanway::store::Stores;

/// What `--store` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StorePlace {
    Memory,
    Dir(PathBuf),
}

impl StorePlace {
    pub(super) fn parse(text: Option<&str>) -> anyhow::Result<Self> {
        match text {
            None | Some("memory") => Ok(Self::Memory),
            Some(text) => match text.strip_prefix("file:") {
                Some(dir) if !dir.is_empty() => Ok(Self::Dir(dir.into())),
                _ => bail!("--store {text:?}: it is memory or file:DIR"),
            },
        }
    }

    /// Opens it. Sessions live for `ttl` after their last use.
    pub(super) fn open(&self, ttl: Duration, limits: &Limits) -> anyhow::Result<Stores> {
        match self {
            Self::Memory => Ok(Stores::memory(ttl, limits)),
            Self::Dir(dir) => spanway::store_file::open(dir, ttl, limits).context("--store"),
        }
    }
}
