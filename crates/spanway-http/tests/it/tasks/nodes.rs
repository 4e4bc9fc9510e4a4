//! Tasks on several nodes over one store, and what becomes of them when nodes are lost.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use spanway_http::StreamableHttp;
use spanway_protocol::Limits;
use spanway_store::suite::cluster::{Cluster, ClusterNode};
use spanway_store::{NodeBus, NodeId, Stores};
use spanway_testkit::Client;

use super::{Bench, Core, Taker, connect, id_of, settle, yes};

/// A server of several nodes.
struct Nodes {
    cluster: Cluster,
    stores: Stores,
}

/// One of them.
struct Node {
    id: NodeId,
    bench: Bench,
    endpoint: StreamableHttp,
}

impl Nodes {
    fn new() -> Self {
        Self {
            cluster: Cluster::default(),
            stores: Stores::memory(Duration::from_secs(3600), &Limits::default()),
        }
    }

    fn node(&self) -> Node {
        let bus: Arc<ClusterNode> = self.cluster.join();
        let bench = Bench::new();
        let stores = self.stores.clone().with_bus(bus.clone());
        Node {
            id: bus.node(),
            endpoint: bench.endpoint().stores(stores).build(),
            bench,
        }
    }

    fn kill(&self, node: &Node) {
        self.cluster.kill(node.id);
    }
}

impl Node {
    fn client(&self) -> Client {
        Client::new(self.endpoint.clone())
    }

    fn taker(&self) -> Taker {
        Taker::of(self.client()).named("ann")
    }
}

#[tokio::test(start_paused = true)]
async fn rmcp_2a_11_any_node_answers_for_a_task_and_hands_on_what_it_is_told() {
    let nodes = Nodes::new();
    let (a, b, c) = (nodes.node(), nodes.node(), nodes.node());
    let id = a.taker().begin("greet", json!({})).await;
    b.taker().until(&id, "input_required").await;
    c.taker().update(&id, json!({ "who": yes("Ada") })).await;
    let done = b.taker().until(&id, "completed").await;
    assert_eq!(done["result"]["content"][0]["text"], "Hello, Ada!");
}

#[tokio::test(start_paused = true)]
async fn a_task_is_cancelled_where_it_runs_from_where_it_does_not() {
    let nodes = Nodes::new();
    let (a, b) = (nodes.node(), nodes.node());
    let id = a
        .taker()
        .begin("work", json!({ "ms": 600_000, "as": "w" }))
        .await;
    a.bench.journal.wait_for("w began").await;
    b.taker().cancel(&id).await;
    a.bench.journal.wait_for("w dropped").await;
    assert_eq!(a.taker().get(&id).await["status"], "cancelled");
}

#[tokio::test(start_paused = true)]
async fn a_listener_hears_of_a_task_on_another_node() {
    let nodes = Nodes::new();
    let (a, b) = (nodes.node(), nodes.node());
    let id = a
        .taker()
        .begin("work", json!({ "ms": 5000, "as": "w" }))
        .await;
    let listen = json!({ "notifications": { "taskIds": [id] } });
    let mut stream = b
        .taker()
        .request("subscriptions/listen", listen)
        .open()
        .await;
    stream.message().await;
    assert_eq!(stream.message().await["params"]["status"], "working");
    assert_eq!(stream.message().await["params"]["status"], "completed");
}

#[tokio::test(start_paused = true)]
async fn t_ltask_09_a_task_of_one_node_asks_where_its_result_is_waited_for_on_another() {
    let nodes = Nodes::new();
    let (a, b, c) = (nodes.node(), nodes.node(), nodes.node());
    let on_a = connect(&a.client(), "2025-11-25").await;
    let (on_b, on_c) = (on_a.used_by(b.client()), on_a.used_by(c.client()));
    let id = id_of(&on_a.begin("greet", json!({})).await);
    let mut stream = on_b
        .request("tasks/result", json!({ "taskId": id }))
        .open()
        .await;
    let question = stream.message().await;
    assert_eq!(question["method"], "elicitation/create");
    let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": yes("Ada") });
    assert_eq!(on_c.post(answer).send().await.status, 202);
    assert_eq!(
        stream.message().await["result"]["content"][0]["text"],
        "Hello, Ada!"
    );
    assert_eq!(on_a.until(&id, "completed").await["taskId"], id.as_str());
}

#[tokio::test(start_paused = true)]
async fn d3_14_a_task_of_a_lost_node_fails_once_with_a_reason() {
    let nodes = Nodes::new();
    let (a, b, c) = (nodes.node(), nodes.node(), nodes.node());
    let id = a
        .taker()
        .begin("work", json!({ "ms": 60_000, "as": "w" }))
        .await;
    a.bench.journal.wait_for("w began").await;
    nodes.kill(&a);
    let (on_b, on_c) = (b.taker(), c.taker());
    let (one, two) = tokio::join!(on_b.get(&id), on_c.get(&id));
    assert_eq!(one["status"], "failed");
    assert_eq!(one["error"]["code"], -32603);
    assert_eq!(one["statusMessage"], one["error"]["message"]);
    assert_eq!(one, two);
    // It was not dead after all, only thought so: its own end comes too late.
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(b.taker().get(&id).await, one);
    assert_eq!(b.bench.times("w began"), 0);
}

#[tokio::test(start_paused = true)]
async fn d3_14_an_idempotent_task_of_a_lost_node_is_begun_again_by_who_looks() {
    let nodes = Nodes::new();
    let (a, b, c) = (nodes.node(), nodes.node(), nodes.node());
    let id = a
        .taker()
        .begin("safe", json!({ "ms": 60_000, "as": "w" }))
        .await;
    a.bench.journal.wait_for("w began").await;
    nodes.kill(&a);
    assert_eq!(b.taker().get(&id).await["status"], "working");
    assert_eq!(c.taker().get(&id).await["status"], "working");
    let done = c.taker().until(&id, "completed").await;
    assert_eq!(done["result"]["content"][0]["text"], "w is done");
    assert_eq!((b.bench.times("w began"), c.bench.times("w began")), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_kills_its_nodes_is_not_begun_for_ever() {
    let nodes = Nodes::new();
    let first = nodes.node();
    let id = first
        .taker()
        .begin("safe", json!({ "ms": 60_000, "as": "w" }))
        .await;
    nodes.kill(&first);
    for _ in 0..2 {
        let next = nodes.node();
        assert_eq!(next.taker().get(&id).await["status"], "working");
        nodes.kill(&next);
    }
    assert_eq!(nodes.node().taker().get(&id).await["status"], "failed");
}

#[tokio::test(start_paused = true)]
async fn a_parked_task_outlives_its_node_and_goes_on_where_it_is_answered() {
    let nodes = Nodes::new();
    let (a, b, c) = (nodes.node(), nodes.node(), nodes.node());
    let id = a.taker().begin("order", json!({})).await;
    a.taker().until(&id, "input_required").await;
    a.taker().update(&id, json!({ "one": yes("Ada") })).await;
    a.bench.journal.wait_for("charged").await;
    settle().await;
    nodes.kill(&a);
    let parked = b.taker().until(&id, "input_required").await;
    assert!(parked["inputRequests"]["two"].is_object(), "{parked}");
    b.taker().update(&id, json!({ "two": yes("Bob") })).await;
    let done = c.taker().until(&id, "completed").await;
    assert_eq!(done["result"]["content"][0]["text"], "Ada and Bob");
    assert_eq!(b.bench.times("charged"), 0, "what was done once is known");
}

#[tokio::test(start_paused = true)]
async fn answers_that_reached_no_handler_are_not_lost_with_its_node() {
    let nodes = Nodes::new();
    let (a, b) = (nodes.node(), nodes.node());
    let id = a.taker().begin("pair", json!({})).await;
    a.taker().until(&id, "input_required").await;
    // The node is gone, and nobody knows yet: what is answered now is kept only.
    let update = json!({ "one": yes("Ada") });
    nodes.kill(&a);
    b.taker().update(&id, update).await;
    assert_eq!(b.taker().get(&id).await["status"], "input_required");
    b.taker().update(&id, json!({ "two": yes("Bob") })).await;
    let done = b.taker().until(&id, "completed").await;
    assert_eq!(done["result"]["content"][0]["text"], "Ada and Bob");
}

#[tokio::test(start_paused = true)]
async fn who_waits_or_listens_notices_that_a_node_is_lost() {
    let nodes = Nodes::new();
    let (a, b) = (nodes.node(), nodes.node());
    let on_a = connect(&a.client(), "2025-11-25").await;
    let on_b = on_a.used_by(b.client());
    let core = id_of(
        &on_a
            .begin("work", json!({ "ms": 600_000, "as": "c" }))
            .await,
    );
    let modern = a
        .taker()
        .begin("work", json!({ "ms": 600_000, "as": "m" }))
        .await;
    let listen = json!({ "notifications": { "taskIds": [modern] } });
    let mut stream = b
        .taker()
        .request("subscriptions/listen", listen)
        .open()
        .await;
    stream.message().await;
    assert_eq!(stream.message().await["params"]["status"], "working");
    let waiting = on_b.ask("tasks/result", &core);
    let kill = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        nodes.kill(&a);
    };
    let (answer, ()) = tokio::join!(waiting, kill);
    assert_eq!(answer.messages()[0]["error"]["code"], -32603);
    assert_eq!(stream.message().await["params"]["status"], "failed");
    let listed = on_b.request("tasks/list", json!({})).send().await.result();
    assert_eq!(listed["tasks"][0]["status"], "failed");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_ends_in_order_leaves_to_others_what_can_be_begun_again() {
    let nodes = Nodes::new();
    let (a, b) = (nodes.node(), nodes.node());
    let safe = a
        .taker()
        .begin("safe", json!({ "ms": 60_000, "as": "s" }))
        .await;
    let parked = a.taker().begin("greet", json!({})).await;
    let other = a
        .taker()
        .begin("work", json!({ "ms": 60_000, "as": "w" }))
        .await;
    a.taker().until(&parked, "input_required").await;
    assert!(!a.endpoint.finish_tasks(Duration::from_secs(1)).await);
    nodes.kill(&a);
    assert_eq!(b.taker().get(&other).await["status"], "failed");
    assert_eq!(b.taker().get(&safe).await["status"], "working");
    b.taker()
        .update(&parked, json!({ "who": yes("Ada") }))
        .await;
    let done = b.taker().until(&parked, "completed").await;
    assert_eq!(done["result"]["content"][0]["text"], "Hello, Ada!");
    b.taker().until(&safe, "completed").await;
}
