//! Broken connections: one node, sessions in memory, and a proxy between it and its clients that cuts, stalls
//! and slows connections down. Nothing may be lost, nobody held up, and memory stays in its bounds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use spanway_testkit::{Dice, Fault, FaultProxy, Place, Plan};
use tokio::task::JoinSet;

use crate::Options;
use crate::caller::{Caller, Job, Rules};
use crate::figures::{Figures, Table, mebibytes, shown};
use crate::fixture::STEPS_MAX;
use crate::node::Node;
use crate::watch::{Watch, all};

/// Clients whose connections break.
const CLIENTS: u64 = 24;
/// Clients whose connection stalls, and those that read slowly.
const STALLED: u64 = 32;
const SLOW: u64 = 12;
/// What a slow reader has coming: more than the system holds for it.
const SLOW_JOB: Job = Job {
    count: STEPS_MAX,
    pace_ms: 0,
    bytes: 16 * 1024,
};
/// A quick call beside all this: less than slow readers take, and more than a busy machine.
const QUICK_MAX: Duration = Duration::from_secs(5);
/// The streams' logs are bounded at 64 MiB; the slow readers' calls hold 256 messages each. The rest is room
/// for connections and for what the allocator does not give back.
const MEMORY_MAX: u64 = (64 << 20) + SLOW * 256 * 17 * 1024 + (128 << 20);

const RULES: Rules = Rules {
    bound: Duration::from_secs(45),
    disasters: None,
    replay_one_in: 4,
};

/// Runs all of it and prints its figures.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let mut dice = Dice::seeded(options.seed);
    let node = Node::start(&[]).await?;
    let watched = watched(&node, &mut dice, options).await;
    let mut table = watched.map_err(|error| node.blame(&error))?;
    node.check()?;
    let began = Instant::now();
    node.stop().await?;
    table.row("drain", shown(began.elapsed()));
    table.print();
    Ok(())
}

async fn watched(node: &Node, dice: &mut Dice, options: &Options) -> anyhow::Result<Table> {
    let figures = Arc::<Figures>::default();
    let before = node.rss_bytes()?;
    let quick = Caller::open(node.address, dice.fork(), RULES, &figures).await?;
    let mut watch = Watch::start(node, quick, &figures)?;
    let cut = watch
        .during(breaking(node, dice, &figures, options.time()))
        .await?;
    watch.during(stalling(node, dice, &figures)).await?;
    watch.during(slowing(node, dice, &figures)).await?;
    let (highest, slowest) = watch.end();
    ensure!(
        slowest <= QUICK_MAX,
        "a quick call on a session of its own took {}, more than {}",
        shown(slowest),
        shown(QUICK_MAX)
    );
    let grown = highest.saturating_sub(before);
    ensure!(
        grown <= MEMORY_MAX,
        "memory grew by {}, more than {}",
        mebibytes(grown),
        mebibytes(MEMORY_MAX)
    );
    let mut table = Table::of(&figures);
    table.row("connections cut or stalled", cut);
    table.row("memory of the idle node", mebibytes(before));
    table.row("at most", mebibytes(highest));
    Ok(table)
}

/// Connections break at random for a while.
async fn breaking(
    node: &Node,
    dice: &mut Dice,
    figures: &Arc<Figures>,
    time: Duration,
) -> anyhow::Result<u64> {
    let proxy = FaultProxy::start(vec![node.address], dice.fork(), Box::new(any_fault)).await;
    let until = Instant::now() + time;
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (address, dice, figures) = (proxy.address(), dice.fork(), figures.clone());
        clients.spawn(async move {
            let caller = Caller::open(address, dice, RULES, &figures).await?;
            let job = |dice: &mut Dice| Job::any(dice, 120, 8);
            let caller = caller.call_until(until, job).await?;
            caller.peer.ping().await
        });
    }
    all(clients).await?;
    Ok(proxy.faults())
}

/// Half of the connections break: most in the middle of an event, some anywhere.
fn any_fault(dice: &mut Dice) -> Option<Fault> {
    let inside = Place::Event {
        event: u32::try_from(dice.within(0..=60)).unwrap_or_default(),
        bytes: dice.within(1..=300),
    };
    let anywhere = Place::Byte(dice.within(0..=20_000));
    let at = if dice.one_in(4) { anywhere } else { inside };
    match dice.within(0..=19) {
        0..=7 => Some(Fault::Cut {
            at,
            reset: dice.one_in(2),
        }),
        8 => Some(Fault::Stall { at }),
        9..=10 => Some(Fault::Slow {
            bytes: usize::try_from(dice.within(50..=400)).unwrap_or(50),
            pause: Duration::from_millis(dice.within(0..=5)),
        }),
        _ => None,
    }
}

/// Connections become half open in the middle of an event, all of them; each is taken over by another one, and
/// neither client nor node ever closes the old ones.
async fn stalling(node: &Node, dice: &mut Dice, figures: &Arc<Figures>) -> anyhow::Result<()> {
    let mut clients = JoinSet::new();
    for _ in 0..STALLED {
        let fault = Fault::Stall {
            at: Place::Event {
                event: u32::try_from(dice.within(2..=40)).unwrap_or(2),
                bytes: dice.within(1..=900),
            },
        };
        // `initialize` and its notification come through, and so does whatever comes after the call.
        let mut number = 0_u32;
        let plan: Plan = Box::new(move |_| {
            number += 1;
            (number == 3).then_some(fault)
        });
        let proxy = FaultProxy::start(vec![node.address], dice.fork(), plan).await;
        let (dice, figures) = (dice.fork(), figures.clone());
        clients.spawn(async move {
            let mut caller = Caller::open(proxy.address(), dice, RULES, &figures).await?;
            // Under a MiB in all, so that a log holds it.
            let job = Job {
                count: 100,
                pace_ms: 5,
                bytes: 8 * 1024,
            };
            caller.call(job).await?;
            ensure!(proxy.faults() == 1, "a connection did not stall");
            Ok(())
        });
    }
    all(clients).await
}

/// Clients read so slowly that the node has to wait for them.
async fn slowing(node: &Node, dice: &mut Dice, figures: &Arc<Figures>) -> anyhow::Result<()> {
    let plan: Plan = Box::new(|_| {
        Some(Fault::Slow {
            bytes: 16 * 1024,
            pause: Duration::from_millis(25),
        })
    });
    let proxy = FaultProxy::start(vec![node.address], dice.fork(), plan).await;
    let mut clients = JoinSet::new();
    for _ in 0..SLOW {
        let (address, dice, figures) = (proxy.address(), dice.fork(), figures.clone());
        clients.spawn(async move {
            let rules = Rules {
                // Its log is shorter than it is.
                replay_one_in: u64::MAX,
                ..RULES
            };
            let mut caller = Caller::open(address, dice, rules, &figures).await?;
            caller.call(SLOW_JOB).await
        });
    }
    all(clients).await
}
