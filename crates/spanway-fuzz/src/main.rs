//! Throws random inputs at what reads bytes from the network, for a fixed time a target.
//!
//! ```text
//! cargo run -p spanway-fuzz                                each target, ten seconds
//! cargo run -p spanway-fuzz -- session --seconds 300       one target, for longer
//! cargo run -p spanway-fuzz -- session --seed 1234         what a failure printed, again
//! ```
//!
//! `SPANWAY_FUZZ_SECONDS` is the time where no flag says it. The inputs come from proptest: it runs on every
//! toolchain and makes a failing input small. What it lacks, to follow the code's branches, is made up for by
//! beginning with valid messages (`seeds.rs`) and by models that say what must come out.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::needless_pass_by_value,
    reason = "a target says by a panic that something is wrong, and a report is what is printed"
)]

mod runner;
mod seeds;
mod service;
mod targets;

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use runner::Settings;

const SECONDS: u64 = 10;
const USAGE: &str = "usage: spanway-fuzz [TARGET…] [--seconds N] [--seed N]";

fn main() -> ExitCode {
    match read(env::args().skip(1)) {
        Ok((names, settings)) => run(&names, &settings),
        Err(problem) => {
            let targets = targets::ALL.map(|(name, _)| name).join(", ");
            eprintln!("{problem}\n{USAGE}\ntargets: {targets}");
            ExitCode::from(2)
        }
    }
}

/// Runs the named targets, or all, each to its end even if another failed.
fn run(names: &[String], settings: &Settings) -> ExitCode {
    runner::keep_panics_quiet();
    let chosen = |name: &str| names.is_empty() || names.iter().any(|it| it == name);
    let mut failed = false;
    for (name, target) in targets::ALL {
        if !chosen(name) {
            continue;
        }
        match target(settings) {
            Ok(inputs) => println!("{name}: {inputs} inputs, nothing found"),
            Err(failure) => {
                failed = true;
                failure.report(name);
            }
        }
    }
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn read(mut args: impl Iterator<Item = String>) -> Result<(Vec<String>, Settings), String> {
    let mut names = Vec::new();
    let seconds = env::var("SPANWAY_FUZZ_SECONDS").ok();
    let mut seconds = seconds.map_or(Ok(SECONDS), |text| number(&text))?;
    let mut seed = None;
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--seconds" => seconds = number(&value()?)?,
            "--seed" => seed = Some(number(&value()?)?),
            name if targets::ALL.iter().any(|(target, _)| *target == name) => names.push(arg),
            _ => return Err(format!("{arg} is no target and no flag")),
        }
    }
    let time = Duration::from_secs(seconds);
    Ok((names, Settings { time, seed }))
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}
