//! Each sealed state is used once (T-MRTR-06): where transports say how that is remembered.

use std::fmt;

use futures_util::future::BoxFuture;
use spanway_protocol::{Rejection, Timestamp};

use super::keys::NONCE_BYTES;

/// Remembers which sealed states clients brought back; for transports.
pub trait SpentStates: fmt::Debug + Send + Sync + 'static {
    /// Uses up the state with this nonce, which is valid up to and including `expires`: false if it was used
    /// before. The future fails if that cannot be said or remembered now.
    fn spend(
        &self,
        nonce: [u8; NONCE_BYTES],
        expires: Timestamp,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<bool, Rejection>>;
}

/// A state that came with a call and is not used up yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unspent {
    pub(super) nonce: [u8; NONCE_BYTES],
    pub(super) expires: Timestamp,
}
