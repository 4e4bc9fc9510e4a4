//! Batches: 2025-03-26 has them, no other revision does.

use http::header::ACCEPT;
use serde_json::{Value, json};
use spanway_http::ResponseMode;
use spanway_protocol::Limits;
use spanway_testkit::{Client, Session};

use crate::probe::{Probe, told};

fn ping(id: impl Into<Value>) -> Value {
    json!({ "jsonrpc": "2.0", "id": id.into(), "method": "ping" })
}

fn call(id: i64, tool: &str, arguments: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool, "arguments": arguments } })
}

fn note(method: &str) -> Value {
    json!({ "jsonrpc": "2.0", "method": method })
}

fn set_level(id: i64, level: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "logging/setLevel", "params": { "level": level } })
}

async fn connect(probe: &Probe) -> Session {
    probe.client().connect("2025-03-26").await
}

fn ids(messages: &[Value]) -> Vec<Value> {
    let mut ids: Vec<_> = messages
        .iter()
        .filter_map(|one| one.get("id").cloned())
        .collect();
    ids.sort_by_key(Value::to_string);
    ids
}

#[tokio::test]
async fn d1_10_and_d2_5_and_rmcp_2a_12_and_t_2503_03_and_04_requests_and_notifications_are_answered_as_an_array()
 {
    let session = connect(&Probe::new()).await;
    let batch = json!([
        ping(1),
        note("notifications/initialized"),
        ping("1"),
        call(3, "echo", json!({ "a": 1 }))
    ]);
    let answer = session.post(batch).send().await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("application/json"))
    );
    assert!(answer.json().is_array());
    assert_eq!(ids(&answer.messages()), [json!("1"), json!(1), json!(3)]);
}

#[tokio::test]
async fn t_2503_06_a_batch_of_one_is_still_an_array() {
    let session = connect(&Probe::new()).await;
    let answer = session.post(json!([ping(1)])).send().await;
    assert_eq!(
        answer.json(),
        json!([{ "jsonrpc": "2.0", "id": 1, "result": {} }])
    );
}

#[tokio::test]
async fn trap_31_only_notifications_or_responses_are_202_and_an_empty_array_400() {
    let session = connect(&Probe::new()).await;
    let response = json!({ "jsonrpc": "2.0", "id": 1, "result": {} });
    for batch in [
        json!([note("notifications/initialized")]),
        json!([note("a"), note("b")]),
        json!([response]),
        json!([response, note("a")]),
    ] {
        let answer = session.post(batch.clone()).send().await;
        assert_eq!((answer.status, answer.body.len()), (202, 0), "{batch}");
    }
    let empty = session.post(json!([])).send().await;
    assert_eq!(empty.refusal(), (400, -32600));
}

#[tokio::test]
async fn t_2503_04_initialize_must_not_be_in_a_batch() {
    let session = connect(&Probe::new()).await;
    let initialize = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": { "protocolVersion": "2025-03-26" } });
    let answer = session.post(json!([ping(2), initialize])).send().await;
    assert_eq!(answer.refusal(), (400, -32600));
}

#[tokio::test]
async fn t_2506_01_other_revisions_have_no_batches() {
    for version in ["2024-11-05", "2025-06-18", "2025-11-25"] {
        let session = Probe::new().client().connect(version).await;
        let answer = session.post(json!([ping(1)])).send().await;
        assert_eq!(answer.refusal(), (400, -32600), "{version}");
        assert!(answer.error_text().contains("2025-03-26"));
    }
    let session = Probe::new().client().connect("2025-11-25").await;
    let named = session.post(json!([ping(1)]));
    let named = named.set(&spanway_protocol::PROTOCOL_VERSION, "2025-03-26");
    assert_eq!(
        named.send().await.status,
        400,
        "the session's revision counts, not the header's"
    );
}

#[tokio::test]
async fn errors_stand_beside_results() {
    let session = connect(&Probe::new()).await;
    let unknown = json!({ "jsonrpc": "2.0", "id": 2, "method": "no/such" });
    let answer = session
        .post(json!([
            ping(1),
            unknown,
            call(3, "no-such-tool", json!({}))
        ]))
        .send()
        .await;
    assert_eq!(answer.status, 200);
    let messages = answer.messages();
    let code_of = |id: i64| {
        let found = messages.iter().find(|message| message["id"] == id);
        found.expect("an answer")["error"]["code"].clone()
    };
    assert_eq!(
        (code_of(1), code_of(2), code_of(3)),
        (Value::Null, json!(-32601), json!(-32602))
    );
}

#[tokio::test]
async fn a_malformed_message_refuses_the_whole_batch_before_anything_runs() {
    let probe = Probe::new();
    let session = connect(&probe).await;
    let answer = session
        .post(json!([call(1, "echo", json!({})), 3]))
        .send()
        .await;
    assert_eq!(answer.refusal(), (400, -32600));
    assert_eq!(probe.journal.entries(), Vec::<String>::new());
}

#[tokio::test]
async fn the_log_level_can_be_set_inside_a_batch() {
    let session = connect(&Probe::new()).await;
    let answer = session
        .post(json!([set_level(1, "emergency"), set_level(2, "loud")]))
        .send()
        .await;
    let messages = answer.messages();
    assert_eq!(messages[0]["result"], json!({}));
    assert_eq!(messages[1]["error"]["code"], -32602);
    let logs = session.call("log", json!({})).send().await.messages();
    assert_eq!(logs.len(), 2, "one message and the response: {logs:?}");
}

#[tokio::test]
async fn an_id_that_stands_twice_is_answered_twice_once_with_an_error() {
    let session = connect(&Probe::new()).await;
    let batch = json!([
        call(1, "echo", json!({ "n": 1 })),
        call(1, "echo", json!({ "n": 2 }))
    ]);
    let messages = session.post(batch).send().await.messages();
    assert_eq!(messages.len(), 2);
    let (errors, results): (Vec<_>, Vec<_>) =
        messages.iter().partition(|one| one.get("error").is_some());
    assert_eq!(errors[0]["error"]["code"], -32600);
    assert_eq!(told(&results[0]["result"])["n"], 1);
}

#[tokio::test]
async fn one_word_before_a_response_makes_it_one_stream_for_all() {
    let probe = Probe::new();
    let session = connect(&probe).await;
    let telling = json!({
        "jsonrpc": "2.0", "id": 2, "method": "tools/call",
        "params": { "name": "progress", "arguments": { "count": 2 }, "_meta": { "progressToken": "p" } },
    });
    let batch = json!([
        ping(1),
        set_level(4, "info"),
        telling,
        call(3, "gate", json!({}))
    ]);
    let mut stream = session.post(batch).open().await;
    assert!(stream.is_stream());
    let mut messages = Vec::new();
    while messages.len() < 5 {
        messages.push(stream.message().await);
    }
    assert_eq!(ids(&messages), [json!(1), json!(2), json!(4)]);
    probe.open_gate();
    assert_eq!(ids(&stream.rest().await), [json!(3)]);
}

#[tokio::test]
async fn calls_of_a_batch_run_at_once() {
    let probe = Probe::new();
    let session = connect(&probe).await;
    let batch = json!([
        call(1, "gate", json!({ "as": "one" })),
        call(2, "gate", json!({ "as": "two" }))
    ]);
    let open = async {
        probe.journal.wait_for("one began").await;
        probe.journal.wait_for("two began").await;
        probe.open_gate();
    };
    let (answer, ()) = tokio::join!(session.post(batch).send(), open);
    assert_eq!(ids(&answer.messages()), [json!(1), json!(2)]);
}

#[tokio::test]
async fn a_call_of_a_batch_is_cancelled_alone_and_one_that_is_all_leaves_no_empty_array() {
    let probe = Probe::new();
    let session = connect(&probe).await;
    let batch = json!([call(1, "never", json!({})), ping(2)]);
    let cancel = async {
        probe.journal.wait_for("never began").await;
        assert_eq!(session.cancel(1).await.status, 202);
    };
    let (answer, ()) = tokio::join!(session.post(batch).send(), cancel);
    assert_eq!(ids(&answer.messages()), [json!(2)]);
    let cancel = async {
        probe.journal.wait_for("last began").await;
        assert_eq!(session.cancel(1).await.status, 202);
    };
    let batch = json!([call(1, "never", json!({ "as": "last" }))]);
    let (answer, ()) = tokio::join!(session.post(batch).send(), cancel);
    assert_eq!(answer.status, 200);
    assert!(
        answer.is_stream(),
        "an empty array is no answer: {answer:?}"
    );
    assert_eq!(answer.messages(), Vec::<Value>::new());
}

#[tokio::test]
async fn forced_forms_hold_for_batches() {
    let telling = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "progress", "arguments": {}, "_meta": { "progressToken": "p" } },
    });
    let json_only = Client::new(
        Probe::new()
            .endpoint()
            .response_mode(ResponseMode::Json)
            .build(),
    );
    let session = json_only.connect("2025-03-26").await;
    let answer = session.post(json!([telling, ping(2)])).send().await;
    assert!(answer.json().is_array());
    assert_eq!(ids(&answer.messages()), [json!(1), json!(2)]);
    let streams = Client::new(
        Probe::new()
            .endpoint()
            .response_mode(ResponseMode::Sse)
            .build(),
    );
    let session = streams.connect("2025-03-26").await;
    let answer = session
        .post(json!([ping(1), set_level(2, "info")]))
        .send()
        .await;
    assert!(answer.is_stream());
    assert_eq!(ids(&answer.messages()), [json!(1), json!(2)]);
    let session = connect(&Probe::new()).await;
    let only_json = session
        .post(json!([telling]))
        .set(&ACCEPT, "application/json")
        .send()
        .await;
    assert_eq!(ids(&only_json.messages()), [json!(1)]);
}

#[tokio::test]
async fn a_batch_is_bounded_and_counts_towards_the_calls_of_its_session() {
    let mut limits = Limits::default();
    limits.batch_max = 5;
    limits.calls_per_session_max = 3;
    let client = Client::new(Probe::new().endpoint().limits(limits).build());
    let session = client.connect("2025-03-26").await;
    let batch = |count: i64| Value::Array((0..count).map(ping).collect());
    let over = session.post(batch(6)).send().await;
    assert_eq!(over.refusal(), (400, -32600));
    let messages = session.post(batch(5)).send().await.messages();
    assert_eq!(messages.len(), 5, "every request is answered");
    let refused = messages
        .iter()
        .filter(|message| message.get("error").is_some());
    assert_eq!(refused.count(), 2);
    let messages = session.post(batch(3)).send().await.messages();
    assert!(
        messages
            .iter()
            .all(|message| message.get("result").is_some()),
        "{messages:?}"
    );
}

#[tokio::test]
async fn a_lost_connection_lets_every_call_of_a_batch_finish() {
    let probe = Probe::new();
    let session = connect(&probe).await;
    let batch = json!([
        call(1, "gate", json!({ "as": "one" })),
        call(2, "gate", json!({ "as": "two" }))
    ]);
    let request = session.post(batch).send();
    tokio::select! {
        _ = request => panic!("the gate is shut"),
        () = async {
            probe.journal.wait_for("one began").await;
            probe.journal.wait_for("two began").await;
        } => {}
    }
    probe.open_gate();
    probe.journal.wait_for("one finished").await;
    probe.journal.wait_for("two finished").await;
}
