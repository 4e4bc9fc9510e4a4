//! Servers and loads as processes of their own, each on its core.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail};

use crate::asking::Asking;
use crate::load::Load;

const SERVER_CORES: &str = "0";
const LOAD_CORES: &str = "1";

/// A server process; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts this program again with `serve` and these arguments.
    pub(crate) fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        let own = own_path()?;
        Self::start_other(&[&[own.as_str(), "serve"], arguments].concat())
    }

    /// Starts any program that prints its address as the first line.
    pub(crate) fn start_other(command: &[&str]) -> anyhow::Result<Self> {
        let mut child = pinned(SERVER_CORES, command)
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", command.join(" ")))?;
        let out = child.stdout.take().context("no output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let Ok(address) = line.trim().parse() else {
            // It may have ended by itself.
            let _ = child.kill();
            child.wait()?;
            bail!("{} printed no address", command.join(" "));
        };
        Ok(Self { child, address })
    }

    /// Memory that is there for it now.
    pub(crate) fn resident_bytes(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .context("memory is read from /proc")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        let kilobytes: f64 = kilobytes.context("/proc is odd")?.parse()?;
        Ok(kilobytes * 1024.0)
    }

    /// Loads it from a process on another core.
    pub(crate) fn load(&self, asking: &Asking, seconds: f64) -> anyhow::Result<Load> {
        let own = own_path()?;
        let (address, seconds) = (self.address.to_string(), seconds.to_string());
        let (flags, process) = (asking.flags(), self.child.id().to_string());
        let mut command = vec![own.as_str(), "load", &address, "--seconds", &seconds];
        command.extend(["--process", &process]);
        command.extend(flags.iter().map(String::as_str));
        let output = pinned(LOAD_CORES, &command)
            .stderr(Stdio::inherit())
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        text.parse()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// User and system time of a process so far, from the kernel's table (Linux).
pub(crate) fn cpu_seconds(process: u32) -> anyhow::Result<f64> {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))
        .context("CPU time is read from /proc")?;
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |index: usize| {
        let field = fields.get(index);
        field.and_then(|field| field.parse::<f64>().ok())
    };
    let spent = ticks(11).zip(ticks(12)).context("/proc is odd")?;
    Ok((spent.0 + spent.1) / TICKS_PER_SECOND)
}

/// Whether a program is there and says its version.
pub(crate) fn is_there(program: &str) -> bool {
    let mut command = Command::new(program);
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    quiet.arg("--version").status().is_ok()
}

/// This program.
pub(crate) fn own_path() -> anyhow::Result<String> {
    let path = std::env::current_exe()?.into_os_string().into_string();
    path.ok().context("the path of this program is no text")
}

/// A command with as many open files as the system allows, on one core where `taskset` is there and the machine
/// has two.
fn pinned(cores: &str, command: &[&str]) -> Command {
    let all = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n \"$(ulimit -H -n)\"; exec \"$@\"", "sh"]);
    if all > 1 && is_there("taskset") {
        shell.args(["taskset", "-c", cores]);
    }
    shell.args(command);
    shell
}
