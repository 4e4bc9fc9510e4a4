//! Clients nobody here wrote, walked through the two servers a newcomer meets: the fixtures of the
//! `everything` example and the bookshop demo of `spanway serve`.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::process::{self, Server};
use crate::repo::Repo;
use crate::steps::Verdict;
use crate::testenv::TestEnv;

use self::Client::{Inspector, Python, TypeScript};

const START_DEADLINE: Duration = Duration::from_secs(20);
const JOURNEY_DEADLINE: Duration = Duration::from_secs(180);
const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// How a client is started.
enum Client {
    /// A TypeScript client by its name; connections.mjs explains the names.
    TypeScript(&'static str),
    /// The Python environment, and the client in it by its name; connections.py explains the names.
    Python(&'static str, &'static str),
    /// The MCP Inspector as a command, and the era it is told to speak.
    Inspector(&'static str),
}

/// Every client and the revision it and the server must agree on.
const CLIENTS: &[(Client, &str)] = &[
    (TypeScript("sdk-1.11"), "2025-03-26"),
    (TypeScript("sdk-1.17"), "2025-06-18"),
    (TypeScript("@modelcontextprotocol/sdk"), "2025-11-25"),
    (TypeScript("client:legacy"), "2025-11-25"),
    (TypeScript("client:auto"), "2026-07-28"),
    (TypeScript("client:2026-07-28"), "2026-07-28"),
    (Python("mcp-1.9.4", "v1"), "2025-03-26"),
    (Python("mcp-1.12.4", "v1"), "2025-06-18"),
    (Python("mcp-1.30.0", "v1"), "2025-11-25"),
    (Python("mcp-2.3.0", "legacy"), "2025-11-25"),
    (Python("mcp-2.3.0", "auto"), "2026-07-28"),
    (Python("mcp-2.3.0", "2026-07-28"), "2026-07-28"),
    (Python("fastmcp-4.1.6", "fastmcp:legacy"), "2025-11-25"),
    (Python("fastmcp-4.1.6", "fastmcp:auto"), "2026-07-28"),
    (TypeScript("sdk-1.7+sse"), "2024-11-05"),
    (TypeScript("@modelcontextprotocol/sdk+sse"), "2025-11-25"),
    (TypeScript("client:legacy+sse"), "2025-11-25"),
    (Python("mcp-1.6.0", "v1+sse"), "2024-11-05"),
    (Python("mcp-1.30.0", "v1+sse"), "2025-11-25"),
    (Python("mcp-2.3.0", "legacy+sse"), "2025-11-25"),
    (Python("fastmcp-4.1.6", "fastmcp:auto+sse"), "2025-11-25"),
    (TypeScript("@modelcontextprotocol/sdk+remote"), "2025-11-25"),
    (
        TypeScript("@modelcontextprotocol/sdk+remote-auto"),
        "2025-11-25",
    ),
    (
        TypeScript("@modelcontextprotocol/sdk+remote-sse"),
        "2025-11-25",
    ),
    (Inspector("legacy"), "2025-11-25"),
    (Inspector("modern"), "2026-07-28"),
];

/// Walks every client through both servers.
pub(crate) fn run(repo: &Repo) -> Result<Verdict> {
    let set_up = TestEnv::ensure(repo)?;
    let mut failures = Vec::new();
    let mut everything = repo.command(repo.everything());
    everything.args(["--listen", "127.0.0.1:0"]);
    failures.extend(against(repo, &set_up, "everything", &mut everything)?);
    let mut bookshop = repo.command(repo.spanway());
    bookshop.args(["serve", "--listen", "127.0.0.1:0"]);
    failures.extend(against(repo, &set_up, "bookshop", &mut bookshop)?);
    if failures.is_empty() {
        Ok(Verdict::Passed)
    } else {
        bail!("{}", failures.join("; "))
    }
}

/// Starts one server, walks every client through it and sees it end well.
fn against(
    repo: &Repo,
    set_up: &TestEnv,
    name: &str,
    program: &mut Command,
) -> Result<Vec<String>> {
    let server = Server::start(program)?;
    let url = server.url(START_DEADLINE)?;
    let mut failures = Vec::new();
    for (client, version) in CLIENTS {
        let mut journey = journey(repo, set_up, client);
        let (client, label) = match client {
            TypeScript(client) => (client, (*client).to_owned()),
            Python(set, client) => (client, format!("{set} {client}")),
            Inspector(era) => (era, format!("inspector {era}")),
        };
        journey.args([name, client, version, &url]);
        if let Err(error) = complaint_free(&mut journey) {
            println!("FAIL  {label} -> {name}: {error:#}");
            failures.push(format!("{label} -> {name}"));
        }
    }
    if !failures.is_empty() {
        println!("--- what {name} printed\n{}", server.log());
    }
    if let Err(error) = server.stop(STOP_DEADLINE) {
        println!("FAIL  {error:#}");
        failures.push(format!("{name} did not end well"));
    }
    Ok(failures)
}

fn journey(repo: &Repo, set_up: &TestEnv, client: &Client) -> Command {
    match client {
        TypeScript(_) => set_up.node(repo, &repo.interop("clients/journey.mjs")),
        Python(set, _) => set_up.python(repo, set, &repo.interop("clients/journey.py")),
        Inspector(_) => set_up.node(repo, &repo.interop("clients/inspector.mjs")),
    }
}

/// A client that prints to stderr met something it did not like.
fn complaint_free(journey: &mut Command) -> Result<()> {
    let output = process::watch(journey, JOURNEY_DEADLINE)?;
    if !output.stderr.trim().is_empty() {
        bail!("the client printed to stderr: {}", output.stderr.trim());
    }
    if !output.success {
        bail!("{}", output.status);
    }
    Ok(())
}
