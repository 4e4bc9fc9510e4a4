//! Documents that change while they are served: read again from time to time, and the tools replaced.
//!
//! Calls in flight end as they began. What cannot be read or served changes nothing, and is said once.

use std::time::Duration;

use anyhow::Context as _;
use spanway::Server;
use spanway::openapi::Document;
use tokio::time::{MissedTickBehavior, interval};

use crate::api::{self, Openings};

/// A server, and where what it serves comes from.
pub(crate) struct Reload {
    server: Server,
    openings: Openings,
    /// Of the documents that are served.
    served: Vec<u64>,
    /// What went wrong the last time.
    failure: Option<String>,
}

impl Reload {
    /// Keeps `server`, which serves `documents`, at what `openings` lead to.
    pub(crate) fn new(server: Server, openings: Openings, documents: &[Document]) -> Self {
        Self {
            server,
            openings,
            served: fingerprints(documents),
            failure: None,
        }
    }

    /// Looks `every` so often, without end.
    pub(crate) async fn run(mut self, every: Duration) {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            ticks.tick().await;
            let failure = self.look().await.err().map(|error| format!("{error:#}"));
            if let Some(error) = failure.as_ref().filter(|_| failure != self.failure) {
                tracing::warn!(%error, "what was served before goes on being served");
            }
            self.failure = failure;
        }
    }

    /// Replaces the tools if the documents have changed.
    async fn look(&mut self) -> anyhow::Result<()> {
        let documents = self.openings.load().await?;
        let found = fingerprints(&documents);
        if found == self.served {
            return Ok(());
        }
        let (other, _) = api::open(&self.openings, &documents)?.into_server()?;
        let replaced = self.server.edit(|edit| edit.replace_with(&other));
        replaced.context("this takes a restart")?;
        self.served = found;
        tracing::info!("the documents have changed, and so did the tools");
        Ok(())
    }
}

fn fingerprints(documents: &[Document]) -> Vec<u64> {
    documents.iter().map(Document::fingerprint).collect()
}
