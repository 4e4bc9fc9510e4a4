//! A secret, and where an operator keeps one: a variable, a file, or what a command prints.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

/// Bytes of a secret; more is a mistake.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// Time for a command to print one.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(15);

/// A secret; its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Takes a text as a secret.
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself, to be sent and nothing else.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where the credential for a security scheme is kept.
///
/// It is one text: the key, the token, `user:password` for HTTP basic, `id:secret` for OAuth clients.
/// Spaces and line ends around it do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialSource {
    /// In an environment variable.
    Env(String),
    /// In a file, read for every call, so that it can be replaced.
    File(PathBuf),
    /// What a command line of the shell prints; asked again after five minutes, or when the API refuses it.
    Command(String),
    /// Here.
    Value(Secret),
    /// Nowhere: something between this server and the API adds it.
    Unneeded,
}

/// A text that names no source; it is not repeated, for it may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a credential is env:VARIABLE, file:PATH, command:LINE or none")]
pub struct CredentialSourceError;

/// Why a secret cannot be had; for the operator, and without the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct SecretError(pub(crate) String);

impl FromStr for CredentialSource {
    type Err = CredentialSourceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        match (kind.trim(), rest.trim()) {
            ("none", "") => Ok(Self::Unneeded),
            (_, "") => Err(CredentialSourceError),
            ("env", name) => Ok(Self::Env(name.to_owned())),
            ("file", path) => Ok(Self::File(PathBuf::from(path))),
            ("command", line) => Ok(Self::Command(line.to_owned())),
            _ => Err(CredentialSourceError),
        }
    }
}

impl CredentialSource {
    /// What a source that needs no waiting holds now.
    pub(super) fn read_now(&self) -> Result<Secret, SecretError> {
        match self {
            Self::Env(name) => match std::env::var(name) {
                Ok(text) => secret(&text, &format!("the environment variable {name}")),
                Err(std::env::VarError::NotPresent) => Err(SecretError(format!(
                    "the environment variable {name} is not set"
                ))),
                Err(_) => Err(SecretError(format!("{name} is not UTF-8 text"))),
            },
            Self::File(path) => {
                let shown = path.display();
                let mut text = String::new();
                let read = File::open(path)
                    .and_then(|it| it.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text));
                read.map_err(|error| SecretError(format!("{shown} cannot be read: {error}")))?;
                secret(&text, &shown.to_string())
            }
            Self::Value(value) => Ok(value.clone()),
            Self::Command(_) | Self::Unneeded => Ok(Secret::new("")),
        }
    }
}

/// What a command line prints. What it says on stderr is not kept: it might be the secret.
pub(super) async fn run(line: &str) -> Result<Secret, SecretError> {
    let failed = |why: String| SecretError(format!("the command {why}"));
    let (shell, flag) = if cfg!(windows) {
        ("cmd", "/C")
    } else {
        ("sh", "-c")
    };
    let mut child = Command::new(shell)
        .args([flag, line])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(format!("cannot be started: {error}")))?;
    let mut text = Vec::new();
    let work = async {
        if let Some(stdout) = child.stdout.take() {
            stdout
                .take(SECRET_BYTES_MAX + 1)
                .read_to_end(&mut text)
                .await?;
        }
        child.wait().await
    };
    let status = tokio::time::timeout(COMMAND_TIMEOUT, work)
        .await
        .map_err(|_| failed(format!("took longer than {} s", COMMAND_TIMEOUT.as_secs())))?
        .map_err(|error| failed(format!("failed: {error}")))?;
    if !status.success() {
        return Err(failed(format!("failed: {status}")));
    }
    let text = String::from_utf8(text).map_err(|_| failed("printed no UTF-8 text".to_owned()))?;
    secret(&text, "what the command printed")
}

fn secret(text: &str, place: &str) -> Result<Secret, SecretError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(SecretError(format!("{place} is empty")));
    }
    if u64::try_from(text.len()).is_ok_and(|len| len > SECRET_BYTES_MAX) {
        return Err(SecretError(format!(
            "{place} is longer than {SECRET_BYTES_MAX} bytes"
        )));
    }
    Ok(Secret::new(text))
}
