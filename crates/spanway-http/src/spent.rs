//! Which states modern clients brought back, as calls see the store that remembers it.

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use spanway_protocol::{Rejection, Timestamp};
use spanway_server::SpentStates;
use spanway_store::{Nonce, NonceStore, StoreError};

use crate::registry::unavailable;

/// A store of nonces.
#[derive(Clone)]
pub(crate) struct Spent(pub(crate) Arc<dyn NonceStore>);

impl SpentStates for Spent {
    fn spend(
        &self,
        nonce: [u8; Nonce::BYTES],
        expires: Timestamp,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<bool, Rejection>> {
        let spent = self.0.spend(Nonce::new(nonce), expires, now);
        spent.map(|spent| spent.map_err(refused)).boxed()
    }
}

/// What cannot be remembered is not done: a state that might be used again would be no protection.
fn refused(error: StoreError) -> Rejection {
    match error {
        StoreError::Full { .. } => {
            tracing::warn!(%error, "calls that ask for input cannot be continued");
            Rejection::TooManyStates
        }
        other => unavailable(&other),
    }
}

impl fmt::Debug for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spent")
    }
}
