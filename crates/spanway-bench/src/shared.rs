//! What sharing costs: how often nodes ask their common Redis for each thing that clients do, and how much goes
//! over the wire. Counted by Redis itself, so the figures hold on any machine.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::json;
use spanway::StreamableHttp;
use spanway::protocol::Limits;
use spanway_testkit::{Client, EventStream, RedisServer, Session};

use crate::servers;

const TTL: Duration = Duration::from_secs(3600);
const TIMES: usize = 200;
const VERSION: &str = "2025-11-25";
/// The scripts are what nodes ask of Redis; all but a few commands run inside of them.
const SCRIPT: &str = "evalsha";
const REST: Duration = Duration::from_secs(4);

/// Prints the table for one node and for more.
pub(crate) async fn run(nodes: &[usize]) -> anyhow::Result<()> {
    println!(
        "| nodes | what | scripts | commands | bytes to Redis | bytes from Redis | messages to nodes | CPU of Redis, µs | bytes kept |"
    );
    println!("|---:|---|---:|---:|---:|---:|---:|---:|---:|");
    for &count in nodes {
        let deployment = Deployment::start(count).await?;
        deployment.measure().await?;
    }
    Ok(())
}

struct Deployment {
    redis: RedisServer,
    nodes: Vec<Client>,
}

/// What Redis has counted since it began.
#[derive(Debug, Clone, Default)]
struct Counts {
    commands: BTreeMap<String, u64>,
    bytes_in: f64,
    bytes_out: f64,
    cpu_micros: f64,
    kept: f64,
}

impl Deployment {
    async fn start(count: usize) -> anyhow::Result<Self> {
        let redis = RedisServer::with(&["--appendfsync", "everysec"]);
        let mut nodes = Vec::new();
        for _ in 0..count {
            let mut limits = Limits::default();
            limits.sessions_max = 10 * TIMES;
            let stores = spanway::store_redis::connect(&redis.url(), TTL, &limits).await?;
            let endpoint = StreamableHttp::builder(servers::echoing().build()?)
                .limits(limits)
                .stores(stores);
            nodes.push(Client::new(endpoint.build()));
        }
        Ok(Self { redis, nodes })
    }

    /// The node whose turn it is: no two requests of a client in a row go to the same one.
    fn node(&self, turn: usize) -> Client {
        self.nodes[turn % self.nodes.len()].clone()
    }

    async fn measure(&self) -> anyhow::Result<()> {
        let idle = self.idle().await?;
        let mut sessions = Vec::new();
        self.row("initialize, initialized", &idle, async |turn| {
            sessions.push(self.node(turn).connect(VERSION).await);
        })
        .await?;
        let session = |turn: usize| sessions[turn].clone();
        self.row("tools/call, JSON", &idle, async |turn| {
            let called = session(turn).used_by(self.node(turn + 1));
            called.call("echo", json!({ "text": "hello" })).send().await;
        })
        .await?;
        self.row("tools/call, stream with one message", &idle, async |turn| {
            let called = session(turn).used_by(self.node(turn + 1));
            let call = called.call("echo_with_progress", json!({ "text": "hello" }));
            call.meta("progressToken", 1).send().await;
        })
        .await?;
        let mut streams: Vec<EventStream> = Vec::new();
        self.row("GET", &idle, async |turn| {
            let listening = session(turn).used_by(self.node(turn + 2));
            streams.push(listening.listen().open().await);
        })
        .await?;
        drop(streams);
        self.row("DELETE", &idle, async |turn| {
            let ended: Session = session(turn).used_by(self.node(turn + 3));
            ended.delete().send().await;
        })
        .await?;
        self.row("tools/call of 2026-07-28", &idle, async |turn| {
            let call = self
                .node(turn)
                .modern_call("echo", json!({ "text": "hello" }));
            call.send().await;
        })
        .await
    }

    /// What happens in a second without clients.
    async fn idle(&self) -> anyhow::Result<Rates> {
        let (before, since) = (self.counts()?, Instant::now());
        tokio::time::sleep(REST).await;
        let rates = self
            .counts()?
            .since(&before)
            .over(since.elapsed().as_secs_f64());
        let rates = Rates { kept: 0.0, ..rates };
        self.print("nothing, for a second", &rates);
        Ok(rates)
    }

    async fn row(
        &self,
        what: &str,
        idle: &Rates,
        mut act: impl AsyncFnMut(usize),
    ) -> anyhow::Result<()> {
        let (before, since) = (self.counts()?, Instant::now());
        for turn in 0..TIMES {
            act(turn).await;
        }
        // What is told after the answer counts too.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let counted = self.counts()?.since(&before);
        let by_itself = idle.scaled(since.elapsed().as_secs_f64() / TIMES as f64);
        self.print(what, &counted.over(TIMES as f64).less(&by_itself));
        Ok(())
    }

    fn print(&self, what: &str, rates: &Rates) {
        let of = |name: &str| rates.commands.get(name).copied().unwrap_or_default();
        let all: f64 = rates.commands.values().sum();
        // Redis hands each message to every node.
        let told = of("publish") * self.nodes.len() as f64;
        println!(
            "| {} | {what} | {:.1} | {all:.1} | {:.0} | {:.0} | {told:.1} | {:.0} | {:.0} |",
            self.nodes.len(),
            of(SCRIPT),
            rates.bytes_in,
            rates.bytes_out,
            rates.cpu_micros,
            rates.kept,
        );
    }

    fn counts(&self) -> anyhow::Result<Counts> {
        let stats = ["stats", "cpu", "memory"]
            .map(|part| self.redis.ask(&format!("INFO {part}")))
            .concat();
        let commands = self.redis.ask("INFO commandstats");
        let number = |name: &str| -> anyhow::Result<f64> {
            let line = stats.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|text| text.trim().parse().ok())
                .with_context(|| format!("redis says nothing of {name}"))
        };
        let calls = commands.lines().filter_map(|line| {
            let (name, counts) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
            let calls = counts.split(',').next()?.parse().ok()?;
            (name != "info").then(|| (name.to_owned(), calls))
        });
        Ok(Counts {
            commands: calls.collect(),
            bytes_in: number("total_net_input_bytes:")?,
            bytes_out: number("total_net_output_bytes:")?,
            cpu_micros: 1e6 * (number("used_cpu_user:")? + number("used_cpu_sys:")?),
            kept: number("used_memory_dataset:")?,
        })
    }
}

impl Counts {
    fn since(&self, before: &Self) -> Self {
        let commands = self.commands.iter().map(|(name, calls)| {
            let then = before.commands.get(name).copied().unwrap_or_default();
            (name.clone(), calls - then)
        });
        Self {
            commands: commands.collect(),
            bytes_in: self.bytes_in - before.bytes_in,
            bytes_out: self.bytes_out - before.bytes_out,
            cpu_micros: self.cpu_micros - before.cpu_micros,
            kept: self.kept - before.kept,
        }
    }

    fn over(&self, times: f64) -> Rates {
        let commands = self.commands.iter();
        Rates {
            commands: commands
                .map(|(name, calls)| (name.clone(), *calls as f64 / times))
                .collect(),
            bytes_in: self.bytes_in / times,
            bytes_out: self.bytes_out / times,
            cpu_micros: self.cpu_micros / times,
            kept: self.kept / times,
        }
    }
}

/// Counts for one of something.
struct Rates {
    commands: BTreeMap<String, f64>,
    bytes_in: f64,
    bytes_out: f64,
    cpu_micros: f64,
    kept: f64,
}

impl Rates {
    fn scaled(&self, by: f64) -> Self {
        let commands = self.commands.iter();
        Self {
            commands: commands
                .map(|(name, rate)| (name.clone(), rate * by))
                .collect(),
            bytes_in: self.bytes_in * by,
            bytes_out: self.bytes_out * by,
            cpu_micros: self.cpu_micros * by,
            kept: 0.0,
        }
    }

    fn less(mut self, other: &Self) -> Self {
        for (name, rate) in &mut self.commands {
            let rest = *rate - other.commands.get(name).copied().unwrap_or_default();
            *rate = rest.max(0.0);
        }
        self.bytes_in = (self.bytes_in - other.bytes_in).max(0.0);
        self.bytes_out = (self.bytes_out - other.bytes_out).max(0.0);
        self.cpu_micros = (self.cpu_micros - other.cpu_micros).max(0.0);
        self
    }
}
