//! Calls that become tasks once they have run for long.

use std::time::Duration;

use serde_json::json;
use spanway_protocol::Limits;
use spanway_testkit::Client;
use tokio::time::Instant;

use super::{Bench, Taker, yes};

#[tokio::test(start_paused = true)]
async fn a_call_that_is_done_in_time_is_answered_with_its_result() {
    let taker = Bench::new().taker();
    let result = taker.call("later", json!({ "ms": 4900, "as": "l" })).await;
    assert_eq!(result["resultType"], "complete");
    assert_eq!(result["content"][0]["text"], "l is done");
}

#[tokio::test(start_paused = true)]
async fn one_that_takes_longer_is_answered_with_a_task_and_its_handler_goes_on() {
    let bench = Bench::new();
    let taker = bench.taker();
    let begun = Instant::now();
    let id = taker.begin("later", json!({ "ms": 9000, "as": "l" })).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
    let done = taker.until(&id, "completed").await;
    assert_eq!(done["result"]["content"][0]["text"], "l is done");
    assert_eq!(begun.elapsed().as_secs(), 9);
    assert_eq!(
        bench.journal.entries(),
        ["l began", "l finished"],
        "the same run"
    );
}

#[tokio::test(start_paused = true)]
async fn who_takes_no_tasks_waits() {
    let bench = Bench::new();
    let modern = bench.taker().declaring(json!({}));
    let result = modern
        .call("later", json!({ "ms": 20_000, "as": "m" }))
        .await;
    assert_eq!(result["content"][0]["text"], "m is done");
    let session = bench.session().await;
    let result = session
        .call("later", json!({ "ms": 20_000, "as": "s" }))
        .send()
        .await
        .result();
    assert_eq!(result["content"][0]["text"], "s is done");
}

#[tokio::test(start_paused = true)]
async fn what_was_said_before_is_told_on_the_stream_and_later_in_the_status() {
    let bench = Bench::new();
    let taker = bench.taker();
    let call = taker
        .calling("tell_later", json!({}))
        .meta("progressToken", "p");
    let messages = call.send().await.messages();
    let told: Vec<_> = messages
        .iter()
        .map(|message| &message["params"]["progress"])
        .collect();
    assert_eq!(told[..2], [&json!(1), &json!(2)], "{messages:?}");
    let created = &messages[2]["result"];
    assert_eq!(created["resultType"], "task");
    let id = created["taskId"].as_str().expect("an id");
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(taker.get(id).await["statusMessage"], "step 3");
    taker.until(id, "completed").await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_before_cancels_it() {
    let bench = Bench::new();
    let taker = bench.taker();
    let call = taker
        .calling("later", json!({ "ms": 9000, "as": "l" }))
        .send();
    assert!(
        tokio::time::timeout(Duration::from_secs(1), call)
            .await
            .is_err()
    );
    bench.journal.wait_for("l dropped").await;
}

#[tokio::test(start_paused = true)]
async fn a_question_before_is_an_interim_answer() {
    let taker = Bench::new().taker();
    let asked = taker.call("greet_later", json!({})).await;
    assert_eq!(asked["resultType"], "input_required");
    let retry = taker.calling("greet_later", json!({})).edit(|message| {
        message["params"]["requestState"] = asked["requestState"].clone();
        message["params"]["inputResponses"] = json!({ "who": yes("Ada") });
    });
    assert_eq!(
        retry.send().await.result()["content"][0]["text"],
        "Hello, Ada!"
    );
}

#[tokio::test(start_paused = true)]
async fn where_there_is_no_room_for_a_task_the_client_waits() {
    let bench = Bench::new();
    let mut limits = Limits::default();
    limits.tasks_max = 0;
    let taker = Taker::of(Client::new(bench.endpoint().limits(limits).build()));
    let result = taker.call("later", json!({ "ms": 9000, "as": "l" })).await;
    assert_eq!(result["content"][0]["text"], "l is done");
    assert_eq!(bench.times("l began"), 1);
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_call_ends_it_before_it_is_a_task_and_not_after() {
    let bench = Bench::new();
    let mut limits = Limits::default();
    limits.call_timeout = Duration::from_secs(3);
    let client = Client::new(bench.endpoint().limits(limits).build());
    let taker = Taker::of(client);
    let answer = taker
        .calling("later", json!({ "ms": 9000, "as": "l" }))
        .send()
        .await;
    assert_eq!(answer.code(), -32603);
    bench.journal.wait_for("l dropped").await;
    let id = taker.begin("work", json!({ "ms": 9000, "as": "w" })).await;
    taker.until(&id, "completed").await;
}
