//! A node of the server: opens everything it shares with the others, and holds what runs in the background.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::Client;
use spanway_protocol::Limits;
use spanway_store::stored::FORMAT;
use spanway_store::{Bells, BusMessage, NodeId, StoreError, Stores};
use tokio::sync::broadcast;
use tokio::task::JoinSet;

use crate::address::Address;
use crate::bus::RedisBus;
use crate::error::ConnectError;
use crate::keeper;
use crate::keys::Keys;
use crate::lease::Lease;
use crate::link::{Link, Patience};
use crate::log::RedisLog;
use crate::nonce::RedisNonces;
use crate::scripts::Request;
use crate::session::RedisSessions;
use crate::subscriber::Subscriber;
use crate::task::RedisTasks;

/// Messages of other nodes that wait to be heeded; then the oldest go.
const HEARD_MAX: usize = 4096;

/// What the keepers of one node share.
pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) keys: Keys,
    pub(crate) link: Arc<Link>,
    pub(crate) lease: Arc<Lease>,
    pub(crate) bells: Arc<Bells>,
    pub(crate) heard: broadcast::Sender<BusMessage>,
    tokens: AtomicU64,
    /// Ends with the last keeper.
    _background: JoinSet<()>,
}

impl Node {
    /// A name for one operation, by which it is known when it is tried again.
    pub(crate) fn token(&self) -> String {
        let number = self.tokens.fetch_add(1, Ordering::Relaxed);
        format!("{}-{number:x}", self.id)
    }
}

/// Opens the stores of a server whose nodes share the Redis at `url`:
/// `redis://[user:password@]host[:port][/db][?prefix=…]`, or `rediss://…` for TLS, with the certificates this
/// machine trusts. All keys begin with the prefix, `spanway:` if none is given.
///
/// Sessions live for `ttl` after their last use. `limits` bounds sessions, tasks and used states of all nodes
/// together, and the logs of each node for itself. Has to be called in a Tokio runtime; what runs in the background there ends
/// when the stores are dropped.
///
/// # Errors
/// The URL cannot be used, Redis does not answer within a few seconds or does not let us in, or another version
/// of this program keeps its things there. The error does not show credentials.
pub async fn connect(url: &str, ttl: Duration, limits: &Limits) -> Result<Stores, ConnectError> {
    let address = Address::parse(url)?;
    let node = Arc::new(open(&address).await?);
    check_format(&node, &address).await?;
    Ok(Stores::memory(ttl, limits)
        .with_sessions(Arc::new(RedisSessions::new(node.clone(), ttl, limits)))
        .with_logs(Arc::new(RedisLog::new(node.clone(), limits)))
        .with_tasks(Arc::new(RedisTasks::new(node.clone(), limits)))
        .with_nonces(Arc::new(RedisNonces::new(node.clone(), limits)))
        .with_bus(Arc::new(RedisBus::new(node))))
}

async fn open(address: &Address) -> Result<Node, ConnectError> {
    if address.is_encrypted {
        // Fails only if a provider is there already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| ConnectError::Redis {
        address: address.shown.clone(),
        source,
    };
    let client = Client::open(address.info.clone()).map_err(|error| failed(error.into()))?;
    let id = NodeId::unlike_others();
    let keys = address.keys.clone();
    let link = Arc::new(Link::new(client.clone()));
    let lease = Arc::new(Lease::new(keys.node(id), keys.term()));
    let (heard, _) = broadcast::channel(HEARD_MAX);
    let bells = Arc::<Bells>::default();
    let subscriber = Subscriber {
        client,
        keys: keys.clone(),
        node: id,
        bells: bells.clone(),
        heard: heard.clone(),
    };
    keeper::connect(&link, &lease)
        .await
        .map_err(|trouble| failed(trouble.into()))?;
    let listening = subscriber
        .subscribe()
        .await
        .map_err(|trouble| failed(trouble.into()))?;
    let mut background = JoinSet::new();
    background.spawn(keeper::keep(link.clone(), lease.clone()));
    background.spawn(subscriber.listen(listening));
    Ok(Node {
        id,
        keys,
        link,
        lease,
        bells,
        heard,
        tokens: AtomicU64::new(0),
        _background: background,
    })
}

/// Writes the number of the format, or finds that it is the same.
async fn check_format(node: &Node, address: &Address) -> Result<(), ConnectError> {
    let key = node.keys.format();
    let writing = Request::command("SET").arg(&key).arg(FORMAT).arg("NX");
    let reading = Request::command("GET").arg(&key);
    let asked = async {
        let _: redis::Value = node.link.ask(&writing, Patience::Short).await?;
        node.link.ask(&reading, Patience::Short).await
    };
    let found: Result<String, StoreError> = asked.await;
    let found = found.map_err(|error| ConnectError::Redis {
        address: address.shown.clone(),
        source: error.into(),
    })?;
    if found == FORMAT.to_string() {
        return Ok(());
    }
    Err(ConnectError::Format {
        address: address.shown.clone(),
        prefix: node.keys.prefix().into(),
        found: found.into(),
        needed: FORMAT,
    })
}
