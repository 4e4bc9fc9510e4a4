//! Repository chores: `cargo xtask test`, which proves the whole project, `cargo xtask tidy`, which checks
//! the rules no compiler knows, and `cargo xtask bench`, which measures. This file decides only which chore was asked for.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a chore's report is what it prints"
)]

use std::process::ExitCode;

use anyhow::{Result, bail};

mod bench;
mod clients;
mod conformance;
mod edges;
mod faults;
mod named;
mod openapi;
mod process;
mod redis;
mod repo;
mod requirements;
mod steps;
mod system;
mod testenv;
mod tidy;

const USAGE: &str = "usage: cargo xtask test [--list] [STEP…]
       cargo xtask tidy
       cargo xtask bench [--peers] [--clean-build] [--short]";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the chore; `false` means that it ran and found something wrong.
fn run() -> Result<bool> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["test", "--list"] => {
            steps::list();
            Ok(true)
        }
        ["test", names @ ..] => steps::run(names),
        ["bench", options @ ..] => bench::run(options),
        ["tidy"] => tidy::run(&repo::Repo::find()?).map(|_| true),
        _ => bail!("unknown arguments\n{USAGE}"),
    }
}
