//! The contract of [`NonceStore`].

use std::future::Future;

use futures_util::future::join_all;

use super::at;
use crate::error::StoreError;
use crate::nonce::{Nonce, NonceStore};

/// Runs every test, each on a fresh store made with a bound.
///
/// # Panics
/// The store breaks the contract.
pub async fn nonces<S, F, Make>(make: Make)
where
    S: NonceStore,
    F: Future<Output = S>,
    Make: Fn(usize) -> F,
{
    each_is_used_once_until_it_expires(&make(8).await).await;
    one_of_many_at_once_is_the_first(&make(8).await).await;
    a_full_store_refuses_and_forgets_nothing(&make(2).await).await;
}

/// For a store that several nodes share, each through a handle of its own.
///
/// # Panics
/// What is used on one node can be used on another.
pub async fn nonces_in_all(one: &impl NonceStore, other: &impl NonceStore) {
    assert!(spend(one, 1, 60, 0).await.unwrap());
    assert!(!spend(other, 1, 60, 1).await.unwrap());
    assert!(spend(other, 2, 60, 1).await.unwrap());
    assert!(!spend(one, 2, 60, 2).await.unwrap());
}

async fn spend(
    store: &impl NonceStore,
    number: u8,
    expires: u64,
    now: u64,
) -> Result<bool, StoreError> {
    let nonce = Nonce::new([number; Nonce::BYTES]);
    store.spend(nonce, at(expires), at(now)).await
}

async fn each_is_used_once_until_it_expires(store: &impl NonceStore) {
    assert!(spend(store, 1, 60, 0).await.unwrap());
    assert!(spend(store, 2, 30, 0).await.unwrap());
    for now in [0, 30, 60] {
        assert!(!spend(store, 1, 60, now).await.unwrap(), "{now}");
    }
    let nearly = Nonce::new({
        let mut bytes = [1; Nonce::BYTES];
        bytes[Nonce::BYTES - 1] = 2;
        bytes
    });
    assert!(store.spend(nearly, at(60), at(60)).await.unwrap());
}

async fn one_of_many_at_once_is_the_first(store: &impl NonceStore) {
    let tries = join_all((0..16).map(|_| spend(store, 3, 60, 0))).await;
    let first = tries.into_iter().filter(|tried| matches!(tried, Ok(true)));
    assert_eq!(first.count(), 1);
}

async fn a_full_store_refuses_and_forgets_nothing(store: &impl NonceStore) {
    assert!(spend(store, 1, 60, 0).await.unwrap());
    assert!(spend(store, 2, 30, 0).await.unwrap());
    let refused = spend(store, 3, 60, 30).await.unwrap_err();
    assert!(matches!(refused, StoreError::Full { .. }), "{refused}");
    assert!(!spend(store, 1, 60, 30).await.unwrap());
    assert!(!spend(store, 2, 30, 30).await.unwrap());
    // The second has expired, and could not be used any more in any case.
    assert!(spend(store, 3, 60, 31).await.unwrap());
    assert!(!spend(store, 1, 60, 31).await.unwrap());
}
