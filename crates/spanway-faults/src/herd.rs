//! Nodes that are killed and started again while clients call them through a proxy.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use spanway_testkit::{Dice, Fault, FaultProxy, Place};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::caller::{Caller, Job, Rules};
use crate::figures::{Figures, Table, shown};
use crate::node::Node;
use crate::watch::all;

/// Between two kills.
const BETWEEN_MS: std::ops::RangeInclusive<u64> = 300..=2500;

/// Nodes with the same flags, and the proxy before them.
pub(crate) struct Herd {
    flags: Vec<String>,
    nodes: Vec<Option<Node>>,
    pub(crate) proxy: FaultProxy,
    /// What happened that may cost calls.
    pub(crate) disasters: Arc<AtomicU64>,
    pub(crate) dice: Dice,
    kills: u64,
    slowest_start: Duration,
}

impl Herd {
    /// Starts so many nodes.
    pub(crate) async fn start(
        count: usize,
        flags: Vec<String>,
        mut dice: Dice,
    ) -> anyhow::Result<Self> {
        let proxy = FaultProxy::start(Vec::new(), dice.fork(), Box::new(any_cut)).await;
        let mut herd = Self {
            flags,
            nodes: Vec::new(),
            proxy,
            disasters: Arc::default(),
            dice,
            kills: 0,
            slowest_start: Duration::ZERO,
        };
        for _ in 0..count {
            herd.nodes.push(None);
        }
        herd.revive().await?;
        Ok(herd)
    }

    /// Lets clients call until then, sees their last calls through, and asks for every session.
    pub(crate) fn clients(
        &self,
        count: u64,
        rules: &Rules,
        until: Instant,
        dice: &mut Dice,
        figures: &Arc<Figures>,
    ) -> JoinSet<anyhow::Result<()>> {
        let mut clients = JoinSet::new();
        for _ in 0..count {
            let (address, dice) = (self.proxy.address(), dice.fork());
            let (rules, figures) = (rules.clone(), figures.clone());
            clients.spawn(async move {
                let bound = rules.bound;
                let caller = Caller::open(address, dice, rules, &figures).await?;
                let job = |dice: &mut Dice| Job::any(dice, 60, 40);
                let caller = caller.call_until(until, job).await?;
                let ping = timeout(bound, caller.peer.ping()).await;
                ping.context("a session gave no answer at the end")?
            });
        }
        clients
    }

    /// Kills a node, sometimes two, and starts them again, after a while.
    pub(crate) async fn kill_some(&mut self) -> anyhow::Result<()> {
        sleep(Duration::from_millis(self.dice.within(BETWEEN_MS))).await;
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        self.dice.shuffle(&mut order);
        let many = if self.dice.one_in(4) { 2 } else { 1 };
        for index in order.into_iter().take(many) {
            if let Some(node) = self.nodes[index].take() {
                self.disasters.fetch_add(1, Ordering::SeqCst);
                node.kill().await?;
                self.kills += 1;
            }
        }
        if self.dice.one_in(2) {
            sleep(Duration::from_millis(self.dice.within(0..=800))).await;
        }
        self.revive().await
    }

    /// Starts the nodes that are dead.
    async fn revive(&mut self) -> anyhow::Result<()> {
        for node in &mut self.nodes {
            if node.is_none() {
                let began = Instant::now();
                *node = Some(Node::start(&self.flags).await?);
                self.slowest_start = self.slowest_start.max(began.elapsed());
            }
        }
        self.proxy.set_targets(self.addresses());
        Ok(())
    }

    /// Where they listen.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        let living = self.nodes.iter().flatten();
        living.map(|node| node.address).collect()
    }

    /// Works while clients do; what they find comes first.
    pub(crate) async fn under(
        &mut self,
        clients: JoinSet<anyhow::Result<()>>,
        chaos: impl AsyncFnOnce(&mut Self) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let found = {
            let mut clients = Box::pin(all(clients));
            let mut chaos = Box::pin(chaos(self));
            tokio::select! {
                found = &mut clients => found,
                ended = &mut chaos => match ended {
                    Ok(()) => clients.await,
                    Err(error) => Err(error),
                },
            }
        };
        found.map_err(|error| anyhow!("{error:#}\n{}", self.logs()))
    }

    /// Stops all nodes politely and adds what there is to tell of them.
    pub(crate) async fn stop(self, table: &mut Table) -> anyhow::Result<()> {
        table.row("kills of nodes", self.kills);
        table.row("slowest start of a node", shown(self.slowest_start));
        table.row("connections cut by the proxy", self.proxy.faults());
        for node in self.nodes.into_iter().flatten() {
            node.stop().await?;
        }
        Ok(())
    }

    /// What the living nodes wrote.
    fn logs(&self) -> String {
        let living = self.nodes.iter().flatten();
        let logs: Vec<String> = living
            .map(|node| format!("the node at {} wrote\n{}", node.address, node.log()))
            .collect();
        logs.join("\n")
    }
}

/// Besides the kills, some connections are cut in the middle of an event.
fn any_cut(dice: &mut Dice) -> Option<Fault> {
    dice.one_in(8).then(|| Fault::Cut {
        at: Place::Event {
            event: u32::try_from(dice.within(1..=40)).unwrap_or(1),
            bytes: dice.within(1..=300),
        },
        reset: dice.one_in(2),
    })
}
