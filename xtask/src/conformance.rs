//! The official conformance suite against the `everything` example. What may fail stands, with its
//! reason, in a file of ours; a listed scenario that passes, or that no run knows, fails the step.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::process::{self, Output, Server};
use crate::repo::Repo;
use crate::steps::Verdict;
use crate::testenv::TestEnv;

const START_DEADLINE: Duration = Duration::from_secs(20);
const LEG_DEADLINE: Duration = Duration::from_secs(400);
const STOP_DEADLINE: Duration = Duration::from_secs(20);
const EXPLAINED_CHECKS_MAX: usize = 40;

/// One release of the suite and the ways it is run.
struct Suite {
    package: &'static str,
    /// Our file of failures that are expected of this release.
    expected: &'static str,
    legs: &'static [&'static [&'static str]],
}

const SUITES: &[Suite] = &[
    Suite {
        package: "conformance-0.1",
        expected: "conformance/expected-failures-0.1.yml",
        legs: &[&["--suite", "all"]],
    },
    Suite {
        package: "conformance-0.2",
        expected: "conformance/expected-failures-0.2.yml",
        legs: &[
            &["--requirements", "2025-11-25"],
            &["--requirements", "2026-07-28"],
            &["--suite", "all"],
        ],
    },
];

/// Runs every leg against one server.
pub(crate) fn run(repo: &Repo) -> Result<Verdict> {
    let set_up = TestEnv::ensure(repo)?;
    let mut program = repo.command(repo.everything());
    program.args(["--listen", "127.0.0.1:0"]);
    let server = Server::start(&mut program)?;
    let url = server.url(START_DEADLINE)?;
    let mut failures = Vec::new();
    for suite in SUITES {
        failures.extend(run_suite(repo, &set_up, suite, &url)?);
    }
    if let Err(error) = server.stop(STOP_DEADLINE) {
        failures.push(format!("{error:#}"));
    }
    if failures.is_empty() {
        Ok(Verdict::Passed)
    } else {
        bail!("{}", failures.join("; "))
    }
}

fn run_suite(repo: &Repo, set_up: &TestEnv, suite: &Suite, url: &str) -> Result<Vec<String>> {
    let file = repo.interop(suite.expected);
    let expected = expected_failures(&fs::read_to_string(&file)?)
        .with_context(|| suite.expected.to_owned())?;
    let mut failures = Vec::new();
    let mut known = BTreeSet::new();
    for leg in suite.legs {
        let name = format!("{} {}", suite.package, leg.join(" "));
        println!("\n--- {name}");
        let results = repo
            .target()
            .join("conformance")
            .join(name.replace(' ', "_"));
        if results.exists() {
            fs::remove_dir_all(&results)?;
        }
        let program = format!("{}/dist/index.js", suite.package);
        let mut command = set_up.node(repo, &set_up.npm_file(&program));
        command.args(["server", "--url", url]).args(*leg);
        command
            .arg("--expected-failures")
            .arg(&file)
            .arg("-o")
            .arg(&results);
        let outcome = run_leg(&mut command, &results, &expected);
        match outcome {
            Ok(scenarios) => known.extend(scenarios),
            Err(error) => failures.push(format!("{name}: {error:#}")),
        }
    }
    if failures.is_empty() {
        let unknown = expected.iter().filter(|name| !known.contains(*name));
        failures.extend(unknown.map(|name| format!("{}: no leg ran {name}", suite.expected)));
    }
    Ok(failures)
}

/// Runs one leg, prints its summary and gives the scenarios it ran.
fn run_leg(
    command: &mut Command,
    results: &Path,
    expected: &BTreeSet<String>,
) -> Result<Vec<String>> {
    let output = process::capture(command, LEG_DEADLINE)?;
    print_summary(&output);
    let scenarios: Vec<String> = output.stdout.lines().filter_map(scenario).collect();
    if scenarios.is_empty() {
        bail!(
            "the suite ran no scenario ({}): {}",
            output.status,
            output.stderr
        );
    }
    if !output.success {
        explain(results, expected)?;
        bail!("the suite failed ({})", output.status);
    }
    Ok(scenarios)
}

/// The scenarios by themselves are many; the suite sorts them into expected and not below its total.
fn print_summary(output: &Output) {
    let lines = output.stdout.lines();
    for line in lines.skip_while(|line| !line.starts_with("Total:")) {
        println!("{line}");
    }
}

/// A summary line such as `✓ ping: 1 passed, 0 failed`.
fn scenario(line: &str) -> Option<String> {
    let rest = line.strip_prefix(['✓', '✗'])?;
    let (name, counts) = rest.trim_start().split_once(": ")?;
    let is_summary = counts.contains(" passed, ") && counts.ends_with(" failed");
    is_summary.then(|| name.to_owned())
}

/// Prints every failed check that is not expected, with the suite's own words.
fn explain(results: &Path, expected: &BTreeSet<String>) -> Result<()> {
    let mut shown = 0;
    for entry in fs::read_dir(results)? {
        let folder = entry?.path();
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if expected
            .iter()
            .any(|scenario| name.starts_with(&format!("server-{scenario}-20")))
        {
            continue;
        }
        let Ok(text) = fs::read_to_string(folder.join("checks.json")) else {
            continue;
        };
        let checks: Value = serde_json::from_str(&text)?;
        let failed = checks.as_array().into_iter().flatten();
        for check in failed.filter(|check| check["status"] == "FAILURE") {
            shown += 1;
            if shown <= EXPLAINED_CHECKS_MAX {
                println!("  {name}: {} {}", check["id"], check["errorMessage"]);
            }
        }
    }
    if shown > EXPLAINED_CHECKS_MAX {
        println!("  … and {} more", shown - EXPLAINED_CHECKS_MAX);
    }
    Ok(())
}

/// The scenarios our file lists; each line must say why it may fail.
fn expected_failures(text: &str) -> Result<BTreeSet<String>> {
    let mut scenarios = BTreeSet::new();
    for line in text.lines() {
        let Some(entry) = line.trim_start().strip_prefix("- ") else {
            continue;
        };
        let (name, reason) = entry
            .split_once(" #")
            .with_context(|| format!("{entry} gives no reason"))?;
        if reason.trim().is_empty() {
            bail!("{name} gives no reason");
        }
        let scenario = name.trim().split(':').next().unwrap_or_default();
        if !scenarios.insert(scenario.to_owned()) && !name.contains(':') {
            bail!("{name} is listed twice");
        }
    }
    Ok(scenarios)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_lines_are_told_from_other_lines() {
        let name = Some("ping".to_owned());
        assert_eq!(scenario("✓ ping: 2 passed, 0 failed"), name);
        assert_eq!(scenario("✗ ping: 1 passed, 1 failed"), name);
        assert_eq!(scenario("  ✓ ping"), None);
        assert_eq!(scenario("✓ Server listening: ok"), None);
    }

    #[test]
    fn an_expected_failure_without_a_reason_is_refused() {
        let good = "server:\n  - ping # not built yet\n";
        assert_eq!(expected_failures(good).expect("valid").len(), 1);
        assert!(expected_failures("server:\n  - ping\n").is_err());
        assert!(expected_failures("server:\n  - ping #\n").is_err());
    }
}
