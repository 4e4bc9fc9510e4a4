//! The one measuring command: builds, runs every measurement in turn, prints the tables and writes them to
//! `docs/benchmarks.md`. What is measured how is in `spanway-bench`; this file decides what belongs to a whole run.

mod machine;
mod peers;
mod program;

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::process;
use crate::repo::Repo;
use crate::system;

const BUILD_DEADLINE: Duration = Duration::from_secs(40 * 60);
const RUN_DEADLINE: Duration = Duration::from_secs(2 * 60 * 60);
const REPORT: &str = "docs/benchmarks.md";
/// Rounds and seconds for each row where the whole shall take a minute: to see that it works.
const SHORT: [&str; 4] = ["--rounds", "1", "--seconds", "0.3"];

/// What was asked for.
#[derive(Debug, Clone, Copy, Default)]
struct Options {
    /// Servers written with other libraries too.
    peers: bool,
    /// How long a release build from nothing takes.
    clean_build: bool,
    /// Short rounds, and no file.
    short: bool,
}

/// Runs everything; what is missing on the machine is named in the tables.
pub(crate) fn run(arguments: &[&str]) -> Result<bool> {
    let options = options(arguments)?;
    let repo = Repo::find()?;
    let mut report = machine::heading(&repo)?;
    println!("{report}");
    build(&repo)?;
    let mut compare = vec!["compare".to_owned()];
    if options.short {
        compare.extend(SHORT.map(str::to_owned));
    }
    if options.peers {
        compare.extend(peers::flags(&repo)?);
    }
    let compare: Vec<&str> = compare.iter().map(String::as_str).collect();
    part(&repo, &mut report, "Calls beside bare hyper", &compare)?;
    part(&repo, &mut report, "A second thread", &["scaling"])?;
    part(&repo, &mut report, "Open streams", &["streams"])?;
    let title = "One change told to open streams";
    part(&repo, &mut report, title, &["fanout", "10000"])?;
    let title = "Nodes that share a Redis";
    if system::version_of("redis-server").is_some() {
        part(&repo, &mut report, title, &["shared", "1", "3"])?;
    } else {
        section(&mut report, title, "skipped: no redis-server\n");
    }
    part(&repo, &mut report, "Parsing", &["parse"])?;
    part(&repo, &mut report, "Instructions", &["instructions"])?;
    let program = program::measure(&repo, options.clean_build)?;
    print!("{program}");
    section(&mut report, "The program", &program);
    if !options.short {
        fs::write(repo.root.join(REPORT), report)?;
        println!("\nwritten to {REPORT}");
    }
    Ok(true)
}

fn options(arguments: &[&str]) -> Result<Options> {
    let mut options = Options::default();
    for argument in arguments {
        match *argument {
            "--peers" => options.peers = true,
            "--clean-build" => options.clean_build = true,
            "--short" => options.short = true,
            other => bail!("cargo xtask bench does not know {other}"),
        }
    }
    Ok(options)
}

/// One command for both: apart, cargo would compile our crates twice.
fn build(repo: &Repo) -> Result<()> {
    let packages = ["-p", "spanway-bench", "-p", "spanway-cli"];
    let programs = ["--bin", "spanway-bench", "--bin", "spanway"];
    let arguments = [&["build", "--release"], &packages[..], &programs].concat();
    process::run(&mut repo.cargo(&arguments), BUILD_DEADLINE)
}

/// Runs one measurement, prints what it prints and keeps it.
fn part(repo: &Repo, report: &mut String, title: &str, arguments: &[&str]) -> Result<()> {
    println!("\n=== {title}");
    let mut command: Command = repo.command(repo.target().join("release/spanway-bench"));
    let output = process::watch(command.args(arguments), RUN_DEADLINE)?;
    if !output.success {
        bail!("{title}: {}\n{}", output.status, output.stderr);
    }
    section(report, title, &output.stdout);
    Ok(())
}

fn section(report: &mut String, title: &str, text: &str) {
    report.push_str(&format!("\n## {title}\n\n{}\n", text.trim()));
}

/// The size of the program, and the instruction counts of release builds, held against their record; a step of the
/// test command.
pub(crate) fn budgets(repo: &Repo) -> Result<crate::steps::Verdict> {
    program::check_size(repo)?;
    let there = || system::version_of("valgrind").is_some();
    if let Err(error) = system::need("valgrind", &["valgrind"], there) {
        return Ok(crate::steps::Verdict::NotRun(format!("{error:#}")));
    }
    let mut command = repo.command(repo.target().join("release/spanway-bench"));
    let output = process::watch(command.args(["instructions", "--check"]), BUILD_DEADLINE)?;
    if !output.success {
        bail!("{}", output.stderr.trim());
    }
    Ok(crate::steps::Verdict::Passed)
}
