//! Real documents nobody here wrote: each is served by a mock that validates every request against
//! it, and every operation is called through Spanway by a real client.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::repo::Repo;
use crate::steps::Verdict;
use crate::testenv::TestEnv;

const DRIVE_DEADLINE: Duration = Duration::from_secs(240);

/// Each document with what its security schemes ask for: `SCHEME=command:…`, or a static header.
const DOCUMENTS: &[(&str, &[&str])] = &[
    (
        "petstore-3.0.yaml",
        &[
            "api_key=command:echo letmein",
            "Authorization: Bearer letmein",
        ],
    ),
    (
        "museum-3.1.yaml",
        &["MuseumPlaceholderAuth=command:echo museum:letmein"],
    ),
    (
        "v3.1-tictactoe.yaml",
        &["api-key: letmein", "Authorization: Bearer letmein"],
    ),
    ("v2.0-petstore-expanded.yaml", &[]),
    ("v2.0-uber.yaml", &["apikey=command:echo letmein"]),
    ("v3.0-callback-example.yaml", &[]),
    ("v3.0-link-example.yaml", &[]),
];

/// Drives every document, then lists the tools of all that the folder holds.
pub(crate) fn run(repo: &Repo) -> Result<Verdict> {
    let set_up = TestEnv::ensure(repo)?;
    let folder = repo.data.as_ref().context("no folder with documents")?;
    let folder = folder.join("openapi");
    let mut failures = Vec::new();
    for (document, headers) in DOCUMENTS {
        let path = folder.join(document);
        if let Err(error) = script(repo, &set_up, "openapi/drive.mjs", &path, headers) {
            println!("FAIL  {document}: {error:#}");
            failures.push(*document);
        }
    }
    if let Err(error) = script(repo, &set_up, "openapi/listing.mjs", &folder, &[]) {
        println!("FAIL  spanway tools: {error:#}");
        failures.push("spanway tools");
    }
    if failures.is_empty() {
        Ok(Verdict::Passed)
    } else {
        bail!("{}", failures.join(", "))
    }
}

fn script(repo: &Repo, set_up: &TestEnv, script: &str, path: &Path, more: &[&str]) -> Result<()> {
    let mut command = set_up.node(repo, &repo.interop(script));
    command.arg(repo.spanway()).arg(path).args(more);
    let output = process::watch(&mut command, DRIVE_DEADLINE)?;
    if !output.stderr.trim().is_empty() {
        bail!("printed to stderr: {}", output.stderr.trim());
    }
    if !output.success {
        bail!("{}", output.status);
    }
    Ok(())
}
