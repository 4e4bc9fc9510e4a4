//! Where things are: the root of the repository, the build's output, the test set-up and the
//! folder with other people's schemas and documents.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::process;

const METADATA_DEADLINE: Duration = Duration::from_secs(120);

/// The repository this command was started in.
pub(crate) struct Repo {
    /// The workspace root.
    pub(crate) root: PathBuf,
    /// What `cargo metadata --no-deps` printed.
    pub(crate) metadata: Value,
    /// Official JSON schemas and real OpenAPI documents, where the machine has them.
    pub(crate) data: Option<PathBuf>,
    /// Whether this is the run that decides: then nothing may stay unproved.
    pub(crate) ci: bool,
}

impl Repo {
    /// Reads the workspace and the environment.
    pub(crate) fn find() -> Result<Self> {
        let output = process::capture(
            cargo().args(["metadata", "--no-deps", "--format-version", "1"]),
            METADATA_DEADLINE,
        )?;
        if !output.success {
            bail!("cargo metadata failed: {}", output.stderr);
        }
        let metadata: Value = serde_json::from_str(&output.stdout)?;
        let root = metadata["workspace_root"]
            .as_str()
            .context("cargo metadata names no workspace root")?;
        let root = PathBuf::from(root);
        let data = data_folder(&root);
        let ci = env::var("CI").is_ok_and(|value| value == "true");
        Ok(Self {
            root,
            metadata,
            data,
            ci,
        })
    }

    /// The folder cargo builds into.
    pub(crate) fn target(&self) -> PathBuf {
        self.metadata["target_directory"]
            .as_str()
            .map_or_else(|| self.root.join("target"), PathBuf::from)
    }

    /// The release build of the `spanway` program.
    pub(crate) fn spanway(&self) -> PathBuf {
        self.target().join("release").join("spanway")
    }

    /// The release build of the fault tests.
    pub(crate) fn faults(&self) -> PathBuf {
        self.target().join("release").join("spanway-faults")
    }

    /// The release build of the example with the official suite's fixtures.
    pub(crate) fn everything(&self) -> PathBuf {
        self.target()
            .join("release")
            .join("examples")
            .join("everything")
    }

    /// A file or folder of the tests with other people's programs.
    pub(crate) fn interop(&self, path: &str) -> PathBuf {
        self.root.join("tests").join("interop").join(path)
    }

    /// A command that runs in the root and is told where the documents are.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).env("NO_COLOR", "1");
        if let Some(data) = &self.data {
            command.env("SPANWAY_SPEC_DATA", data);
        }
        command
    }

    /// A cargo command in the root.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(cargo().get_program());
        command.args(arguments);
        command
    }
}

/// The cargo that runs us, so that the toolchain stays the same.
fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// `SPANWAY_SPEC_DATA`, or `shared/data` beside the repository.
fn data_folder(root: &Path) -> Option<PathBuf> {
    let given = env::var_os("SPANWAY_SPEC_DATA").map(PathBuf::from);
    let beside = || root.parent().map(|parent| parent.join("shared/data"));
    given.or_else(beside).filter(|folder| folder.is_dir())
}
