//! The time that sessions, tasks and sealed states go by; paused with the runtime in tests.

use std::time::{SystemTime, UNIX_EPOCH};

use spanway_protocol::Timestamp;
use tokio::time::Instant;

/// Tells the time of the wall, and moves with the clock of the runtime.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    at: Timestamp,
    /// Since when it runs; never, if it stands still.
    since: Option<Instant>,
}

impl Clock {
    /// A clock that starts now, at the time of the system. It does not follow when that is set anew.
    #[must_use]
    pub fn start() -> Self {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let millis = u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX);
        Self {
            at: Timestamp::from_millis(millis),
            since: Some(Instant::now()),
        }
    }

    /// A clock that stands still; for tests.
    #[must_use]
    pub fn stopped(at: Timestamp) -> Self {
        Self { at, since: None }
    }

    /// Now, by this clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self.since {
            Some(since) => self.at + since.elapsed(),
            None => self.at,
        }
    }

    /// For how many whole seconds it has run; none, if it stands still.
    #[must_use]
    pub fn uptime_seconds(&self) -> u64 {
        self.since.map_or(0, |since| since.elapsed().as_secs())
    }
}
