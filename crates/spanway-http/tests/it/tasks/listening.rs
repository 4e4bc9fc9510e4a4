//! `notifications/tasks` on listen streams.

use std::time::Duration;

use serde_json::{Value, json};
use spanway_http::StreamableHttp;
use spanway_protocol::Limits;
use spanway_server::{Server, Tool};
use spanway_testkit::{Client, EventStream, RequestBuilder};

use super::{Bench, Taker, yes};

const ID: &str = "io.modelcontextprotocol/subscriptionId";

fn listening(taker: &Taker, ids: &[&str]) -> RequestBuilder {
    let notifications = json!({ "taskIds": ids });
    let request = taker.request(
        "subscriptions/listen",
        json!({ "notifications": notifications }),
    );
    request.id("s")
}

async fn listen(taker: &Taker, ids: &[&str]) -> (EventStream, Value) {
    let mut stream = listening(taker, ids).open().await;
    let first = stream.message().await;
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
    (stream, first["params"]["notifications"].clone())
}

async fn told(stream: &mut EventStream) -> Value {
    let mut message = stream.message().await;
    assert_eq!(message["method"], "notifications/tasks");
    let meta = message["params"]
        .as_object_mut()
        .expect("params")
        .remove("_meta");
    assert_eq!(meta, Some(json!({ ID: "s" })), "T-SUB-04");
    message["params"].take()
}

#[tokio::test(start_paused = true)]
async fn t_task_12_a_listener_is_told_the_whole_task_whenever_it_changes() {
    let bench = Bench::new();
    let taker = bench.taker();
    let id = taker.begin("greet", json!({})).await;
    let (mut stream, honoured) = listen(&taker, &[&id]).await;
    assert_eq!(honoured, json!({ "taskIds": [id] }));
    let mut now = told(&mut stream).await;
    if now["status"] == "working" {
        now = told(&mut stream).await;
    }
    assert_eq!(now["status"], "input_required");
    let mut got = taker.get(&id).await;
    let fields = got.as_object_mut().expect("a task");
    fields.retain(|key, _| !["_meta", "resultType"].contains(&key.as_str()));
    assert_eq!(now, got, "what tasks/get would have answered");
    taker.update(&id, json!({ "who": yes("Ada") })).await;
    let mut last = told(&mut stream).await;
    while last["status"] == "working" {
        last = told(&mut stream).await;
    }
    assert_eq!(last["status"], "completed");
    assert_eq!(last["result"]["content"][0]["text"], "Hello, Ada!");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(stream.try_message(), None, "nothing follows the end");
}

#[tokio::test(start_paused = true)]
async fn t_task_12_who_comes_late_is_told_how_it_ended() {
    let taker = Bench::new().taker();
    let id = taker.begin("work", json!({ "as": "w" })).await;
    taker.until(&id, "completed").await;
    let (mut stream, _) = listen(&taker, &[&id]).await;
    assert_eq!(told(&mut stream).await["status"], "completed");
}

#[tokio::test(start_paused = true)]
async fn t_sub_02_and_d3_4_only_own_tasks_are_acknowledged_and_told() {
    let bench = Bench::new();
    let endpoint = bench.endpoint().build();
    let taker = || Taker::of(Client::new(endpoint.clone()));
    let (ann, bob) = (taker().named("ann"), taker().named("bob"));
    let hers = ann.begin("greet", json!({})).await;
    let his = bob.begin("work", json!({ "as": "w" })).await;
    let (mut stream, honoured) = listen(&bob, &[&hers, &his, "nonsense"]).await;
    assert_eq!(honoured, json!({ "taskIds": [his] }));
    assert_eq!(told(&mut stream).await["taskId"], his.as_str());
    ann.until(&hers, "input_required").await;
    ann.update(&hers, json!({ "who": yes("Ada") })).await;
    ann.until(&hers, "completed").await;
    while let Some(message) = stream.try_message() {
        assert_eq!(message["params"]["taskId"], his.as_str());
    }
}

#[tokio::test]
async fn t_task_11_who_does_not_declare_the_extension_cannot_listen_to_tasks() {
    let bench = Bench::new();
    let id = bench.taker().begin("work", json!({})).await;
    let client = bench.taker().declaring(json!({}));
    let refused = listening(&client, &[&id]).send().await;
    assert_eq!(refused.refusal(), (400, -32021));
}

#[tokio::test]
async fn a_server_without_tasks_honours_none() {
    let plain = Server::builder("plain", "1").tool(Tool::new("t", async || "t"));
    let plain = StreamableHttp::new(plain.build().expect("a server"));
    let (_stream, honoured) = listen(&Taker::of(Client::new(plain)), &["x"]).await;
    assert_eq!(honoured, json!({}));
}

#[tokio::test]
async fn a_stream_takes_so_many_tasks() {
    let bench = Bench::new();
    let mut limits = Limits::default();
    limits.subscriptions_max = 1;
    let taker = Taker::of(Client::new(bench.endpoint().limits(limits).build()));
    assert_eq!(listening(&taker, &["a", "b"]).send().await.code(), -32602);
}
