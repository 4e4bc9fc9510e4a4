//! Redis goes away, and comes back: nothing hangs, nothing that was acknowledged is lost, nothing is kept twice.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use spanway_protocol::jsonrpc::RequestId;
use spanway_store::{Appended, BusMessage, SessionChange, StoreError, Stores, StreamState};
use spanway_testkit::RedisServer;
use tokio::time::timeout;

use crate::kept::{at, batch, eventually, node, session, stream};

/// How long Redis is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
const SOON: Duration = Duration::from_secs(15);

async fn is_back(stores: &Stores) {
    eventually("redis is back", SOON, async || {
        stores.sessions.count(at(0)).await.is_ok()
    })
    .await;
}

/// Runs an operation that has to fail because Redis is away, within the time.
async fn fails<T: std::fmt::Debug>(
    within: Duration,
    operation: impl Future<Output = Result<T, StoreError>>,
) {
    let since = Instant::now();
    let error = operation.await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(since.elapsed() < within, "{:?}", since.elapsed());
}

#[tokio::test]
async fn operations_fail_soon_while_redis_is_away_and_work_when_it_is_back() {
    let mut server = RedisServer::start();
    let (stores, other) = (node(&server).await, node(&server).await);
    let (sessions, id) = (&stores.sessions, session(1).id);
    sessions.insert(session(1), at(0)).await.unwrap();
    let mut heard = other.bus.listen();
    server.kill();
    fails(PATIENCE, sessions.load(&id, at(1))).await;
    // After that nobody waits any more.
    let at_once = Duration::from_millis(500);
    fails(at_once, sessions.load(&id, at(1))).await;
    fails(at_once, sessions.insert(session(2), at(1))).await;
    fails(at_once, sessions.remove(&id, at(1))).await;
    fails(at_once, stores.logs.read(stream(1), 0, 9, at(1))).await;
    fails(at_once, stores.tasks.count("ann".into(), at(1))).await;
    let ended = BusMessage::Ended {
        session: "s".into(),
    };
    fails(at_once, stores.bus.publish(ended.clone())).await;
    fails(at_once, stores.bus.is_alive(other.bus.node())).await;
    server.restart();
    is_back(&stores).await;
    assert!(sessions.load(&id, at(1)).await.unwrap().is_some());
    let change = SessionChange::Initialized;
    assert!(sessions.change(&id, change, at(2)).await.unwrap());
    // The leases of all nodes are over, but nobody is taken for dead.
    assert!(stores.bus.is_alive(other.bus.node()).await.unwrap());
    eventually("the bus carries again", SOON, async || {
        stores.bus.publish(ended.clone()).await.unwrap();
        let listening = timeout(Duration::from_millis(100), heard.next()).await;
        listening.is_ok_and(|message| message == Some(ended.clone()))
    })
    .await;
}

#[tokio::test]
async fn a_redis_that_stands_still_is_given_up_and_found_again() {
    let server = RedisServer::start();
    let stores = node(&server).await;
    stores.sessions.insert(session(1), at(0)).await.unwrap();
    server.signal("STOP");
    fails(PATIENCE, stores.sessions.load(&session(1).id, at(1))).await;
    server.signal("CONT");
    is_back(&stores).await;
    let found = stores.sessions.load(&session(1).id, at(1)).await;
    assert!(found.unwrap().is_some());
}

#[tokio::test]
async fn an_append_waits_for_redis_and_is_kept_once() {
    let mut server = RedisServer::start();
    let stores = node(&server).await;
    let key = stream(1);
    let state = || StreamState::Calls {
        node: stores.bus.node(),
        pending: vec![RequestId::from(1)],
    };
    let mut number = 0;
    for _ in 0..4 {
        // One is under way when Redis is killed: it may or may not have been kept before.
        let writing = async {
            for _ in 0..200 {
                number += 1;
                let append = stores
                    .logs
                    .append(key.clone(), batch(number, state()), at(0));
                assert_eq!(append.await.unwrap(), Appended::Done);
            }
        };
        let killing = async {
            tokio::time::sleep(Duration::from_millis(30)).await;
            server.kill();
            tokio::time::sleep(Duration::from_millis(100)).await;
            server.restart();
        };
        tokio::join!(writing, killing);
    }
    let end = stores
        .logs
        .append(key.clone(), batch(number + 1, StreamState::Ended), at(0));
    assert_eq!(end.await.unwrap(), Appended::Done);
    let page = stores
        .logs
        .read(key, 0, 1 << 20, at(0))
        .await
        .unwrap()
        .unwrap();
    let expected: Vec<Bytes> = (1..=number + 1)
        .flat_map(|number| batch(number, StreamState::Ended).messages)
        .collect();
    assert_eq!(page.messages, expected);
    assert_eq!(page.state, StreamState::Ended);
}

#[tokio::test]
async fn a_stream_goes_on_when_redis_comes_back_with_nothing() {
    let mut server = RedisServer::start();
    let stores = node(&server).await;
    let key = stream(1);
    let append = |number| {
        let append = stores
            .logs
            .append(key.clone(), batch(number, StreamState::Listening), at(0));
        async { append.await.unwrap() }
    };
    for number in 1..4 {
        assert_eq!(append(number).await, Appended::Done);
    }
    server.kill();
    server.wipe();
    server.restart();
    // The scripts are gone too, and are given again.
    assert_eq!(append(4).await, Appended::Done);
    assert!(
        stores
            .logs
            .read(key.clone(), 2, 99, at(0))
            .await
            .unwrap()
            .is_none()
    );
    let page = stores
        .logs
        .read(key.clone(), 3, 99, at(0))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(page.messages, batch(4, StreamState::Listening).messages);
}

#[tokio::test]
async fn a_stream_goes_on_when_redis_comes_back_with_less_than_it_had() {
    let mut server = RedisServer::start();
    let stores = node(&server).await;
    let key = stream(1);
    let append = |number| {
        let append = stores
            .logs
            .append(key.clone(), batch(number, StreamState::Listening), at(0));
        async { append.await.unwrap() }
    };
    assert_eq!(append(1).await, Appended::Done);
    let earlier = server.written();
    assert_eq!(append(2).await, Appended::Done);
    assert_eq!(append(3).await, Appended::Done);
    server.kill();
    server.put_back(&earlier);
    server.restart();
    assert_eq!(append(4).await, Appended::Done);
    let page = stores
        .logs
        .read(key.clone(), 3, 99, at(0))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(page.messages, batch(4, StreamState::Listening).messages);
    // To somebody else it is a conflict as any.
    let other = node(&server).await;
    let late = other
        .logs
        .append(key, batch(9, StreamState::Listening), at(0));
    assert_eq!(late.await.unwrap(), Appended::Conflict { last: 4 });
}

#[tokio::test]
async fn a_stream_whose_end_redis_lost_is_ended_again() {
    let mut server = RedisServer::start();
    let (stores, other) = (node(&server).await, node(&server).await);
    let key = stream(1);
    let state = StreamState::Calls {
        node: stores.bus.node(),
        pending: vec![RequestId::from(1)],
    };
    let append = |batch| {
        let append = stores.logs.append(key.clone(), batch, at(0));
        async { assert_eq!(append.await.unwrap(), Appended::Done) }
    };
    append(batch(1, state)).await;
    let earlier = server.written();
    append(batch(2, StreamState::Ended)).await;
    server.kill();
    server.put_back(&earlier);
    server.restart();
    // Who had read the first message is told that the rest is gone, not to wait for it.
    eventually("the stream is over", SOON, async || {
        let page = other.logs.read(key.clone(), 1, 99, at(0)).await;
        page.is_ok_and(|page| page.is_none())
    })
    .await;
    let page = other
        .logs
        .read(key.clone(), 2, 99, at(0))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(page.state, StreamState::Ended);
}

#[tokio::test]
async fn whoever_waited_for_more_is_woken_when_redis_is_back() {
    let mut server = RedisServer::start();
    let stores = node(&server).await;
    let bell = stores.logs.bells().hang(stream(1));
    server.restart();
    let rung = std::future::poll_fn(|cx| bell.poll_rung(cx));
    timeout(SOON, rung).await.unwrap();
}

#[tokio::test]
async fn scripts_that_redis_forgot_are_given_again() {
    let server = RedisServer::start();
    let stores = node(&server).await;
    stores.sessions.insert(session(1), at(0)).await.unwrap();
    assert_eq!(server.ask("SCRIPT FLUSH"), "+OK\r\n");
    let found = stores.sessions.load(&session(1).id, at(1)).await;
    assert!(found.unwrap().is_some());
}
