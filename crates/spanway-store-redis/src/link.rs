//! The one connection that carries all commands, for as long as there is one. Commands of everybody share its
//! round trips; none of them blocks.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, FromRedisValue, RedisResult, Value};
use spanway_store::StoreError;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use crate::error::{Away, Remedy, remedy, unavailable};
use crate::scripts::Request;

/// How long Redis may take to answer, or to let us in.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
/// How long an append to a log is tried.
const PATIENCE_OF_APPENDS: Duration = Duration::from_secs(30);
/// Between attempts: first, and at most.
const PAUSE: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// Commands that wait to be written; more wait for those.
const QUEUE: usize = 1024;

/// How often something may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Once: it must not happen twice.
    Once,
    /// For [`PATIENCE`], and not at all where Redis has been away that long.
    Short,
    /// For [`PATIENCE_OF_APPENDS`].
    Long,
}

/// The connection, or since when there is none.
pub(crate) struct Link {
    client: Client,
    state: watch::Sender<State>,
}

struct State {
    connection: Option<MultiplexedConnection>,
    /// Counts connections, so that one that failed is not confused with its successor.
    epoch: u64,
    away_since: Instant,
}

impl Link {
    /// No connection yet.
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            state: watch::Sender::new(State {
                connection: None,
                epoch: 0,
                away_since: Instant::now(),
            }),
        }
    }

    /// Opens a connection, which is not used before it is [put in](Self::put).
    pub(crate) async fn open(&self) -> RedisResult<MultiplexedConnection> {
        // The time an answer may take is watched in `ask`, where it is known what is asked.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(None)
            .set_pipeline_buffer_size(QUEUE);
        self.client
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }

    pub(crate) fn put(&self, connection: MultiplexedConnection) {
        self.state.send_modify(|state| {
            state.connection = Some(connection);
            state.epoch += 1;
        });
    }

    /// Notes that the connection of this epoch is of no use.
    pub(crate) fn lose(&self, epoch: u64) {
        self.state.send_if_modified(|state| {
            let is_news = state.epoch == epoch && state.connection.is_some();
            if is_news {
                state.connection = None;
                state.away_since = Instant::now();
            }
            is_news
        });
    }

    /// Waits until there is no connection.
    pub(crate) async fn lost(&self) {
        let mut states = self.state.subscribe();
        // Fails only if the sender is gone, which is `self`.
        let _ = states.wait_for(|state| state.connection.is_none()).await;
    }

    /// Waits until there is a later connection than that of this epoch, and gives its epoch.
    pub(crate) async fn later_than(&self, epoch: u64) -> u64 {
        let mut states = self.state.subscribe();
        // Fails only if the sender is gone, which is `self`.
        let later = states.wait_for(|state| state.epoch > epoch).await;
        later.map_or(epoch, |state| state.epoch)
    }

    pub(crate) fn current(&self) -> Option<(MultiplexedConnection, u64)> {
        let state = self.state.borrow();
        Some((state.connection.clone()?, state.epoch))
    }

    /// Asks Redis and reads the answer.
    pub(crate) async fn ask<T: FromRedisValue>(
        &self,
        request: &Request,
        patience: Patience,
    ) -> Result<T, StoreError> {
        let value = self.ask_raw(request, patience).await?;
        let what = "an answer of redis";
        T::from_redis_value(value).map_err(|_| StoreError::Unreadable { what })
    }

    async fn ask_raw(&self, request: &Request, patience: Patience) -> Result<Value, StoreError> {
        let deadline = Instant::now()
            + match patience {
                Patience::Long => PATIENCE_OF_APPENDS,
                _ => PATIENCE,
            };
        let mut pause = PAUSE;
        loop {
            let (mut connection, epoch) = self.connection(deadline, patience).await?;
            let by = deadline.min(Instant::now() + PATIENCE);
            let error = match timeout_at(by, request.send(&mut connection)).await {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(error)) => {
                    let remedy = remedy(&error);
                    if remedy == Remedy::Reconnect {
                        self.lose(epoch);
                    }
                    if remedy == Remedy::None {
                        return Err(unavailable(error));
                    }
                    unavailable(error)
                }
                Err(_) => unavailable(Away::Silent),
            };
            if patience == Patience::Once || Instant::now() + pause >= deadline {
                return Err(error);
            }
            sleep(pause).await;
            pause = PAUSE_MAX.min(pause * 2);
        }
    }

    /// The connection, as soon as there is one.
    async fn connection(
        &self,
        deadline: Instant,
        patience: Patience,
    ) -> Result<(MultiplexedConnection, u64), StoreError> {
        if let Some(current) = self.current() {
            return Ok(current);
        }
        let mut states = self.state.subscribe();
        loop {
            let by = {
                let state = states.borrow_and_update();
                if let Some(connection) = &state.connection {
                    return Ok((connection.clone(), state.epoch));
                }
                match patience {
                    Patience::Long => deadline,
                    _ => deadline.min(state.away_since + PATIENCE),
                }
            };
            if !matches!(timeout_at(by, states.changed()).await, Ok(Ok(()))) {
                return Err(unavailable(Away::Unconnected));
            }
        }
    }
}
