//! What the server asks of a keeper of what may be used only once.

use std::fmt;

use futures_util::future::BoxFuture;
use spanway_protocol::Timestamp;

use crate::error::StoreError;

/// Names one thing that may be used once: random bytes, so that no two have the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Nonce([u8; Self::BYTES]);

impl Nonce {
    /// How long it is.
    pub const BYTES: usize = 24;

    /// The nonce of these bytes, which must have come from a cryptographic source.
    #[must_use]
    pub const fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, ..] = self.0;
        write!(f, "Nonce({first:02x}{second:02x}…)")
    }
}

/// Remembers what was used, until it could not be used any more in any case (T-MRTR-06).
///
/// Whoever calls has checked that the thing is genuine and has not expired, so that only what was handed out
/// takes room. All methods take the time as a value. Dropping a returned future may or may not have done the
/// work.
pub trait NonceStore: Send + Sync + 'static {
    /// Uses up `nonce`: `true` for the first of all callers on all nodes, `false` for every later one up to
    /// and including the moment `expires`. A store whose nodes have clocks of their own remembers it
    /// somewhat longer.
    ///
    /// The future fails with [`StoreError::Full`] when there is no room even after expired ones were dropped;
    /// then it is not used up, and nothing that was is forgotten.
    fn spend(
        &self,
        nonce: Nonce,
        expires: Timestamp,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<bool, StoreError>>;
}
