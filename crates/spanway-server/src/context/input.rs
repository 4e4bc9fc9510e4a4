//! The side of a call that asks the client: what transports bring in, and what the handler's questions use.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use spanway_protocol::jsonrpc::{ErrorObject, RequestId};
use spanway_protocol::{Call, Emission, RawJson, Rejection, Reply, ServerRequest, Timestamp};

use super::Context;
use crate::change::ChangeHub;
use crate::clock::Clock;
use crate::input::{Binding, Desk, LegEnd, Round};

/// Whether requests can be sent to the client while a call runs; matters to revisions with sessions alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientRequests {
    /// They can, on the stream of the call.
    OnStream,
    /// They cannot, for this reason (trap 34).
    Refused(&'static str),
}

impl Default for ClientRequests {
    fn default() -> Self {
        Self::Refused("this transport carries no requests to clients")
    }
}

/// For transports.
impl Context {
    /// Ends the question with this id: `outcome` is what the client responded. False if this call asked no
    /// such thing.
    pub fn answer(&self, id: &RequestId, outcome: &Result<RawJson, ErrorObject>) -> bool {
        self.asked_round()
            .filter(|round| round.awaits(id))
            .is_some_and(|round| round.end(id, LegEnd::Answered(outcome.clone())))
    }

    /// Takes back the question with this id, since the client did not answer in time.
    pub fn time_out(&self, id: &RequestId) {
        let ended = self
            .asked_round()
            .is_some_and(|round| round.end(id, LegEnd::TimedOut));
        if ended {
            self.withdraw(id, "not answered in time");
        }
    }

    /// Whether the client has yet to answer the question with this id.
    #[must_use]
    pub fn awaits(&self, id: &RequestId) -> bool {
        self.asked_round().is_some_and(|round| round.awaits(id))
    }

    /// Whether the client has yet to answer any question, or the call waits for a task; then the handler's time
    /// does not run.
    #[must_use]
    pub fn awaits_client(&self) -> bool {
        self.inner.unhurried.load(Ordering::SeqCst)
            || self.asked_round().is_some_and(Round::awaits_any)
    }

    /// Says that the client's connection is gone while the call goes on: it can be told nothing more.
    pub fn disconnect(&self) {
        self.inner.disconnected.store(true, Ordering::SeqCst);
    }
}

impl Context {
    /// Lets the call ask, and reads what the client brought back from an earlier round.
    pub(crate) fn bind(&self, desk: &Arc<Desk>, call: &Call) -> Result<(), Rejection> {
        let (binding, round) = Binding::of(desk, call, self)?;
        if let Some(round) = round {
            // A call is bound once, before its handler runs.
            let _ = self.inner.round.set(Box::new(round));
        }
        let _ = self.inner.binding.set(binding);
        Ok(())
    }

    /// The time by the clock of the transport. Read when something is sealed or opened, never for most calls.
    pub(crate) fn now(&self) -> Timestamp {
        let clock = self.inner.origin.clock;
        clock.unwrap_or_else(Clock::start).now()
    }

    /// Whether the call brought answers or a state.
    pub(crate) fn is_retry(&self) -> bool {
        self.inner.binding.get().is_some_and(Binding::is_retry)
    }

    /// Whether there is anything to [`spend`](Self::spend).
    pub(crate) fn is_unspent(&self) -> bool {
        self.inner.binding.get().is_some_and(Binding::is_unspent)
    }

    /// Uses up the state the call came with, if it came with one.
    pub(crate) async fn spend(&self) -> Result<(), Rejection> {
        match (self.inner.binding.get(), &self.inner.origin.spent_states) {
            (Some(binding), Some(spent)) => binding.spend(&**spent, self.now()).await,
            _ => Ok(()),
        }
    }

    pub(crate) fn round(&self) -> &Round {
        self.inner.round.get_or_init(Box::default)
    }

    fn asked_round(&self) -> Option<&Round> {
        self.inner.round.get().map(|round| &**round)
    }

    /// The interim answer, if the handler waits for answers the client has to be asked for.
    pub(crate) fn interim(&self) -> Option<Reply> {
        if self.is_task() {
            return None;
        }
        let round = self.asked_round()?;
        let binding = self.inner.binding.get()?;
        let questions = round.due()?;
        Some(binding.interim(round, questions, self))
    }

    pub(crate) fn client_requests(&self) -> ClientRequests {
        if self.inner.disconnected.load(Ordering::SeqCst) {
            return ClientRequests::Refused("its connection is gone");
        }
        self.inner.origin.client_requests
    }

    /// Whether it is a call that may ask, or a task that came of one.
    pub(crate) fn may_ask(&self) -> bool {
        self.inner.binding.get().is_some() || self.is_task()
    }

    /// Where clients are told what comes after their call.
    pub(crate) fn changes(&self) -> Option<ChangeHub> {
        match self.inner.binding.get() {
            Some(binding) => Some(binding.changes().clone()),
            None => self.seat()?.task()?.0.changes(),
        }
    }

    /// Tells that the URL of this elicitation has done its work, if the call still has a stream to tell it on.
    pub(crate) fn tell_completed(&self, elicitation: &Arc<str>) -> bool {
        let elicitation = elicitation.clone();
        !self.is_task()
            && matches!(self.client_requests(), ClientRequests::OnStream)
            && self
                .inner
                .outbox
                .push_beyond(Emission::UrlCompleted { elicitation })
    }

    pub(crate) fn send_request(&self, request: ServerRequest) -> bool {
        self.inner.outbox.push_request(request)
    }

    /// Tells the client not to answer any more.
    pub(crate) fn withdraw(&self, id: &RequestId, reason: &'static str) {
        let id = id.clone();
        self.inner
            .outbox
            .withdraw(Emission::Cancelled { id, reason });
    }

    /// Has the handler polled again.
    pub(crate) fn wake(&self) {
        self.inner.outbox.wake();
    }

    /// Takes back every question that is still open.
    pub(super) fn withdraw_all(&self, reason: &'static str) {
        let open = self.asked_round().map(Round::abandon).unwrap_or_default();
        open.iter().for_each(|id| self.withdraw(id, reason));
    }
}
