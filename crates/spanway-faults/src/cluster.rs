//! Three nodes on one Redis: nodes are killed and started again all the time; Redis is killed, or stands still,
//! from time to time. Clients use any node for anything.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use spanway_testkit::{Dice, RedisServer};
use tokio::time::sleep;

use crate::Options;
use crate::caller::Rules;
use crate::figures::{Figures, Table, shown};
use crate::herd::Herd;
use crate::principals;

const CLIENTS: u64 = 30;
const NODES: usize = 3;
/// Within what time a call ends, whatever dies meanwhile.
const BOUND: Duration = Duration::from_secs(45);
/// Redis goes first after half of this.
const BETWEEN_OUTAGES: Duration = Duration::from_secs(20);
/// For how long Redis is away.
const AWAY_MS: std::ops::RangeInclusive<u64> = 500..=3000;

/// Runs it, and before that the two principals on all nodes; prints the figures.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let mut dice = Dice::seeded(options.seed);
    let figures = Arc::<Figures>::default();
    // Redis keeps what it acknowledged only if it is told to write it before it answers.
    let start = || RedisServer::with(&["--appendfsync", "always"]);
    let mut redis = tokio::task::spawn_blocking(start).await?;
    let flags = vec!["--store".to_owned(), redis.url()];
    let tried = principals::on_nodes(NODES, &flags, &mut dice).await?;
    let mut herd = Herd::start(NODES, flags, dice.fork()).await?;
    let rules = Rules {
        bound: BOUND,
        disasters: Some(herd.disasters.clone()),
        replay_one_in: 3,
    };
    let until = Instant::now() + options.time();
    let clients = herd.clients(CLIENTS, &rules, until, &mut dice, &figures);
    let mut outages = Vec::new();
    let chaos = async |herd: &mut Herd| {
        let mut next = Instant::now() + BETWEEN_OUTAGES / 2;
        while Instant::now() < until {
            herd.kill_some().await?;
            if Instant::now() >= next {
                let is_kill = outages.len() % 2 == 0;
                outages.push(outage(herd, &mut redis, is_kill).await);
                next += BETWEEN_OUTAGES;
            }
        }
        Ok(())
    };
    herd.under(clients, chaos).await?;
    let mut table = Table::of(&figures);
    herd.stop(&mut table).await?;
    table.row("outages of Redis", outages.len());
    let longest = outages.into_iter().max().unwrap_or_default();
    table.row("the longest", shown(longest));
    table.row(principals::ATTEMPTS, tried);
    table.row("clients", CLIENTS);
    table.row("nodes", NODES);
    table.print();
    Ok(())
}

/// Redis is killed and started again on what it wrote, or stands still for a while with its connections open.
async fn outage(herd: &mut Herd, redis: &mut RedisServer, is_kill: bool) -> Duration {
    let began = Instant::now();
    let away = Duration::from_millis(herd.dice.within(AWAY_MS));
    herd.disasters.fetch_add(1, Ordering::SeqCst);
    if is_kill {
        redis.kill();
        sleep(away).await;
        tokio::task::block_in_place(|| redis.restart());
    } else {
        redis.signal("STOP");
        sleep(away).await;
        redis.signal("CONT");
    }
    herd.disasters.fetch_add(1, Ordering::SeqCst);
    began.elapsed()
}
