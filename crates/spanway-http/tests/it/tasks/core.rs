//! The core form of 2025-11-25.

use std::time::Duration;

use http::header::ACCEPT;
use serde_json::{Value, json};
use spanway_testkit::Piece;
use tokio::time::Instant;

use super::{Bench, Core, RELATED, as_task, connect, id_of};

const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

#[tokio::test]
async fn t_ltask_01_the_capability_is_that_of_2025_11_25_alone() {
    let client = Bench::new().client();
    for version in LEGACY {
        let result = client.initialize(version).send().await.result();
        let offered = json!({ "list": {}, "cancel": {}, "requests": { "tools": { "call": {} } } });
        let expected = (version == "2025-11-25").then_some(&offered);
        assert_eq!(result["capabilities"].get("tasks"), expected, "{version}");
    }
}

#[tokio::test]
async fn t_ltask_02_a_call_the_other_way_is_no_method() {
    let bench = Bench::new();
    let session = bench.session().await;
    let cannot = as_task(&session, "plain", json!({}), json!({}))
        .send()
        .await;
    assert_eq!(cannot.refusal(), (200, -32601));
    assert_eq!(
        cannot.error_text(),
        "a call of the tool \"plain\" cannot be a task"
    );
    let must = session.call("must", json!({})).send().await;
    assert_eq!(must.refusal(), (200, -32601));
    assert_eq!(bench.journal.entries(), Vec::<String>::new());
    let tools = session
        .request("tools/list", json!({}))
        .send()
        .await
        .result();
    let support = |name: &str| {
        let tools = tools["tools"].as_array().expect("tools");
        let tool = tools.iter().find(|tool| tool["name"] == name).expect("it");
        tool.get("execution").cloned()
    };
    assert_eq!(support("plain"), None);
    assert_eq!(support("work"), Some(json!({ "taskSupport": "optional" })));
    assert_eq!(support("later"), Some(json!({ "taskSupport": "optional" })));
    assert_eq!(support("must"), Some(json!({ "taskSupport": "required" })));
}

#[tokio::test]
async fn t_ltask_03_where_there_are_no_tasks_the_parameter_is_ignored() {
    let bench = Bench::new();
    for version in &LEGACY[..3] {
        let session = bench.client().connect(version).await;
        for tool in ["work", "must", "plain"] {
            let call = as_task(&session, tool, json!({ "as": "w" }), json!({ "ttl": 1 }));
            let result = call.send().await.result();
            assert_eq!(
                result["content"][0]["text"], "w is done",
                "{version} {tool}"
            );
        }
        let get = session.ask("tasks/get", "x").await;
        assert_eq!(get.refusal(), (200, -32601));
    }
    // Without sessions nothing tells the tasks of one client from those of another.
    let client = spanway_testkit::Client::new(bench.endpoint().without_sessions().build());
    let initialized = client.initialize("2025-11-25").send().await.result();
    assert_eq!(initialized["capabilities"].get("tasks"), None);
    let session = client.connect("2025-11-25").await;
    let call = as_task(&session, "must", json!({ "as": "w" }), json!({}));
    assert_eq!(
        call.send().await.result()["content"][0]["text"],
        "w is done"
    );
    assert_eq!(session.ask("tasks/get", "x").await.code(), -32601);
}

#[tokio::test(start_paused = true)]
async fn t_ltask_04_and_rmcp_2a_10_and_4_14_the_answer_is_the_task_at_once() {
    let bench = Bench::of(|builder| builder.task_ttl_max(Duration::from_secs(7200)));
    let session = bench.session().await;
    let begun = Instant::now();
    for (wished, given) in [
        (json!({ "ttl": 60_000 }), 60_000),
        (json!({}), 3_600_000),
        (json!({ "ttl": 999_999_999 }), 7_200_000),
        (json!({ "ttl": 0 }), 1000),
    ] {
        let call = as_task(&session, "work", json!({ "ms": 1000, "as": "w" }), wished);
        let answer = call.send().await;
        assert!(!answer.is_stream());
        let result = answer.result();
        let task = &result["task"];
        assert_eq!(
            (&task["status"], &task["ttl"]),
            (&json!("working"), &json!(given))
        );
        assert_eq!(task["pollInterval"], 1000);
        assert_eq!(
            result.as_object().map(serde_json::Map::len),
            Some(1),
            "{result}"
        );
        let got = session.ask("tasks/get", &id_of(task)).await.result();
        assert_eq!(got["ttl"], given, "the actual one");
    }
    assert_eq!(begun.elapsed(), Duration::ZERO);
    for wrong in [
        json!(5),
        json!("x"),
        json!([]),
        json!({ "ttl": "1" }),
        json!({ "ttl": -1 }),
        json!({ "ttl": 1.5 }),
    ] {
        let call = as_task(&session, "work", json!({}), wrong.clone());
        assert_eq!(call.send().await.code(), -32602, "{wrong}");
    }
}

#[tokio::test(start_paused = true)]
async fn t_ltask_06_what_a_tool_calls_its_failure_is_a_failed_task() {
    let bench = Bench::new();
    let session = bench.session().await;
    let id = id_of(&session.begin("fails", json!({})).await);
    let failed = session.until(&id, "failed").await;
    assert_eq!(failed["statusMessage"], "out of paper");
    let result = session.ask("tasks/result", &id).await.result();
    assert_eq!(result["isError"], true);
    assert_eq!(result["content"][0]["text"], "out of paper");
    // The client waits for a task, so that there is one.
    let call = as_task(&session, "work", json!({ "ms": "soon" }), json!({}));
    let id = id_of(&call.send().await.result()["task"]);
    let result = session.ask("tasks/result", &id).await.result();
    assert_eq!(result["isError"], true);
    assert_eq!(session.until(&id, "failed").await["status"], "failed");
}

#[tokio::test(start_paused = true)]
async fn t_ltask_07_looking_is_answered_at_once_and_never_with_a_stream() {
    let bench = Bench::new();
    let session = bench.session().await;
    let id = id_of(
        &session
            .begin("work", json!({ "ms": 5000, "as": "w" }))
            .await,
    );
    let answer = session.ask("tasks/get", &id).await;
    assert!(!answer.is_stream());
    let task = answer.result();
    assert_eq!(
        (&task["taskId"], &task["status"]),
        (&json!(id), &json!("working"))
    );
    assert_eq!(task.get("_meta"), None, "T-LTASK-14");
    assert_eq!(task.get("task"), None);
}

#[tokio::test(start_paused = true)]
async fn t_ltask_08_the_result_is_waited_for_and_exactly_that_of_the_call() {
    let bench = Bench::new();
    let session = bench.session().await;
    let id = id_of(
        &session
            .begin("work", json!({ "ms": 5000, "as": "w" }))
            .await,
    );
    let begun = Instant::now();
    let mut result = session.ask("tasks/result", &id).await.result();
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
    let meta = result.as_object_mut().expect("a result").remove("_meta");
    assert_eq!(meta, Some(json!({ RELATED: { "taskId": id } })));
    let inline = session
        .call("work", json!({ "as": "w" }))
        .send()
        .await
        .result();
    assert_eq!(result, inline);
    // As often as it is asked for.
    let again = session.ask("tasks/result", &id).await.result();
    assert_eq!(again["content"], inline["content"]);
}

#[tokio::test(start_paused = true)]
async fn t_ltask_08_an_error_of_the_call_is_the_answer() {
    let bench = Bench::new();
    let session = bench.session().await;
    let id = id_of(&session.begin("breaks", json!({})).await);
    let answer = session.ask("tasks/result", &id).await;
    let error = &answer.response()["error"];
    assert_eq!(*error, json!({ "code": 7, "message": "broken" }));
    assert_eq!(
        session.until(&id, "failed").await["statusMessage"],
        "broken"
    );
}

#[tokio::test(start_paused = true)]
async fn d3_12_waiting_is_kept_alive_and_has_no_time_of_its_own() {
    let bench = Bench::new();
    let session = bench.session().await;
    let id = id_of(
        &session
            .begin("work", json!({ "ms": 300_000, "as": "w" }))
            .await,
    );
    let mut stream = session
        .request("tasks/result", json!({ "taskId": id }))
        .open()
        .await;
    let mut comments = 0;
    let response = loop {
        match stream.next_saying().await {
            Some(Piece::Comment) => comments += 1,
            Some(Piece::Event(event)) => break event.data,
            None => panic!("no response"),
        }
    };
    assert!(comments >= 15, "one every 15 s: {comments}");
    assert!(response.contains("w is done"), "{response}");
    // A client that takes JSON only waits too.
    let id = id_of(
        &session
            .begin("work", json!({ "ms": 300_000, "as": "v" }))
            .await,
    );
    let waiting = session.request("tasks/result", json!({ "taskId": id }));
    let answer = waiting.set(&ACCEPT, "application/json").send().await;
    assert_eq!(answer.result()["content"][0]["text"], "v is done");
}

#[tokio::test(start_paused = true)]
async fn d3_12_waiting_ends_when_the_task_does_or_is_gone() {
    let bench = Bench::new();
    let session = bench.session().await;
    let call = as_task(
        &session,
        "work",
        json!({ "ms": 600_000, "as": "w" }),
        json!({ "ttl": 30_000 }),
    );
    let id = id_of(&call.send().await.result()["task"]);
    let begun = Instant::now();
    let gone = session.ask("tasks/result", &id).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(30));
    assert_eq!(gone.code(), -32602);
    bench.journal.wait_for("w dropped").await;
    let id = id_of(
        &session
            .begin("work", json!({ "ms": 600_000, "as": "v" }))
            .await,
    );
    let waiting = session.ask("tasks/result", &id);
    let cancel = async {
        bench.journal.wait_for("v began").await;
        session.ask("tasks/cancel", &id).await
    };
    let (waited, cancelled) = tokio::join!(waiting, cancel);
    assert_eq!(cancelled.status, 200);
    assert_eq!(waited.code(), -32602);
    assert_eq!(
        waited.error_text(),
        "the task was cancelled and has no result"
    );
}

#[tokio::test(start_paused = true)]
async fn t_ltask_10_and_d3_12_own_tasks_page_by_page_in_the_order_they_were_made() {
    let bench = Bench::new();
    let session = bench.session().await;
    let mut made = Vec::new();
    for _ in 0..60 {
        made.push(id_of(&session.begin("work", json!({})).await));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let page = session
        .request("tasks/list", json!({}))
        .send()
        .await
        .result();
    let mut listed = ids(&page);
    assert_eq!(listed.len(), 50);
    // Whatever is made meanwhile shifts nothing.
    let late = id_of(&session.begin("work", json!({})).await);
    let cursor = page["nextCursor"].clone();
    let page = session
        .request("tasks/list", json!({ "cursor": cursor }))
        .send()
        .await
        .result();
    assert_eq!(page.get("nextCursor"), None);
    listed.extend(ids(&page));
    made.push(late);
    assert_eq!(listed, made);
    assert_eq!(page["tasks"][0]["status"], "completed");
}

fn ids(page: &Value) -> Vec<String> {
    let tasks = page["tasks"].as_array().expect("tasks");
    tasks.iter().map(id_of).collect()
}

#[tokio::test]
async fn t_ltask_12_unknown_tasks_and_cursors_are_invalid() {
    let bench = Bench::new();
    let session = bench.session().await;
    for id in ["", "nonsense", "AAAAAAAAAAAAAAAAAAAAAA"] {
        for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
            assert_eq!(
                session.ask(method, id).await.refusal(),
                (200, -32602),
                "{method} {id:?}"
            );
        }
    }
    for cursor in ["", "x", "S0FBQUFBQUFB"] {
        let list = session.request("tasks/list", json!({ "cursor": cursor }));
        assert_eq!(list.send().await.code(), -32602, "{cursor:?}");
    }
    // The extension's own method is none here.
    let update = session.request(
        "tasks/update",
        json!({ "taskId": "x", "inputResponses": {} }),
    );
    assert_eq!(update.send().await.code(), -32601);
}

#[tokio::test(start_paused = true)]
async fn t_ltask_11_a_cancelled_task_is_cancelled_before_the_answer_and_for_good() {
    let bench = Bench::new();
    let session = bench.session().await;
    let id = id_of(
        &session
            .begin("work", json!({ "ms": 5000, "as": "w" }))
            .await,
    );
    bench.journal.wait_for("w began").await;
    let cancelled = session.ask("tasks/cancel", &id).await.result();
    assert_eq!(
        (&cancelled["taskId"], &cancelled["status"]),
        (&json!(id), &json!("cancelled"))
    );
    bench.journal.wait_for("w dropped").await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(session.ask("tasks/get", &id).await.result(), cancelled);
    assert_eq!(session.ask("tasks/cancel", &id).await.code(), -32602);
    // Another way to say it does not count.
    let id = id_of(
        &session
            .begin("work", json!({ "ms": 5000, "as": "v" }))
            .await,
    );
    session.cancel(1).await;
    session
        .notify("notifications/cancelled", json!({ "taskId": id }))
        .await;
    assert_eq!(session.until(&id, "completed").await["status"], "completed");
}

#[tokio::test(start_paused = true)]
async fn t_ltask_13_a_task_belongs_to_its_session_and_ends_with_it() {
    let bench = Bench::new();
    let client = bench.client();
    let (one, two) = (
        connect(&client, "2025-11-25").await,
        connect(&client, "2025-11-25").await,
    );
    let id = id_of(&one.begin("work", json!({ "ms": 5000, "as": "w" })).await);
    for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
        assert_eq!(two.ask(method, &id).await.code(), -32602, "{method}");
    }
    let listed = two.request("tasks/list", json!({})).send().await.result();
    assert_eq!(listed["tasks"], json!([]));
    bench.journal.wait_for("w began").await;
    assert_eq!(one.delete().send().await.status, 200);
    bench.journal.wait_for("w dropped").await;
}

#[tokio::test(start_paused = true)]
async fn t_2511_17_progress_keeps_its_token_where_the_result_is_waited_for() {
    let bench = Bench::new();
    let session = bench.session().await;
    let call = as_task(&session, "tell", json!({}), json!({})).meta("progressToken", "p");
    let id = id_of(&call.send().await.result()["task"]);
    let messages = session.ask("tasks/result", &id).await.messages();
    let (response, told) = messages.split_last().expect("a response");
    assert_eq!(response["result"]["content"][0]["text"], "told");
    let progress: Vec<_> = told
        .iter()
        .map(|message| &message["params"]["progress"])
        .collect();
    assert_eq!(progress, [&json!(1), &json!(2), &json!(3)]);
    for message in told {
        assert_eq!(message["method"], "notifications/progress");
        assert_eq!(message["params"]["progressToken"], "p");
        assert_eq!(message["params"]["_meta"][RELATED]["taskId"], id.as_str());
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_was_cut_off_reads_the_result_on() {
    let bench = Bench::new();
    let session = bench.session().await;
    let id = id_of(
        &session
            .begin("work", json!({ "ms": 60_000, "as": "w" }))
            .await,
    );
    let mut stream = session
        .request("tasks/result", json!({ "taskId": id }))
        .open()
        .await;
    let place = stream
        .next_event()
        .await
        .expect("the place")
        .id
        .expect("an id");
    drop(stream);
    let messages = session.resume(&place).send().await.messages();
    assert_eq!(messages[0]["result"]["content"][0]["text"], "w is done");
}
