//! Every bound of the protocol layer, with its default and the reason for it.

use std::time::Duration;

use crate::rejection::Rejection;

/// What a server refuses to exceed. Full means a clear refusal, never silent loss
/// (ARCHITECTURE.md, invariant 12).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one request body; more is answered 413. Default 4 MiB, as the peers have it.
    pub body_bytes_max: usize,
    /// Levels of nested arrays and objects in a body; more is answered 400. Default 100, under the
    /// 128 at which the JSON reader itself stops.
    pub nesting_max: usize,
    /// Messages in one 2025-03-26 batch; more is answered 400. Default 100.
    pub batch_max: usize,
    /// Live sessions; one more is answered 503 with `Retry-After`. Default 10 000.
    pub sessions_max: usize,
    /// Open GET streams of one session; one more is answered 429. Default 8.
    pub streams_per_session_max: usize,
    /// Open `subscriptions/listen` streams of the endpoint; one more is answered 503 with `Retry-After`.
    /// Default 1 024.
    pub listen_streams_max: usize,
    /// Open connections of the deprecated HTTP+SSE transport, initialized or not; one more is answered 503
    /// with `Retry-After`. Default 1 024.
    pub sse_connections_max: usize,
    /// Resources one listen stream, or one session, may be subscribed to; more is refused. Default 1 000.
    pub subscriptions_max: usize,
    /// Bytes of a URI that is subscribed to; a longer one is refused, since it is kept. Default 2 048.
    pub subscribed_uri_bytes_max: usize,
    /// Requests of one session in flight; one more is answered 429. Default 256.
    pub calls_per_session_max: usize,
    /// Messages one call may have waiting to be written; then the oldest progress is merged and log
    /// messages are counted as dropped. Default 256.
    pub queue_max: usize,
    /// Messages kept of one legacy stream for clients that resume it; then the oldest go, and resuming
    /// before them is answered 410. Default 1 024.
    pub replay_events_max: usize,
    /// Bytes kept of one legacy stream. The newest message is kept however long it is. Default 1 MiB.
    pub replay_stream_bytes_max: usize,
    /// Bytes kept of all legacy streams; then finished streams go, the oldest first. Default 64 MiB.
    pub replay_bytes_max: usize,
    /// How long a finished stream can still be resumed. Default 5 min.
    pub replay_age_max: Duration,
    /// Tasks kept, finished ones included; one more is refused. Default 10 000.
    pub tasks_max: usize,
    /// Tasks of one owner; one more is refused. Default 100.
    pub tasks_per_owner_max: usize,
    /// Bytes of all tasks in the memory store, results included; what takes more is refused, and a result
    /// that does fails its task. Default 256 MiB.
    pub tasks_bytes_max: usize,
    /// States of calls that ask for input that are remembered as used until they expire; one more call that
    /// brings one back is answered 503 with `Retry-After`. Default 100 000.
    pub spent_states_max: usize,
    /// Bytes of the result of a task; a longer one cannot be kept, and the task fails. Default 4 MiB.
    pub task_bytes_max: usize,
    /// How long a body may take to arrive; then 408. Default 30 s.
    pub body_timeout: Duration,
    /// How long a handler may run; then a JSON-RPC error, and the handler is dropped. Default 60 s;
    /// progress restarts the clock up to ten times the value.
    pub call_timeout: Duration,
    /// How long a legacy client may take to answer a question of a handler; then the question is taken back
    /// and the handler is told. The call timeout does not run meanwhile. Default 10 min.
    pub answer_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 4 << 20,
            nesting_max: 100,
            batch_max: 100,
            sessions_max: 10_000,
            streams_per_session_max: 8,
            listen_streams_max: 1024,
            sse_connections_max: 1024,
            subscriptions_max: 1000,
            subscribed_uri_bytes_max: 2048,
            calls_per_session_max: 256,
            queue_max: 256,
            tasks_max: 10_000,
            tasks_per_owner_max: 100,
            tasks_bytes_max: 256 << 20,
            spent_states_max: 100_000,
            task_bytes_max: 4 << 20,
            replay_events_max: 1024,
            replay_stream_bytes_max: 1 << 20,
            replay_bytes_max: 64 << 20,
            replay_age_max: Duration::from_secs(300),
            body_timeout: Duration::from_secs(30),
            call_timeout: Duration::from_secs(60),
            answer_timeout: Duration::from_secs(600),
        }
    }
}

impl Limits {
    /// Refuses a URI that is too long to be remembered (`-32602`).
    pub(crate) fn check_subscribed_uri(&self, uri: &str) -> Result<(), Rejection> {
        let limit = self.subscribed_uri_bytes_max;
        if uri.len() <= limit {
            return Ok(());
        }
        Err(Rejection::InvalidParams {
            detail: format!("a URI of up to {limit} bytes can be subscribed to").into(),
        })
    }
}
