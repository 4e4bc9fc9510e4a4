//! Where a call may ask from: what the server knows about sealing, and what a state is bound to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use spanway_protocol::schema::{InputRequired, Question};
use spanway_protocol::{Answer, Call, Era, Method, RawJson, Rejection, Reply, Timestamp};

use super::claims::{Claims, Identity, digest};
use super::journal::Journal;
use super::keys::{SealError, StateKeys};
use super::round::Round;
use super::spent::{SpentStates, Unspent};
use crate::change::ChangeHub;
use crate::context::Context;

/// Bytes of JSON one state may hold; it travels both ways with every round.
const STATE_BYTES_MAX: usize = 1 << 20;

/// What all calls of a server share for asking.
pub(crate) struct Desk {
    sealing: Mutex<Sealing>,
    audience: Box<str>,
    /// Where clients are told what comes after their call.
    changes: ChangeHub,
}

/// With what states are sealed. It may change while serving.
struct Sealing {
    keys: Option<Arc<StateKeys>>,
    life: Duration,
}

impl Desk {
    pub(crate) fn new(keys: Option<StateKeys>, life: Duration, audience: &str) -> Self {
        let keys = keys.map(Arc::new);
        Self {
            sealing: Mutex::new(Sealing { keys, life }),
            audience: audience.into(),
            changes: ChangeHub::new(),
        }
    }

    pub(crate) fn changes(&self) -> &ChangeHub {
        &self.changes
    }

    pub(crate) fn set_keys(&self, keys: StateKeys) {
        self.sealing().keys = Some(Arc::new(keys));
    }

    pub(crate) fn set_life(&self, life: Duration) {
        self.sealing().life = life;
    }

    pub(crate) fn has_keys(&self) -> bool {
        self.sealing().keys.is_some()
    }

    fn life(&self) -> Duration {
        self.sealing().life
    }

    /// The keys; one of this process alone if nobody gave any. Who needs no keys is not warned: only whoever
    /// asks seals.
    fn keys(&self) -> Result<Arc<StateKeys>, SealError> {
        let mut sealing = self.sealing();
        if let Some(keys) = &sealing.keys {
            return Ok(keys.clone());
        }
        let fresh = Arc::new(StateKeys::random().map_err(|_| SealError)?);
        sealing.keys = Some(fresh.clone());
        drop(sealing);
        tracing::warn!(
            "no state keys are set: requestState is sealed with a key of this process alone, so calls that ask \
             for input cannot be continued on another node or after a restart"
        );
        Ok(fresh)
    }

    fn sealing(&self) -> MutexGuard<'_, Sealing> {
        self.sealing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seal(&self, claims: &Claims) -> Result<String, SealError> {
        let plain = serde_json::to_vec(claims).map_err(|_| SealError)?;
        if plain.len() > STATE_BYTES_MAX {
            return Err(SealError);
        }
        self.keys()?.seal(&plain)
    }

    fn open(&self, token: &str) -> Option<(Claims, Unspent)> {
        let keys = self.sealing().keys.clone()?;
        let (plain, nonce) = keys.open(token)?;
        let claims: Claims = serde_json::from_slice(&plain).ok()?;
        let expires = Timestamp::from_millis(claims.expires);
        Some((claims, Unspent { nonce, expires }))
    }
}

/// One call that may ask.
pub(crate) struct Binding {
    desk: Arc<Desk>,
    method: Method,
    name: RawJson,
    arguments: RawJson,
    /// Whether the call came with answers or a state; then its result must not be cached (T-MRTR-09).
    retried: bool,
    /// The state it came with.
    unspent: Option<Unspent>,
}

impl Binding {
    /// What `call` may ask from, and what it knows already.
    pub(crate) fn of(
        desk: &Arc<Desk>,
        call: &Call,
        context: &Context,
    ) -> Result<(Self, Option<Round>), Rejection> {
        // T-DUAL-15: in a session these are parameters like any unknown ones.
        let resumed = call.params.resumed.as_deref();
        let resumed = resumed.filter(|_| call.version.era() == Era::Modern);
        let mut binding = Self {
            desk: desk.clone(),
            method: call.method.clone(),
            name: call.params.name.clone(),
            arguments: call.params.arguments.clone(),
            retried: resumed.is_some(),
            unspent: None,
        };
        let Some(resumed) = resumed else {
            return Ok((binding, None));
        };
        let (journal, unspent) = binding.journal(&resumed.request_state, context)?;
        binding.unspent = unspent;
        let round = Round::resumed(journal, answers(&resumed.input_responses)?);
        Ok((binding, Some(round)))
    }

    pub(crate) fn changes(&self) -> &ChangeHub {
        &self.desk.changes
    }

    pub(crate) fn is_retry(&self) -> bool {
        self.retried
    }

    /// What the state remembers.
    fn journal(
        &self,
        state: &RawJson,
        context: &Context,
    ) -> Result<(Journal, Option<Unspent>), Rejection> {
        if state.is_absent() {
            return Ok((Journal::default(), None));
        }
        let token: String = state.read().map_err(|_| refuse("not a string"))?;
        let (claims, unspent) = self
            .desk
            .open(&token)
            .ok_or_else(|| refuse("not sealed here"))?;
        if claims.is_valid(&self.identity(context), context.now()) {
            Ok((claims.journal, Some(unspent)))
        } else {
            Err(refuse("expired, or of another call"))
        }
    }

    /// Whether the call came with a state that is to be used up before its handler runs.
    pub(crate) fn is_unspent(&self) -> bool {
        self.unspent.is_some()
    }

    /// Uses up the state, so that nobody gets more than one run out of it. Done last of all checks: a call that
    /// is refused for something else can be sent again.
    pub(crate) async fn spend(
        &self,
        spent: &dyn SpentStates,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        match self.unspent {
            Some(Unspent { nonce, expires }) if !spent.spend(nonce, expires, now).await? => {
                Err(refuse("used before"))
            }
            _ => Ok(()),
        }
    }

    fn identity(&self, context: &Context) -> Identity {
        Identity {
            principal: context.principal().map(|who| who.as_str().to_owned()),
            method: self.method.as_str().to_owned(),
            name: self.name.read().unwrap_or_default(),
            digest: digest(&self.arguments),
            audience: self.desk.audience.as_ref().to_owned(),
        }
    }

    /// The interim answer that asks `questions`.
    pub(crate) fn interim(
        &self,
        round: &Round,
        questions: Vec<Question>,
        context: &Context,
    ) -> Reply {
        let claims = Claims {
            expires: (context.now() + self.desk.life()).as_millis(),
            identity: self.identity(context),
            journal: round.journal(),
        };
        match self.desk.seal(&claims) {
            Ok(state) => {
                Answer::InputRequired(Box::new(InputRequired::new(questions, Some(state)))).into()
            }
            Err(SealError) => {
                tracing::error!(
                    limit = STATE_BYTES_MAX,
                    "a requestState could not be sealed: it is too large, or the system gives no random numbers"
                );
                Rejection::Internal.into()
            }
        }
    }
}

/// Every reason to refuse a state looks the same from outside (T-MRTR-05).
fn refuse(why: &str) -> Rejection {
    tracing::debug!(why, "a requestState was refused");
    Rejection::InvalidState
}

/// The answers of this round. What is not an object is malformed; what is in it is judged when it is asked for
/// (T-MRTR-08).
fn answers(raw: &RawJson) -> Result<Map<String, Value>, Rejection> {
    raw.read().map_err(|_| Rejection::InvalidParams {
        detail: "inputResponses must be an object".into(),
    })
}
