//! Several nodes on one Redis: what one does the others see, hear and survive.

use std::future::poll_fn;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use spanway_protocol::jsonrpc::RequestId;
use spanway_protocol::{Limits, RawJson};
use spanway_store::{Appended, BusMessage, NodeId, SessionChange, StreamState};
use spanway_testkit::RedisServer;
use tokio::time::timeout;

use crate::kept::{TTL, at, batch, eventually, fresh, node, session, stream};

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn nodes_hear_each_other_in_order_and_not_themselves() {
    let server = RedisServer::start();
    let (one, other) = (node(&server).await, node(&server).await);
    assert_ne!(one.bus.node(), other.bus.node());
    assert!(!one.bus.is_alone());
    let (mut at_one, mut at_other) = (one.bus.listen(), other.bus.listen());
    let mut also_at_other = other.bus.listen();
    let messages: Vec<BusMessage> = (0..50)
        .map(|number| BusMessage::Answered {
            session: "s".into(),
            id: RequestId::from(number),
            result: Some(RawJson::from_serialize(&[number]).unwrap()),
            error: None,
        })
        .collect();
    for message in &messages {
        one.bus.publish(message.clone()).await.unwrap();
    }
    let last = BusMessage::Ended {
        session: "s".into(),
    };
    other.bus.publish(last.clone()).await.unwrap();
    for message in messages {
        let heard = timeout(SOON, at_other.next()).await.unwrap().unwrap();
        assert_eq!(heard, message);
        let heard = timeout(SOON, also_at_other.next()).await.unwrap();
        assert_eq!(heard.unwrap(), message);
    }
    // Its own fifty came before, and were passed over.
    let heard = timeout(SOON, at_one.next()).await.unwrap().unwrap();
    assert_eq!(heard, last);
}

#[tokio::test]
async fn an_append_on_one_node_wakes_a_reader_on_another() {
    let server = RedisServer::start();
    let (one, other) = (node(&server).await, node(&server).await);
    let key = stream(1);
    let state = StreamState::Calls {
        node: one.bus.node(),
        pending: vec![RequestId::from(1)],
    };
    for number in 1..20 {
        let bell = other.logs.bells().hang(key.clone());
        let append = one
            .logs
            .append(key.clone(), batch(number, state.clone()), at(0));
        assert_eq!(append.await.unwrap(), Appended::Done);
        let rung = poll_fn(|cx| bell.poll_rung(cx));
        timeout(SOON, rung).await.unwrap();
        let page = other.logs.read(key.clone(), number - 1, 1 << 20, at(0));
        let page = page.await.unwrap().unwrap();
        assert_eq!((page.messages.len(), page.state), (1, state.clone()));
    }
    let bell = other.logs.bells().hang(key.clone());
    one.logs.forget(key.session.clone()).await.unwrap();
    let rung = poll_fn(|cx| bell.poll_rung(cx));
    timeout(SOON, rung).await.unwrap();
    let page = other.logs.read(key, 0, 1 << 20, at(0)).await.unwrap();
    assert!(page.is_none());
}

#[tokio::test]
async fn of_two_nodes_that_end_a_stream_one_does() {
    let server = RedisServer::start();
    let (one, other) = (node(&server).await, node(&server).await);
    let key = stream(1);
    for number in 1..30 {
        let key = spanway_store::StreamKey {
            session: stream(number).session,
            ..key.clone()
        };
        let end = |node: &spanway_store::Stores| {
            let ending = batch(1, StreamState::Ended);
            node.logs.append(key.clone(), ending, at(0))
        };
        let (first, second) = tokio::join!(end(&one), end(&other));
        let done = [first.unwrap(), second.unwrap()];
        assert!(done.contains(&Appended::Done) && done.contains(&Appended::Ended));
    }
}

#[tokio::test]
async fn a_session_is_the_same_on_every_node() {
    let server = RedisServer::start();
    let (one, other) = (node(&server).await, node(&server).await);
    let id = session(1).id;
    one.sessions.insert(session(1), at(0)).await.unwrap();
    // Both change it at once, again and again: no change is lost.
    let subscribe = async |node: &spanway_store::Stores, name: &str| {
        for number in 0..40 {
            let change = SessionChange::Subscribed(format!("{name}:{number}").into());
            assert!(node.sessions.change(&id, change, at(1)).await.unwrap());
        }
    };
    tokio::join!(subscribe(&one, "one"), subscribe(&other, "other"));
    let loaded = other.sessions.load(&id, at(2)).await.unwrap().unwrap();
    assert_eq!(loaded.subscriptions.len(), 80);
    assert!(other.sessions.remove(&id, at(2)).await.unwrap());
    assert!(one.sessions.load(&id, at(2)).await.unwrap().is_none());
}

#[tokio::test]
async fn the_bound_on_sessions_is_one_for_all_nodes_and_goes_by_use() {
    let server = RedisServer::start();
    let mut limits = Limits::default();
    limits.sessions_max = 2;
    let url = server.url();
    let open = async || {
        let opened = spanway_store_redis::connect(&url, TTL, &limits).await;
        opened.unwrap().sessions
    };
    let (one, other) = (open().await, open().await);
    one.insert(session(1), at(0)).await.unwrap();
    other.insert(session(2), at(0)).await.unwrap();
    assert!(one.insert(session(3), at(1)).await.is_err());
    // One is in use, the other is not; the first would have expired together with it.
    for seconds in [20, 40, 59, 80, 100] {
        assert!(
            one.load(&session(1).id, at(seconds))
                .await
                .unwrap()
                .is_some()
        );
    }
    assert_eq!(other.count(at(100)).await.unwrap(), 1);
    other.insert(session(4), at(100)).await.unwrap();
    assert!(one.insert(session(5), at(100)).await.is_err());
}

#[tokio::test]
async fn a_session_used_often_is_written_once_a_second_and_lives_as_long() {
    let server = RedisServer::start();
    let stores = node(&server).await;
    let id = session(1).id;
    stores.sessions.insert(session(1), at(0)).await.unwrap();
    let used_at = |millis| at(0) + Duration::from_millis(millis);
    let before = server.ask("INFO persistence");
    for millis in 0..900 {
        let found = stores.sessions.load(&id, used_at(millis)).await;
        assert!(found.unwrap().is_some());
    }
    let written = |info: &str| {
        let (_, rest) = info.split_once("aof_current_size:").unwrap();
        rest.lines().next().unwrap().parse::<u64>().unwrap()
    };
    // Only leases.
    let growth = written(&server.ask("INFO persistence")) - written(&before);
    assert!(growth < 2000, "{growth}");
    for millis in [1500, 2400, 3300, 4200] {
        stores
            .sessions
            .renew(std::slice::from_ref(&id), used_at(millis))
            .await
            .unwrap();
    }
    let found = stores.sessions.load(&id, used_at(63_100)).await;
    assert!(found.unwrap().is_some());
}

#[tokio::test]
async fn deployments_with_their_own_prefixes_share_a_redis_and_nothing_else() {
    let server = RedisServer::start();
    let limits = Limits::default();
    let one = fresh(&server, TTL, &limits).await;
    let other = fresh(&server, TTL, &limits).await;
    one.sessions.insert(session(1), at(0)).await.unwrap();
    let found = other.sessions.load(&session(1).id, at(0)).await.unwrap();
    assert!(found.is_none());
    let next_database = server.url().replace("/0", "/1?prefix=test-0:");
    let elsewhere = spanway_store_redis::connect(&next_database, TTL, &limits).await;
    let elsewhere = elsewhere.unwrap();
    let (mut heard, mut also_heard) = (other.bus.listen(), elsewhere.bus.listen());
    let ended = |session: &str| BusMessage::Ended {
        session: session.into(),
    };
    let third = fresh(&server, TTL, &limits).await;
    one.bus.publish(ended("foreign")).await.unwrap();
    third.bus.publish(ended("foreign")).await.unwrap();
    let a_while = Duration::from_millis(200);
    assert!(timeout(a_while, heard.next()).await.is_err());
    assert!(timeout(a_while, also_heard.next()).await.is_err());
}

#[tokio::test]
async fn a_node_that_is_gone_counts_as_dead_after_its_lease() {
    let server = RedisServer::start();
    let (one, other) = (node(&server).await, node(&server).await);
    let (living, dying) = (one.bus.node(), other.bus.node());
    assert!(one.bus.is_alive(living).await.unwrap());
    assert!(one.bus.is_alive(dying).await.unwrap());
    // Redis came just now, so nobody is taken for dead: the others may be late.
    assert!(one.bus.is_alive(NodeId::unlike_others()).await.unwrap());
    eventually("unknown nodes are dead", SOON, async || {
        !one.bus.is_alive(NodeId::unlike_others()).await.unwrap()
    })
    .await;
    assert!(one.bus.is_alive(dying).await.unwrap());
    drop(other);
    let since = Instant::now();
    eventually("the node is dead", SOON, async || {
        !one.bus.is_alive(dying).await.unwrap()
    })
    .await;
    assert!(since.elapsed() < Duration::from_secs(5));
    assert!(one.bus.is_alive(living).await.unwrap());
    // What the nodes before it know, a new one knows at once.
    let third = node(&server).await;
    assert!(!third.bus.is_alive(dying).await.unwrap());
    assert!(third.bus.is_alive(living).await.unwrap());
}

#[tokio::test]
async fn leases_that_nobody_could_renew_say_nothing() {
    let server = RedisServer::start();
    let one = node(&server).await;
    eventually("unknown nodes are dead", SOON, async || {
        !one.bus.is_alive(NodeId::unlike_others()).await.unwrap()
    })
    .await;
    drop(one);
    eventually("the term is over", SOON, async || {
        server.ask("EXISTS spanway:term").starts_with(":0")
    })
    .await;
    let other = node(&server).await;
    assert!(other.bus.is_alive(NodeId::unlike_others()).await.unwrap());
}

#[tokio::test]
async fn nothing_is_left_open_when_the_stores_are_dropped() {
    let server = RedisServer::start();
    let stores = node(&server).await;
    let clients = || server.ask("INFO clients");
    // The one that asks, the one for commands, the one that listens.
    assert!(
        clients().contains("connected_clients:3\r\n"),
        "{}",
        clients()
    );
    drop(stores);
    eventually("connections end", SOON, async || {
        clients().contains("connected_clients:1\r\n")
    })
    .await;
}
