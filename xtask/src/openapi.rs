//! Real documents nobody here wrote: each is served by a mock that validates every request against
//! it, and every operation is called through Spanway by a real client; and apps with the documents they generate.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::repo::Repo;
use crate::steps::Verdict;
use crate::testenv::TestEnv;

/// Of the largest, in which each operation is called twice; it takes a quarter of this on a busy machine.
const DRIVE_DEADLINE: Duration = Duration::from_secs(600);

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
    (
        "openai.yaml",
        &[
            "ApiKeyAuth=command:echo letmein",
            "AdminApiKeyAuth=command:echo letmein",
        ],
    ),
];
/// Apps that generate their own documents.
const APPS: [&str; 3] = ["fastapi", "litestar", "httpbin"];

/// Drives every document and every app, then lists the tools of all that the folder holds.
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
    for app in APPS {
        let python = set_up.apps_python();
        if let Err(error) = script(repo, &set_up, "openapi/apps.mjs", &python, &[app]) {
            println!("FAIL  {app}: {error:#}");
            failures.push(app);
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
