//! JSON or a stream: decided late, by what the client takes, what the server is set to and what happens.

use std::time::Duration;

use http::header::ACCEPT;
use serde_json::{Value, json};
use spanway_http::ResponseMode;
use spanway_testkit::{Client, Piece, RequestBuilder};
use tokio::time::Instant;

use crate::probe::Probe;

const PULSE: Duration = Duration::from_secs(15);

fn set_to(mode: ResponseMode) -> Client {
    Client::new(Probe::new().endpoint().response_mode(mode).build())
}

/// The same call in both eras.
async fn both(client: &Client, tool: &str, arguments: Value) -> [RequestBuilder; 2] {
    let session = client.connect("2025-11-25").await;
    [
        client
            .modern_call(tool, arguments.clone())
            .meta("progressToken", 1),
        session.call(tool, arguments).meta("progressToken", 1),
    ]
}

#[tokio::test]
async fn d0_4_and_rmcp_2c_1_and_4_7_silent_calls_are_json_and_telling_ones_a_stream() {
    let client = Probe::new().client();
    for request in both(&client, "echo", json!({})).await {
        let answer = request.send().await;
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("x-accel-buffering"), None);
    }
    for request in both(&client, "progress", json!({})).await {
        let answer = request.send().await;
        assert!(answer.is_stream());
        assert_eq!(answer.header("x-accel-buffering"), Some("no"));
        assert_eq!(
            answer.header("cache-control"),
            Some("no-cache, no-transform")
        );
    }
}

#[tokio::test]
async fn what_is_told_arrives_while_the_handler_still_works() {
    let probe = Probe::new();
    for request in both(&probe.client(), "tell", json!({})).await {
        let mut stream = request.open().await;
        assert_eq!(stream.message().await["method"], "notifications/progress");
        while stream.try_next().is_some() {}
        assert!(!probe.journal.has("tell finished"));
    }
}

#[tokio::test(start_paused = true)]
async fn silence_longer_than_the_interval_opens_a_stream_kept_alive_by_comments() {
    let probe = Probe::new();
    let client = Client::new(probe.endpoint().keep_alive(PULSE).build());
    let slow = json!({ "ms": 40_000 });
    for request in both(&client, "slow", slow.clone()).await {
        let begun = Instant::now();
        let mut stream = request.open().await;
        assert!(stream.is_stream());
        assert_eq!(begun.elapsed().as_secs(), 15);
        for seconds in [15, 30] {
            assert_eq!(stream.next_saying().await, Some(Piece::Comment));
            assert_eq!(begun.elapsed().as_secs(), seconds);
        }
        assert_eq!(stream.rest().await.len(), 1);
        assert_eq!(begun.elapsed().as_secs(), 40);
    }
    for request in both(&client, "slow", json!({ "ms": 14_000 })).await {
        assert!(!request.send().await.is_stream(), "just in time for JSON");
    }
    for request in both(&client, "slow", slow).await {
        let answer = request.set(&ACCEPT, "application/json").send().await;
        assert!(!answer.is_stream(), "JSON takes as long as it takes");
        assert_eq!(answer.messages().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn events_put_off_the_next_comment() {
    let probe = Probe::new();
    let client = Client::new(probe.endpoint().keep_alive(PULSE).build());
    let arguments = json!({ "count": 3, "every_ms": 10_000 });
    for request in both(&client, "progress", arguments).await {
        let mut stream = request.open().await;
        let mut pieces = 0;
        while let Some(piece) = stream.next_saying().await {
            assert!(matches!(piece, Piece::Event(_)), "never silent for long");
            pieces += 1;
        }
        assert_eq!(pieces, 4);
    }
}

#[tokio::test]
async fn d2_12_a_server_set_to_json_drops_what_is_told_and_answers_all_the_same() {
    let client = set_to(ResponseMode::Json);
    for tool in ["progress", "log", "echo"] {
        for request in both(&client, tool, json!({ "count": 3 })).await {
            let answer = request.send().await;
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert!(answer.result()["content"].is_array());
        }
    }
    let session = client.connect("2025-11-25").await;
    assert_eq!(
        session.listen().open().await.status,
        200,
        "GET is a stream in any mode"
    );
}

#[tokio::test]
async fn a_server_set_to_streams_streams_every_answer() {
    let client = set_to(ResponseMode::Sse);
    for request in both(&client, "echo", json!({})).await {
        let answer = request.send().await;
        assert!(answer.is_stream());
        assert!(answer.result()["content"].is_array());
    }
    let initialize = client.initialize("2025-11-25").send().await;
    assert!(initialize.is_stream());
    assert!(initialize.header("mcp-session-id").is_some());
}

#[tokio::test]
async fn t_2607_24_a_status_is_not_lost_in_a_stream_that_has_nothing_else_to_say() {
    for client in [set_to(ResponseMode::Sse), set_to(ResponseMode::Auto)] {
        for accept in ["application/json, text/event-stream", "text/event-stream"] {
            let unknown = client
                .modern("prompts/list", json!({}))
                .set(&ACCEPT, accept);
            assert_eq!(unknown.send().await.refusal(), (404, -32601), "{accept}");
        }
    }
}

#[tokio::test]
async fn a_client_that_takes_one_form_gets_that_one_whatever_the_setting() {
    for mode in [ResponseMode::Auto, ResponseMode::Json, ResponseMode::Sse] {
        let client = set_to(mode);
        for tool in ["echo", "progress"] {
            for request in both(&client, tool, json!({})).await {
                let answer = request.set(&ACCEPT, "application/json").send().await;
                assert!(!answer.is_stream(), "{mode:?} {tool}");
                assert_eq!(answer.messages().len(), 1);
            }
            for request in both(&client, tool, json!({})).await {
                let answer = request.set(&ACCEPT, "text/event-stream").send().await;
                assert!(answer.is_stream(), "{mode:?} {tool}");
            }
        }
    }
}

#[tokio::test]
async fn trap_45_and_44_results_are_whole_and_hold_no_nulls() {
    let client = Probe::new().client();
    for request in both(&client, "echo", json!({})).await {
        let result = request.send().await.result();
        assert!(result["content"].is_array());
        let fields = result.as_object().expect("an object");
        assert!(fields.values().all(|value| !value.is_null()), "{result}");
    }
}

#[tokio::test]
async fn d3_13_a_chatty_handler_is_told_of_in_order_and_completely() {
    let client = Probe::new().client();
    for request in both(&client, "progress", json!({ "count": 2000, "every_ms": 0 })).await {
        let messages = request.send().await.messages();
        let steps: Vec<i64> = messages
            .iter()
            .filter_map(|message| message["params"]["progress"].as_i64())
            .collect();
        assert!(
            steps.is_sorted() && steps.last() == Some(&2000),
            "newer replaces older"
        );
        assert!(steps.len() <= 256, "bounded: {}", steps.len());
        assert!(messages.last().expect("a message").get("result").is_some());
    }
}
