//! Keeps the connection and the node's lease: looks after both twice a second, and connects again when it has to.

use std::sync::Arc;
use std::time::Duration;

use redis::RedisError;
use redis::aio::MultiplexedConnection;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::error::{Away, Remedy, remedy};
use crate::lease::{Lease, RENEWAL};
use crate::link::{Link, PATIENCE};

/// Between attempts to connect: first, and at most. How fast they grow is part of what `lease::TERM` allows for.
const PAUSE: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Why a connection is of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error(transparent)]
    Redis(#[from] RedisError),
    #[error(transparent)]
    Away(#[from] Away),
}

/// Connects, so that the node has its lease when the connection can be used.
pub(crate) async fn connect(link: &Link, lease: &Lease) -> Result<(), Trouble> {
    let mut connection = link.open().await?;
    renew(lease, &mut connection).await?;
    link.put(connection);
    Ok(())
}

/// Goes on until it is dropped.
pub(crate) async fn keep(link: Arc<Link>, lease: Arc<Lease>) {
    loop {
        let trouble = tokio::select! {
            trouble = renew_while_connected(&link, &lease) => trouble,
            () = link.lost() => None,
        };
        let since = Instant::now();
        tracing::warn!(
            error = trouble
                .as_ref()
                .map(|trouble| trouble as &dyn std::error::Error),
            "the connection to redis is lost"
        );
        reconnect(&link, &lease).await;
        tracing::info!(away = ?since.elapsed(), "the connection to redis is back");
    }
}

/// Renews the lease until that fails in a way that another connection may help against.
async fn renew_while_connected(link: &Link, lease: &Lease) -> Option<Trouble> {
    let mut beat = interval(RENEWAL);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        let (mut connection, epoch) = link.current()?;
        match renew(lease, &mut connection).await {
            Ok(()) => {}
            Err(Trouble::Redis(error)) if remedy(&error) != Remedy::Reconnect => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "this node could not say that it lives"
                );
            }
            Err(trouble) => {
                link.lose(epoch);
                return Some(trouble);
            }
        }
    }
}

async fn reconnect(link: &Link, lease: &Lease) {
    let mut pause = PAUSE;
    let mut told = String::new();
    while let Err(trouble) = connect(link, lease).await {
        // The same trouble each second is told once.
        let text = trouble.to_string();
        if text != told {
            tracing::warn!(
                error = &trouble as &dyn std::error::Error,
                "redis cannot be reached"
            );
            told = text;
        }
        sleep(pause).await;
        pause = PAUSE_MAX.min(pause * 2);
    }
}

async fn renew(lease: &Lease, connection: &mut MultiplexedConnection) -> Result<(), Trouble> {
    match timeout(PATIENCE, lease.renew(connection)).await {
        Ok(renewed) => Ok(renewed?),
        Err(_) => Err(Away::Silent.into()),
    }
}
