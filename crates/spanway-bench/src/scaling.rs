//! What a second thread brings, in process: calls from one thread and from two at once, beside bare parsing, which
//! shares nothing. Without sockets, since on two cores the load would take what the second thread is to show.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::anyhow;

use crate::compare::median;
use crate::work::{self, Work};

/// Calls between two looks at the clock.
const BATCH: usize = 64;

/// Rounds, in each of which everything has its turn: what disturbs the machine for a while disturbs all alike.
const ROUNDS: usize = 25;

/// What is called, and whether all threads call one endpoint; else each has its own, and nothing is shared.
const WORKS: [(&str, Work, bool); 3] = [
    (
        "the floor: serde_json, the envelope",
        Work::SmallEnvelope,
        true,
    ),
    (
        "Spanway, a call of 2026-07-28 in process",
        Work::ModernInProcess,
        true,
    ),
    (
        "the same, an endpoint for each thread",
        Work::ModernInProcess,
        false,
    ),
];

/// Prints the table: medians of the rounds, each of so many seconds for each figure. What a second thread brings is
/// found within each round, so that it does not matter how fast the machine is at the time.
pub(crate) fn run(seconds: f64) -> anyhow::Result<()> {
    let mut rates = WORKS.map(|_| [Vec::new(), Vec::new()]);
    for _ in 0..ROUNDS {
        for ((_, what, is_shared), rates) in WORKS.iter().zip(&mut rates) {
            for (threads, rates) in (1..).zip(rates) {
                rates.push(measure(*what, threads, seconds, *is_shared)?);
            }
        }
    }
    println!("| | 1 thread, calls/s | 2 threads, calls/s | times |\n|---|---:|---:|---:|");
    for ((name, _, _), rates) in WORKS.iter().zip(rates) {
        let [one, two] = &rates;
        let mut times: Vec<f64> = one.iter().zip(two).map(|(one, two)| two / one).collect();
        let times = median(&mut times);
        let [one, two] = rates.map(|mut rates| median(&mut rates));
        println!("| {name} | {one:.0} | {two:.0} | {times:.2} |");
    }
    Ok(())
}

/// Calls a second of so many threads.
fn measure(what: Work, threads: usize, seconds: f64, is_shared: bool) -> anyhow::Result<f64> {
    let shared = work::endpoint()?;
    let span = Duration::from_secs_f64(seconds);
    let running: Vec<_> = (0..threads)
        .map(|_| {
            let shared = shared.clone();
            thread::spawn(move || {
                let mut endpoint = if is_shared { shared } else { work::endpoint()? };
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()?;
                runtime.block_on(async {
                    let until = Instant::now() + span;
                    let mut calls = 0;
                    while Instant::now() < until {
                        match what {
                            Work::ModernInProcess => work::in_process(&mut endpoint, BATCH).await?,
                            other => other.repeat(BATCH).await?,
                        }
                        calls += BATCH;
                    }
                    anyhow::Ok(calls)
                })
            })
        })
        .collect();
    let mut all = 0;
    for thread in running {
        all += thread.join().map_err(|_| anyhow!("a thread died"))??;
    }
    Ok(all as f64 / seconds)
}
