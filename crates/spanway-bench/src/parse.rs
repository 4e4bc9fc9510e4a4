//! How long parsing 8 KB of arguments takes beside serde_json, in turns in one process: the shortest of many
//! rounds each, which other processes disturb least.

use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::work::Work;

const ROUNDS: usize = 2000;
const TIMES: u32 = 20;

/// Prints the table.
pub(crate) fn run() -> anyhow::Result<()> {
    let works = [
        Work::BigEnvelope,
        Work::BigEnvelopeAndParams,
        Work::BigParse,
    ];
    let body = Work::BigParse.body();
    let mut shortest = [Duration::MAX; 3];
    for _ in 0..ROUNDS {
        for (work, shortest) in works.iter().zip(&mut shortest) {
            let begun = Instant::now();
            let right = (0..TIMES).all(|_| work.parse(std::hint::black_box(&body)));
            *shortest = begun.elapsed().min(*shortest);
            ensure!(right, "a call could not be parsed");
        }
    }
    println!("| | µs | of the second row |\n|---|---:|---:|");
    let second = shortest[1].as_secs_f64();
    for (work, shortest) in works.iter().zip(shortest) {
        let micros = shortest.as_secs_f64() * 1e6 / f64::from(TIMES);
        let ratio = shortest.as_secs_f64() / second;
        println!("| {} | {micros:.2} | {ratio:.2} |", work.name());
    }
    Ok(())
}
