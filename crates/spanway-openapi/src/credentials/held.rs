//! A credential that is fetched, kept, and fetched again before it expires, by one caller at a time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::secret::{Secret, SecretError};

/// A credential is renewed this long before it expires, or in the last tenth of its life if that is shorter.
const RENEW_BEFORE: Duration = Duration::from_secs(60);

/// The place of one credential.
#[derive(Default)]
pub(super) struct Held {
    current: Mutex<Option<Current>>,
    /// Held by whoever fetches.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Current {
    secret: Secret,
    /// From here on somebody should fetch a new one; `None`: it does not expire.
    renew_at: Option<Instant>,
    expires_at: Option<Instant>,
}

impl Held {
    /// The credential, fetched if there is none or it is about to expire.
    ///
    /// However many ask at once, one fetches; the others wait, or go on with what is still valid.
    pub(super) async fn get(
        &self,
        fetch: impl AsyncFnOnce() -> Result<(Secret, Option<Duration>), SecretError>,
    ) -> Result<Secret, SecretError> {
        let known = self.valid();
        if let Some(current) = known.as_ref().filter(|it| !it.is_stale()) {
            return Ok(current.secret.clone());
        }
        let fetching = match (&known, self.fetching.try_lock()) {
            (_, Ok(fetching)) => fetching,
            // Somebody renews it, and it is good until then.
            (Some(current), Err(_)) => return Ok(current.secret.clone()),
            (None, Err(_)) => self.fetching.lock().await,
        };
        if let Some(current) = self.valid().filter(|it| !it.is_stale()) {
            return Ok(current.secret);
        }
        let outcome = fetch().await;
        let secret = match (outcome, self.valid()) {
            (Ok((secret, life)), _) => {
                self.set(Some(Current::new(secret.clone(), life)));
                secret
            }
            (Err(reason), Some(current)) => {
                tracing::warn!(%reason, "credentials could not be renewed; they are valid for a little longer");
                current.secret
            }
            (Err(reason), None) => return Err(reason),
        };
        drop(fetching);
        Ok(secret)
    }

    /// Forgets the credential: it was refused.
    pub(super) fn forget(&self) {
        self.set(None);
    }

    fn valid(&self) -> Option<Current> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let is_valid = |it: &Current| it.expires_at.is_none_or(|at| Instant::now() < at);
        current.clone().filter(is_valid)
    }

    fn set(&self, current: Option<Current>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = current;
    }
}

impl Current {
    fn new(secret: Secret, life: Option<Duration>) -> Self {
        let now = Instant::now();
        // An absurd life overflows, and is one without end.
        let at = |life: Option<Duration>| life.and_then(|life| now.checked_add(life));
        Self {
            secret,
            renew_at: at(life.map(|life| life - (life / 10).min(RENEW_BEFORE))),
            expires_at: at(life),
        }
    }

    fn is_stale(&self) -> bool {
        self.renew_at.is_some_and(|at| Instant::now() >= at)
    }
}
