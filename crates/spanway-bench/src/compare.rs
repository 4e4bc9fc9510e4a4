//! All scenarios side by side: processes of their own, in turns, medians and ratios.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

use crate::scenario::Scenario;

/// What one scenario took, over all rounds.
struct Row {
    scenario: Scenario,
    server: Server,
    per_second: Vec<f64>,
    cpu_micros: Vec<f64>,
    p99_micros: Vec<f64>,
}

/// A server process; killed when dropped.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn run(rounds: usize, seconds: f64, connections: usize) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for scenario in Scenario::ALL {
        let server = start(scenario)?;
        rows.push(Row {
            scenario,
            server,
            per_second: vec![],
            cpu_micros: vec![],
            p99_micros: vec![],
        });
    }
    for round in 0..=rounds {
        for row in &mut rows {
            // The first round warms up and is not counted.
            measure(
                row,
                if round == 0 { 0.5 } else { seconds },
                connections,
                round > 0,
            )?;
        }
    }
    print(&mut rows, rounds, seconds, connections);
    Ok(())
}

fn start(scenario: Scenario) -> anyhow::Result<Server> {
    let mut child = pinned(0, &["serve", scenario.word()])?
        .stdout(Stdio::piped())
        .spawn()?;
    let out = child.stdout.take().context("no output")?;
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line)?;
    Ok(Server {
        child,
        address: line.trim().parse().context("no address")?,
    })
}

/// This program again, on one core where `taskset` is there and the machine has two.
fn pinned(core: usize, arguments: &[&str]) -> anyhow::Result<Command> {
    let program = std::env::current_exe()?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let has_taskset = Command::new("taskset")
        .arg("-V")
        .stdout(Stdio::null())
        .status()
        .is_ok();
    let mut command = if has_taskset && cores > 1 {
        let mut command = Command::new("taskset");
        command.args(["-c", &core.to_string()]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.args(arguments);
    Ok(command)
}

fn measure(row: &mut Row, seconds: f64, connections: usize, count: bool) -> anyhow::Result<()> {
    let before = cpu_seconds(row.server.child.id())?;
    let (seconds_text, connections_text) = (seconds.to_string(), connections.to_string());
    let address = row.server.address.to_string();
    let arguments = [
        "load",
        row.scenario.word(),
        &address,
        "--seconds",
        &seconds_text,
        "--connections",
        &connections_text,
    ];
    let output = pinned(1, &arguments)?.stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let numbers: Vec<f64> = text
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let [calls, _, p99] = numbers[..] else {
        anyhow::bail!("the load of {} failed", row.scenario.name())
    };
    if count {
        row.per_second.push(calls / seconds);
        row.cpu_micros
            .push((cpu_seconds(row.server.child.id())? - before) * 1e6 / calls);
        row.p99_micros.push(p99);
    }
    Ok(())
}

/// User and system time of a process so far, from the kernel's table (Linux).
fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .context("CPU time is read from /proc")?;
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |index: usize| {
        fields
            .get(index)
            .and_then(|field| field.parse::<f64>().ok())
            .unwrap_or_default()
    };
    Ok((ticks(11) + ticks(12)) / TICKS_PER_SECOND)
}

fn median(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or_default()
}

fn print(rows: &mut [Row], rounds: usize, seconds: f64, connections: usize) {
    println!(
        "{connections} connections, {rounds} rounds of {seconds} s each in turns, medians; server and load on a core each\n"
    );
    println!("| tools/call | calls/s | of the floor | CPU µs/call | p99 µs |");
    println!("|---|---:|---:|---:|---:|");
    let floor = rows
        .first_mut()
        .map_or(1.0, |row| median(&mut row.per_second));
    for row in rows {
        let per_second = median(&mut row.per_second);
        println!(
            "| {} | {per_second:.0} | {:.2} | {:.1} | {:.0} |",
            row.scenario.name(),
            per_second / floor,
            median(&mut row.cpu_micros),
            median(&mut row.p99_micros),
        );
    }
}
