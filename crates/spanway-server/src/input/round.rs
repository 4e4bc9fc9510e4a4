//! One run of a handler that asks: what it knows, what it asked, and what it waits for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};

use serde_json::{Map, Value};
use spanway_protocol::RawJson;
use spanway_protocol::jsonrpc::{ErrorObject, RequestId};
use spanway_protocol::schema::Question;

use super::QUESTIONS_MAX;
use super::journal::Journal;

/// Allocated when a call first asks, or comes back with answers.
#[derive(Default)]
pub(crate) struct Round(Mutex<State>);

#[derive(Default)]
struct State {
    journal: Journal,
    /// What the client sent with this round and nobody asked for yet.
    fresh: Map<String, Value>,
    /// Modern: asked in this run, to be sent when the handler waits.
    questions: Vec<Question>,
    /// Legacy: asked, and not yet taken notice of.
    legs: Vec<Leg>,
    /// The ids that the URLs of this call have, by key.
    elicitations: Vec<(String, Arc<str>)>,
    /// Side effects under way, during which the handler must not be dropped.
    working: usize,
}

struct Leg {
    id: RequestId,
    key: String,
    end: Option<LegEnd>,
    waker: Option<Waker>,
}

/// How a question to a legacy client ended.
#[derive(Debug)]
pub(crate) enum LegEnd {
    Answered(Result<RawJson, ErrorObject>),
    TimedOut,
    /// The call is over.
    Abandoned,
}

/// A question cannot be asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blocked {
    Twice,
    TooMany,
}

impl Round {
    pub(super) fn resumed(journal: Journal, fresh: Map<String, Value>) -> Self {
        Self(Mutex::new(State {
            journal,
            fresh,
            ..State::default()
        }))
    }

    pub(super) fn journal(&self) -> Journal {
        self.lock().journal.clone()
    }

    /// The answer under `key`, if `read` can make sense of one: what was found valid before comes first, so
    /// that a run goes the way the last one went. What it cannot is asked for again (T-MRTR-08).
    pub(super) fn recall<A>(
        &self,
        key: &str,
        read: &impl Fn(Value) -> Result<A, String>,
    ) -> Option<A> {
        let (known, sent) = {
            let state = self.lock();
            (
                state.journal.answers.get(key).cloned(),
                state.fresh.get(key).cloned(),
            )
        };
        for answer in [known, sent].into_iter().flatten() {
            match read(answer.clone()) {
                Ok(read) => {
                    self.remember(key, answer);
                    return Some(read);
                }
                Err(_) => tracing::debug!(key, "an answer is not valid and is asked for again"),
            }
        }
        None
    }

    /// What the client sent with this round under `key`, if `read` can make sense of it; only once.
    pub(super) fn take_fresh<A>(
        &self,
        key: &str,
        read: &impl Fn(Value) -> Result<A, String>,
    ) -> Option<A> {
        let sent = self.lock().fresh.remove(key)?;
        read(sent).ok()
    }

    pub(super) fn remember(&self, key: &str, answer: Value) {
        self.lock().journal.answers.insert(key.to_owned(), answer);
    }

    pub(super) fn outcome(&self, key: &str) -> Option<Value> {
        self.lock().journal.outcomes.get(key).cloned()
    }

    pub(super) fn remember_outcome(&self, key: &str, outcome: Value) {
        self.lock().journal.outcomes.insert(key.to_owned(), outcome);
    }

    /// The id of the URL under `key`; `fresh` if it has none yet.
    pub(super) fn elicitation(&self, key: &str, fresh: Arc<str>) -> Arc<str> {
        let mut state = self.lock();
        let known = state.elicitations.iter().find(|(known, _)| known == key);
        if let Some((_, id)) = known {
            return id.clone();
        }
        state.elicitations.push((key.to_owned(), fresh.clone()));
        fresh
    }

    /// Asks a modern client when the handler next waits.
    pub(super) fn pose(&self, question: Question) -> Result<(), Blocked> {
        let mut state = self.lock();
        if state
            .questions
            .iter()
            .any(|posed| posed.key == question.key)
        {
            return Err(Blocked::Twice);
        }
        if state.questions.len() >= QUESTIONS_MAX {
            return Err(Blocked::TooMany);
        }
        state.questions.push(question);
        Ok(())
    }

    /// No longer asks it: the handler stopped waiting for the answer.
    pub(super) fn unpose(&self, key: &str) {
        self.lock().questions.retain(|posed| posed.key != key);
    }

    /// What to ask now, if there is anything and nothing is under way that must not be dropped.
    pub(crate) fn due(&self) -> Option<Vec<Question>> {
        let mut state = self.lock();
        (state.working == 0 && !state.questions.is_empty())
            .then(|| std::mem::take(&mut state.questions))
    }

    /// Holds the handler until the guard is dropped.
    pub(super) fn hold(&self) -> Hold<'_> {
        self.lock().working += 1;
        Hold(self)
    }

    /// Notes a question to a legacy client.
    pub(super) fn open(&self, key: &str, id: RequestId) -> Result<(), Blocked> {
        let mut state = self.lock();
        if state.legs.iter().any(|leg| leg.key == key) {
            return Err(Blocked::Twice);
        }
        if state.legs.len() >= QUESTIONS_MAX {
            return Err(Blocked::TooMany);
        }
        state.legs.push(Leg {
            id,
            key: key.to_owned(),
            end: None,
            waker: None,
        });
        Ok(())
    }

    pub(super) fn poll_leg(&self, id: &RequestId, cx: &TaskContext<'_>) -> Poll<LegEnd> {
        let mut state = self.lock();
        let Some(leg) = state.legs.iter_mut().find(|leg| leg.id == *id) else {
            return Poll::Ready(LegEnd::Abandoned);
        };
        match leg.end.take() {
            Some(end) => {
                state.legs.retain(|leg| leg.id != *id);
                Poll::Ready(end)
            }
            None => {
                leg.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Forgets a question; whether it was still unanswered.
    pub(super) fn forget(&self, id: &RequestId) -> bool {
        let mut state = self.lock();
        let position = state.legs.iter().position(|leg| leg.id == *id);
        position.is_some_and(|position| state.legs.swap_remove(position).end.is_none())
    }

    /// Ends a question; whether there was one to end. The client's id decides, so that nothing else can be
    /// answered (trap 10).
    pub(crate) fn end(&self, id: &RequestId, end: LegEnd) -> bool {
        let mut state = self.lock();
        let open = state
            .legs
            .iter_mut()
            .find(|leg| leg.id == *id && leg.end.is_none());
        let Some(leg) = open else { return false };
        leg.end = Some(end);
        let waker = leg.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// Ends all questions, and says which were open.
    pub(crate) fn abandon(&self) -> Vec<RequestId> {
        let open: Vec<RequestId> = {
            let state = self.lock();
            let open = state.legs.iter().filter(|leg| leg.end.is_none());
            open.map(|leg| leg.id.clone()).collect()
        };
        open.into_iter()
            .filter(|id| self.end(id, LegEnd::Abandoned))
            .collect()
    }

    /// Whether the client has yet to answer this.
    pub(crate) fn awaits(&self, id: &RequestId) -> bool {
        let state = self.lock();
        state
            .legs
            .iter()
            .any(|leg| leg.id == *id && leg.end.is_none())
    }

    /// Whether the client has yet to answer anything.
    pub(crate) fn awaits_any(&self) -> bool {
        self.lock().legs.iter().any(|leg| leg.end.is_none())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A side effect under way.
pub(super) struct Hold<'a>(&'a Round);

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.0.lock().working -= 1;
    }
}
