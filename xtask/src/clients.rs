//! Clients nobody here wrote, walked through the two servers a newcomer meets: the fixtures of the
//! `everything` example and the bookshop demo of `spanway serve`.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::process::{self, Server};
use crate::redis::Redis;
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

/// Those that resume streams, each from one node on another.
const RESUMING_CLIENTS: &[(Client, &str)] = &[
    (TypeScript("@modelcontextprotocol/sdk"), "2025-11-25"),
    (TypeScript("client:legacy"), "2025-11-25"),
    (Python("mcp-1.30.0", "v1"), "2025-11-25"),
];
/// Nodes of one server share it.
const STATE_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Walks every client through both servers.
pub(crate) fn run(repo: &Repo) -> Result<Verdict> {
    let set_up = TestEnv::ensure(repo)?;
    let walk = |server, clients| Walk {
        repo,
        set_up: &set_up,
        server,
        clients,
    };
    let mut failures = Vec::new();
    let mut everything = repo.command(repo.everything());
    everything.args(["--listen", "127.0.0.1:0"]);
    failures.extend(against(&walk("everything", CLIENTS), &mut [everything])?);
    let mut bookshop = repo.command(repo.spanway());
    bookshop.args(["serve", "--listen", "127.0.0.1:0"]);
    failures.extend(against(&walk("bookshop", CLIENTS), &mut [bookshop])?);
    let redis = Redis::start()?;
    let node = || {
        let mut node = repo.command(repo.everything());
        node.args(["--listen", "127.0.0.1:0", "--store", &redis.url]);
        node.env("SPANWAY_STATE_KEYS", STATE_KEY);
        node
    };
    failures.extend(against(
        &walk("everything", RESUMING_CLIENTS),
        &mut [node(), node()],
    )?);
    if failures.is_empty() {
        Ok(Verdict::Passed)
    } else {
        bail!("{}", failures.join("; "))
    }
}

/// Which clients are walked through which server.
struct Walk<'a> {
    repo: &'a Repo,
    set_up: &'a TestEnv,
    server: &'a str,
    clients: &'a [(Client, &'a str)],
}

/// Starts the nodes of a server, walks the clients through the first, has them resume on the last, and sees
/// all end well.
fn against(walk: &Walk<'_>, nodes: &mut [Command]) -> Result<Vec<String>> {
    let servers: Vec<_> = nodes.iter_mut().map(Server::start).collect::<Result<_>>()?;
    let urls: Vec<_> = servers
        .iter()
        .map(|it| it.url(START_DEADLINE))
        .collect::<Result<_>>()?;
    let name = match urls.len() {
        1 => walk.server.to_owned(),
        count => format!("{} on {count} nodes", walk.server),
    };
    let mut failures = Vec::new();
    for (client, version) in walk.clients {
        let mut journey = journey(walk.repo, walk.set_up, client);
        let (client, label) = match client {
            TypeScript(client) => (client, (*client).to_owned()),
            Python(set, client) => (client, format!("{set} {client}")),
            Inspector(era) => (era, format!("inspector {era}")),
        };
        journey.args([walk.server, client, version]).args(&urls);
        if let Err(error) = complaint_free(&mut journey) {
            println!("FAIL  {label} -> {name}: {error:#}");
            failures.push(format!("{label} -> {name}"));
        }
    }
    for server in servers {
        if !failures.is_empty() {
            println!("--- what {name} printed\n{}", server.log());
        }
        if let Err(error) = server.stop(STOP_DEADLINE) {
            println!("FAIL  {error:#}");
            failures.push(format!("{name} did not end well"));
        }
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
