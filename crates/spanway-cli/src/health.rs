//! `spanway health`: whether a server is ready, as its `/readyz` says.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use url::Url;

use crate::cli::HealthCommand;
use crate::client::http_client;
use crate::failure::usage;
use crate::output;

/// Asks, and says so if the server is ready.
///
/// # Errors
/// It is not, or it cannot be reached in time.
pub(crate) async fn run(command: HealthCommand) -> anyhow::Result<ExitCode> {
    let url = usage(readiness(&command.url))?;
    let client = http_client(&url).map_err(anyhow::Error::msg)?;
    let asking = client.get(url).timeout(command.timeout).send();
    let status = match asking.await {
        Ok(answer) => answer.status(),
        Err(error) if error.is_timeout() => bail!("no answer within {:?}", command.timeout),
        Err(_) => bail!("the server cannot be reached"),
    };
    if !status.is_success() {
        bail!("the server is not ready: it answers {status}");
    }
    output::print("ready\n")?;
    Ok(ExitCode::SUCCESS)
}

/// Where the server says whether it is ready.
fn readiness(text: &str) -> anyhow::Result<Url> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.context("URL must be an http or https URL, such as http://127.0.0.1:8000")?;
    Ok(url.join("/readyz")?)
}
