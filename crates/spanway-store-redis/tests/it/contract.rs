//! The contract every store keeps, on a plain Redis and on one that enforces slots as a cluster does.

use spanway_protocol::Limits;
use spanway_store::suite;
use spanway_testkit::RedisServer;

use crate::kept::{Logs, Nonces, Sessions, TTL, Tasks, fresh, node};

async fn keeps_the_contract(server: &RedisServer) {
    suite::sessions(async |ttl, max| {
        let mut limits = Limits::default();
        limits.sessions_max = max;
        Sessions(fresh(server, ttl, &limits).await)
    })
    .await;
    suite::logs(async |limits| Logs(fresh(server, TTL, &limits).await)).await;
    suite::logs_in_all(async |limits| Logs(fresh(server, TTL, &limits).await)).await;
    suite::tasks(async |max| {
        let mut limits = Limits::default();
        limits.tasks_max = max;
        Tasks(fresh(server, TTL, &limits).await)
    })
    .await;
    suite::nonces(async |max| {
        let mut limits = Limits::default();
        limits.spent_states_max = max;
        Nonces(fresh(server, TTL, &limits).await)
    })
    .await;
    suite::nonces_in_all(&Nonces(node(server).await), &Nonces(node(server).await)).await;
}

#[tokio::test]
async fn redis_keeps_the_contract() {
    keeps_the_contract(&RedisServer::start()).await;
}

/// A cluster of one has every slot, but refuses a script whose keys are in several.
#[tokio::test]
async fn every_script_finds_its_keys_in_one_slot_of_a_cluster() {
    let server = RedisServer::with(&["--cluster-enabled", "yes"]);
    assert_eq!(server.ask("CLUSTER ADDSLOTSRANGE 0 16383"), "+OK\r\n");
    crate::kept::eventually("the cluster is up", TTL, async || {
        server.ask("CLUSTER INFO").contains("cluster_state:ok")
    })
    .await;
    keeps_the_contract(&server).await;
}

#[tokio::test]
async fn a_log_in_redis_is_like_a_vec() {
    let server = RedisServer::start();
    let make = async |limits| Logs(fresh(&server, TTL, &limits).await);
    suite::logs_like_a_vec(make, 60).await;
}
