//! The one test command: which steps there are, in which order, what each needs, and the verdict.
//! Every step runs even after another failed, and the end names each one that did.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::repo::Repo;
use crate::{bench, clients, conformance, faults, openapi, process, system, testenv, tidy};

const BUILD_DEADLINE: Duration = Duration::from_secs(40 * 60);

/// What a step found.
pub(crate) enum Verdict {
    /// All of it was tried and is right.
    Passed,
    /// It could not be tried here, for the reason given.
    NotRun(String),
}

struct Step {
    name: &'static str,
    what: &'static str,
    needs: &'static [&'static str],
    run: fn(&Repo) -> Result<Verdict>,
}

const STEPS: &[Step] = &[
    step("fmt", "the code is formatted", &[], fmt),
    step(
        "tidy",
        "crate edges, file headers, sizes, names",
        &[],
        tidy::run,
    ),
    step("clippy", "no lint warns, in any target", &[], clippy),
    step("unit", "every Rust test and doc test", &[], unit),
    step(
        "fuzz",
        "random inputs, for a short time a target",
        &[],
        fuzz,
    ),
    step(
        "doc",
        "the documentation builds without a warning",
        &[],
        doc,
    ),
    step(
        "data",
        "official schemas and real documents are at hand",
        &[],
        data,
    ),
    step(
        "build",
        "release builds of spanway, the everything example, the fault tests and the bench",
        &[],
        build,
    ),
    step(
        "budgets",
        "nothing takes more instructions than recorded, nor the program more bytes than allowed",
        &["build"],
        bench::budgets,
    ),
    step(
        "faults",
        "nothing is lost when connections break and servers die",
        &["build"],
        faults::run,
    ),
    step(
        "testenv",
        "Redis, Node, npm packages and Python clients are installed",
        &[],
        set_up,
    ),
    step(
        "clients",
        "clients nobody here wrote",
        &["build", "testenv"],
        clients::run,
    ),
    step(
        "conformance",
        "the official conformance suite",
        &["build", "testenv"],
        conformance::run,
    ),
    step(
        "openapi",
        "real documents behind a validating upstream",
        &["build", "testenv", "data"],
        openapi::run,
    ),
];

const fn step(
    name: &'static str,
    what: &'static str,
    needs: &'static [&'static str],
    run: fn(&Repo) -> Result<Verdict>,
) -> Step {
    Step {
        name,
        what,
        needs,
        run,
    }
}

/// How one step ended.
enum Ending {
    Passed,
    NotRun(String),
    Failed(String),
}

struct Line {
    name: &'static str,
    took: Duration,
    ending: Ending,
}

/// Prints the steps, in order.
pub(crate) fn list() {
    for step in STEPS {
        println!("{:<12} {}", step.name, step.what);
    }
}

/// Runs the named steps and what they need, or all of them; `false` if any failed.
pub(crate) fn run(names: &[&str]) -> Result<bool> {
    let chosen = choose(names)?;
    let repo = Repo::find()?;
    let mut lines = Vec::new();
    for step in chosen {
        println!("\n=== {}: {}", step.name, step.what);
        let began = Instant::now();
        let ending = attempt(&repo, step, &lines);
        let took = began.elapsed();
        match &ending {
            Ending::Passed => println!("=== {} passed in {:.1} s", step.name, took.as_secs_f64()),
            Ending::NotRun(reason) => println!("=== {} NOT RUN: {reason}", step.name),
            Ending::Failed(reason) => println!("=== {} FAILED: {reason}", step.name),
        }
        lines.push(Line {
            name: step.name,
            took,
            ending,
        });
    }
    Ok(summary(&lines))
}

fn choose(names: &[&str]) -> Result<Vec<&'static Step>> {
    let mut wanted: Vec<&str> = Vec::new();
    for name in names {
        let step = STEPS
            .iter()
            .find(|step| step.name == *name)
            .with_context(|| format!("there is no step {name}; see cargo xtask test --list"))?;
        wanted.extend(step.needs);
        wanted.push(step.name);
    }
    let all = names.is_empty();
    Ok(STEPS
        .iter()
        .filter(|step| all || wanted.contains(&step.name))
        .collect())
}

/// Runs a step unless something it needs is not there. In CI nothing may stay unproved.
fn attempt(repo: &Repo, step: &Step, before: &[Line]) -> Ending {
    for line in before.iter().filter(|line| step.needs.contains(&line.name)) {
        match &line.ending {
            Ending::Passed => {}
            Ending::NotRun(reason) => return Ending::NotRun(format!("{}: {reason}", line.name)),
            Ending::Failed(_) => return Ending::Failed(format!("{} failed", line.name)),
        }
    }
    match (step.run)(repo) {
        Ok(Verdict::Passed) => Ending::Passed,
        Ok(Verdict::NotRun(reason)) if repo.ci => Ending::Failed(reason),
        Ok(Verdict::NotRun(reason)) => Ending::NotRun(reason),
        Err(error) => Ending::Failed(format!("{error:#}")),
    }
}

/// Prints a table of all steps and the closing count.
fn summary(lines: &[Line]) -> bool {
    println!("\n=== summary");
    let (mut passed, mut failed, mut not_run) = (0, 0, 0);
    for line in lines {
        let (word, reason) = match &line.ending {
            Ending::Passed => ("passed", String::new()),
            Ending::NotRun(reason) => ("NOT RUN", format!(": {reason}")),
            Ending::Failed(reason) => ("FAILED", format!(": {}", first_line(reason))),
        };
        match &line.ending {
            Ending::Passed => passed += 1,
            Ending::NotRun(_) => not_run += 1,
            Ending::Failed(_) => failed += 1,
        }
        println!(
            "{:<12} {:>7.1} s  {word}{reason}",
            line.name,
            line.took.as_secs_f64()
        );
    }
    println!("steps: {passed} passed, {failed} failed, {not_run} skipped");
    failed == 0
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn cargo(repo: &Repo, arguments: &[&str]) -> Result<Verdict> {
    process::run(&mut repo.cargo(arguments), BUILD_DEADLINE)?;
    Ok(Verdict::Passed)
}

fn fmt(repo: &Repo) -> Result<Verdict> {
    cargo(repo, &["fmt", "--all", "--check"])
}

fn clippy(repo: &Repo) -> Result<Verdict> {
    let lints = ["--", "-D", "warnings"];
    let targets = ["clippy", "--workspace", "--all-targets", "--keep-going"];
    cargo(repo, &[&targets[..], &lints[..]].concat())
}

/// Doc tests are tried even if a test failed: one run tells all. Without a Redis the tests that need one fail,
/// and say so.
fn unit(repo: &Repo) -> Result<Verdict> {
    if let Err(error) = system::need_redis() {
        println!("{error:#}");
    }
    let tests = if has_nextest(repo) {
        cargo(repo, &["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        println!("cargo-nextest could not be installed; using cargo test");
        cargo(
            repo,
            &["test", "--workspace", "--all-targets", "--no-fail-fast"],
        )
    };
    let doc_tests = cargo(repo, &["test", "--doc", "--workspace", "--no-fail-fast"]);
    tests?;
    doc_tests
}

fn has_nextest(repo: &Repo) -> bool {
    let there = || system::version_of("cargo-nextest").is_some();
    if there() {
        return true;
    }
    let install = ["install", "cargo-nextest", "--locked"];
    process::run(&mut repo.cargo(&install), BUILD_DEADLINE).is_ok() && there()
}

/// Each target for `SPANWAY_FUZZ_SECONDS`; what is found is printed with the command that finds it again.
fn fuzz(repo: &Repo) -> Result<Verdict> {
    cargo(repo, &["run", "-p", "spanway-fuzz"])
}

fn doc(repo: &Repo) -> Result<Verdict> {
    let mut command = repo.cargo(&["doc", "--workspace", "--no-deps", "--lib", "--keep-going"]);
    process::run(command.env("RUSTDOCFLAGS", "-D warnings"), BUILD_DEADLINE)?;
    Ok(Verdict::Passed)
}

fn data(repo: &Repo) -> Result<Verdict> {
    let Some(folder) = &repo.data else {
        return Ok(Verdict::NotRun(
            "no folder with official schemas and real OpenAPI documents; set SPANWAY_SPEC_DATA"
                .to_owned(),
        ));
    };
    println!("SPANWAY_SPEC_DATA is {}", folder.display());
    for part in ["schema", "openapi"] {
        if !folder.join(part).is_dir() {
            bail!("{} has no folder {part}", folder.display());
        }
    }
    Ok(Verdict::Passed)
}

/// One command for all: apart, cargo would resolve features twice and compile our crates twice.
fn build(repo: &Repo) -> Result<Verdict> {
    let mut arguments = vec!["build", "--release", "-p", "spanway"];
    for package in ["spanway-cli", "spanway-faults", "spanway-bench"] {
        arguments.extend(["-p", package]);
    }
    for program in ["spanway", "spanway-faults", "spanway-bench"] {
        arguments.extend(["--bin", program]);
    }
    arguments.extend(["--example", "everything"]);
    cargo(repo, &arguments)
}

fn set_up(repo: &Repo) -> Result<Verdict> {
    testenv::TestEnv::ensure(repo)?;
    Ok(Verdict::Passed)
}
