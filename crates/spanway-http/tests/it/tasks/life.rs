//! How long tasks live, how many there may be, and what becomes of them when their server or its store ends.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use spanway_protocol::Limits;
use spanway_store::suite::{Fault, Faulty};
use spanway_store::{MemoryTasks, Stores};
use spanway_testkit::{Client, Dice};
use tokio::time::Instant;

use super::{Bench, Core, Taker, connect, id_of};

#[tokio::test(start_paused = true)]
async fn t_task_13_and_d3_12_a_task_is_kept_for_its_time_and_stopped_after_it() {
    let bench = Bench::of(|builder| builder.task_ttl(Duration::from_secs(60)));
    let taker = bench.taker();
    let quick = taker.begin("work", json!({ "as": "q" })).await;
    let slow = taker
        .begin("work", json!({ "ms": 3_600_000, "as": "s" }))
        .await;
    assert_eq!(taker.get(&quick).await["ttlMs"], 60_000);
    tokio::time::sleep(Duration::from_millis(59_900)).await;
    assert_eq!(taker.get(&quick).await["status"], "completed");
    assert_eq!(taker.get(&slow).await["status"], "working");
    tokio::time::sleep(Duration::from_millis(200)).await;
    bench.journal.wait_for("s dropped").await;
    for id in [quick, slow] {
        let answer = taker
            .request("tasks/get", json!({ "taskId": id }))
            .send()
            .await;
        assert_eq!(answer.code(), -32602);
    }
}

fn limited(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

#[tokio::test(start_paused = true)]
async fn t_ltask_13_one_task_too_many_of_an_owner_is_refused_until_one_expires() {
    let bench = Bench::of(|builder| builder.task_ttl(Duration::from_secs(60)));
    let limits = limited(|limits| limits.tasks_per_owner_max = 2);
    let client = Client::new(bench.endpoint().limits(limits).build());
    let taker = Taker::of(client.clone());
    let (ann, bob) = (taker.clone().named("ann"), taker.clone().named("bob"));
    for _ in 0..2 {
        ann.begin("work", json!({})).await;
    }
    let refused = ann.calling("work", json!({ "as": "third" })).send().await;
    assert_eq!(refused.refusal(), (503, -32603));
    assert!(refused.error_text().contains("the bound is 2"));
    assert_eq!(bench.times("third began"), 0);
    bob.begin("work", json!({})).await;
    // Those without a name share no bound but that of all.
    for _ in 0..5 {
        taker.begin("work", json!({})).await;
    }
    tokio::time::sleep(Duration::from_secs(61)).await;
    ann.begin("work", json!({})).await;
    let session = connect(&client, "2025-11-25").await;
    for _ in 0..2 {
        session.begin("work", json!({})).await;
    }
    let third = super::as_task(&session, "work", json!({}), json!({}))
        .send()
        .await;
    assert_eq!(third.code(), -32603);
}

#[tokio::test(start_paused = true)]
async fn one_task_too_many_of_all_is_refused() {
    let bench = Bench::new();
    let limits = limited(|limits| limits.tasks_max = 3);
    let taker = Taker::of(Client::new(bench.endpoint().limits(limits).build()));
    for _ in 0..3 {
        taker.begin("work", json!({})).await;
    }
    let refused = taker.calling("work", json!({})).send().await;
    assert_eq!(refused.refusal(), (503, -32603));
}

#[tokio::test(start_paused = true)]
async fn a_result_too_long_to_be_kept_fails_the_task() {
    let bench = Bench::new();
    let limits = limited(|limits| limits.task_bytes_max = 300);
    let taker = Taker::of(Client::new(bench.endpoint().limits(limits).build()));
    let id = taker.begin("work", json!({ "as": "x".repeat(400) })).await;
    let failed = taker.until(&id, "failed").await;
    assert_eq!(failed["error"]["code"], -32603);
    let id = taker.begin("work", json!({ "as": "short" })).await;
    taker.until(&id, "completed").await;
}

#[tokio::test(start_paused = true)]
async fn the_memory_store_is_weighed_and_a_result_without_room_fails_its_task() {
    let bench = Bench::new();
    let limits = limited(|limits| limits.tasks_bytes_max = 2000);
    let taker = Taker::of(Client::new(bench.endpoint().limits(limits).build()));
    let id = taker.begin("work", json!({ "as": "x".repeat(900) })).await;
    let refused = taker.calling("work", json!({ "as": "y".repeat(900) }));
    let refused = refused.send().await;
    assert_eq!(refused.refusal(), (503, -32603));
    assert!(refused.error_text().contains("bytes of tasks"));
    taker.until(&id, "completed").await;
    let long = taker.begin("repeat", json!({ "times": 5000 })).await;
    let failed = taker.until(&long, "failed").await;
    assert_eq!(
        failed["statusMessage"],
        "there is no room to keep the result"
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_without_sessions_keeps_tasks_of_the_extension() {
    let bench = Bench::new();
    let taker = Taker::of(Client::new(bench.endpoint().without_sessions().build()));
    let id = taker.begin("work", json!({ "as": "w", "ms": 5 })).await;
    taker.until(&id, "completed").await;
}

#[tokio::test(start_paused = true)]
async fn a_server_mounted_twice_keeps_the_tasks_of_each_mount() {
    let bench = Bench::new();
    let (one, two) = (bench.taker(), bench.taker());
    let id = one.begin("work", json!({})).await;
    one.until(&id, "completed").await;
    let answer = two
        .request("tasks/get", json!({ "taskId": id }))
        .send()
        .await;
    assert_eq!(answer.code(), -32602);
}

/// A store of tasks of which every nth operation goes wrong.
fn faulty(bench: &Bench, fault: Fault, every: usize) -> Taker {
    let tasks = Faulty::new(Arc::new(MemoryTasks::new(&Limits::default())), fault, every);
    let stores = Stores::memory(Duration::from_secs(3600), &Limits::default());
    let stores = stores.with_tasks(Arc::new(tasks));
    Taker::of(Client::new(bench.endpoint().stores(stores).build()))
}

/// The answer, unless the store failed.
async fn ask_once(taker: &Taker, method: &str, params: &Value) -> Option<Value> {
    let answer = taker.request(method, params.clone()).send().await;
    if answer.status == 200 {
        return Some(answer.result());
    }
    assert_eq!(answer.refusal(), (503, -32603));
    None
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_now_and_then_loses_no_task() {
    for fault in [Fault::Refused, Fault::Lost, Fault::Late(5)] {
        // To look and to answer takes four operations, one after the other.
        for every in 5..10 {
            let bench = Bench::new();
            let taker = faulty(&bench, fault, every);
            // Out of step, so that it is not always the same operation that goes wrong.
            let mut dice = Dice::seeded(every as u64);
            order_all(&taker, &mut dice, &format!("{fault:?} {every}")).await;
            assert_eq!(bench.times("charged"), 1, "{fault:?} {every}");
        }
    }
}

/// Orders something, as a task, and answers what is asked.
async fn order_all(taker: &Taker, dice: &mut Dice, why: &str) {
    let call = json!({ "name": "order", "arguments": {} });
    let created = loop {
        if let Some(created) = ask_once(taker, "tools/call", &call).await {
            break created;
        }
    };
    let id = created["taskId"].clone();
    let begun = Instant::now();
    loop {
        let task = ask_once(taker, "tasks/get", &json!({ "taskId": id })).await;
        let task = task.unwrap_or_default();
        if task["status"] == "completed" {
            assert_eq!(task["result"]["content"][0]["text"], "Ada and Ada");
            return;
        }
        if task["status"] == "input_required" && dice.one_in(2) {
            let answers = json!({ "one": super::yes("Ada"), "two": super::yes("Ada") });
            let update = json!({ "taskId": id, "inputResponses": answers });
            ask_once(taker, "tasks/update", &update).await;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{why}: {task}");
        tokio::time::sleep(Duration::from_millis(dice.within(20..=400))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_refuses_tasks_and_nothing_else() {
    let bench = Bench::new();
    let taker = faulty(&bench, Fault::Refused, 1);
    let refused = taker.calling("work", json!({ "as": "w" })).send().await;
    assert_eq!(refused.refusal(), (503, -32603));
    assert_eq!(bench.times("w began"), 0);
    let plain = taker.call("plain", json!({ "as": "p" })).await;
    assert_eq!(plain["content"][0]["text"], "p is done");
    let later = taker.call("later", json!({ "as": "l", "ms": 9000 })).await;
    assert_eq!(later["content"][0]["text"], "l is done", "it waits instead");
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_tasks_and_then_fails_them_with_a_reason() {
    let bench = Bench::new();
    let endpoint = bench.endpoint().build();
    let taker = Taker::of(Client::new(endpoint.clone()));
    let session = connect(&Client::new(endpoint.clone()), "2025-11-25").await;
    let quick = taker.begin("work", json!({ "ms": 3000, "as": "q" })).await;
    let slow = taker
        .begin("work", json!({ "ms": 600_000, "as": "s" }))
        .await;
    let core = id_of(
        &session
            .begin("work", json!({ "ms": 600_000, "as": "c" }))
            .await,
    );
    let mut waiting = session
        .request("tasks/result", json!({ "taskId": core }))
        .open()
        .await;
    let mut told = taker
        .request(
            "subscriptions/listen",
            json!({ "notifications": { "taskIds": [slow, quick] } }),
        )
        .open()
        .await;
    let mut heard = Vec::new();
    let begun = Instant::now();
    let drained = async {
        let in_time = endpoint.finish_tasks(Duration::from_secs(9)).await;
        endpoint.start_drain();
        in_time
    };
    let hear = async {
        while let Some(event) = told.next_message().await {
            heard.push(serde_json::from_str::<Value>(&event.data).expect("a message"));
        }
    };
    let (in_time, ()) = tokio::join!(drained, hear);
    assert!(!in_time);
    assert_eq!(begun.elapsed(), Duration::from_secs(9));
    let last = |id: &str| {
        let mut of_it = heard.iter().rev();
        let last = of_it.find(|message| message["params"]["taskId"] == id);
        last.expect("told")["params"].clone()
    };
    assert_eq!(last(&quick)["status"], "completed");
    let failed = last(&slow);
    assert_eq!(failed["status"], "failed");
    assert_eq!(
        failed["statusMessage"],
        "the server is shutting down; try again"
    );
    assert_eq!(waiting.message().await["error"]["code"], -32603);
    assert_eq!((bench.times("s dropped"), bench.times("c dropped")), (1, 1));
}
