//! Getting in: passwords, users with few rights, TLS; and what is said when it does not work.

use spanway_protocol::Limits;
use spanway_store::{BusMessage, Stores, StreamState};
use spanway_store_redis::{ConnectError, connect};
use spanway_testkit::RedisServer;

use crate::kept::{TTL, at, batch, session, stream};

async fn open(url: &str) -> Result<Stores, ConnectError> {
    connect(url, TTL, &Limits::default()).await
}

/// Everything that is told of an error.
fn told(error: &ConnectError) -> String {
    let mut text = format!("{error:?}");
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

async fn works(stores: &Stores) {
    stores.sessions.insert(session(1), at(0)).await.unwrap();
    let key = stream(1);
    let append = stores
        .logs
        .append(key.clone(), batch(1, StreamState::Ended), at(0));
    append.await.unwrap();
    assert!(
        stores
            .logs
            .read(key.clone(), 0, 9, at(0))
            .await
            .unwrap()
            .is_some()
    );
    stores.logs.forget(key.session).await.unwrap();
    let ended = BusMessage::Ended {
        session: "s".into(),
    };
    stores.bus.publish(ended).await.unwrap();
}

#[tokio::test]
async fn a_password_lets_in_and_is_never_told() {
    let server = RedisServer::with(&["--requirepass", "hunter2"]);
    let host = format!("127.0.0.1:{}", server.port());
    works(&open(&format!("redis://:hunter2@{host}")).await.unwrap()).await;
    for url in [
        format!("redis://{host}"),
        format!("redis://:hunter3@{host}"),
    ] {
        let error = open(&url).await.unwrap_err();
        assert!(matches!(error, ConnectError::Redis { .. }));
        let told = told(&error);
        assert!(told.contains(&host) && !told.contains("hunter"), "{told}");
    }
}

#[tokio::test]
async fn a_user_needs_no_more_rights_than_the_documentation_says() {
    let user = "--user ann on >s@crt ~shop:* &shop:* +@all -@dangerous -@admin";
    let server = RedisServer::with(&user.split(' ').collect::<Vec<_>>());
    let host = format!("127.0.0.1:{}", server.port());
    let url = |prefix| format!("redis://ann:s%40crt@{host}/0?prefix={prefix}");
    works(&open(&url("shop:")).await.unwrap()).await;
    let error = open(&url("other:")).await.unwrap_err();
    assert!(matches!(error, ConnectError::Redis { .. }));
    assert!(!told(&error).contains("s@crt"));
}

#[tokio::test]
async fn what_another_version_keeps_is_left_alone() {
    let server = RedisServer::start();
    drop(open(&server.url()).await.unwrap());
    assert_eq!(server.ask("SET spanway:format 999"), "+OK\r\n");
    let error = open(&server.url()).await.unwrap_err();
    assert!(matches!(error, ConnectError::Format { .. }), "{error}");
    let elsewhere = format!("{}?prefix=elsewhere:", server.url());
    works(&open(&elsewhere).await.unwrap()).await;
}

#[tokio::test]
async fn nobody_at_the_address_is_told_at_once() {
    let mut server = RedisServer::start();
    server.kill();
    let error = open(&server.url()).await.unwrap_err();
    assert!(told(&error).contains("refused"), "{}", told(&error));
}
