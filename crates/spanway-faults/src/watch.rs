//! What goes on beside a run: quick calls on a session of their own, and the memory of the node.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use tokio::task::JoinSet;

use crate::caller::{Caller, Job};
use crate::figures::Figures;
use crate::node::Node;

/// Between two looks.
const PACE: Duration = Duration::from_millis(25);
const QUICK_JOB: Job = Job {
    count: 2,
    pace_ms: 0,
    bytes: 0,
};

/// Looks at a node while other things happen to it.
pub(crate) struct Watch<'a> {
    node: &'a Node,
    quick: Caller,
    figures: Arc<Figures>,
    highest: u64,
    slowest: Duration,
}

impl<'a> Watch<'a> {
    /// Begins with a client of its own.
    pub(crate) fn start(
        node: &'a Node,
        quick: Caller,
        figures: &Arc<Figures>,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            node,
            quick,
            figures: figures.clone(),
            highest: node.rss_bytes()?,
            slowest: Duration::ZERO,
        })
    }

    /// Watches until the work is done.
    pub(crate) async fn during<T>(
        &mut self,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        let mut work = Box::pin(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                looked = self.look() => looked.context("a quick call beside the others")?,
            }
        }
    }

    /// The most memory there was, and the longest a quick call took.
    pub(crate) fn end(self) -> (u64, Duration) {
        (self.highest, self.slowest)
    }

    async fn look(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        self.quick.call(QUICK_JOB).await?;
        let took = began.elapsed();
        self.slowest = self.slowest.max(took);
        self.figures.note(|tally| tally.quick.push(took));
        self.highest = self.highest.max(self.node.rss_bytes()?);
        tokio::time::sleep(PACE).await;
        Ok(())
    }
}

/// Waits for all; the first that fails ends the others.
pub(crate) async fn all(mut clients: JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    while let Some(ended) = clients.join_next().await {
        ended.map_err(|error| anyhow!("a client of this program failed: {error}"))??;
    }
    Ok(())
}
