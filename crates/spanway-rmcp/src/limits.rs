//! Every bound of hosting, with its default and the reason for it.

use std::time::Duration;

/// What hosting refuses to exceed. A peer is what a handler speaks to its client through: one task of rmcp's
/// and its queues, some 50 KB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostLimits {
    /// Peers at once: one for every call in flight, and those kept between the calls of a session. One call
    /// more is answered 503 with `Retry-After`. Default 4 096, some 200 MB.
    pub peers_max: usize,
    /// Peers kept between calls, one for a session, so that its next call finds one and a handler can go on
    /// using the one it has; beyond that, the one unused for longest is closed. Default 256.
    pub idle_peers_max: usize,
    /// Handlers kept, one for a session, where each session has its own; beyond that, the one unused for
    /// longest is dropped, and its session goes on with a new one. Default 10 000, as many as there may be
    /// sessions by default.
    pub handlers_max: usize,
    /// Handlers that may run on although their call was cancelled; one more is dropped where it stands.
    /// Default 256.
    pub lingering_max: usize,
    /// How long they may; then they are dropped. Default 30 s.
    pub linger: Duration,
}

impl Default for HostLimits {
    fn default() -> Self {
        Self {
            peers_max: 4096,
            idle_peers_max: 256,
            handlers_max: 10_000,
            lingering_max: 256,
            linger: Duration::from_secs(30),
        }
    }
}
