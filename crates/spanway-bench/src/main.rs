//! What a call costs beside the bare HTTP server under it, measured side by side in one run.
//!
//! `spanway-bench compare` starts each server as a process of its own, loads them in turns, and prints a
//! table of medians and their ratio to the floor. The other commands are the parts it is made of.
#![expect(
    clippy::print_stdout,
    reason = "a measuring tool prints what it measured"
)]

mod compare;
mod fanout;
mod load;
mod scenario;
mod servers;
mod shared;
mod store;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use scenario::Scenario;

#[derive(Parser)]
#[command(about = "Measures Spanway beside a bare hyper server")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs every scenario in turns and prints the table.
    Compare {
        /// Rounds; the median counts.
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// Seconds of load for each scenario in a round.
        #[arg(long, default_value_t = 3.0)]
        seconds: f64,
        /// Connections at once.
        #[arg(long, default_value_t = 64)]
        connections: usize,
    },
    /// Measures what a stream's log costs: appends with stores in memory and in a directory.
    Store {
        /// On which disk; the directory is made there and removed. Default: that of temporary files.
        #[arg(long)]
        dir: Option<PathBuf>,
        /// Seconds for each row.
        #[arg(long, default_value_t = 3.0)]
        seconds: f64,
    },
    /// Tells one change to many open streams of both eras, in process, and prints how long it took.
    Fanout {
        /// How many.
        #[arg(default_value_t = 10_000)]
        listeners: usize,
    },
    /// Counts what nodes ask of the Redis they share, for each thing that clients do. Needs redis-server.
    Shared {
        /// Numbers of nodes, a table part for each.
        #[arg(default_values_t = [1, 3])]
        nodes: Vec<usize>,
    },
    /// Serves one scenario until killed.
    Serve {
        /// Which one.
        scenario: Scenario,
        /// Where; port 0 picks a free one. The address is printed.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
    },
    /// Loads a server of a scenario and prints calls, and the 50th and 99th percentile in microseconds.
    Load {
        /// Which one.
        scenario: Scenario,
        /// Where it listens.
        address: SocketAddr,
        /// For so many seconds.
        #[arg(long, default_value_t = 3.0)]
        seconds: f64,
        /// Connections at once.
        #[arg(long, default_value_t = 64)]
        connections: usize,
    },
}

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match Cli::parse().command {
        Command::Compare {
            rounds,
            seconds,
            connections,
        } => compare::run(rounds, seconds, connections),
        Command::Store { dir, seconds } => store::run(dir, seconds),
        Command::Fanout { listeners } => runtime.block_on(fanout::run(listeners)),
        Command::Shared { nodes } => runtime.block_on(shared::run(&nodes)),
        Command::Serve { scenario, listen } => runtime.block_on(servers::serve(scenario, listen)),
        Command::Load {
            scenario,
            address,
            seconds,
            connections,
        } => {
            let load = runtime.block_on(load::run(scenario, address, seconds, connections))?;
            println!("{} {} {}", load.calls, load.p50_micros, load.p99_micros);
            Ok(())
        }
    }
}
