//! All rows side by side: servers as processes of their own, asked in turns; medians and ratios to the floor.

use std::collections::HashMap;

use anyhow::Context as _;
use clap::Args;
use spanway_testkit::RedisServer;
use tempfile::TempDir;

use crate::asking::{Asking, Wire};
use crate::process::{Server, is_there};
use crate::rows::{Group, Row, Who, groups};
use crate::servers::Subject;

const WARM_UP_SECONDS: f64 = 0.5;

/// What is compared, and for how long.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Rounds; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of load for each row in a round.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Connections at once, where a row does not say otherwise.
    #[arg(long, default_value_t = 64)]
    connections: u32,
    /// Calls a second where the rate is fixed.
    #[arg(long, default_value_t = 8000)]
    rate: u32,
    /// Only tables with this in their title.
    #[arg(long, default_value = "")]
    only: String,
    /// Another server, as `NAME=modern=COMMAND` or `NAME=legacy=COMMAND`: it prints its address first, serves
    /// `/mcp` and has the tool `echo`.
    #[arg(long)]
    peer: Vec<Peer>,
}

/// A server that is not ours.
#[derive(Debug, Clone)]
struct Peer {
    name: String,
    wire: Wire,
    command: Vec<String>,
}

impl std::str::FromStr for Peer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.splitn(3, '=').collect();
        let [name, wire, command] = parts[..] else {
            return Err("it must be NAME=modern=COMMAND or NAME=legacy=COMMAND".to_owned());
        };
        Ok(Self {
            name: name.to_owned(),
            wire: clap::ValueEnum::from_str(wire, false)?,
            command: command.split_whitespace().map(str::to_owned).collect(),
        })
    }
}

/// The servers that are needed, and what they keep sessions in.
#[derive(Default)]
struct Running {
    servers: HashMap<Who, Server>,
    // Dropped after the servers that use them.
    _folder: Option<TempDir>,
    _redis: Option<RedisServer>,
}

/// What one row took, a value for each round.
#[derive(Debug, Default)]
struct Samples {
    per_second: Vec<f64>,
    cpu_micros: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    p999: Vec<f64>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let mut groups = groups(options.connections, options.rate);
    groups.retain(|group| group.title.contains(&options.only));
    for group in &mut groups {
        add_peers(group, &options.peer);
    }
    let running = Running::start(&groups, &options.peer)?;
    println!(
        "{} rounds of {} s for each row, in turns, medians; servers on one core, the load on another",
        options.rounds, options.seconds
    );
    for group in &groups {
        compare(group, &running, options)?;
    }
    Ok(())
}

fn add_peers(group: &mut Group, peers: &[Peer]) {
    let Some(asking) = group.peers else {
        return;
    };
    for (number, peer) in peers.iter().enumerate() {
        group.rows.push(Row {
            name: peer.name.clone(),
            who: Who::Peer(number),
            asking: Asking {
                wire: peer.wire,
                ..asking
            },
            requests: 1.0,
        });
    }
}

impl Running {
    fn start(groups: &[Group], peers: &[Peer]) -> anyhow::Result<Self> {
        let mut running = Self::default();
        for row in groups.iter().flat_map(|group| &group.rows) {
            if running.servers.contains_key(&row.who) {
                continue;
            }
            let server = match row.who {
                Who::Own(Subject::Redis) if !is_there("redis-server") => continue,
                Who::Own(subject) => running.own(subject)?,
                Who::Peer(number) => {
                    let peer = peers.get(number).context("no such peer")?;
                    let command: Vec<&str> = peer.command.iter().map(String::as_str).collect();
                    Server::start_other(&command)?
                }
            };
            running.servers.insert(row.who, server);
        }
        Ok(running)
    }

    fn own(&mut self, subject: Subject) -> anyhow::Result<Server> {
        match subject {
            Subject::Floor => Server::start(&["floor"]),
            Subject::FloorHttp2 => Server::start(&["floor-http2"]),
            Subject::Memory => Server::start(&["memory"]),
            Subject::Routes => Server::start(&["routes"]),
            Subject::File => {
                let folder = TempDir::new()?;
                let path = folder.path().join("store");
                let path = path
                    .to_str()
                    .context("the temporary folder has an odd name")?;
                let server = Server::start(&["file", "--keep", path])?;
                self._folder = Some(folder);
                Ok(server)
            }
            Subject::Redis => {
                let redis = RedisServer::with(&["--appendfsync", "everysec"]);
                let server = Server::start(&["redis", "--keep", &redis.url()])?;
                self._redis = Some(redis);
                Ok(server)
            }
        }
    }
}

fn compare(group: &Group, running: &Running, options: &Options) -> anyhow::Result<()> {
    let mut samples: Vec<Samples> = group.rows.iter().map(|_| Samples::default()).collect();
    for round in 0..=options.rounds {
        for (row, samples) in group.rows.iter().zip(&mut samples) {
            let Some(server) = running.servers.get(&row.who) else {
                continue;
            };
            // The first round warms up and is not counted.
            let counted = round > 0;
            let seconds = if counted {
                options.seconds
            } else {
                WARM_UP_SECONDS
            };
            let measured = samples.measure(server, &row.asking, seconds, counted);
            measured.with_context(|| row.name.clone())?;
        }
    }
    print(group, &mut samples);
    Ok(())
}

impl Samples {
    fn measure(
        &mut self,
        server: &Server,
        asking: &Asking,
        seconds: f64,
        counted: bool,
    ) -> anyhow::Result<()> {
        let load = server.load(asking, seconds)?;
        if !counted {
            return Ok(());
        }
        self.per_second.push(load.calls as f64 / seconds);
        self.cpu_micros.push(load.cpu_micros);
        self.p50.push(load.p50 as f64);
        self.p99.push(load.p99 as f64);
        self.p999.push(load.p999 as f64);
        Ok(())
    }
}

pub(crate) fn median(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or_default()
}

fn print(group: &Group, samples: &mut [Samples]) {
    println!("\n### {}\n", group.title);
    println!(
        "| | calls/s | of the floor | CPU µs/call | CPU over the floor | p50 µs | p99 µs | p99.9 µs |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|");
    let floor = samples.first_mut().map_or((1.0, 1.0), |floor| {
        (median(&mut floor.per_second), median(&mut floor.cpu_micros))
    });
    for (row, samples) in group.rows.iter().zip(samples) {
        if samples.per_second.is_empty() {
            println!("| {} | skipped: no redis-server | | | | | | |", row.name);
            continue;
        }
        let per_second = median(&mut samples.per_second);
        let cpu = median(&mut samples.cpu_micros);
        println!(
            "| {} | {per_second:.0} | {:.2} | {cpu:.1} | {:.2} | {:.0} | {:.0} | {:.0} |",
            row.name,
            per_second * row.requests / floor.0,
            cpu / (row.requests * floor.1),
            median(&mut samples.p50),
            median(&mut samples.p99),
            median(&mut samples.p999),
        );
    }
}
