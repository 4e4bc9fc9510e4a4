//! A handler asks its client: by requests in sessions, by interim answers in the modern revision.

use std::time::Duration;

use serde_json::{Value, json};
use spanway_http::{ResponseMode, StreamableHttp};
use spanway_rmcp::RmcpService;
use spanway_testkit::{Client, Session};

use crate::toolbox::Toolbox;
use crate::{client, connect, everything, text};

/// Calls a tool that asks one question: the question, and the result after `answer`.
async fn asked(session: &Session, tool: &str, answer: Value) -> (Value, Value) {
    let mut stream = session.call(tool, json!({})).open().await;
    assert!(stream.is_stream());
    let question = stream.message().await;
    let mut response = json!({ "jsonrpc": "2.0", "id": question["id"] });
    for (key, value) in answer.as_object().expect("an object") {
        response[key] = value.clone();
    }
    assert_eq!(session.post(response).send().await.status, 202);
    let messages = stream.rest().await;
    assert_eq!(messages.len(), 1, "{messages:?}");
    (question, messages[0]["result"].clone())
}

#[tokio::test]
async fn t_2411_19_t_2506_05_forms_are_asked_on_the_stream_of_the_call() {
    for version in ["2025-06-18", "2025-11-25"] {
        let session = connect(&client(), version, everything()).await;
        let answer = json!({ "result": { "action": "accept", "content": { "name": "Ann" } } });
        let (question, result) = asked(&session, "greet", answer).await;
        assert_eq!(question["method"], "elicitation/create");
        let params = &question["params"];
        assert_eq!(params["message"], "Your name?");
        assert_eq!(params["requestedSchema"]["required"], json!(["name"]));
        assert_eq!(params.get("mode").is_some(), version == "2025-11-25");
        assert_eq!(params.get("_meta"), None);
        assert_eq!(text(&result), "Hello, \"Ann\"!");
        let declined = json!({ "result": { "action": "decline" } });
        let (_, result) = asked(&session, "greet", declined).await;
        assert_eq!(text(&result), "Decline");
    }
}

#[tokio::test]
async fn questions_of_several_calls_of_a_session_find_their_answers() {
    let session = connect(&client(), "2025-11-25", everything()).await;
    let mut streams = Vec::new();
    let mut questions = Vec::new();
    for _ in 0..3 {
        let mut stream = session.call("greet", json!({})).open().await;
        questions.push(stream.message().await["id"].clone());
        streams.push(stream);
    }
    assert!(questions[0] != questions[1] && questions[1] != questions[2]);
    for (number, id) in questions.iter().enumerate().rev() {
        let result = json!({ "action": "accept", "content": { "name": number } });
        let answer = json!({ "jsonrpc": "2.0", "id": id, "result": result });
        session.post(answer).send().await;
    }
    for (number, mut stream) in streams.into_iter().enumerate() {
        let result = stream.message().await["result"].clone();
        assert_eq!(text(&result), format!("Hello, {number}!"));
    }
}

#[tokio::test]
async fn t_2511_16_urls_carry_the_handlers_own_id() {
    let session = connect(&client(), "2025-11-25", everything()).await;
    let answer = json!({ "result": { "action": "accept" } });
    let (question, result) = asked(&session, "sign_in", answer).await;
    assert_eq!(
        question["params"],
        json!({ "mode": "url", "message": "Sign in", "url": "https://example.com/x", "elicitationId": "own-id" })
    );
    assert_eq!(text(&result), "Accept");
    let older = connect(&client(), "2025-06-18", everything()).await;
    let result = older.call("sign_in", json!({})).send().await.result();
    assert_eq!(result["isError"], true);
    assert!(
        text(&result).contains("2025-06-18 has no URLs to open"),
        "{result}"
    );
}

#[tokio::test]
async fn the_model_and_the_roots_are_asked_in_every_legacy_revision() {
    for version in crate::LEGACY {
        let session = connect(&client(), version, everything()).await;
        let said = json!({ "type": "text", "text": "Paris" });
        let answer = json!({ "result": { "role": "assistant", "content": said, "model": "m1" } });
        let (question, result) = asked(&session, "think", answer).await;
        assert_eq!(question["method"], "sampling/createMessage");
        assert_eq!(question["params"]["systemPrompt"], "Be brief");
        assert_eq!(question["params"]["maxTokens"], 10);
        // T-2511-14: this client did not offer the context of servers.
        let context = question["params"].get("includeContext").is_some();
        assert_eq!(context, version < "2025-11-25");
        assert_eq!(text(&result), "m1: Paris");
        let roots = json!({ "result": { "roots": [{ "uri": "file:///a" }] } });
        let (question, result) = asked(&session, "roots", roots).await;
        assert_eq!(question["method"], "roots/list");
        assert_eq!(text(&result), "1");
    }
}

#[tokio::test]
async fn errors_and_nonsense_of_the_client_come_back_to_the_handler() {
    let session = connect(&client(), "2025-06-18", everything()).await;
    let error = json!({ "error": { "code": -1, "message": "nobody at home" } });
    let (_, result) = asked(&session, "greet", error).await;
    assert!(text(&result).contains("nobody at home"), "{result}");
    let (_, result) = asked(&session, "greet", json!({ "result": { "action": 1 } })).await;
    assert!(text(&result).contains("malformed"), "{result}");
}

#[tokio::test]
async fn t_2411_19_nothing_is_asked_that_the_client_did_not_declare() {
    let session = client().connect("2025-06-18").await;
    for tool in ["greet", "think", "roots"] {
        let result = session.call(tool, json!({})).send().await.result();
        assert_eq!(result["isError"], true);
        assert!(text(&result).contains("did not declare"), "{result}");
    }
}

/// A clear error at once, never a hang.
#[tokio::test]
async fn who_cannot_be_asked_is_not_waited_for() {
    let service = || RmcpService::new(Toolbox::default());
    let json_only = StreamableHttp::builder(service()).response_mode(ResponseMode::Json);
    let session = connect(&Client::new(json_only.build()), "2025-11-25", everything()).await;
    let result = session.call("greet", json!({})).send().await.result();
    assert!(text(&result).contains("JSON only"), "{result}");

    let modern = client().modern_call("greet", json!({})).edit(|message| {
        message["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = everything();
    });
    let result = modern.send().await.result();
    assert_eq!(result["isError"], true);
    assert!(
        text(&result).contains("return InputRequiredResult instead"),
        "{result}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_question_that_the_handler_takes_back_is_taken_back_from_the_client() {
    let session = connect(&client(), "2025-11-25", everything()).await;
    let mut stream = session.call("impatient", json!({})).open().await;
    let question = stream.message().await;
    tokio::time::advance(Duration::from_secs(6)).await;
    let taken_back = stream.message().await;
    assert_eq!(taken_back["method"], "notifications/cancelled");
    assert_eq!(taken_back["params"]["requestId"], question["id"]);
    let result = stream.message().await["result"].clone();
    assert!(text(&result).contains("timeout"), "{result}");
}

fn asking(client: &Client, params: Value) -> spanway_testkit::RequestBuilder {
    let call = client.modern_call("rounds", json!({}));
    call.edit(|message| {
        message["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = everything();
        for (key, value) in params.as_object().expect("an object") {
            message["params"][key] = value.clone();
        }
    })
}

#[tokio::test]
async fn t_mrtr_02_interim_answers_pass_through_and_their_state_comes_back_as_it_was() {
    let client = client();
    let first = asking(&client, json!({})).send().await.result();
    assert_eq!(first["resultType"], "input_required");
    let question = &first["inputRequests"]["name"];
    assert_eq!(question["method"], "elicitation/create");
    assert_eq!(question["params"]["mode"], "form");
    assert_eq!(question.get("_meta"), None);
    assert_eq!(first.get("ttlMs"), None);
    let again = json!({
        "requestState": first["requestState"],
        "inputResponses": { "name": { "action": "accept", "content": { "name": "Ann" } } },
    });
    let second = asking(&client, again).id(2).send().await.result();
    assert_eq!(second["resultType"], "complete");
    assert_eq!(text(&second), r#""Ann" own.state "with" odd / characters"#);
}

#[tokio::test]
async fn t_mrtr_03_nothing_undeclared_is_in_an_interim_answer() {
    let answer = client().modern_call("rounds", json!({})).send().await;
    assert_eq!(answer.refusal(), (400, -32021));
    let data = answer.response()["error"]["data"].clone();
    assert_eq!(
        data,
        json!({ "requiredCapabilities": { "elicitation": { "form": {} } } })
    );
}

#[tokio::test]
async fn t_dual_15_an_interim_answer_is_an_error_in_a_session() {
    let session = connect(&client(), "2025-11-25", everything()).await;
    let answer = session.call("rounds", json!({})).send().await;
    assert_eq!(answer.refusal(), (200, -32600));
    assert!(answer.error_text().contains("2026-07-28"));
    // Nor does a session know answers of another round.
    let params = json!({
        "name": "rounds",
        "arguments": {},
        "inputResponses": { "name": { "action": "accept", "content": { "name": "Ann" } } },
    });
    let answer = session.request("tools/call", params).send().await;
    assert_eq!(answer.code(), -32600);
}
