//! How nodes know that a node lives: it has a key in Redis that expires unless it is renewed. And how they know
//! that a lease is over because its node is dead, and not because Redis was away: they share a term, which is
//! over as soon as nobody could renew anything.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use tokio::time::Instant;

use crate::scripts::TERM as TERM_SCRIPT;

/// How long a node counts as alive that does not renew.
pub(crate) const LEASE: Duration = Duration::from_secs(3);
/// How often it renews.
pub(crate) const RENEWAL: Duration = Duration::from_millis(500);
/// How long the term goes on that no node renews. So much shorter than a lease that after an outage in which the
/// term went on, every node that lives is connected again before its lease is over.
const TERM: Duration = Duration::from_millis(1_200);
/// How old the term must be before a node without a lease is taken for dead: when Redis comes back, every lease is
/// over, and it takes nodes a moment to renew theirs.
const STEADY: Duration = Duration::from_secs(5);

/// The lease of this node.
#[derive(Debug)]
pub(crate) struct Lease {
    key: String,
    term: String,
    renewal: Mutex<Option<Renewal>>,
}

/// The last renewal.
#[derive(Debug, Clone, Copy)]
struct Renewal {
    at: Instant,
    /// How old the term was.
    term: Duration,
}

impl Lease {
    pub(crate) fn new(key: String, term: String) -> Self {
        Self {
            key,
            term,
            renewal: Mutex::new(None),
        }
    }

    /// Renews the lease and the term, or takes and begins them again.
    pub(crate) async fn renew(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let at = Instant::now();
        let millis = LEASE.as_millis() as u64;
        // Unlike SET, this works when Redis has no memory left.
        let mut renewal = redis::cmd("PEXPIRE");
        let renewed: bool = renewal
            .arg(&self.key)
            .arg(millis)
            .query_async(connection)
            .await?;
        if !renewed {
            let mut taking = redis::cmd("SET");
            taking.arg(&self.key).arg(1).arg("PX").arg(millis);
            taking.query_async::<()>(connection).await?;
        }
        let mut term = TERM_SCRIPT.key(&self.term);
        term.arg(TERM.as_millis() as u64);
        let age: i64 = term.invoke_async(connection).await?;
        // Its clock may have been set back.
        let age = u64::try_from(age).unwrap_or_default();
        let term = Duration::from_millis(age);
        *self.lock() = Some(Renewal { at, term });
        Ok(())
    }

    /// Whether another node that has no lease is dead, and not only late.
    pub(crate) fn is_steady(&self) -> bool {
        self.lock()
            .is_some_and(|renewal| renewal.term >= STEADY && renewal.at.elapsed() < LEASE)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Renewal>> {
        self.renewal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
