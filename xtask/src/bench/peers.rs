//! The same echo server, written with other libraries: rmcp, built here, and the SDKs of the test set-up where that
//! is there.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{BUILD_DEADLINE, machine};
use crate::process;
use crate::repo::Repo;
use crate::testenv::TestEnv;

const MANIFEST: &str = "bench/peers/Cargo.toml";
const LOCK: &str = "bench/peers/Cargo.lock";
const PYTHON_SET: &str = "mcp-2.3.0";
const TYPESCRIPT: &str = "@modelcontextprotocol/sdk";

/// What `spanway-bench compare` is told of them.
pub(crate) fn flags(repo: &Repo) -> Result<Vec<String>> {
    let mut flags = rmcp(repo)?;
    match TestEnv::found(repo) {
        Some(set_up) => {
            flags.extend(python(repo, &set_up));
            flags.extend(typescript(repo, &set_up)?);
        }
        None => println!("skipped: the SDKs; `cargo xtask test testenv` installs them"),
    }
    Ok(flags)
}

fn rmcp(repo: &Repo) -> Result<Vec<String>> {
    let target = repo.target().join("peers");
    let folder = target
        .to_str()
        .context("the target folder has an odd name")?;
    let arguments = [
        "build",
        "--release",
        "--locked",
        "--manifest-path",
        MANIFEST,
    ];
    let mut build = repo.cargo(&arguments);
    process::run(build.args(["--target-dir", folder]), BUILD_DEADLINE)?;
    let lock = fs::read_to_string(repo.root.join(LOCK))?;
    let version = machine::locked(&lock, "rmcp").context("no rmcp in its lock file")?;
    let modes = [
        ("2026-07-28, JSON", "modern", "json"),
        ("2026-07-28, SSE", "modern", "sse"),
        ("2025-11-25 without a session, JSON", "legacy", "json"),
        ("2025-11-25 session, SSE", "legacy", "session"),
    ];
    let flags = modes.map(|(what, wire, mode)| {
        let program = format!("{folder}/release/peers {mode}");
        flag(&format!("rmcp {version}, {what}"), wire, &program)
    });
    Ok(flags.into())
}

fn python(repo: &Repo, set_up: &TestEnv) -> Vec<String> {
    let program = |form: &str| {
        let mut command = set_up.python(repo, PYTHON_SET, &repo.interop("bench/echo.py"));
        line(command.arg(form))
    };
    let name = format!("Python {}", PYTHON_SET.replace('-', " "));
    let modes = [
        ("2026-07-28, JSON", "modern", "json"),
        ("2025-11-25 session, JSON", "legacy", "json"),
        ("2025-11-25 session, SSE", "legacy", "sse"),
    ];
    let flags =
        modes.map(|(what, wire, form)| flag(&format!("{name}, {what}"), wire, &program(form)));
    flags.into()
}

fn typescript(repo: &Repo, set_up: &TestEnv) -> Result<Vec<String>> {
    let manifest = set_up.npm_file(&format!("{TYPESCRIPT}/package.json"));
    let manifest: Value = serde_json::from_str(&fs::read_to_string(manifest)?)?;
    let version = manifest["version"].as_str().unwrap_or_default();
    let flags = ["json", "sse"].map(|form| {
        let mut command = set_up.node(repo, &repo.interop("bench/echo.mjs"));
        let name = format!(
            "TypeScript sdk {version}, 2025-11-25 session, {}",
            form.to_uppercase()
        );
        flag(&name, "legacy", &line(command.arg(form)))
    });
    Ok(flags.into())
}

fn flag(name: &str, wire: &str, command: &str) -> String {
    format!("--peer={name}={wire}={command}")
}

fn line(command: &Command) -> String {
    let program = std::iter::once(command.get_program());
    let words: Vec<_> = program
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    words.join(" ")
}
