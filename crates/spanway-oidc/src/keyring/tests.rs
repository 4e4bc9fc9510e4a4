//! When keys are fetched, in paused time.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::{advance, sleep};

use super::*;

/// An issuer that takes a second to answer, with a key for each fetch so far.
#[derive(Clone, Default)]
struct Fake {
    fetches: Arc<AtomicUsize>,
    is_down: Arc<AtomicBool>,
}

impl Fetch for Fake {
    fn keys(&self) -> BoxFuture<'_, Result<Keys, FetchError>> {
        async {
            let count = self.fetches.fetch_add(1, Ordering::Relaxed) + 1;
            sleep(Duration::from_secs(1)).await;
            if self.is_down.load(Ordering::Relaxed) {
                return Err(FetchError::Slow);
            }
            let key = |id| json!({ "kty": "OKP", "crv": "Ed25519", "kid": format!("{id}"), "x": "A".repeat(43) });
            let keys: Vec<_> = (1..=count).map(key).collect();
            let set = json!({ "keys": keys }).to_string();
            Keys::parse(set.as_bytes()).ok_or(FetchError::NoKeys)
        }
        .boxed()
    }
}

impl Fake {
    fn ring(&self) -> Keyring {
        Keyring::new("https://id.example", self.clone())
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::Relaxed)
    }
}

async fn key(ring: &Keyring, id: &str) -> Result<(), KeyError> {
    ring.key(Some(id), Algorithm::EdDSA).await.map(drop)
}

#[tokio::test(start_paused = true)]
async fn k3_17_many_who_wait_are_one_fetch_and_its_keys_are_held_for_an_hour() {
    let (fake, ring) = (Fake::default(), Fake::ring);
    let ring = ring(&fake);
    let all = join_all((0..100).map(|_| key(&ring, "1"))).await;
    assert!(all.iter().all(Result::is_ok));
    advance(Duration::from_secs(3590)).await;
    assert_eq!((key(&ring, "1").await, fake.fetches()), (Ok(()), 1));
    advance(Duration::from_secs(10)).await;
    assert_eq!((key(&ring, "1").await, fake.fetches()), (Ok(()), 2));
}

#[tokio::test(start_paused = true)]
async fn k3_17_a_flood_of_unknown_keys_is_one_fetch_in_ten_seconds() {
    let fake = Fake::default();
    let ring = fake.ring();
    assert_eq!(key(&ring, "1").await, Ok(()));
    for _ in 0..100 {
        let ids: Vec<String> = (0..50).map(|id| format!("made up {id}")).collect();
        let all = join_all(ids.iter().map(|id| key(&ring, id))).await;
        assert!(all.iter().all(|it| *it == Err(KeyError::Unknown)));
    }
    assert_eq!(fake.fetches(), 2);
    // What is known goes on being known, and what is new is found when the time has come.
    assert_eq!((key(&ring, "2").await, fake.fetches()), (Ok(()), 2));
    assert_eq!(key(&ring, "3").await, Err(KeyError::Unknown));
    advance(PAUSE).await;
    assert_eq!((key(&ring, "3").await, fake.fetches()), (Ok(()), 3));
}

#[tokio::test(start_paused = true)]
async fn k3_17_while_the_issuer_is_down_old_keys_are_used_for_four_hours_and_none_is_open() {
    let fake = Fake::default();
    let ring = fake.ring();
    assert_eq!(key(&ring, "1").await, Ok(()));
    fake.is_down.store(true, Ordering::Relaxed);
    advance(FRESH).await;
    for _ in 0..10 {
        assert_eq!(key(&ring, "1").await, Ok(()));
    }
    assert_eq!(
        fake.fetches(),
        2,
        "a fetch that failed is not repeated at once"
    );
    assert_eq!(key(&ring, "9").await, Err(KeyError::Unavailable));
    advance(LIFE_MAX - FRESH - Duration::from_secs(5)).await;
    assert_eq!(key(&ring, "1").await, Ok(()));
    advance(PAUSE).await;
    assert_eq!(key(&ring, "1").await, Err(KeyError::Unavailable));
    fake.is_down.store(false, Ordering::Relaxed);
    advance(PAUSE).await;
    assert_eq!(key(&ring, "1").await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn k3_17_clients_who_give_up_begin_no_fetches() {
    let fake = Fake::default();
    let ring = fake.ring();
    for _ in 0..20 {
        let gone = timeout(Duration::from_millis(10), key(&ring, "1")).await;
        assert!(gone.is_err());
    }
    assert_eq!((key(&ring, "1").await, fake.fetches()), (Ok(()), 1));
}
