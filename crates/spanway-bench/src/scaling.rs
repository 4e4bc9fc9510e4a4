//! What a second thread brings, in process: calls from one thread and from two at once, beside bare parsing, which
//! shares nothing. Without sockets, since on two cores the load would take what the second thread is to show.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::anyhow;

use crate::work::{self, Work};

/// Calls between two looks at the clock.
const BATCH: usize = 64;

/// Prints the table.
pub(crate) fn run(seconds: f64) -> anyhow::Result<()> {
    println!("| | 1 thread, calls/s | 2 threads, calls/s | times |\n|---|---:|---:|---:|");
    for (name, what) in [
        ("the floor: serde_json, the envelope", Work::SmallEnvelope),
        (
            "Spanway, a call of 2026-07-28 in process",
            Work::ModernInProcess,
        ),
    ] {
        let mut rates = Vec::new();
        for threads in [1, 2] {
            // Three in turns would be no better: the faster of two runs is the less disturbed one.
            let runs = [
                measure(what, threads, seconds)?,
                measure(what, threads, seconds)?,
            ];
            rates.push(runs[0].max(runs[1]));
        }
        let times = rates[1] / rates[0];
        println!(
            "| {name} | {:.0} | {:.0} | {times:.2} |",
            rates[0], rates[1]
        );
    }
    Ok(())
}

/// Calls a second of so many threads, all on one endpoint.
fn measure(what: Work, threads: usize, seconds: f64) -> anyhow::Result<f64> {
    let endpoint = work::endpoint()?;
    let span = Duration::from_secs_f64(seconds);
    let running: Vec<_> = (0..threads)
        .map(|_| {
            let mut endpoint = endpoint.clone();
            thread::spawn(move || {
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
