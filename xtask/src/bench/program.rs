//! What the `spanway` program itself costs: from its start to the first answer, its size, and its build.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::BUILD_DEADLINE;
use crate::process::{self, Server};
use crate::repo::Repo;

const STARTS: usize = 11;
const BYTES_MAX: u64 = 20_000_000;
const START_DEADLINE: Duration = Duration::from_secs(10);
const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}"#;

/// The table.
pub(crate) fn measure(repo: &Repo, clean_build: bool) -> Result<String> {
    let mut starts = (0..STARTS)
        .map(|_| start(repo))
        .collect::<Result<Vec<Duration>>>()?;
    starts.sort_unstable();
    let median = starts[STARTS / 2].as_secs_f64() * 1e3;
    let megabytes = fs::metadata(repo.spanway())?.len() as f64 / 1e6;
    let build = if clean_build {
        format!("{:.0} s", build(repo)?.as_secs_f64())
    } else {
        "not measured: --clean-build".to_owned()
    };
    Ok(format!(
        "| | |\n|---|---:|\n\
         | from the start of `spanway serve` (the demo API) to its first answer, median of {STARTS} | {median:.1} ms |\n\
         | the program, stripped | {megabytes:.1} MB |\n\
         | `cargo build --release` from nothing | {build} |\n"
    ))
}

/// Fails where the program has grown beyond its budget.
pub(super) fn check_size(repo: &Repo) -> Result<()> {
    let bytes = fs::metadata(repo.spanway())?.len();
    println!("the program has {bytes} bytes; {BYTES_MAX} are allowed\n");
    // Elsewhere it has another size.
    let is_counted = cfg!(all(target_arch = "x86_64", target_os = "linux"));
    ensure!(!is_counted || bytes < BYTES_MAX, "the program is too large");
    Ok(())
}

/// Starts the demo and asks it for its tools.
fn start(repo: &Repo) -> Result<Duration> {
    let mut command = repo.command(repo.spanway());
    let begun = Instant::now();
    let server = Server::start(command.args(["serve", "--listen", "127.0.0.1:0"]))?;
    let url = server.url(START_DEADLINE)?;
    let (host, path) = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .context("an odd URL")?;
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(START_DEADLINE))?;
    write!(
        stream,
        "POST /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         accept: application/json, text/event-stream\r\nmcp-protocol-version: 2026-07-28\r\n\
         mcp-method: tools/list\r\ncontent-length: {}\r\n\r\n{LIST}",
        LIST.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let took = begun.elapsed();
    ensure!(
        answer.starts_with("HTTP/1.1 200"),
        "tools/list gave {answer}"
    );
    Ok(took)
}

/// Into a folder of its own, which goes afterwards; what cargo has downloaded stays.
fn build(repo: &Repo) -> Result<Duration> {
    let folder = repo.target().join("clean-build");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let mut command = repo.cargo(&["build", "--release", "-p", "spanway-cli", "--locked"]);
    let begun = Instant::now();
    process::run(command.arg("--target-dir").arg(&folder), BUILD_DEADLINE)?;
    let took = begun.elapsed();
    fs::remove_dir_all(&folder)?;
    Ok(took)
}
