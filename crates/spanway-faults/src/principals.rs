//! Two principals, each of whom knows every id of the other: sessions, events, questions, requests, tasks,
//! addresses and sealed states. Nothing gets through, and no answer tells such an id from one that never was.

mod attempt;
mod party;
mod task;

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use spanway_testkit::Dice;

use crate::Options;
use crate::figures::{Figures, Table};
use crate::node::Node;
use attempt::Attempt;
use party::Party;

/// Runs it on one node and prints its figures.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let mut dice = Dice::seeded(options.seed);
    let tried = on_nodes(1, &[], &mut dice).await?;
    let mut table = Table::default();
    table.row(ATTEMPTS, tried);
    table.print();
    Ok(())
}

/// What is counted.
pub(crate) const ATTEMPTS: &str = "attempts, each beside an unknown id";

/// Runs it on so many nodes with these flags, on each of which everything is tried; how much that was.
pub(crate) async fn on_nodes(
    count: usize,
    flags: &[String],
    dice: &mut Dice,
) -> anyhow::Result<usize> {
    let (file, tokens) = tokens(dice)?;
    let mut flags = flags.to_vec();
    let path = file.path().display().to_string();
    flags.extend(["--auth-tokens".to_owned(), path]);
    // All nodes open a state that one of them sealed.
    let key = BASE64_STANDARD.encode([7; 32]);
    flags.extend(["--state-key".to_owned(), key]);
    let mut nodes = Vec::new();
    for _ in 0..count {
        nodes.push(Node::start(&flags).await?);
    }
    let addresses: Vec<SocketAddr> = nodes.iter().map(|node| node.address).collect();
    let tried = try_all(&addresses, &tokens, dice).await;
    let blame = |error: anyhow::Error| nodes.iter().fold(error, |error, node| node.blame(&error));
    let tried = tried.map_err(blame)?;
    for node in nodes {
        node.check()?;
        node.stop().await?;
    }
    Ok(tried)
}

/// The names and tokens of two principals, and the file that tells a node of them.
fn tokens(
    dice: &mut Dice,
) -> anyhow::Result<(tempfile::NamedTempFile, [(&'static str, String); 2])> {
    let tokens = ["anna", "boris"].map(|name| (name, format!("{name}-{:016x}", dice.throw())));
    let mut file = tempfile::NamedTempFile::new()?;
    for (name, token) in &tokens {
        writeln!(file, "{name}: {token}")?;
    }
    Ok((file, tokens))
}

/// Each tries what the other has, on every node; how often it was tried.
async fn try_all(
    nodes: &[SocketAddr],
    tokens: &[(&'static str, String); 2],
    dice: &mut Dice,
) -> anyhow::Result<usize> {
    let home = *nodes.first().context("no node")?;
    let figures = Arc::<Figures>::default();
    let mut parties = Vec::new();
    for (id, (name, token)) in (1..).step_by(10).zip(tokens) {
        parties.push(Party::settle(name, token, id, home, &figures).await?);
    }
    let mut tried = 0;
    for (intruder, owner) in [(0, 1), (1, 0)] {
        let (intruder, owner) = (&parties[intruder], &parties[owner]);
        for node in nodes {
            let by = intruder.peer.by(*node);
            for attempt in Attempt::all(&by, owner, dice) {
                let what = format!("{} at {}'s {}", intruder.name, owner.name, attempt.what);
                attempt.run(*node, owner).await.context(what)?;
                tried += 1;
            }
        }
    }
    ensure!(tried > 0, "nothing was tried");
    for party in parties {
        let name = party.name;
        let untouched = party.see_through().await;
        untouched.with_context(|| format!("{name} was disturbed"))?;
    }
    Ok(tried)
}
