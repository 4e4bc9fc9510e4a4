//! One node that keeps everything in a directory, killed at any moment and started again on the same one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use spanway_testkit::Dice;

use crate::Options;
use crate::caller::Rules;
use crate::figures::{Figures, Table};
use crate::herd::Herd;

const CLIENTS: u64 = 16;
/// Within what time a call ends, its node dead or not.
const BOUND: Duration = Duration::from_secs(30);

/// Runs it and prints its figures.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let mut dice = Dice::seeded(options.seed);
    let figures = Arc::<Figures>::default();
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let store = format!("file:{}", folder.path().join("store").display());
    let mut herd = Herd::start(1, vec!["--store".to_owned(), store], dice.fork()).await?;
    let rules = Rules {
        bound: BOUND,
        disasters: Some(herd.disasters.clone()),
        replay_one_in: 3,
    };
    let until = Instant::now() + options.time();
    let clients = herd.clients(CLIENTS, &rules, until, &mut dice, &figures);
    let chaos = async |herd: &mut Herd| {
        while Instant::now() < until {
            herd.kill_some().await?;
        }
        Ok(())
    };
    herd.under(clients, chaos).await?;
    let mut table = Table::of(&figures);
    herd.stop(&mut table).await?;
    table.row("clients", CLIENTS);
    table.print();
    Ok(())
}
