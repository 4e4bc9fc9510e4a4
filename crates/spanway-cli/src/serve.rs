//! Serves until told to stop, then drains: bind, announce, serve, drain.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;

use anyhow::Context as _;
use spanway::McpService;
use spanway::http::{App, Drained};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::config::ServerConfig;
use crate::output;
use crate::shutdown::Signals;

/// Serves `service`. `announcement` is printed above the snippets.
///
/// # Errors
/// The address cannot be listened on, or stdout not written to.
pub(crate) async fn run(
    config: ServerConfig,
    service: impl McpService,
    announcement: &str,
) -> anyhow::Result<()> {
    let signals = Signals::listen().context("signals cannot be listened for")?;
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|error| explain(config.listen, &error))?;
    let address = listener.local_addr().context("the address is not known")?;
    let url = format!("http://{}{}", reachable(address), config.path);
    let name = service.info().implementation.name.clone();
    let snippets = output::snippets(&name, &url, config.wants_token());
    let (options, path) = (config.options.clone(), config.path.clone());
    let app = App::new(config.endpoint(service).await?, &path);
    output::print(&format!("{announcement}\n{snippets}\nListening on {url}\n"))?;
    tracing::info!(%address, "serving");
    let (drain, draining) = oneshot::channel::<()>();
    // The sender is only ever dropped, which is the sign to stop.
    let stop = async move { drop(draining.await) };
    until_stopped(
        spanway::http::serve(listener, app, options, stop),
        drain,
        signals,
    )
    .await?;
    Ok(())
}

/// Serves until the first signal, drains until the end, the deadline or a second signal.
async fn until_stopped(
    serving: impl Future<Output = io::Result<Drained>>,
    drain: oneshot::Sender<()>,
    mut signals: Signals,
) -> io::Result<()> {
    let mut serving = pin!(serving);
    tokio::select! {
        ended = &mut serving => return ended.map(report),
        () = signals.next() => tracing::info!("stopping; a second signal stops at once"),
    }
    drop(drain);
    tokio::select! {
        ended = &mut serving => ended.map(report),
        () = signals.next() => {
            tracing::warn!("stopped at once; calls in flight were given up");
            Ok(())
        }
    }
}

fn report(drained: Drained) {
    match drained {
        Drained::Complete => tracing::info!("stopped; every call came to its end"),
        _ => tracing::warn!("stopped; the drain deadline passed before every call came to its end"),
    }
}

/// The address as a client on this machine writes it.
fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("localhost:{}", address.port())
    } else {
        address.to_string()
    }
}

fn explain(address: SocketAddr, error: &io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "{address} is in use by another program; stop it, or choose another address with --listen"
        ),
        io::ErrorKind::PermissionDenied => {
            anyhow::anyhow!("not allowed to listen on {address}; ports below 1024 need privileges")
        }
        io::ErrorKind::AddrNotAvailable => {
            anyhow::anyhow!("{address} is no address of this machine")
        }
        _ => anyhow::anyhow!("cannot listen on {address}: {error}"),
    }
}
