//! The one place that reads the time; paused with the runtime in tests.

use std::time::{SystemTime, UNIX_EPOCH};

use spanway_protocol::Timestamp;
use tokio::time::Instant;

/// Wall-clock time that moves with the runtime's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    started: Instant,
    started_at: Timestamp,
}

impl spanway_server::Clock for Clock {
    fn now(&self) -> Timestamp {
        Self::now(self)
    }
}

impl Clock {
    /// A clock that starts now.
    pub(crate) fn start() -> Self {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let millis = u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX);
        Self {
            started: Instant::now(),
            started_at: Timestamp::from_millis(millis),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.started_at + self.started.elapsed()
    }

    pub(crate) fn uptime_seconds(&self) -> u64 {
        self.started.elapsed().as_secs()
    }
}
