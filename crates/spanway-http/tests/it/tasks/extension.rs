//! The extension of 2026-07-28.

use std::time::Duration;

use serde_json::json;
use spanway_http::StreamableHttp;
use spanway_server::{Server, Tool};
use spanway_testkit::Client;

use super::{Bench, Taker, settle};

const LEGACY_CAPABILITY: &str = "tasks";

#[tokio::test]
async fn t_task_01_the_extension_is_advertised_and_the_older_capability_is_not() {
    let client = Bench::new().client();
    let result = client
        .modern("server/discover", json!({}))
        .send()
        .await
        .result();
    let offered = &result["capabilities"];
    assert_eq!(
        offered["extensions"]["io.modelcontextprotocol/tasks"],
        json!({})
    );
    assert_eq!(offered.get(LEGACY_CAPABILITY), None);
    let plain = Server::builder("plain", "1").tool(Tool::new("t", async || "t"));
    let plain = Client::new(StreamableHttp::new(plain.build().expect("a server")));
    let result = plain
        .modern("server/discover", json!({}))
        .send()
        .await
        .result();
    assert_eq!(result["capabilities"].get("extensions"), None);
}

#[tokio::test]
async fn t_task_02_nothing_is_a_task_to_who_does_not_declare_it_in_the_request() {
    let bench = Bench::new();
    let older = json!({ "tasks": { "requests": { "tools": { "call": {} } } } });
    for declared in [json!({}), older, json!({ "extensions": {} })] {
        let client = bench.taker().declaring(declared);
        let result = client.call("work", json!({ "as": "w" })).await;
        assert_eq!(result["resultType"], "complete");
        assert_eq!(result["content"][0]["text"], "w is done");
        assert_eq!(result.get("taskId"), None);
    }
}

#[tokio::test]
async fn t_task_02_the_older_task_parameter_is_ignored() {
    let taker = Bench::new().taker();
    for task in [json!({ "ttl": 5 }), json!("nonsense"), json!(null)] {
        let call = taker.calling("plain", json!({ "as": "p" }));
        let call = call.edit(|message| message["params"]["task"] = task);
        let result = call.send().await.result();
        assert_eq!(result["content"][0]["text"], "p is done");
    }
}

#[tokio::test]
async fn t_task_03_a_tool_that_needs_tasks_refuses_who_takes_none() {
    let bench = Bench::new();
    let refused = bench
        .taker()
        .declaring(json!({}))
        .calling("must", json!({}));
    let refused = refused.send().await;
    assert_eq!(refused.refusal(), (400, -32021));
    let required = &refused.response()["error"]["data"]["requiredCapabilities"];
    assert_eq!(
        *required,
        json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } })
    );
    assert_eq!(bench.journal.entries(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn t_task_04_and_05_a_new_task_is_flat_and_found_at_once() {
    let bench = Bench::new();
    let taker = bench.taker();
    let created = taker.call("work", json!({ "ms": 5000, "as": "w" })).await;
    assert_eq!(created["resultType"], "task");
    assert_eq!(created["status"], "working");
    assert_eq!(
        (&created["ttlMs"], &created["pollIntervalMs"]),
        (&json!(3_600_000), &json!(1000))
    );
    for absent in [
        "task",
        "ttl",
        "pollInterval",
        "result",
        "error",
        "inputRequests",
        "requestState",
    ] {
        assert_eq!(created.get(absent), None, "{absent}");
    }
    let id = created["taskId"].as_str().expect("an id");
    assert_eq!(id.len(), 22, "128 bits: {id}");
    let found = taker.get(id).await;
    assert_eq!(
        (&found["taskId"], &found["createdAt"]),
        (&created["taskId"], &created["createdAt"])
    );
    assert_eq!(found["resultType"], "complete");
}

#[tokio::test(start_paused = true)]
async fn t_task_06_a_completed_task_has_the_result_of_its_call() {
    let bench = Bench::new();
    let taker = bench.taker();
    let id = taker.begin("work", json!({ "ms": 5000, "as": "w" })).await;
    let done = taker.until(&id, "completed").await;
    let inline = bench
        .taker()
        .declaring(json!({}))
        .call("work", json!({ "as": "w" }))
        .await;
    assert_eq!(
        done["result"], inline,
        "exactly what the call would have been answered with"
    );
    assert_eq!(
        done["result"]["_meta"].get("io.modelcontextprotocol/related-task"),
        None
    );
    assert!(done["lastUpdatedAt"].as_str() > done["createdAt"].as_str());
    assert_eq!(taker.get(&id).await, done, "it stays");
}

#[tokio::test(start_paused = true)]
async fn t_task_06_what_a_tool_calls_its_failure_is_a_completed_task() {
    let taker = Bench::new().taker();
    let id = taker.begin("fails", json!({})).await;
    let done = taker.until(&id, "completed").await;
    assert_eq!(done["result"]["isError"], true);
    assert_eq!(done["result"]["content"][0]["text"], "out of paper");
}

#[tokio::test(start_paused = true)]
async fn t_task_06_an_error_of_the_protocol_is_a_failed_task() {
    let bench = Bench::new();
    let taker = bench.taker();
    for (tool, code, message) in [
        ("breaks", 7, "broken"),
        ("panics", -32603, "internal error"),
    ] {
        let id = taker.begin(tool, json!({})).await;
        let failed = taker.until(&id, "failed").await;
        assert_eq!(failed["error"], json!({ "code": code, "message": message }));
        assert_eq!(failed["statusMessage"], message);
        assert_eq!(failed.get("result"), None);
    }
}

#[tokio::test(start_paused = true)]
async fn arguments_that_are_not_valid_need_no_task() {
    let taker = Bench::new().taker();
    let result = taker.call("work", json!({ "ms": "soon" })).await;
    assert_eq!(
        (&result["resultType"], &result["isError"]),
        (&json!("complete"), &json!(true))
    );
    let unknown = taker.calling("none", json!({})).send().await;
    assert_eq!(unknown.code(), -32602);
}

#[tokio::test(start_paused = true)]
async fn t_task_09_cancelling_stops_the_work_and_is_acknowledged_every_time() {
    let bench = Bench::new();
    let taker = bench.taker();
    let id = taker
        .begin("work", json!({ "ms": 60_000, "as": "w" }))
        .await;
    bench.journal.wait_for("w began").await;
    let acknowledged = taker.cancel(&id).await;
    assert_eq!(acknowledged["resultType"], "complete");
    assert_eq!(acknowledged.get("taskId"), None);
    bench.journal.wait_for("w dropped").await;
    let cancelled = taker.get(&id).await;
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(cancelled.get("result"), None);
    assert_eq!(
        taker.cancel(&id).await,
        acknowledged,
        "it is for ended tasks too"
    );
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(taker.get(&id).await, cancelled, "an end is an end");
}

#[tokio::test]
async fn t_task_10_unknown_tasks_are_invalid_and_removed_methods_unknown() {
    let taker = Bench::new().taker();
    for id in ["", "nonsense", "AAAAAAAAAAAAAAAAAAAAAA"] {
        for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
            let params = json!({ "taskId": id, "inputResponses": {} });
            let answer = taker.request(method, params).send().await;
            assert_eq!(answer.refusal(), (200, -32602), "{method} {id:?}");
            assert_eq!(
                answer.error_text(),
                "task not found: it has expired or never existed"
            );
        }
    }
    for method in ["tasks/result", "tasks/list"] {
        let answer = taker.request(method, json!({ "taskId": "x" })).send().await;
        assert_eq!(answer.refusal(), (404, -32601), "{method}");
    }
}

#[tokio::test]
async fn malformed_parameters_are_invalid() {
    let taker = Bench::new().taker();
    for (method, params) in [
        ("tasks/get", json!({})),
        ("tasks/get", json!({ "taskId": 5 })),
        ("tasks/cancel", json!({ "taskId": null })),
        ("tasks/update", json!({ "taskId": "x" })),
        (
            "tasks/update",
            json!({ "taskId": "x", "inputResponses": [] }),
        ),
        (
            "tasks/update",
            json!({ "taskId": "x", "inputResponses": null }),
        ),
    ] {
        let answer = taker.request(method, params.clone()).send().await;
        assert_eq!(answer.code(), -32602, "{method} {params}");
    }
}

#[tokio::test]
async fn t_task_11_and_trap_18_who_does_not_declare_it_is_told_so() {
    let bench = Bench::new();
    let id = bench.taker().begin("work", json!({})).await;
    let client = bench.taker().declaring(json!({}));
    for id in [id.as_str(), "unknown"] {
        for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
            let params = json!({ "taskId": id, "inputResponses": {} });
            let answer = client.request(method, params).send().await;
            assert_eq!(answer.refusal(), (400, -32021), "{method}");
        }
    }
}

#[tokio::test]
async fn trap_18_and_d3_12_without_tasks_there_are_no_such_methods() {
    let plain = Server::builder("plain", "1").tool(Tool::new("t", async || "t"));
    let taker = Taker::of(Client::new(StreamableHttp::new(
        plain.build().expect("a server"),
    )));
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let answer = taker.request(method, json!({ "taskId": "x" })).send().await;
        assert_eq!(answer.refusal(), (404, -32601), "{method}");
    }
}

#[tokio::test]
async fn t_hdr_02_and_trap_27_the_name_header_may_be_missing_but_not_be_wrong() {
    let bench = Bench::new();
    let taker = bench.taker();
    let id = taker.begin("work", json!({})).await;
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let request = || taker.request(method, json!({ "taskId": id, "inputResponses": {} }));
        let named = request().send().await;
        assert_eq!(named.status, 200, "{method}");
        let missing = request().without(&spanway_protocol::NAME).send().await;
        assert_eq!(missing.status, 200, "{method}");
        let wrong = request().set(&spanway_protocol::NAME, "other").send().await;
        assert_eq!(wrong.refusal(), (400, -32020), "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_says_of_itself_is_the_status_message() {
    let bench = Bench::new();
    let taker = bench.taker();
    let id = taker.begin("tell", json!({})).await;
    let mut heard = Vec::new();
    loop {
        let task = taker.get(&id).await;
        if let Some(message) = task["statusMessage"].as_str()
            && heard.last().map(String::as_str) != Some(message)
        {
            heard.push(message.to_owned());
        }
        if task["status"] != "working" {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(heard, ["step 1", "step 2", "step 3", "tidying up"]);
}

#[tokio::test]
async fn t_mrtr_10_what_a_tool_asks_up_front_is_asked_before_there_is_a_task() {
    let bench = Bench::new();
    let taker = bench.taker();
    let asked = taker.call("welcome", json!({})).await;
    assert_eq!(asked["resultType"], "input_required");
    assert_eq!(asked.get("taskId"), None);
    let retry = taker.calling("welcome", json!({})).edit(|message| {
        message["params"]["requestState"] = asked["requestState"].clone();
        message["params"]["inputResponses"] = json!({ "name": super::yes("Ada") });
    });
    let created = retry.send().await.result();
    assert_eq!(created["resultType"], "task");
    assert_eq!(created.get("requestState"), None);
    let id = created["taskId"].as_str().expect("an id");
    let done = taker.until(id, "completed").await;
    assert_eq!(done["result"]["content"][0]["text"], "Welcome, Ada!");
}

#[tokio::test]
async fn trap_18_the_two_forms_do_not_read_each_others_tasks() {
    let bench = Bench::new();
    let endpoint = bench.endpoint().build();
    let taker = Taker::of(Client::new(endpoint.clone())).named("ann");
    let session = super::connect(&Client::new(endpoint), "2025-11-25").await;
    let modern = taker.begin("work", json!({})).await;
    let answer = session
        .request("tasks/get", json!({ "taskId": modern }))
        .send()
        .await;
    assert_eq!(answer.code(), -32602);
    let core = super::Core::begin(&session, "work", json!({})).await;
    let core = super::id_of(&core);
    let answer = taker
        .request("tasks/get", json!({ "taskId": core }))
        .send()
        .await;
    assert_eq!(answer.code(), -32602);
    settle().await;
}
