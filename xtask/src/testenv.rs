//! The test set-up: a `redis-server` in the system, and in `.testenv/` a Node that is new enough, the npm
//! packages and one Python environment per release of the Python client. Each part is made once and kept until its
//! manifest changes; a stamp beside it holds the manifest it was made from.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::repo::Repo;
use crate::system;

const INSTALL_DEADLINE: Duration = Duration::from_secs(600);
const NODE_MAJOR_MIN: u32 = 22;
/// The Node installed where the system's is older.
const NODE_PACKAGE: &str = "node@22.23.3";
/// The releases of the Python clients, one requirements file each.
const PYTHON_SETS: [&str; 6] = [
    "mcp-1.6.0",
    "mcp-1.9.4",
    "mcp-1.12.4",
    "mcp-1.30.0",
    "mcp-2.3.0",
    "fastmcp-4.1.6",
];

/// Holds the manifest that its folder was made from.
const STAMP: &str = ".made-from";
/// Of the set-up, where the system's is too old.
const NODE: &str = "node/node_modules/.bin/node";

/// Servers in Python, all in one environment.
const APPS: &str = "apps";

/// The set-up, ready to use.
pub(crate) struct TestEnv {
    root: PathBuf,
    node: PathBuf,
}

impl TestEnv {
    /// Makes what is missing or out of date.
    pub(crate) fn ensure(repo: &Repo) -> Result<Self> {
        let root = repo.root.join(".testenv");
        fs::create_dir_all(&root)?;
        system::need_redis()?;
        system::need("npm", &["nodejs", "npm"], || {
            system::version_of("npm").is_some()
        })?;
        let node = node(&root)?;
        npm_packages(repo, &root)?;
        for set in PYTHON_SETS.into_iter().chain([APPS]) {
            python(repo, &root, set)?;
        }
        Ok(Self { root, node })
    }

    /// The set-up as it stands, if it was made before.
    pub(crate) fn found(repo: &Repo) -> Option<Self> {
        let root = repo.root.join(".testenv");
        let made = |part: &str| root.join(part).join(STAMP).is_file();
        if !PYTHON_SETS.into_iter().chain(["npm"]).all(made) {
            return None;
        }
        let own = root.join(NODE);
        let node = if own.exists() { own } else { "node".into() };
        Some(Self { root, node })
    }

    /// A Node script.
    pub(crate) fn node(&self, repo: &Repo, script: &Path) -> Command {
        let mut command = repo.command(&self.node);
        command.arg(script);
        // Scripts that start programs of their own find the same Node first.
        let own = self
            .node
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let mut paths: Vec<PathBuf> = own.map(PathBuf::from).into_iter().collect();
        paths.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        if let Ok(joined) = env::join_paths(paths) {
            command.env("PATH", joined);
        }
        command
    }

    /// A Python script under one release of the client.
    pub(crate) fn python(&self, repo: &Repo, set: &str, script: &Path) -> Command {
        let mut command = repo.command(self.root.join(set).join("bin/python"));
        // No bytecode beside the scripts, and every line as it is printed.
        command.args(["-B", "-u"]).arg(script);
        command
    }

    /// The interpreter that has the servers in Python.
    pub(crate) fn apps_python(&self) -> PathBuf {
        self.root.join(APPS).join("bin/python")
    }

    /// A file inside an installed npm package.
    pub(crate) fn npm_file(&self, path: &str) -> PathBuf {
        self.root.join("npm/node_modules").join(path)
    }
}

/// The system's Node if it is new enough, else one from the npm registry.
fn node(root: &Path) -> Result<PathBuf> {
    if system::version_of("node").is_some_and(|version| major(&version) >= NODE_MAJOR_MIN) {
        return Ok(PathBuf::from("node"));
    }
    let folder = root.join("node");
    let node = root.join(NODE);
    made_from(&folder, NODE_PACKAGE, || {
        fs::write(folder.join("package.json"), "{\"private\":true}\n")?;
        process::run(
            npm(&folder).args(["install", "--no-package-lock", NODE_PACKAGE]),
            INSTALL_DEADLINE,
        )?;
        let version = system::version_of(&node.to_string_lossy()).unwrap_or_default();
        if major(&version) < NODE_MAJOR_MIN {
            bail!("{NODE_PACKAGE} was installed but does not run (it says {version:?})");
        }
        Ok(())
    })?;
    Ok(node)
}

fn npm_packages(repo: &Repo, root: &Path) -> Result<()> {
    let manifest = fs::read_to_string(repo.interop("package.json"))?;
    let folder = root.join("npm");
    made_from(&folder, &manifest, || {
        fs::write(folder.join("package.json"), &manifest)?;
        // None of these packages needs its install script to work.
        process::run(
            npm(&folder).args(["install", "--no-package-lock", "--ignore-scripts"]),
            INSTALL_DEADLINE,
        )
    })?;
    link_modules(repo, &folder.join("node_modules"))
}

/// Node looks for packages beside the script and above it, so the scripts get a link.
#[cfg(unix)]
fn link_modules(repo: &Repo, modules: &Path) -> Result<()> {
    let link = repo.interop("node_modules");
    if fs::read_link(&link).is_ok_and(|target| target == modules) {
        return Ok(());
    }
    if fs::symlink_metadata(&link).is_ok() {
        fs::remove_file(&link).with_context(|| format!("{} is in the way", link.display()))?;
    }
    std::os::unix::fs::symlink(modules, &link)?;
    Ok(())
}

#[cfg(not(unix))]
fn link_modules(_repo: &Repo, _modules: &Path) -> Result<()> {
    bail!("the tests with other people's programs run on Unix only")
}

fn python(repo: &Repo, root: &Path, set: &str) -> Result<()> {
    let requirements = repo.interop("requirements").join(format!("{set}.txt"));
    system::need("python3", &["python3", "python3-venv"], || {
        system::version_of("python3").is_some()
    })?;
    let version = system::version_of("python3").unwrap_or_default();
    let manifest = format!("{version}\n{}", fs::read_to_string(&requirements)?);
    let folder = root.join(set);
    made_from(&folder, &manifest, || {
        let venv = || {
            process::run(
                Command::new("python3").args(["-m", "venv"]).arg(&folder),
                INSTALL_DEADLINE,
            )
        };
        if venv().is_err() {
            // Debian splits this module off into a package of its own.
            system::need("python3 -m venv", &["python3-venv"], || venv().is_ok())?;
        }
        let pip = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
        ];
        process::run(
            Command::new(folder.join("bin/python"))
                .args(pip)
                .arg(&requirements),
            INSTALL_DEADLINE,
        )
    })
}

/// Empties the folder and makes it anew unless its stamp says it was made from this manifest.
fn made_from(folder: &Path, manifest: &str, make: impl FnOnce() -> Result<()>) -> Result<()> {
    let stamp = folder.join(STAMP);
    if fs::read_to_string(&stamp).is_ok_and(|made| made == manifest) {
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    make().with_context(|| format!("could not set up {}", folder.display()))?;
    fs::write(&stamp, manifest)?;
    Ok(())
}

fn npm(folder: &Path) -> Command {
    let mut command = Command::new("npm");
    command
        .current_dir(folder)
        .args(["--no-audit", "--no-fund", "--loglevel=error"]);
    command
}

/// `22` of `v22.23.3`; 0 if it is no version.
fn major(version: &str) -> u32 {
    version
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}
