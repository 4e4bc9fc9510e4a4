//! The keys of an issuer as they are held here: fetched when needed, by one fetch at a time, and not too often.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use jsonwebtoken::Algorithm;
use tokio::time::{Instant, timeout};
use tokio_util::task::TaskTracker;

use crate::fetch::{Fetch, FetchError};
use crate::keys::{Key, Keys};

/// Keys are fetched anew when they are older than this.
const FRESH: Duration = Duration::from_secs(3600);

/// While that fails, they are used until they are older than this.
const LIFE_MAX: Duration = Duration::from_secs(4 * 3600);

/// The least time between fetches because of keys that are not there, and between fetches that fail.
const PAUSE: Duration = Duration::from_secs(10);

/// The longest that a fetch may take, metadata and keys together.
const FETCH_TIME_MAX: Duration = Duration::from_secs(10);

/// A fetch under way, for all who wait for it.
type Flight = Shared<BoxFuture<'static, ()>>;

/// Why there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyError {
    /// The issuer has no such key.
    Unknown,
    /// The issuer cannot be asked, and what it said before is too old or does not tell.
    Unavailable,
}

/// The keys of one issuer.
pub(crate) struct Keyring {
    inner: Arc<Inner>,
    fetches: TaskTracker,
}

struct Inner {
    issuer: Box<str>,
    source: Box<dyn Fetch>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<(Arc<Keys>, Instant)>,
    flight: Option<Flight>,
    failed_at: Option<Instant>,
    /// When a key that was not there was last looked for.
    looked_at: Option<Instant>,
}

impl Keyring {
    pub(crate) fn new(issuer: &str, source: impl Fetch) -> Self {
        Self {
            inner: Arc::new(Inner {
                issuer: issuer.into(),
                source: Box::new(source),
                state: Mutex::default(),
            }),
            fetches: TaskTracker::new(),
        }
    }

    /// The key with this id for `algorithm`.
    ///
    /// # Errors
    /// There is none, or nobody can tell.
    ///
    /// # Cancel safety
    /// A fetch that was begun goes on for those who come next.
    pub(crate) async fn key(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Arc<Key>, KeyError> {
        let keys = self.current().await.ok_or(KeyError::Unavailable)?;
        if let Some(key) = keys.find(id, algorithm) {
            return Ok(key);
        }
        if let Some(flight) = self.look_again() {
            flight.await;
        }
        // Another's fetch may have ended meanwhile, so that they are looked through again in any case.
        let state = self.inner.lock();
        let found = state.usable().and_then(|keys| keys.find(id, algorithm));
        found.ok_or(match state.failed_at {
            Some(_) => KeyError::Unavailable,
            None => KeyError::Unknown,
        })
    }

    /// The keys, fetched first if they are not fresh.
    async fn current(&self) -> Option<Arc<Keys>> {
        let flight = {
            let mut state = self.inner.lock();
            match &state.held {
                Some((keys, at)) if at.elapsed() < FRESH => return Some(keys.clone()),
                _ => self.fetch(&mut state),
            }
        };
        if let Some(flight) = flight {
            flight.await;
        }
        self.inner.lock().usable()
    }

    /// A fetch because of a key that is not there: whoever makes up ids of keys gets no more than one in a while.
    fn look_again(&self) -> Option<Flight> {
        let mut state = self.inner.lock();
        if let Some(flight) = state.under_way() {
            return Some(flight);
        }
        if is_recent(state.looked_at) {
            return None;
        }
        state.looked_at = Some(Instant::now());
        self.fetch(&mut state)
    }

    /// The fetch under way, or a new one unless the last one has just failed.
    fn fetch(&self, state: &mut State) -> Option<Flight> {
        if let Some(flight) = state.under_way() {
            return Some(flight);
        }
        if is_recent(state.failed_at) {
            return None;
        }
        let inner = self.inner.clone();
        // Of its own, so that clients who give up do not make others begin anew.
        let task = self.fetches.spawn(async move {
            let fetched = timeout(FETCH_TIME_MAX, inner.source.keys()).await;
            inner.settle(fetched.unwrap_or(Err(FetchError::Slow)));
        });
        let flight = task.map(drop).boxed().shared();
        state.flight = Some(flight.clone());
        Some(flight)
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, fetched: Result<Keys, FetchError>) {
        let now = Instant::now();
        let mut state = self.lock();
        match fetched {
            Ok(keys) => {
                state.held = Some((Arc::new(keys), now));
                state.failed_at = None;
            }
            Err(error) => {
                state.failed_at = Some(now);
                tracing::warn!(issuer = %self.issuer, %error, "the keys of the issuer cannot be fetched");
            }
        }
    }
}

impl State {
    /// The keys, unless they are too old to be used at all.
    fn usable(&self) -> Option<Arc<Keys>> {
        let held = self.held.as_ref();
        held.filter(|(_, at)| at.elapsed() < LIFE_MAX)
            .map(|(keys, _)| keys.clone())
    }

    fn under_way(&self) -> Option<Flight> {
        self.flight.clone().filter(|flight| flight.peek().is_none())
    }
}

fn is_recent(at: Option<Instant>) -> bool {
    at.is_some_and(|at| at.elapsed() < PAUSE)
}

#[cfg(test)]
mod tests;
