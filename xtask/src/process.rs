//! Other programs, with a bound on their time and none left behind: every child, and whatever the
//! child started, ends when its step does.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};

const POLL_INTERVAL: Duration = Duration::from_millis(20);
const LINES_QUEUED_MAX: usize = 4096;

/// What a finished program left.
pub(crate) struct Output {
    /// Whether it exited with 0.
    pub(crate) success: bool,
    /// Its exit status in words.
    pub(crate) status: String,
    /// All it printed on stdout.
    pub(crate) stdout: String,
    /// All it printed on stderr.
    pub(crate) stderr: String,
}

/// Where the lines of a captured stream go besides the capture.
#[derive(Clone, Copy)]
enum Echo {
    Printed,
    Silent,
}

/// Runs a program with our own stdout and stderr; anything but exit code 0 is an error.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Result<()> {
    let name = name_of(command);
    println!("$ {name}");
    let child = command
        .stdin(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    let status = Guard(child).wait(limit, &name)?;
    if status.success() {
        Ok(())
    } else {
        bail!("{name}: {status}")
    }
}

/// Runs a program and keeps what it printed.
pub(crate) fn capture(command: &mut Command, limit: Duration) -> Result<Output> {
    finish(command, limit, Echo::Silent)
}

/// Runs a program, prints its stdout as it comes and keeps both streams.
pub(crate) fn watch(command: &mut Command, limit: Duration) -> Result<Output> {
    finish(command, limit, Echo::Printed)
}

fn finish(command: &mut Command, limit: Duration, echo: Echo) -> Result<Output> {
    let name = name_of(command);
    let (mut guard, stdout, stderr) = piped(command, &name)?;
    let stdout = thread::spawn(move || collect(stdout, echo));
    let stderr = thread::spawn(move || collect(stderr, Echo::Silent));
    let status = guard.wait(limit, &name)?;
    Ok(Output {
        success: status.success(),
        status: status.to_string(),
        stdout: joined(stdout)?,
        stderr: joined(stderr)?,
    })
}

fn collect(stream: impl Read, echo: Echo) -> String {
    let mut text = String::new();
    for line in lines(stream) {
        if matches!(echo, Echo::Printed) {
            println!("{line}");
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn joined(reader: JoinHandle<String>) -> Result<String> {
    reader.join().map_err(|_| anyhow!("a reader thread died"))
}

/// Lines as they come; bytes that are no UTF-8 are replaced.
fn lines(stream: impl Read) -> impl Iterator<Item = String> {
    BufReader::new(stream)
        .split(b'\n')
        .map_while(Result::ok)
        .map(|line| String::from_utf8_lossy(&line).trim_end().to_owned())
}

type Streams = (Guard, Box<dyn Read + Send>, Box<dyn Read + Send>);

fn piped(command: &mut Command, name: &str) -> Result<Streams> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    let stdout = child.stdout.take().context("stdout is not piped")?;
    let stderr = child.stderr.take().context("stderr is not piped")?;
    Ok((Guard(child), Box::new(stdout), Box::new(stderr)))
}

/// A server under test: it runs beside the step and is ended with it.
pub(crate) struct Server {
    name: String,
    guard: Guard,
    lines: Receiver<String>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts the server; both its streams go into one log.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let name = name_of(command);
        println!("$ {name} &");
        let (guard, stdout, stderr) = piped(command, &name)?;
        let (sender, lines_out) = sync_channel(LINES_QUEUED_MAX);
        let log = Arc::new(Mutex::new(Vec::new()));
        for stream in [stdout, stderr] {
            let (sender, log) = (sender.clone(), Arc::clone(&log));
            thread::spawn(move || {
                for line in lines(stream) {
                    log.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(line.clone());
                    // Nobody listens any more once the address is known; the log has the line.
                    let _ = sender.try_send(line);
                }
            });
        }
        Ok(Self {
            name,
            guard,
            lines: lines_out,
            log,
        })
    }

    /// Waits for the endpoint URL that the server prints when it listens.
    pub(crate) fn url(&self, limit: Duration) -> Result<String> {
        self.says("a URL", limit, endpoint_in)
    }

    /// Waits for a line in which something is found.
    pub(crate) fn says<T>(
        &self,
        what: &str,
        limit: Duration,
        find: impl Fn(&str) -> Option<T>,
    ) -> Result<T> {
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    if let Some(found) = find(&line) {
                        return Ok(found);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    bail!(
                        "{} printed no sign of {what} in time\n{}",
                        self.name,
                        self.log()
                    );
                }
                Err(RecvTimeoutError::Disconnected) => {
                    bail!(
                        "{} ended before it printed {what}\n{}",
                        self.name,
                        self.log()
                    );
                }
            }
        }
    }

    /// All it has printed so far.
    pub(crate) fn log(&self) -> String {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .join("\n")
    }

    /// Asks the server to drain and expects it to end well, and without ever having panicked.
    pub(crate) fn stop(mut self, limit: Duration) -> Result<()> {
        signal("TERM", self.guard.0.id());
        let name = format!("{} (after SIGTERM)", self.name);
        let status = self.guard.wait(limit, &name)?;
        let log = self.log();
        if !status.success() {
            bail!("{name}: {status}\n{log}");
        }
        if log.contains("panicked at") {
            bail!("{name}: it panicked\n{log}");
        }
        Ok(())
    }
}

/// The first `http://HOST:PORT/…` of a line that names a path.
fn endpoint_in(line: &str) -> Option<String> {
    let start = line.find("http://127.0.0.1:")?;
    let url = line[start..]
        .split(|character: char| character.is_whitespace() || "\"'`,;)<>\u{1b}".contains(character))
        .next()?;
    let path_follows = url["http://".len()..].contains('/');
    path_follows.then(|| url.to_owned())
}

/// A child that does not outlive its owner.
struct Guard(Child);

impl Guard {
    fn wait(&mut self, limit: Duration, name: &str) -> Result<ExitStatus> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status);
            }
            if Instant::now() >= deadline {
                bail!("{name}: not finished after {} s, ended", limit.as_secs());
            }
            thread::sleep(POLL_INTERVAL);
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(Some(_))) {
            return;
        }
        for process in descendants(self.0.id()) {
            signal("KILL", process);
        }
        // It may have ended in this moment; either way it is reaped.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn signal(name: &str, process: u32) {
    let _ = Command::new("kill")
        .args([format!("-{name}"), process.to_string()])
        .stderr(Stdio::null())
        .status();
}

/// Every process below this one, as far as the system tells (`/proc`; elsewhere none).
fn descendants(root: u32) -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(process) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        if let Some(parent) = parent_of(process) {
            children.entry(parent).or_default().push(process);
        }
    }
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(process) = open.pop() {
        let below = children.remove(&process).unwrap_or_default();
        found.extend_from_slice(&below);
        open.extend(below);
    }
    found
}

/// The parent is the second field after the name, which is in parentheses and may hold spaces.
fn parent_of(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(1)?.parse().ok()
}

fn name_of(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let program = program.file_name().unwrap_or(command.get_program());
    let mut name = program.to_string_lossy().into_owned();
    for argument in command.get_args() {
        name.push(' ');
        name.push_str(&argument.to_string_lossy());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_is_read_from_any_sentence() {
        let line = "serving 3 tools on http://127.0.0.1:4321/mcp, press Ctrl-C to stop";
        assert_eq!(
            endpoint_in(line).as_deref(),
            Some("http://127.0.0.1:4321/mcp")
        );
        assert_eq!(endpoint_in("listening on http://127.0.0.1:4321"), None);
    }

    #[test]
    fn a_program_that_hangs_is_ended_with_all_it_started() {
        let began = Instant::now();
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & wait"]);
        assert!(capture(&mut command, Duration::from_millis(100)).is_err());
        assert!(began.elapsed() < Duration::from_secs(60));
    }
}
