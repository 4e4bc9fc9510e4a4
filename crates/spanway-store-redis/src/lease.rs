//! How nodes know that a node lives: it has a key in Redis that expires unless it is renewed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use tokio::time::Instant;

/// How long a node counts as alive that does not renew.
pub(crate) const LEASE: Duration = Duration::from_secs(3);
/// How often it renews.
pub(crate) const RENEWAL: Duration = Duration::from_secs(1);
/// For how long this node's own lease must have been unbroken before it takes another for dead: when Redis
/// comes back, every lease is over, and it takes nodes a moment to renew theirs.
const STEADY: Duration = Duration::from_secs(5);

/// The lease of this node.
#[derive(Debug)]
pub(crate) struct Lease {
    key: String,
    term: Mutex<Option<Term>>,
}

/// A time for which the lease was never over.
#[derive(Debug, Clone, Copy)]
struct Term {
    since: Instant,
    renewed: Instant,
}

impl Lease {
    pub(crate) fn new(key: String) -> Self {
        Self {
            key,
            term: Mutex::new(None),
        }
    }

    /// Renews the lease, or takes it again.
    pub(crate) async fn renew(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let now = Instant::now();
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
        let mut term = self.lock();
        let unbroken = term.filter(|term| now - term.renewed < LEASE);
        *term = Some(Term {
            since: unbroken.map_or(now, |term| term.since),
            renewed: now,
        });
        Ok(())
    }

    /// Whether another node that has no lease is dead, and not only late.
    pub(crate) fn is_steady(&self) -> bool {
        self.lock()
            .is_some_and(|term| term.since.elapsed() >= STEADY && term.renewed.elapsed() < LEASE)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Term>> {
        self.term.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
