//! Clients nobody here wrote, walked through the two servers a newcomer meets: the fixtures of the
//! `everything` example and the bookshop demo of `spanway serve`.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::process::{self, Server};
use crate::repo::Repo;
use crate::steps::Verdict;
use crate::testenv::TestEnv;

const START_DEADLINE: Duration = Duration::from_secs(20);
const JOURNEY_DEADLINE: Duration = Duration::from_secs(180);
const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// How a client is started.
enum Client {
    /// A TypeScript package name, or `client:MODE` for the v2 line.
    TypeScript(&'static str),
    /// The Python environment, and `v1` or the mode of the v2 client.
    Python(&'static str, &'static str),
}

/// Every client and the revision it and the server must agree on.
const CLIENTS: &[(Client, &str)] = &[
    (Client::TypeScript("sdk-1.11"), "2025-03-26"),
    (Client::TypeScript("sdk-1.17"), "2025-06-18"),
    (
        Client::TypeScript("@modelcontextprotocol/sdk"),
        "2025-11-25",
    ),
    (Client::TypeScript("client:legacy"), "2025-11-25"),
    (Client::TypeScript("client:auto"), "2026-07-28"),
    (Client::TypeScript("client:2026-07-28"), "2026-07-28"),
    (Client::Python("mcp-1.9.4", "v1"), "2025-03-26"),
    (Client::Python("mcp-1.12.4", "v1"), "2025-06-18"),
    (Client::Python("mcp-1.30.0", "v1"), "2025-11-25"),
    (Client::Python("mcp-2.3.0", "legacy"), "2025-11-25"),
    (Client::Python("mcp-2.3.0", "auto"), "2026-07-28"),
    (Client::Python("mcp-2.3.0", "2026-07-28"), "2026-07-28"),
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
        let (mode, label) = match client {
            Client::TypeScript(package) => (package, (*package).to_owned()),
            Client::Python(set, mode) => (mode, format!("{set} {mode}")),
        };
        journey.args([name, mode, version, &url]);
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
        Client::TypeScript(_) => set_up.node(repo, &repo.interop("clients/journey.mjs")),
        Client::Python(set, _) => set_up.python(repo, set, &repo.interop("clients/journey.py")),
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
