//! What a handler knows of its call besides the arguments, and how it speaks before its result.

mod input;
mod outbox;
mod task;

pub use input::ClientRequests;
pub(crate) use task::{Footing, News};

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use http::{Extensions, HeaderMap};
use serde_json::Value;
use spanway_protocol::schema::{
    ClientCapabilities, Implementation, LogMessage, LoggingLevel, Progress, ProgressToken,
};
use spanway_protocol::{Call, Client, Emission, HeaderRules, ProtocolVersion};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::input::{Binding, Round, SpentStates};
use crate::principal::Principal;
use crate::task::{Reached, Seat, Tasks};
use outbox::Outbox;

/// The surroundings of one call. Cheap to clone; clones stand for the same call.
#[derive(Clone)]
pub struct Context {
    inner: Arc<Inner>,
}

struct Inner {
    version: ProtocolVersion,
    client: Client,
    progress_token: Option<ProgressToken>,
    log_level: Option<LoggingLevel>,
    origin: Origin,
    outbox: Outbox,
    cancelled: AtomicBool,
    token: OnceLock<CancellationToken>,
    /// Set where the call may ask the client.
    binding: OnceLock<Binding>,
    /// Set once it does, or came back with answers.
    round: OnceLock<Box<Round>>,
    disconnected: AtomicBool,
    /// Whether it waits for something that has a time of its own.
    unhurried: AtomicBool,
    /// Set where the handler is a task, or may become one.
    seat: Option<Arc<Seat>>,
}

/// Where a call came from, as the transport saw it.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Origin {
    /// Who calls.
    pub principal: Option<Principal>,
    /// The session, in revisions that have sessions.
    pub session: Option<Box<str>>,
    /// The headers of the HTTP request.
    pub headers: HeaderMap,
    /// What layers before the endpoint left for the handler.
    pub extensions: Extensions,
    /// The transport's clock; if there is none, the system is asked for the time whenever it matters.
    pub clock: Option<Clock>,
    /// How the headers are judged where the specification leaves it open.
    pub header_rules: HeaderRules,
    /// Whether the client can be sent requests.
    pub client_requests: ClientRequests,
    /// Where it is remembered that the state a call came with is used. Without it a state can be used again
    /// until it expires.
    pub spent_states: Option<Arc<dyn SpentStates>>,
    /// Where tasks are kept, as [`McpService::keep_tasks`](crate::McpService::keep_tasks) gave it.
    pub tasks: Option<Tasks>,
}

impl Inner {
    fn new(version: ProtocolVersion, client: Client, origin: Origin, queue_max: usize) -> Self {
        Self {
            version,
            client,
            progress_token: None,
            log_level: None,
            origin,
            outbox: Outbox::new(queue_max),
            cancelled: AtomicBool::new(false),
            token: OnceLock::new(),
            binding: OnceLock::new(),
            round: OnceLock::new(),
            disconnected: AtomicBool::new(false),
            unhurried: AtomicBool::new(false),
            seat: None,
        }
    }
}

impl Context {
    /// The context of `call`; for transports. Up to `queue_max` messages wait to be written.
    #[must_use]
    pub fn new(call: &Call, origin: Origin, queue_max: usize) -> Self {
        Self {
            inner: Arc::new(Inner {
                progress_token: call.progress_token.clone(),
                log_level: call.log_level,
                ..Inner::new(call.version, call.client.clone(), origin, queue_max)
            }),
        }
    }

    /// The revision this call is answered in.
    #[must_use]
    pub fn version(&self) -> ProtocolVersion {
        self.inner.version
    }

    /// Name and version of the client, if it gave them. Never decide on them (T-2607-21).
    #[must_use]
    pub fn client_info(&self) -> Option<Implementation> {
        self.inner.client.implementation()
    }

    /// What the client declared it can do.
    #[must_use]
    pub fn client_capabilities(&self) -> ClientCapabilities {
        self.inner.client.capabilities()
    }

    /// What the client says of itself, as it came.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.inner.client
    }

    /// Who calls, if the call was authenticated.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal> {
        self.inner.origin.principal.as_ref()
    }

    /// The session, in revisions that have sessions. State that must outlive a call belongs to the
    /// principal or to an explicit handle: the modern revision has no sessions.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.inner.origin.session.as_deref()
    }

    /// The headers of the HTTP request, credentials included: never pass them on or log them.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.inner.origin.headers
    }

    /// How the headers are judged where the specification leaves it open; for services that compare them.
    #[must_use]
    pub fn header_rules(&self) -> HeaderRules {
        self.inner.origin.header_rules
    }

    /// What layers before the endpoint left in the request's extensions.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.inner.origin.extensions
    }

    /// Tells the client how far the call has come. Does nothing if the client asked for no progress; in a task
    /// the message also says where it stands.
    ///
    /// Values that do not increase are left out (T-ALL-52). Never waits: while the client reads slowly,
    /// newer progress replaces older.
    pub fn progress(&self, progress: f64, total: Option<f64>, message: impl Into<String>) {
        if self.inner.progress_token.is_none() && self.inner.seat.is_none() {
            return;
        }
        let message = Some(message.into()).filter(|text: &String| !text.is_empty());
        if let Some(seat) = &self.inner.seat {
            seat.reach(Reached {
                progress,
                total,
                message: message.clone(),
            });
            self.wake();
        }
        let Some(token) = self.inner.progress_token.clone() else {
            return;
        };
        self.inner
            .outbox
            .push_progress(Progress::new(token, progress, total, message));
    }

    /// Sends the client a log message, if it wants messages of this level. Never put secrets in one
    /// (T-ALL-53).
    ///
    /// Never waits: past the bound of waiting messages they are counted, and the client is told how many
    /// are missing.
    pub fn log(&self, level: LoggingLevel, data: impl Into<Value>) {
        self.log_message(LogMessage::new(level, data.into()));
    }

    /// The same for a message that names its part of the server.
    pub fn log_message(&self, message: LogMessage) {
        if self.wants_log(message.level) {
            self.inner.outbox.push_log(message);
        }
    }

    /// Whether a log message of this level would be sent (T-2607-45, T-2411-16).
    #[must_use]
    pub fn wants_log(&self, level: LoggingLevel) -> bool {
        self.inner.log_level.is_some_and(|least| level >= least)
    }

    /// Lets the client's connection end while the call goes on: the client comes back after `retry` and
    /// reads on where it was, so that a long call holds no connection (T-2511-03).
    ///
    /// Only where the client understands that and its stream can be resumed, on 2025-11-25 with a session;
    /// elsewhere this does nothing.
    pub fn release_connection(&self, retry: Duration) {
        self.inner.outbox.push_release(retry);
    }

    /// Whether the call is no longer wanted. A handler that is awaited is dropped by itself; this is for
    /// work it handed to other tasks or threads.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.inner.cancelled.load(Ordering::SeqCst)
    }

    /// A token that is cancelled when the call is no longer wanted.
    #[must_use]
    pub fn cancellation(&self) -> CancellationToken {
        let token = self.inner.token.get_or_init(CancellationToken::new);
        if self.is_cancelled() {
            token.cancel();
        }
        token.clone()
    }

    /// Marks the call as no longer wanted; for transports.
    pub fn cancel(&self) {
        self.inner.cancelled.store(true, Ordering::SeqCst);
        if let Some(token) = self.inner.token.get() {
            token.cancel();
        }
        self.withdraw_all("the call was cancelled");
        self.inner.outbox.close();
    }

    /// The next message of the handler; for transports. Pending until there is one.
    pub fn poll_emission(&self, cx: &TaskContext<'_>) -> Poll<Emission> {
        self.inner.outbox.poll_next(cx)
    }

    /// Refuses further messages, since the result is there (T-ALL-52); for transports.
    pub fn close(&self) {
        self.withdraw_all("the call is over");
        self.inner.outbox.close();
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("version", &self.inner.version)
            .field("principal", &self.inner.origin.principal)
            .finish_non_exhaustive()
    }
}
