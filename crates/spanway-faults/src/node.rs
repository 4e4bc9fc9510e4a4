//! A server process: started on a free port, watched, killed without warning or stopped politely.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Set in the environment of a process of this program that is to be a node.
pub(crate) const AS_NODE: &str = "SPANWAY_FAULTS_NODE";

const START_DEADLINE: Duration = Duration::from_secs(30);
const STOP_DEADLINE: Duration = Duration::from_secs(30);
const LOG_LINES_MAX: usize = 40;

/// A running node; killed if it is dropped.
pub(crate) struct Node {
    pub(crate) address: SocketAddr,
    child: Child,
    log: Log,
    _reading: JoinSet<()>,
}

/// The newest lines a process wrote.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<VecDeque<String>>>);

impl Log {
    fn push(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A panic is what must not be lost.
        if lines.len() >= LOG_LINES_MAX
            && let Some(at) = lines.iter().position(|line| !line.contains("panicked at"))
        {
            lines.remove(at);
        }
        lines.push_back(line);
    }

    fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        lines.join("\n")
    }
}

impl Node {
    /// Starts a node with these flags and waits until it listens.
    pub(crate) async fn start(flags: &[String]) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("this program has no path")?;
        let mut child = Command::new(program)
            .args(["--listen", "127.0.0.1:0", "--keep-alive", "1s"])
            .args(flags)
            .env(AS_NODE, "1")
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("a node could not be started")?;
        let stdout = child.stdout.take().context("stdout is not piped")?;
        let stderr = child.stderr.take().context("stderr is not piped")?;
        let log = Log::default();
        let (found, address) = oneshot::channel();
        let mut reading = JoinSet::new();
        reading.spawn(find_address(stdout, found));
        reading.spawn(keep_log(stderr, log.clone()));
        let Ok(Ok(address)) = timeout(START_DEADLINE, address).await else {
            bail!("a node did not come to listen\n{}", log.text());
        };
        Ok(Self {
            address,
            child,
            log,
            _reading: reading,
        })
    }

    /// Ends it as a power cut would.
    pub(crate) async fn kill(mut self) -> anyhow::Result<()> {
        self.check()?;
        self.child
            .kill()
            .await
            .context("a node could not be killed")
    }

    /// Lets it drain, and expects it to end well.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let id = self.id()?;
        let told = Command::new("kill")
            .args(["-TERM", &id.to_string()])
            .status()
            .await;
        told.context("a node could not be told to stop")?;
        let Ok(status) = timeout(STOP_DEADLINE, self.child.wait()).await else {
            bail!("a node did not stop in time\n{}", self.log.text());
        };
        let status = status?;
        if !status.success() {
            bail!("a node stopped with {status}\n{}", self.log.text());
        }
        self.check()
    }

    /// Whether it is as it should be: it runs, or was told to end, and has not panicked.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let log = self.log.text();
        if log.contains("panicked at") {
            bail!("a node panicked\n{log}");
        }
        Ok(())
    }

    /// The error, and what the node wrote.
    pub(crate) fn blame(&self, error: &anyhow::Error) -> anyhow::Error {
        anyhow!("{error:#}\nthe node wrote\n{}", self.log())
    }

    /// The newest lines it wrote.
    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// The memory it has, in bytes.
    pub(crate) fn rss_bytes(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()?))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        Ok(kib.context("the system tells no VmRSS")? << 10)
    }

    fn id(&self) -> anyhow::Result<u32> {
        let id = self.child.id();
        id.with_context(|| format!("a node has ended by itself\n{}", self.log.text()))
    }
}

/// Tells of the address, and reads on so that the node can write.
async fn find_address(stdout: impl AsyncRead + Unpin, found: oneshot::Sender<SocketAddr>) {
    let mut lines = BufReader::new(stdout).lines();
    let mut found = Some(found);
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(address) = address_in(&line)
            && let Some(found) = found.take()
        {
            // Who waited may have given up.
            let _ = found.send(address);
        }
    }
}

async fn keep_log(stderr: impl AsyncRead + Unpin, log: Log) {
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        log.push(line);
    }
}

/// The address of `Listening on http://127.0.0.1:4321/mcp`.
fn address_in(line: &str) -> Option<SocketAddr> {
    let url = line.strip_prefix("Listening on http://")?;
    url.split('/').next()?.parse().ok()
}
