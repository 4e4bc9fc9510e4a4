//! What a table was measured on: the day, the machine and the versions, and nothing that names the machine.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::repo::Repo;
use crate::system;

const DEADLINE: Duration = Duration::from_secs(30);
const LIBRARIES: [&str; 4] = ["hyper", "tokio", "serde_json", "axum"];

/// The beginning of the report.
pub(crate) fn heading(repo: &Repo) -> Result<String> {
    let cores = thread::available_parallelism()?;
    let day = said(Command::new("date").args(["-u", "+%Y-%m-%d"]))?;
    let kernel = said(Command::new("uname").args(["-s", "-r", "-m"]))?;
    let commit = said(repo.command("git").args(["rev-parse", "--short", "HEAD"]))?;
    let rustc = system::version_of("rustc").context("there is no rustc")?;
    let lock = fs::read_to_string(repo.root.join("Cargo.lock"))?;
    let libraries: Vec<String> = LIBRARIES
        .iter()
        .filter_map(|name| Some(format!("{name} {}", locked(&lock, name)?)))
        .collect();
    let redis = system::version_of("redis-server").unwrap_or_else(|| "no Redis".to_owned());
    // Its build is nobody's business.
    let redis = redis.split(" sha=").next().unwrap_or_default();
    Ok(format!(
        "# Benchmarks\n\n\
         Written by `cargo xtask bench`; [performance.md](performance.md) says how each figure is measured and what \
         it means.\n\n\
         | | |\n|---|---|\n\
         | date | {day}, commit {commit} |\n\
         | machine | {cores} cores{}, {kernel} |\n\
         | versions | {rustc}; {}; {redis} |\n",
        processor(),
        libraries.join(", "),
    ))
}

/// The version of a library in a lock file.
pub(crate) fn locked<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    after.split('"').next()
}

fn said(command: &mut Command) -> Result<String> {
    let output = process::capture(command, DEADLINE)?;
    if !output.success {
        bail!("{}", output.stderr.trim());
    }
    Ok(output.stdout.trim().to_owned())
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    let model = line.and_then(|line| line.split_once(':'));
    model.map_or_else(String::new, |(_, model)| format!(" of {}", model.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_by_the_whole_name() {
        let lock = "name = \"hyper-util\"\nversion = \"0.1.21\"\n\nname = \"hyper\"\nversion = \"1.12.0\"\n";
        assert_eq!(locked(lock, "hyper"), Some("1.12.0"));
        assert_eq!(locked(lock, "axum"), None);
    }
}
