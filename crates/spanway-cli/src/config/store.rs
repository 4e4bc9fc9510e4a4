//! Where the server keeps what it must not forget.

use std::fmt;
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
    Redis(RedisUrl),
}

/// It may hold a password, so it is not shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct RedisUrl(String);

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisUrl")
    }
}

impl StorePlace {
    pub(super) fn parse(text: Option<&str>) -> anyhow::Result<Self> {
        match text {
            None | Some("memory") => Ok(Self::Memory),
            Some(url) if url.starts_with("redis://") || url.starts_with("rediss://") => {
                Ok(Self::Redis(RedisUrl(url.to_owned())))
            }
            Some(text) => match text.strip_prefix("file:") {
                Some(dir) if !dir.is_empty() => Ok(Self::Dir(dir.into())),
                // What stands there is not repeated: a URL of a wrong form may hold a password.
                _ => bail!("--store is memory, file:DIR or redis://HOST:PORT/DB"),
            },
        }
    }

    /// Opens it. Sessions live for `ttl` after their last use.
    pub(super) async fn open(&self, ttl: Duration, limits: &Limits) -> anyhow::Result<Stores> {
        match self {
            Self::Memory => Ok(Stores::memory(ttl, limits)),
            Self::Dir(dir) => spanway::store_file::open(dir, ttl, limits).context("--store"),
            Self::Redis(RedisUrl(url)) => spanway::store_redis::connect(url, ttl, limits)
                .await
                .context("--store"),
        }
    }
}
