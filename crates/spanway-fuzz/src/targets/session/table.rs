//! The table of sessions as it must be: who they belong to, whether they are alive, what runs in them and
//! what was said on their streams. Where the server may be a little earlier or later, it says so.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use spanway_protocol::Limits;
use spanway_testkit::{RequestBuilder, Session};
use tokio::time::Instant;

use super::Tool;
use crate::service::ann;

/// Time to live of an idle session.
pub(super) const TTL: Duration = Duration::from_secs(200);
const CALL_TIMEOUT: Duration = Duration::from_secs(60);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(40);
/// Time passes in steps of this.
pub(super) const STEP: Duration = Duration::from_secs(10);

/// Bounds that a few operations reach.
pub(super) fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.sessions_max = 3;
    limits.streams_per_session_max = 2;
    limits.calls_per_session_max = 3;
    limits.listen_streams_max = 2;
    limits.replay_events_max = 6;
    limits.replay_age_max = Duration::from_secs(100);
    limits.call_timeout = CALL_TIMEOUT;
    limits.answer_timeout = ANSWER_TIMEOUT;
    limits
}

/// How sure something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is {
    Surely,
    Maybe,
    Not,
}

/// One session.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that are true or not, each by itself"
)]
pub(super) struct Entry {
    client: Session,
    known: bool,
    pub(super) asks: bool,
    pub(super) ready: bool,
    pub(super) watches: bool,
    pub(super) ended: bool,
    /// When it was used, and when it may have been.
    used: Instant,
    maybe_used: Instant,
    /// By their ids. None is used twice.
    pub(super) calls: BTreeMap<i64, Call>,
    /// Whatever was said under an event id, by stream and number.
    pub(super) events: BTreeMap<(String, u64), String>,
    /// Which calls a stream answers; those of GET streams answer none.
    pub(super) streams: BTreeMap<String, Vec<i64>>,
}

/// A request that a handler was given.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) tool: Tool,
    begun: Instant,
    /// Somebody did something that may have ended it.
    shaken: bool,
    /// No response is to be expected any more.
    cancelled: bool,
    /// And there must be none, since its handler ran when it was cancelled.
    mute: bool,
    pub(super) answer: Option<Answered>,
}

/// Where a response was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answered {
    /// Under this event id, so that it may be read again.
    On(String, u64),
    /// In an answer that is no stream.
    Whole,
}

impl Call {
    pub(super) fn new(tool: Tool) -> Self {
        Self {
            tool,
            begun: Instant::now(),
            shaken: false,
            cancelled: false,
            mute: false,
            answer: None,
        }
    }

    /// Whether its handler runs.
    pub(super) fn runs(&self) -> Is {
        let limit = match self.tool {
            Tool::Ask => ANSWER_TIMEOUT,
            _ => CALL_TIMEOUT,
        };
        let age = self.begun.elapsed();
        if self.cancelled || self.answer.is_some() || age > limit + STEP {
            Is::Not
        } else if self.shaken || age >= limit {
            Is::Maybe
        } else {
            Is::Surely
        }
    }

    /// Something was done that may have ended it.
    pub(super) fn shake(&mut self) {
        self.shaken = true;
    }

    /// It is stopped.
    pub(super) fn cancel(&mut self) {
        self.mute |= self.runs() == Is::Surely;
        self.cancelled = true;
    }

    /// Whether it must have been answered once its stream is over.
    pub(super) fn is_settled(&self) -> bool {
        self.cancelled || self.answer.is_some()
    }
}

impl Entry {
    pub(super) fn new(client: Session, known: bool, asks: bool) -> Self {
        let now = Instant::now();
        Self {
            client,
            known,
            asks,
            ready: false,
            watches: false,
            ended: false,
            used: now,
            maybe_used: now,
            calls: BTreeMap::new(),
            events: BTreeMap::new(),
            streams: BTreeMap::new(),
        }
    }

    pub(super) fn version(&self) -> &str {
        &self.client.version
    }

    /// A request of the owner or of a stranger.
    pub(super) fn request(
        &self,
        by_owner: bool,
        make: impl FnOnce(&Session) -> RequestBuilder,
    ) -> RequestBuilder {
        let request = make(&self.client);
        match self.known == by_owner {
            true => request.extension(ann()),
            false => request,
        }
    }

    /// Whether it is there. An idle session lives for [`TTL`] after its last use; the end of what took less
    /// than a quarter of that is no use.
    pub(super) fn is_alive(&self) -> Is {
        if self.ended || self.maybe_used.elapsed() >= TTL {
            Is::Not
        } else if self.used.elapsed() < TTL * 3 / 4 {
            Is::Surely
        } else {
            Is::Maybe
        }
    }

    /// It was used, or may have been.
    pub(super) fn use_now(&mut self, how: Is) {
        let now = Instant::now();
        if how == Is::Surely {
            self.used = now;
        }
        if how != Is::Not {
            self.maybe_used = now;
        }
    }

    /// What used it until now is over, which may count as a use.
    pub(super) fn use_ends(&mut self) {
        if self.is_alive() != Is::Not {
            self.use_now(Is::Maybe);
        }
    }

    /// A DELETE, or what came of it: calls stop at once.
    pub(super) fn end(&mut self) {
        self.ended = true;
        for call in self.calls.values_mut() {
            call.cancel();
        }
    }

    /// How many calls there are at least and at most.
    pub(super) fn calls_running(&self) -> (usize, usize) {
        let count = |wanted: &[Is]| {
            let calls = self.calls.values();
            calls.filter(|call| wanted.contains(&call.runs())).count()
        };
        (count(&[Is::Surely]), count(&[Is::Surely, Is::Maybe]))
    }

    /// Notes that something was said under an event id; it must always be the same, and in order.
    pub(super) fn said(&mut self, event: (String, u64), data: &str) {
        let noted = self.events.entry(event.clone()).or_insert(data.to_owned());
        assert_eq!(noted, data, "event {event:?} is two messages");
    }

    /// Notes a response. There is one for each request, under one event id however often it is read.
    pub(super) fn answered(&mut self, id: i64, event: Option<(String, u64)>) {
        let answer = event.map_or(Answered::Whole, |(stream, number)| {
            Answered::On(stream, number)
        });
        let call = self.calls.get_mut(&id);
        let call = call.unwrap_or_else(|| panic!("nobody asked {id}"));
        if let Some(before) = &call.answer {
            let read_again = *before == answer && answer != Answered::Whole;
            assert!(
                read_again,
                "{id} is answered twice: {before:?} and {answer:?}"
            );
        }
        assert!(!call.mute, "{id} was cancelled, and is answered");
        call.answer = Some(answer);
    }

    /// Streams that answer these calls.
    pub(super) fn note_stream(&mut self, stream: &str, calls: &BTreeSet<i64>) {
        let calls = || calls.iter().copied().collect();
        self.streams.entry(stream.to_owned()).or_insert_with(calls);
    }
}
