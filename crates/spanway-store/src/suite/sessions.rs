//! The contract of [`SessionStore`].

use std::future::Future;
use std::time::Duration;

use spanway_protocol::legacy::Session;
use spanway_protocol::schema::LoggingLevel;
use spanway_protocol::{Client, ProtocolVersion};

use super::{at, session_id as id};
use crate::error::StoreError;
use crate::session::{SessionChange, SessionStore};

const TTL: Duration = Duration::from_secs(60);

/// Runs every test, each on a fresh store made with a time to live and a bound.
///
/// # Panics
/// The store breaks the contract.
pub async fn sessions<S, F, Make>(make: Make)
where
    S: SessionStore,
    F: Future<Output = S>,
    Make: Fn(Duration, usize) -> F,
{
    what_is_kept_comes_back(&make(TTL, 8).await).await;
    changes_are_kept(&make(TTL, 8).await).await;
    removed_sessions_are_gone(&make(TTL, 8).await).await;
    unused_sessions_expire(&make(TTL, 8).await).await;
    use_and_renewal_keep_sessions_alive(&make(TTL, 8).await).await;
    a_full_store_refuses_until_there_is_room(&make(TTL, 2).await).await;
}

fn session(number: u8) -> Session {
    Session::new(
        id(number),
        ProtocolVersion::V2025_06_18,
        &Client::default(),
        Some("ann".into()),
    )
}

async fn what_is_kept_comes_back(store: &impl SessionStore) {
    store.insert(session(1), at(0)).await.unwrap();
    let loaded = store.load(&id(1), at(1)).await.unwrap().unwrap();
    assert_eq!(*loaded, session(1));
    assert!(store.load(&id(2), at(1)).await.unwrap().is_none());
    assert_eq!(store.count(at(1)).await.unwrap(), 1);
}

async fn changes_are_kept(store: &impl SessionStore) {
    store.insert(session(1), at(0)).await.unwrap();
    assert!(
        store
            .change(&id(1), SessionChange::Initialized, at(1))
            .await
            .unwrap()
    );
    assert!(
        store
            .change(&id(1), SessionChange::LogLevel(LoggingLevel::Error), at(1))
            .await
            .unwrap()
    );
    let subscribed = |uri: &str| SessionChange::Subscribed(uri.into());
    let unsubscribed = |uri: &str| SessionChange::Unsubscribed(uri.into());
    for change in [
        subscribed("a:1"),
        subscribed("a:2"),
        subscribed("a:2"),
        unsubscribed("a:1"),
        unsubscribed("a:3"),
    ] {
        assert!(store.change(&id(1), change, at(1)).await.unwrap());
    }
    let loaded = store.load(&id(1), at(2)).await.unwrap().unwrap();
    assert!(loaded.initialized);
    assert!(loaded.subscriptions.iter().map(|uri| &**uri).eq(["a:2"]));
    assert_eq!(loaded.log_level, LoggingLevel::Error);
    assert!(
        !store
            .change(&id(9), SessionChange::Initialized, at(1))
            .await
            .unwrap()
    );
}

async fn removed_sessions_are_gone(store: &impl SessionStore) {
    store.insert(session(1), at(0)).await.unwrap();
    assert!(store.remove(&id(1), at(1)).await.unwrap());
    assert!(!store.remove(&id(1), at(1)).await.unwrap());
    assert!(store.load(&id(1), at(1)).await.unwrap().is_none());
    assert_eq!(store.count(at(1)).await.unwrap(), 0);
}

async fn unused_sessions_expire(store: &impl SessionStore) {
    store.insert(session(1), at(0)).await.unwrap();
    assert_eq!(store.count(at(59)).await.unwrap(), 1);
    assert_eq!(store.count(at(60)).await.unwrap(), 0);
    assert!(store.load(&id(1), at(60)).await.unwrap().is_none());
    assert!(
        !store
            .change(&id(1), SessionChange::Initialized, at(60))
            .await
            .unwrap()
    );
    assert!(!store.remove(&id(1), at(60)).await.unwrap());
}

async fn use_and_renewal_keep_sessions_alive(store: &impl SessionStore) {
    store.insert(session(1), at(0)).await.unwrap();
    assert!(store.load(&id(1), at(59)).await.unwrap().is_some());
    store.renew(&[id(1), id(7)], at(118)).await.unwrap();
    assert!(
        store
            .change(&id(1), SessionChange::Initialized, at(177))
            .await
            .unwrap()
    );
    assert!(store.load(&id(1), at(236)).await.unwrap().is_some());
    assert!(store.load(&id(1), at(296)).await.unwrap().is_none());
}

async fn a_full_store_refuses_until_there_is_room(store: &impl SessionStore) {
    store.insert(session(1), at(0)).await.unwrap();
    store.insert(session(2), at(30)).await.unwrap();
    let refused = store.insert(session(3), at(31)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Full { .. }), "{refused}");
    store.insert(session(3), at(61)).await.unwrap();
    assert!(store.load(&id(1), at(61)).await.unwrap().is_none());
    assert!(store.remove(&id(2), at(62)).await.unwrap());
    store.insert(session(4), at(62)).await.unwrap();
    assert_eq!(store.count(at(62)).await.unwrap(), 2);
}
