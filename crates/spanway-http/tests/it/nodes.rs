//! Several nodes over the same stores behave as one server: any of them takes any message of any session.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use spanway_http::StreamableHttp;
use spanway_protocol::Limits;
use spanway_protocol::schema::{ListCapability, ResourcesCapability, ServerCapabilities};
use spanway_server::{Change, Context, Server, Tool, ToolError};
use spanway_store::suite::cluster::{Cluster, ClusterNode};
use spanway_store::{NodeBus, Stores};
use spanway_testkit::{Client, EventStream, Session};

use crate::probe::Probe;

/// A server of several nodes, each with a service of its own.
struct Nodes {
    cluster: Cluster,
    stores: Stores,
}

impl Nodes {
    fn new() -> Self {
        Self {
            cluster: Cluster::default(),
            stores: Stores::memory(Duration::from_secs(3600), &Limits::default()),
        }
    }

    fn bus(&self) -> Arc<ClusterNode> {
        self.cluster.join()
    }

    fn stores(&self, bus: &Arc<ClusterNode>) -> Stores {
        self.stores.clone().with_bus(bus.clone())
    }

    /// A node that serves `probe`.
    fn node(&self, probe: &Probe) -> StreamableHttp {
        probe.endpoint().stores(self.stores(&self.bus())).build()
    }
}

fn probe() -> Probe {
    Probe::offering(
        ServerCapabilities::default()
            .with_tools(ListCapability::with_changes())
            .with_resources(ResourcesCapability::with_changes().with_subscribe())
            .with_logging(),
    )
}

/// Lets the nodes hear each other.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

async fn telling(session: &Session) -> (EventStream, String) {
    let call = session
        .call("tell", json!({}))
        .id("t")
        .meta("progressToken", 1);
    let mut stream = call.open().await;
    let place = stream.next_event().await.expect("the place").id;
    (stream, place.expect("an id"))
}

#[tokio::test]
async fn rmcp_2f_and_4_1_a_session_of_one_node_is_used_listened_to_and_ended_on_others() {
    let (nodes, probe) = (Nodes::new(), probe());
    let [a, b, c] = [(); 3].map(|()| Client::new(nodes.node(&probe)));
    let on_a = a.connect("2025-11-25").await;
    let (on_b, on_c) = (on_a.used_by(b), on_a.used_by(c));
    assert_eq!(on_b.call("echo", json!({})).send().await.status, 200);
    let mut listening = on_c.listen().open().await;
    assert!(listening.next_event().await.is_some());
    assert_eq!(on_b.delete().send().await.status, 200);
    settle().await;
    assert_eq!(
        listening.next_message().await,
        None,
        "ended on another node"
    );
    assert_eq!(on_a.call("echo", json!({})).send().await.status, 404);
}

#[tokio::test]
async fn t_2411_15_a_call_is_cancelled_from_another_node() {
    let (nodes, probe) = (Nodes::new(), probe());
    let [a, b] = [(); 2].map(|()| Client::new(nodes.node(&probe)));
    let on_a = a.connect("2025-11-25").await;
    let on_b = on_a.used_by(b);
    let call = on_a.call("never", json!({})).id("n").send();
    let cancel = async {
        probe.journal.wait_for("never began").await;
        assert_eq!(on_b.cancel("n").await.status, 202);
        probe.journal.wait_for("never dropped").await;
    };
    let (answer, ()) = tokio::join!(call, cancel);
    assert_eq!(answer.messages(), Vec::<Value>::new());
}

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

async fn greet(cx: Context) -> Result<String, ToolError> {
    let Name { name } = cx.elicit("user_name", "Your name?").await?.accepted()?;
    Ok(format!("Hello, {name}!"))
}

#[tokio::test]
async fn rmcp_2f_and_4_1_a_question_of_one_node_is_answered_on_another() {
    let nodes = Nodes::new();
    let server = || {
        Server::builder("nodes", "1.0.0")
            .tool(Tool::new("greet", greet))
            .build()
            .expect("a server")
    };
    let [a, b] = [(); 2].map(|()| {
        let stores = nodes.stores(&nodes.bus());
        Client::new(StreamableHttp::builder(server()).stores(stores).build())
    });
    let opening = a.initialize("2025-11-25").edit(|message| {
        message["params"]["capabilities"] = json!({ "elicitation": {} });
    });
    let on_a = Session::of(a.clone(), &opening.send().await);
    on_a.notify("notifications/initialized", json!({})).await;
    let on_b = on_a.used_by(b);
    let mut stream = on_a.call("greet", json!({})).open().await;
    let question = stream.message().await;
    assert_eq!(question["method"], "elicitation/create");
    let answer = json!({ "action": "accept", "content": { "name": "Ada" } });
    let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": answer });
    assert_eq!(on_b.post(answer).send().await.status, 202);
    let response = stream.message().await;
    assert_eq!(response["result"]["content"][0]["text"], "Hello, Ada!");
}

#[tokio::test]
async fn a_stream_of_one_node_is_read_on_from_another_while_its_call_runs() {
    let (nodes, probe) = (Nodes::new(), probe());
    let [a, b] = [(); 2].map(|()| Client::new(nodes.node(&probe)));
    let on_a = a.connect("2025-11-25").await;
    let on_b = on_a.used_by(b);
    // The connection to the first node is dead, and does not know.
    let (mut half_open, place) = telling(&on_a).await;
    let mut stream = on_b.resume(&place).open().await;
    assert_eq!(stream.message().await["method"], "notifications/progress");
    assert_eq!(stream.message().await["method"], "notifications/message");
    settle().await;
    probe.open_gate();
    assert_eq!(stream.message().await["id"], "t");
    assert_eq!(stream.next().await, None);
    while let Some(event) = half_open.next_message().await {
        assert!(!event.data.contains("\"result\""), "on one connection only");
    }
}

#[tokio::test]
async fn rmcp_2a_6_and_2f_changes_on_one_node_are_told_on_all() {
    let nodes = Nodes::new();
    let (one, two) = (probe(), probe());
    let (a, b) = (Client::new(nodes.node(&one)), Client::new(nodes.node(&two)));
    let on_a = a.connect("2025-11-25").await;
    let mut on_b = on_a.used_by(b.clone());
    let mut listening = on_b.listen().open().await;
    assert!(listening.next_event().await.is_some());
    let subscribe = on_a.request("resources/subscribe", json!({ "uri": "a:1" }));
    assert_eq!(subscribe.send().await.result(), json!({}));
    let listen = json!({ "notifications": { "toolsListChanged": true } });
    let mut modern = b.modern("subscriptions/listen", listen).open().await;
    assert!(modern.message().await["method"].is_string());
    settle().await;
    one.hub.publish(Change::Tools);
    one.hub.publish(Change::Resource("a:1".into()));
    settle().await;
    assert_eq!(listening.message().await["method"], Change::Tools.method());
    let updated = listening.message().await;
    assert_eq!(updated["params"]["uri"], "a:1");
    assert_eq!(modern.message().await["method"], Change::Tools.method());
    assert_eq!(listening.try_message(), None, "once");
    on_b = on_a;
    assert!(on_b.id.is_some());
}

#[tokio::test(start_paused = true)]
async fn the_call_of_a_lost_node_is_answered_with_an_error_once() {
    let (nodes, probe) = (Nodes::new(), probe());
    let bus = nodes.bus();
    let lost = probe.endpoint().stores(nodes.stores(&bus)).build();
    let [b, c] = [(); 2].map(|()| Client::new(nodes.node(&probe)));
    let on_a = Client::new(lost.clone()).connect("2025-11-25").await;
    let (on_b, on_c) = (on_a.used_by(b), on_a.used_by(c));
    let (stream, place) = telling(&on_a).await;
    let mut reading = on_b.resume(&place).open().await;
    assert_eq!(reading.message().await["method"], "notifications/progress");
    assert_eq!(reading.message().await["method"], "notifications/message");
    nodes.cluster.kill(bus.node());
    let response = reading.message().await;
    assert_eq!(
        (&response["id"], &response["error"]["code"]),
        (&json!("t"), &json!(-32603))
    );
    assert_eq!(reading.next().await, None);
    let again = on_c.resume(&place).send().await.messages();
    assert_eq!(again.len(), 3, "{again:?}");
    assert_eq!(again[2], response);
    // It was not dead after all, only thought so: its own response comes too late.
    probe.open_gate();
    probe.journal.wait_for("tell finished").await;
    settle().await;
    drop(stream);
    assert_eq!(on_c.resume(&place).send().await.messages(), again);
}

#[tokio::test(start_paused = true)]
async fn a_session_in_use_on_one_node_lives_on_all() {
    let ttl = Duration::from_secs(60);
    let (mut nodes, probe) = (Nodes::new(), probe());
    nodes.stores = Stores::memory(ttl, &Limits::default());
    let [a, b] = [(); 2].map(|()| {
        let stores = nodes.stores(&nodes.bus());
        Client::new(probe.endpoint().session_ttl(ttl).stores(stores).build())
    });
    let on_a = a.connect("2025-11-25").await;
    let _listening = on_a.listen().open().await;
    for _ in 0..20 {
        tokio::time::sleep(ttl / 4).await;
    }
    let on_b = on_a.used_by(b);
    assert_eq!(on_b.call("echo", json!({})).send().await.status, 200);
}

#[tokio::test]
async fn a_node_that_drains_hands_its_streams_over() {
    let (nodes, probe) = (Nodes::new(), probe());
    let draining = nodes.node(&probe);
    let b = Client::new(nodes.node(&probe));
    let on_a = Client::new(draining.clone()).connect("2025-11-25").await;
    let on_b = on_a.used_by(b);
    let (mut stream, place) = telling(&on_a).await;
    let mut listening = on_a.listen().open().await;
    let listening_place = listening.next_event().await.expect("the place").id;
    draining.start_drain();
    let mut last = None;
    while let Some(event) = stream.next_event().await {
        last = Some(event);
    }
    let last = last.expect("when to come back");
    assert!(last.data.is_empty() && last.retry_ms.is_some(), "{last:?}");
    let last = listening.next_event().await.expect("when to come back");
    assert!(last.data.is_empty() && last.retry_ms.is_some(), "{last:?}");
    assert_eq!(listening.next().await, None);
    let mut stream = on_b.resume(&place).open().await;
    assert_eq!(stream.message().await["method"], "notifications/progress");
    assert_eq!(stream.message().await["method"], "notifications/message");
    probe.open_gate();
    assert_eq!(stream.message().await["id"], "t");
    let resumed = on_b.resume(&listening_place.expect("an id")).open().await;
    assert_eq!(resumed.status, 200);
}

#[tokio::test]
async fn what_changed_while_nobody_listened_is_told_later() {
    let (nodes, probe) = (Nodes::new(), probe());
    let [a, b] = [(); 2].map(|()| Client::new(nodes.node(&probe)));
    let on_a = a.connect("2025-11-25").await;
    let on_b = on_a.used_by(b);
    let mut listening = on_a.listen().open().await;
    let place = listening.next_event().await.expect("the place").id;
    let place = place.expect("an id");
    drop(listening);
    probe.hub.publish(Change::Prompts);
    let mut same_node = on_a.listen().open().await;
    assert_eq!(
        same_node.message().await["method"],
        Change::Prompts.method()
    );
    assert_eq!(same_node.try_message(), None, "and nothing else");
    drop(same_node);
    let mut other_node = on_b.resume(&place).open().await;
    let told: Vec<Value> = std::iter::from_fn(|| other_node.try_message()).collect();
    let methods: Vec<&Value> = told.iter().map(|message| &message["method"]).collect();
    assert!(
        methods.contains(&&json!(Change::Prompts.method())),
        "another node cannot know what was told: it tells all, {methods:?}"
    );
}
