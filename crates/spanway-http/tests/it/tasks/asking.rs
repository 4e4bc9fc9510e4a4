//! Tasks that ask their client.

use std::time::Duration;

use serde_json::{Value, json};
use spanway_protocol::Limits;
use spanway_testkit::{Client, Session};

use super::{Bench, Core, RELATED, as_task, connect, id_of, settle, yes};

#[tokio::test(start_paused = true)]
async fn t_task_06_and_07_a_question_parks_the_task_until_it_is_answered() {
    let bench = Bench::new();
    let taker = bench.taker();
    let id = taker.begin("greet", json!({})).await;
    let parked = taker.until(&id, "input_required").await;
    let question = &parked["inputRequests"]["who"];
    assert_eq!(question["method"], "elicitation/create");
    assert_eq!(question["params"]["message"], "Who?");
    assert_eq!(
        question.as_object().map(serde_json::Map::len),
        Some(2),
        "trap 16"
    );
    assert_eq!(parked.get("requestState"), None);
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(taker.get(&id).await, parked, "as long as it takes");
    let acknowledged = taker.update(&id, json!({ "who": yes("Ada") })).await;
    assert_eq!(acknowledged["resultType"], "complete");
    assert_eq!(acknowledged.get("status"), None);
    let done = taker.until(&id, "completed").await;
    assert_eq!(done["result"]["content"][0]["text"], "Hello, Ada!");
}

#[tokio::test(start_paused = true)]
async fn t_task_07_some_answers_leave_the_rest_open() {
    let taker = Bench::new().taker();
    let id = taker.begin("pair", json!({})).await;
    let parked = taker.until(&id, "input_required").await;
    assert_eq!(keys(&parked), ["one", "two"], "all that is outstanding");
    taker.update(&id, json!({ "two": yes("Bob") })).await;
    let parked = taker.get(&id).await;
    assert_eq!(
        (&parked["status"], keys(&parked)),
        (&json!("input_required"), vec!["one"])
    );
    taker.update(&id, json!({ "one": yes("Ada") })).await;
    let done = taker.until(&id, "completed").await;
    assert_eq!(done["result"]["content"][0]["text"], "Ada and Bob");
}

#[tokio::test(start_paused = true)]
async fn t_task_07_and_08_what_is_unknown_answered_or_no_answer_is_passed_over() {
    let taker = Bench::new().taker();
    let id = taker.begin("pair", json!({})).await;
    let parked = taker.until(&id, "input_required").await;
    for useless in [
        json!({}),
        json!({ "other": yes("Eve") }),
        json!({ "one": 5, "two": null }),
    ] {
        let acknowledged = taker.update(&id, useless).await;
        assert_eq!(acknowledged["resultType"], "complete");
        assert_eq!(taker.get(&id).await, parked);
    }
    taker.update(&id, json!({ "one": yes("Ada") })).await;
    settle().await;
    taker.update(&id, json!({ "one": yes("Eve") })).await;
    taker.update(&id, json!({ "two": yes("Bob") })).await;
    let done = taker.until(&id, "completed").await;
    assert_eq!(done["result"]["content"][0]["text"], "Ada and Bob");
    let late = taker.update(&id, json!({ "one": yes("Eve") })).await;
    assert_eq!(late["resultType"], "complete", "acknowledged all the same");
}

#[tokio::test(start_paused = true)]
async fn t_task_08_every_question_is_asked_once_in_the_life_of_a_task() {
    let bench = Bench::new();
    let taker = bench.taker();
    let id = taker.begin("order", json!({})).await;
    assert_eq!(keys(&taker.until(&id, "input_required").await), ["one"]);
    taker.update(&id, json!({ "one": yes("Ada") })).await;
    settle().await;
    assert_eq!(keys(&taker.until(&id, "input_required").await), ["two"]);
    taker.update(&id, json!({ "two": yes("Bob") })).await;
    taker.until(&id, "completed").await;
    assert_eq!(bench.times("charged"), 1);
}

#[tokio::test(start_paused = true)]
async fn answers_that_say_no_or_make_no_sense_are_the_handlers_to_know() {
    let taker = Bench::new().taker();
    for (answer, text) in [
        (
            json!({ "action": "decline" }),
            "the user declined to answer",
        ),
        (
            json!({ "action": "cancel" }),
            "the user dismissed the question",
        ),
        (
            json!({ "action": "accept", "content": { "name": 5 } }),
            "the client's answer to \"who\" is not valid",
        ),
    ] {
        let id = taker.begin("greet", json!({})).await;
        taker.until(&id, "input_required").await;
        taker.update(&id, json!({ "who": answer })).await;
        let done = taker.until(&id, "completed").await;
        let said = done["result"]["content"][0]["text"]
            .as_str()
            .expect("a text");
        assert!(said.starts_with(text), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn t_mrtr_03_what_was_not_declared_is_not_asked_in_a_task_either() {
    let bench = Bench::new();
    let extension = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
    let taker = bench.taker().declaring(extension);
    let id = taker.begin("greet", json!({})).await;
    let failed = taker.until(&id, "failed").await;
    assert_eq!(failed["error"]["code"], -32021);
}

#[tokio::test(start_paused = true)]
async fn a_parked_task_can_be_cancelled() {
    let taker = Bench::new().taker();
    let id = taker.begin("greet", json!({})).await;
    taker.until(&id, "input_required").await;
    taker.cancel(&id).await;
    let cancelled = taker.get(&id).await;
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(cancelled.get("inputRequests"), None);
}

fn keys(task: &Value) -> Vec<&str> {
    let requests = task["inputRequests"].as_object().expect("questions");
    requests.keys().map(String::as_str).collect()
}

async fn respond(session: &Session, question: &Value, result: Value) {
    let message = json!({ "jsonrpc": "2.0", "id": question["id"], "result": result });
    assert_eq!(session.post(message).send().await.status, 202);
}

#[tokio::test(start_paused = true)]
async fn t_ltask_09_the_question_is_asked_where_the_result_is_waited_for() {
    let bench = Bench::new();
    let session = bench.session().await;
    let id = id_of(&session.begin("greet", json!({})).await);
    let parked = session.until(&id, "input_required").await;
    assert_eq!(parked.get("inputRequests"), None);
    let mut stream = session
        .request("tasks/result", json!({ "taskId": id }))
        .open()
        .await;
    let question = stream.message().await;
    assert_eq!(question["method"], "elicitation/create");
    assert_eq!(question["params"]["message"], "Who?");
    assert_eq!(
        question["params"]["_meta"][RELATED],
        json!({ "taskId": id })
    );
    respond(&session, &question, yes("Ada")).await;
    let response = stream.message().await;
    assert_eq!(response["result"]["content"][0]["text"], "Hello, Ada!");
    assert_eq!(stream.next_message().await, None);
    assert_eq!(session.until(&id, "completed").await["status"], "completed");
}

#[tokio::test(start_paused = true)]
async fn t_ltask_09_a_client_that_comes_back_is_asked_again_and_the_first_answer_counts() {
    let bench = Bench::new();
    let session = bench.session().await;
    let id = id_of(&session.begin("greet", json!({})).await);
    session.until(&id, "input_required").await;
    let mut first = session
        .request("tasks/result", json!({ "taskId": id }))
        .open()
        .await;
    let asked = first.message().await;
    let mut second = session
        .request("tasks/result", json!({ "taskId": id }))
        .open()
        .await;
    let again = second.message().await;
    assert_ne!(asked["id"], again["id"]);
    respond(&session, &again, yes("Ada")).await;
    assert_eq!(
        second.message().await["result"]["content"][0]["text"],
        "Hello, Ada!"
    );
    let taken_back = first.message().await;
    assert_eq!(taken_back["method"], "notifications/cancelled");
    assert_eq!(taken_back["params"]["requestId"], asked["id"]);
    assert_eq!(
        first.message().await["result"]["content"][0]["text"],
        "Hello, Ada!"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_the_client_is_the_handlers_to_know() {
    let bench = Bench::new();
    let session = bench.session().await;
    let id = id_of(&session.begin("greet", json!({})).await);
    let mut stream = session
        .request("tasks/result", json!({ "taskId": id }))
        .open()
        .await;
    let question = stream.message().await;
    let error = json!({ "code": -1, "message": "not now" });
    let message = json!({ "jsonrpc": "2.0", "id": question["id"], "error": error });
    assert_eq!(session.post(message).send().await.status, 202);
    let result = &stream.message().await["result"];
    assert_eq!(result["isError"], true);
    let text = result["content"][0]["text"].as_str().expect("a text");
    assert!(text.contains("not now"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_question_nobody_answers_in_time_stays_open_for_the_next_who_asks() {
    let bench = Bench::new();
    let mut limits = Limits::default();
    limits.answer_timeout = Duration::from_secs(30);
    let client = Client::new(bench.endpoint().limits(limits).build());
    let session = connect(&client, "2025-11-25").await;
    let id = id_of(&session.begin("greet", json!({})).await);
    let mut stream = session
        .request("tasks/result", json!({ "taskId": id }))
        .open()
        .await;
    assert_eq!(stream.message().await["method"], "elicitation/create");
    assert_eq!(stream.message().await["method"], "notifications/cancelled");
    assert_eq!(
        session.until(&id, "input_required").await["status"],
        "input_required"
    );
    let mut later = session
        .request("tasks/result", json!({ "taskId": id }))
        .open()
        .await;
    let question = later.message().await;
    respond(&session, &question, yes("Ada")).await;
    for waiting in [&mut later, &mut stream] {
        let response = waiting.message().await;
        assert_eq!(response["result"]["content"][0]["text"], "Hello, Ada!");
    }
}

#[tokio::test(start_paused = true)]
async fn t_ltask_09_what_a_tool_asks_up_front_is_asked_in_the_task() {
    let bench = Bench::new();
    let session = bench.session().await;
    let call = as_task(&session, "welcome", json!({}), json!({}));
    let id = id_of(&call.send().await.result()["task"]);
    let mut stream = session
        .request("tasks/result", json!({ "taskId": id }))
        .open()
        .await;
    let question = stream.message().await;
    assert_eq!(question["params"]["message"], "Who are you?");
    respond(&session, &question, yes("Ada")).await;
    assert_eq!(
        stream.message().await["result"]["content"][0]["text"],
        "Welcome, Ada!"
    );
}
