//! How long a call may take.

use std::time::Duration;

use serde_json::{Value, json};
use spanway_protocol::Limits;
use spanway_testkit::{Client, RequestBuilder};
use tokio::time::Instant;

use crate::probe::Probe;

const LIMIT: Duration = Duration::from_secs(60);

async fn both(client: &Client, tool: &str, arguments: Value) -> [RequestBuilder; 2] {
    let session = client.connect("2025-11-25").await;
    [
        client
            .modern_call(tool, arguments.clone())
            .meta("progressToken", 1),
        session.call(tool, arguments).meta("progressToken", 1),
    ]
}

#[tokio::test(start_paused = true)]
async fn d1_14_and_d3_14_and_rmcp_2e_4_a_call_that_takes_too_long_is_dropped_and_answered_with_an_error()
 {
    let probe = Probe::new();
    for request in both(&probe.client(), "never", json!({})).await {
        let begun = Instant::now();
        let answer = request.send().await;
        assert_eq!(begun.elapsed().as_secs(), LIMIT.as_secs());
        assert_eq!(answer.code(), -32603);
        assert!(answer.error_text().contains("60 s"));
        assert_eq!(answer.response()["id"], 1);
    }
    let dropped = probe
        .journal
        .entries()
        .iter()
        .filter(|entry| *entry == "never dropped")
        .count();
    assert_eq!(dropped, 2);
}

#[tokio::test(start_paused = true)]
async fn a_json_answer_after_the_timeout_has_its_id_and_status() {
    let probe = Probe::new();
    for request in both(&probe.client(), "never", json!({})).await {
        let answer = request
            .set(&http::header::ACCEPT, "application/json")
            .send()
            .await;
        assert_eq!(answer.refusal(), (200, -32603));
    }
}

#[tokio::test(start_paused = true)]
async fn progress_restarts_the_clock_up_to_a_ceiling() {
    let probe = Probe::new();
    let patient = json!({ "count": 8, "every_ms": 50_000 });
    for request in both(&probe.client(), "progress", patient).await {
        let messages = request.send().await.messages();
        let response = messages.last().expect("a response");
        assert!(response.get("result").is_some(), "{response}");
    }
    let endless = json!({ "count": 100, "every_ms": 50_000, "as": "endless" });
    for request in both(&probe.client(), "progress", endless).await {
        let begun = Instant::now();
        let messages = request.send().await.messages();
        assert_eq!(begun.elapsed().as_secs(), LIMIT.as_secs() * 10);
        let response = messages.last().expect("a response");
        assert_eq!(response["error"]["code"], -32603);
    }
    assert!(probe.journal.has("endless dropped"));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_waits_for_runs_out_of_time_too() {
    let probe = Probe::new();
    let endpoint = probe.endpoint().build();
    let session = Client::new(endpoint.clone()).connect("2025-11-25").await;
    let request = session.call("never", json!({})).send();
    tokio::select! {
        biased;
        _ = request => panic!("never answers"),
        () = probe.journal.wait_for("never began") => {}
    }
    let left = Instant::now();
    assert!(endpoint.finish_detached(LIMIT * 2).await);
    assert_eq!(left.elapsed().as_secs(), LIMIT.as_secs());
    assert!(probe.journal.has("never dropped"));
}

#[tokio::test(start_paused = true)]
async fn the_bound_is_the_operators_choice() {
    let mut limits = Limits::default();
    limits.call_timeout = Duration::from_secs(5);
    let client = Client::new(Probe::new().endpoint().limits(limits).build());
    for request in both(&client, "slow", json!({ "ms": 6_000 })).await {
        assert!(request.send().await.error_text().contains("5 s"));
    }
    for request in both(&client, "slow", json!({ "ms": 4_000 })).await {
        assert_eq!(request.send().await.status, 200);
    }
}
