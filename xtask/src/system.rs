//! Programs the test set-up needs from the system, and how a missing one is installed.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::process;

const APT_DEADLINE: Duration = Duration::from_secs(600);
const ANSWER_DEADLINE: Duration = Duration::from_secs(30);

/// The first line a program prints about its version, if it is there and runs.
pub(crate) fn version_of(program: &str) -> Option<String> {
    let output = process::capture(Command::new(program).arg("--version"), ANSWER_DEADLINE).ok()?;
    let line = output.stdout.lines().next().unwrap_or_default().to_owned();
    output.success.then_some(line)
}

/// Makes sure that `present` holds, by installing Debian packages where that is possible.
pub(crate) fn need(what: &str, packages: &[&str], present: impl Fn() -> bool) -> Result<()> {
    if present() {
        return Ok(());
    }
    println!("{what} is missing; installing {}", packages.join(" "));
    if !is_root() || version_of("apt-get").is_none() {
        bail!(
            "{what} is missing and could not be installed: that needs root and apt-get. Install {} yourself",
            packages.join(" ")
        );
    }
    process::run(Command::new("apt-get").args(["update", "-q"]), APT_DEADLINE)?;
    let install = ["install", "-q", "-y", "--no-install-recommends"];
    process::run(
        Command::new("apt-get")
            .args(install)
            .args(packages)
            .env("DEBIAN_FRONTEND", "noninteractive"),
        APT_DEADLINE,
    )?;
    if present() {
        Ok(())
    } else {
        bail!(
            "{what} is still missing after installing {}",
            packages.join(" ")
        )
    }
}

/// A Redis for the tests that start one: of the system, or Debian's.
pub(crate) fn need_redis() -> Result<()> {
    need("redis-server", &["redis-server"], || {
        version_of("redis-server").is_some()
    })
}

fn is_root() -> bool {
    process::capture(Command::new("id").arg("-u"), ANSWER_DEADLINE)
        .is_ok_and(|output| output.stdout.trim() == "0")
}
