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
    /// What the handler asked and has not yet taken notice of.
    legs: Vec<Leg>,
    /// The ids that the URLs of this call have, by key.
    elicitations: Vec<(String, Arc<str>)>,
    /// Whether questions were posed, or taken back, since that was last looked at.
    news: bool,
    /// Side effects under way, during which the handler must not be dropped.
    working: usize,
}

struct Leg {
    key: String,
    way: Way,
    end: Option<LegEnd>,
    waker: Option<Waker>,
}

/// How a question gets to the client.
enum Way {
    /// By a request of this id, on the stream of the call.
    Sent(RequestId),
    /// By an interim answer, or by what is told of the task.
    Posed(Question),
}

impl Leg {
    fn is_sent_as(&self, id: &RequestId) -> bool {
        matches!(&self.way, Way::Sent(sent) if sent == id)
    }

    /// What is still to be answered, if it is told and not sent.
    fn posed(&self) -> Option<&Question> {
        match &self.way {
            Way::Posed(question) if self.end.is_none() => Some(question),
            _ => None,
        }
    }

    /// What is still to be answered, if it was sent.
    fn sent(&self) -> Option<&RequestId> {
        match &self.way {
            Way::Sent(id) if self.end.is_none() => Some(id),
            _ => None,
        }
    }
}

/// How a question ended.
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

    /// A run that knows what an earlier one knew.
    pub(crate) fn knowing(journal: Journal) -> Self {
        Self::resumed(journal, Map::new())
    }

    pub(super) fn journal(&self) -> Journal {
        self.lock().journal.clone()
    }

    /// The journal, and what the client sent and nobody asked for yet.
    pub(crate) fn known(&self) -> Journal {
        let state = self.lock();
        let mut journal = state.journal.clone();
        for (key, answer) in &state.fresh {
            let known = journal.answers.entry(key.as_str());
            known.or_insert_with(|| answer.clone());
        }
        journal
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

    /// What to ask now, if there is anything and nothing is under way that must not be dropped.
    pub(crate) fn due(&self) -> Option<Vec<Question>> {
        let held = self.lock().working > 0;
        let due = self.posed();
        (!held && !due.is_empty()).then_some(due)
    }

    /// All that is posed.
    pub(crate) fn posed(&self) -> Vec<Question> {
        let state = self.lock();
        state.legs.iter().filter_map(Leg::posed).cloned().collect()
    }

    /// Whether anything was posed, or taken back, since this was last asked.
    pub(crate) fn has_news(&self) -> bool {
        std::mem::take(&mut self.lock().news)
    }

    /// Holds the handler until the guard is dropped.
    pub(super) fn hold(&self) -> Hold<'_> {
        self.lock().working += 1;
        Hold(self)
    }

    /// Notes a question that is told when the handler next waits.
    pub(super) fn pose(&self, question: Question) -> Result<(), Blocked> {
        self.open(question.key.clone(), Way::Posed(question))
    }

    /// Notes a question that is sent under this id.
    pub(super) fn send(&self, key: &str, id: RequestId) -> Result<(), Blocked> {
        self.open(key.to_owned(), Way::Sent(id))
    }

    fn open(&self, key: String, way: Way) -> Result<(), Blocked> {
        let mut state = self.lock();
        if state.legs.iter().any(|leg| leg.key == key) {
            return Err(Blocked::Twice);
        }
        if state.legs.len() >= QUESTIONS_MAX {
            return Err(Blocked::TooMany);
        }
        state.news |= matches!(way, Way::Posed(_));
        let (end, waker) = (None, None);
        state.legs.push(Leg {
            key,
            way,
            end,
            waker,
        });
        Ok(())
    }

    pub(super) fn poll_leg(&self, key: &str, cx: &TaskContext<'_>) -> Poll<LegEnd> {
        let mut state = self.lock();
        let Some(leg) = state.legs.iter_mut().find(|leg| leg.key == key) else {
            return Poll::Ready(LegEnd::Abandoned);
        };
        match leg.end.take() {
            Some(end) => {
                state.legs.retain(|leg| leg.key != key);
                Poll::Ready(end)
            }
            None => {
                leg.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Forgets a question; the id it was sent under, if the client has yet to answer that.
    pub(super) fn forget(&self, key: &str) -> Option<RequestId> {
        let mut state = self.lock();
        let position = state.legs.iter().position(|leg| leg.key == key)?;
        let leg = state.legs.swap_remove(position);
        state.news |= leg.posed().is_some();
        leg.sent().cloned()
    }

    /// Ends a question that was sent; whether there was one to end. The client's id decides, so that nothing
    /// else can be answered (trap 10).
    pub(crate) fn end(&self, id: &RequestId, end: LegEnd) -> bool {
        self.end_where(|leg| leg.is_sent_as(id), end)
    }

    /// Answers a question that was posed; whether there was one to answer.
    pub(crate) fn deliver(&self, key: &str, outcome: Result<RawJson, ErrorObject>) -> bool {
        let is_asked = |leg: &Leg| leg.key == key && leg.posed().is_some();
        self.end_where(is_asked, LegEnd::Answered(outcome))
    }

    fn end_where(&self, is_meant: impl Fn(&Leg) -> bool, end: LegEnd) -> bool {
        let mut state = self.lock();
        let open = state
            .legs
            .iter_mut()
            .find(|leg| leg.end.is_none() && is_meant(leg));
        let Some(leg) = open else { return false };
        leg.end = Some(end);
        let waker = leg.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// Ends all questions that were sent, and says which were open.
    pub(crate) fn abandon(&self) -> Vec<RequestId> {
        let open: Vec<RequestId> = {
            let state = self.lock();
            state.legs.iter().filter_map(Leg::sent).cloned().collect()
        };
        open.into_iter()
            .filter(|id| self.end(id, LegEnd::Abandoned))
            .collect()
    }

    /// Whether the client has yet to answer this.
    pub(crate) fn awaits(&self, id: &RequestId) -> bool {
        let state = self.lock();
        state.legs.iter().any(|leg| leg.sent() == Some(id))
    }

    /// Whether the client has yet to answer anything that was sent.
    pub(crate) fn awaits_any(&self) -> bool {
        self.lock().legs.iter().any(|leg| leg.sent().is_some())
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
