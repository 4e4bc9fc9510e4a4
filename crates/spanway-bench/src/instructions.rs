//! How many instructions things take, counted by valgrind: a count, so it holds on a noisy machine.
//!
//! Each thing is done a few times and many times in processes of their own; the difference is what it costs
//! without the start.

use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::process::{is_there, own_path};
use crate::work::Work;

const FEW: u64 = 100;
const MANY: u64 = 600;
/// How much more than recorded is a regression.
const SLACK: f64 = 1.10;
/// What was counted when it was last looked at, in the build of the test command: that of one package alone is
/// optimised in another way, and differed by a tenth. A change for the better is recorded too.
const RECORDED: [(Work, u64); 9] = [
    (Work::FloorOverHttp, 26_974),
    (Work::ModernOverHttp, 37_995),
    (Work::SessionOverHttp, 38_591),
    (Work::ModernInProcess, 18_706),
    (Work::SmallEnvelope, 5_434),
    (Work::SmallParse, 6_000),
    (Work::BigEnvelope, 141_875),
    (Work::BigEnvelopeAndParams, 142_781),
    (Work::BigParse, 134_655),
];

/// Prints the table. With `check`, what grew too much is an error.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    if !is_there("valgrind") {
        println!("skipped: no valgrind");
        return Ok(());
    }
    println!("| | instructions | recorded |\n|---|---:|---:|");
    let mut counts = Vec::new();
    let mut grown = Vec::new();
    for (work, recorded) in RECORDED {
        let each = (count(work, MANY)? - count(work, FEW)?) / (MANY - FEW);
        println!("| {} | {each} | {recorded} |", work.name());
        if each as f64 > recorded as f64 * SLACK {
            grown.push(work.name());
        }
        counts.push((work, each));
    }
    let of = |wanted: Work| {
        let found = counts.iter().find(|(work, _)| *work == wanted);
        found.map_or(f64::NAN, |(_, each)| *each as f64)
    };
    let parse = of(Work::BigParse) / of(Work::BigEnvelopeAndParams);
    println!(
        "\nA call of 2026-07-28 takes {:.2} times the instructions of bare hyper over HTTP, one in a session {:.2}. \
         Parsing 8 KB of arguments takes {parse:.2} times what serde_json takes for the same parts.",
        of(Work::ModernOverHttp) / of(Work::FloorOverHttp),
        of(Work::SessionOverHttp) / of(Work::FloorOverHttp),
    );
    if check {
        ensure!(grown.is_empty(), "over the record: {}", grown.join(", "));
    }
    Ok(())
}

/// Instructions of a process that does it so many times.
fn count(work: Work, times: u64) -> anyhow::Result<u64> {
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args([&own_path()?, "repeat", &work.word(), &times.to_string()])
        .stdout(Stdio::null());
    let output = command.output()?;
    let log = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "under valgrind: {log}");
    let counted = log.lines().find_map(|line| {
        let (_, count) = line.split_once("Collected :")?;
        count.trim().parse().ok()
    });
    counted.context("valgrind gave no count")
}
