//! The fault tests as programs: broken connections, killed nodes, foreign principals. Each run prints its seed,
//! and its figures or the first thing that must not have happened.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test program's report is what it prints"
)]

mod caller;
mod cluster;
mod connections;
mod figures;
mod file;
mod fixture;
mod herd;
mod ledger;
mod node;
mod peer;
mod principals;
mod watch;
mod wire;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use spanway_testkit::Dice;

/// Breaks things and checks that nothing is lost.
#[derive(Debug, Parser)]
struct Cli {
    /// Which runs.
    #[arg(required = true, value_enum)]
    runs: Vec<Run>,
    /// For how long, each of them, about.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// What the dice throw; printed by every run.
    #[arg(long)]
    seed: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Run {
    /// Connections are cut, stalled and slowed down; one node, memory.
    Connections,
    /// Two principals try every id of each other; one node, memory.
    Principals,
    /// A node that keeps everything in a directory is killed at any moment.
    File,
    /// Nodes on one Redis are killed at any moment, and Redis once.
    Cluster,
}

/// What a run was told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    pub(crate) seed: u64,
    seconds: u64,
}

impl Options {
    /// How long clients call.
    pub(crate) fn time(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

fn main() -> ExitCode {
    if std::env::var_os(node::AS_NODE).is_some() {
        return fixture::serve();
    }
    let cli = Cli::parse();
    let options = Options {
        seed: cli.seed.unwrap_or_else(Dice::fresh_seed),
        seconds: cli.seconds,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut all_well = true;
    for run in cli.runs {
        all_well &= runtime.block_on(report(run, options));
    }
    if all_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Runs one and says how it went; true if well.
async fn report(run: Run, options: Options) -> bool {
    let name = match run {
        Run::Connections => "connections",
        Run::Principals => "principals",
        Run::File => "file",
        Run::Cluster => "cluster",
    };
    println!("{name}, seed {}", options.seed);
    let began = Instant::now();
    let ended = match run {
        Run::Connections => connections::run(&options).await,
        Run::Principals => principals::run(&options).await,
        Run::File => file::run(&options).await,
        Run::Cluster => cluster::run(&options).await,
    };
    let took = began.elapsed().as_secs_f64();
    match ended {
        Ok(()) => println!("{name}: passed in {took:.1} s\n"),
        Err(error) => {
            let seed = options.seed;
            println!("{name}: FAILED after {took:.1} s, seed {seed}\n{error:#}\n");
            return false;
        }
    }
    true
}
