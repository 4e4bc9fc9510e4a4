//! What a call costs beside the bare HTTP server under it, measured side by side in one run.
//!
//! `spanway-bench compare` starts each server as a process of its own, loads them in turns, and prints a
//! table of medians and their ratio to the floor. The other commands are the parts it is made of.
#![expect(
    clippy::print_stdout,
    reason = "a measuring tool prints what it measured"
)]

mod asking;
mod compare;
mod fanout;
mod floor;
mod http1;
mod http2;
mod instructions;
mod load;
mod parse;
mod process;
mod rows;
mod scaling;
mod servers;
mod shared;
mod store;
mod streams;
mod work;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use asking::Asking;
use servers::Subject;
use work::Work;

/// As the program `spanway` has it; the floor and rmcp get it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(about = "Measures Spanway beside a bare hyper server")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs every row in turns and prints the tables.
    Compare(compare::Options),
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
    /// Shows what open GET streams take of a server's memory.
    Streams {
        /// How many.
        #[arg(default_value_t = 2000)]
        count: usize,
    },
    /// Calls in process from one thread and from two at once.
    Scaling {
        /// Seconds for each figure in each round.
        #[arg(long, default_value_t = 0.25)]
        seconds: f64,
    },
    /// Times parsing of 8 KB of arguments beside serde_json.
    Parse,
    /// Counts instructions. Needs valgrind.
    Instructions {
        /// Fails if more are taken than the record allows.
        #[arg(long)]
        check: bool,
    },
    /// Does one thing so many times; `instructions` runs this.
    Repeat {
        /// What.
        work: Work,
        /// How often.
        times: usize,
    },
    /// Serves until killed.
    Serve {
        /// What.
        subject: Subject,
        /// Where; port 0 picks a free one. The address is printed.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        /// Where sessions are kept: a directory for `file`, a URL for `redis`.
        #[arg(long)]
        keep: Option<String>,
    },
    /// Loads a server and prints calls, the 50th, 99th and 99.9th percentile, and what the server spent
    /// for a call, in microseconds.
    Load {
        /// Where it listens.
        address: SocketAddr,
        /// For so many seconds.
        #[arg(long, default_value_t = 3.0)]
        seconds: f64,
        /// The server's process, to see what it spends.
        #[arg(long)]
        process: Option<u32>,
        #[command(flatten)]
        asking: Asking,
    },
}

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match Cli::parse().command {
        Command::Compare(options) => compare::run(&options),
        Command::Store { dir, seconds } => store::run(dir, seconds),
        Command::Fanout { listeners } => runtime.block_on(fanout::run(listeners)),
        Command::Shared { nodes } => runtime.block_on(shared::run(&nodes)),
        Command::Streams { count } => runtime.block_on(streams::run(count)),
        Command::Scaling { seconds } => scaling::run(seconds),
        Command::Parse => parse::run(),
        Command::Instructions { check } => instructions::run(check),
        Command::Repeat { work, times } => runtime.block_on(work.repeat(times)),
        Command::Serve {
            subject,
            listen,
            keep,
        } => runtime.block_on(servers::serve(subject, listen, keep.as_deref())),
        Command::Load {
            address,
            seconds,
            process,
            asking,
        } => {
            let load = runtime.block_on(load::run(address, asking, seconds, process))?;
            println!("{load}");
            Ok(())
        }
    }
}
