//! Asking legacy clients on the stream of the call, and modern ones by an interim answer, with one handler.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use spanway_http::{ResponseMode, StreamableHttp, StreamableHttpBuilder};
use spanway_protocol::Limits;
use spanway_protocol::schema::SamplingRequest;
use spanway_server::{Context, Principal, Server, Tool, ToolError};
use spanway_testkit::{Answer, Client, EventStream, Session};

const LEGACY_WITH_FORMS: [&str; 2] = ["2025-06-18", "2025-11-25"];

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

/// The handler of both eras.
async fn greet(cx: Context) -> Result<String, ToolError> {
    let Name { name } = cx.elicit("user_name", "Your name?").await?.accepted()?;
    Ok(format!("Hello, {name}!"))
}

async fn family(cx: Context) -> Result<String, ToolError> {
    let father = cx.elicit::<Name>("father", "His name?");
    let mother = cx.elicit::<Name>("mother", "Her name?");
    let (father, mother) = futures_util::future::try_join(father, mother).await?;
    Ok(format!(
        "{} {}",
        father.accepted()?.name,
        mother.accepted()?.name
    ))
}

async fn sample(cx: Context) -> Result<String, ToolError> {
    let said = cx
        .sample("said", SamplingRequest::text("Say hello", 5))
        .await?;
    Ok(said.text())
}

async fn roots(cx: Context) -> Result<String, ToolError> {
    Ok(cx.roots("roots").await?.len().to_string())
}

async fn open_url(cx: Context) -> Result<String, ToolError> {
    let opened = cx
        .elicit_url("sign_in", "Sign in", "https://example.com/x?id=1")
        .await?;
    opened.accepted()?;
    Ok("signed in".to_owned())
}

async fn choices(cx: Context) -> Result<String, ToolError> {
    let schema = json!({
        "type": "object",
        "properties": {
            "size": { "type": "string", "oneOf": [{ "const": "s", "title": "Small" }, { "const": "l", "title": "Large" }], "default": "s" },
            "count": { "type": "integer", "minimum": 1, "default": 2 },
            "gift": { "type": "boolean", "default": true },
            "mail": { "type": "string", "format": "email", "maxLength": 20 },
        },
    });
    let chosen = cx
        .elicit_form("choices", "Which?", schema)
        .await?
        .accepted()?;
    Ok(Value::Object(chosen).to_string())
}

/// Works ten seconds, asks, and works ten seconds more.
async fn patient(cx: Context) -> Result<String, ToolError> {
    tokio::time::sleep(Duration::from_secs(10)).await;
    cx.roots("roots").await?;
    tokio::time::sleep(Duration::from_secs(10)).await;
    Ok("done".to_owned())
}

fn server() -> Server {
    Server::builder("asking", "1")
        .tool(Tool::new("greet", greet))
        .tool(Tool::new("family", family))
        .tool(Tool::new("sample", sample))
        .tool(Tool::new("roots", roots))
        .tool(Tool::new("open_url", open_url))
        .tool(Tool::new("choices", choices))
        .tool(Tool::new("patient", patient))
        .build()
        .expect("a server")
}

fn endpoint() -> StreamableHttpBuilder {
    StreamableHttp::builder(server())
}

fn client() -> Client {
    Client::new(endpoint().build())
}

fn everything() -> Value {
    json!({ "elicitation": { "form": {}, "url": {} }, "sampling": { "tools": {} }, "roots": {} })
}

async fn connect(client: &Client, version: &str, capabilities: Value) -> Session {
    let initialize = client
        .initialize(version)
        .edit(|message| message["params"]["capabilities"] = capabilities);
    let session = Session::of(client.clone(), &initialize.send().await);
    session.notify("notifications/initialized", json!({})).await;
    session
}

async fn asking_session(version: &str) -> Session {
    connect(&client(), version, everything()).await
}

/// Responds to a question of the server.
async fn respond(session: &Session, question: &Value, result: Value) -> Answer {
    let response = json!({ "jsonrpc": "2.0", "id": question["id"], "result": result });
    session.post(response).send().await
}

fn yes(name: &str) -> Value {
    json!({ "action": "accept", "content": { "name": name } })
}

fn text(response: &Value) -> &str {
    response["result"]["content"][0]["text"]
        .as_str()
        .unwrap_or_else(|| panic!("no text: {response}"))
}

/// The question on a stream that was just opened.
async fn question(stream: &mut EventStream) -> Value {
    assert!(stream.is_stream(), "{stream:?}");
    let question = stream.message().await;
    assert!(question["method"].is_string(), "{question}");
    assert!(question["id"].is_string(), "{question}");
    question
}

#[tokio::test]
async fn rmcp_2a_2_and_2a_4_and_t_2506_05_a_legacy_client_is_asked_on_the_stream_of_the_call() {
    for version in LEGACY_WITH_FORMS {
        let session = asking_session(version).await;
        let mut stream = session.call("greet", json!({})).id(7).open().await;
        let question = question(&mut stream).await;
        assert_eq!(question["method"], "elicitation/create");
        assert_eq!(question["params"]["message"], "Your name?");
        let mode = question["params"].get("mode").and_then(Value::as_str);
        assert_eq!(
            mode,
            (version == "2025-11-25").then_some("form"),
            "{version}"
        );
        let taken = respond(&session, &question, yes("Ada")).await;
        assert_eq!((taken.status, taken.body.len()), (202, 0));
        let response = stream.message().await;
        assert_eq!(
            (text(&response), &response["id"]),
            ("Hello, Ada!", &json!(7))
        );
        assert_eq!(response["result"].get("resultType"), None, "trap 16");
        assert!(stream.rest().await.is_empty());
        let again = respond(&session, &question, yes("Eve")).await;
        assert_eq!(again.status, 202, "an answer to nothing is dropped");
    }
}

#[tokio::test]
async fn rmcp_2a_2_and_2a_4_and_design_4_the_same_handler_asks_a_modern_client_by_an_interim_answer()
 {
    let client = client();
    let call = || {
        client
            .modern_call("greet", json!({}))
            .meta("io.modelcontextprotocol/clientCapabilities", everything())
    };
    let first = call().send().await;
    assert_eq!(first.status, 200);
    let first = first.result();
    assert_eq!(first["resultType"], "input_required");
    let answers = json!({ "user_name": yes("Ada") });
    let retry = call().id(2).edit(|message| {
        message["params"]["inputResponses"] = answers;
        message["params"]["requestState"] = first["requestState"].clone();
    });
    let second = retry.send().await.response();
    assert_eq!(text(&second), "Hello, Ada!");
}

#[tokio::test]
async fn t_mrtr_03_a_modern_client_that_cannot_be_asked_is_told_with_400() {
    let answer = client().modern_call("greet", json!({})).send().await;
    assert_eq!(answer.refusal(), (400, -32021));
}

#[tokio::test(start_paused = true)]
async fn t_mrtr_06_a_state_expires_with_the_clock_of_the_endpoint() {
    let client = client();
    let call = || {
        client
            .modern_call("greet", json!({}))
            .meta("io.modelcontextprotocol/clientCapabilities", everything())
    };
    let first = call().send().await.result();
    tokio::time::advance(Duration::from_secs(601)).await;
    let late =
        call().edit(|message| message["params"]["requestState"] = first["requestState"].clone());
    let late = late.send().await;
    assert_eq!(late.code(), -32602);
    assert_eq!(late.error_text(), "invalid or expired requestState");
}

#[tokio::test]
async fn t_2411_19_sampling_and_roots_reach_every_legacy_revision() {
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let session = asking_session(version).await;
        let mut stream = session.call("sample", json!({})).open().await;
        let asked = question(&mut stream).await;
        assert_eq!(asked["method"], "sampling/createMessage");
        let result = json!({ "role": "assistant", "model": "m", "content": { "type": "text", "text": "hello" } });
        respond(&session, &asked, result).await;
        assert_eq!(text(&stream.message().await), "hello");
        let mut stream = session.call("roots", json!({})).open().await;
        let asked = question(&mut stream).await;
        assert_eq!(asked["method"], "roots/list");
        respond(
            &session,
            &asked,
            json!({ "roots": [{ "uri": "file:///x" }] }),
        )
        .await;
        assert_eq!(text(&stream.message().await), "1");
    }
}

#[tokio::test]
async fn t_2411_13_only_declared_capabilities_are_used() {
    let session = connect(&client(), "2025-11-25", json!({ "elicitation": {} })).await;
    for (tool, capability) in [
        ("sample", "sampling"),
        ("roots", "roots"),
        ("open_url", "elicitation"),
    ] {
        let answer = session.call(tool, json!({})).send().await;
        assert_eq!(answer.refusal(), (200, -32600), "{tool}");
        let data = &answer.response()["error"]["data"]["requiredCapabilities"];
        assert!(data[capability].is_object(), "{tool}: {data}");
    }
}

#[tokio::test]
async fn section_2_4_revisions_without_forms_or_urls_get_an_error_of_the_tool() {
    for (version, tool) in [
        ("2024-11-05", "greet"),
        ("2025-03-26", "greet"),
        ("2025-06-18", "open_url"),
    ] {
        let session = asking_session(version).await;
        let result = session.call(tool, json!({})).send().await.result();
        assert_eq!(result["isError"], true, "{version} {result}");
        let text = result["content"][0]["text"].as_str().expect("text");
        assert!(
            text.contains("cannot be asked") && text.contains(version),
            "{text}"
        );
    }
}

#[tokio::test]
async fn t_2511_15_forms_are_written_for_their_revision() {
    let sent = async |version: &str| {
        let session = asking_session(version).await;
        let mut stream = session.call("choices", json!({})).open().await;
        question(&mut stream).await["params"]["requestedSchema"].clone()
    };
    let newer = sent("2025-11-25").await;
    assert_eq!(newer["properties"]["size"]["oneOf"][1]["title"], "Large");
    assert_eq!(newer["properties"]["count"]["default"], 2);
    let older = sent("2025-06-18").await;
    assert_eq!(
        older["properties"],
        json!({
            "size": { "type": "string", "enum": ["s", "l"], "enumNames": ["Small", "Large"] },
            "count": { "type": "integer", "minimum": 1 },
            "gift": { "type": "boolean", "default": true },
            "mail": { "type": "string", "format": "email", "maxLength": 20 },
        })
    );
}

#[tokio::test]
async fn t_mrtr_12_legacy_answers_are_held_against_the_form_too() {
    for version in LEGACY_WITH_FORMS {
        let session = asking_session(version).await;
        for (mail, problem) in [("nobody", "email"), ("ada.lovelace@example.com", "20")] {
            let mut stream = session.call("choices", json!({})).open().await;
            let asked = question(&mut stream).await;
            let content = json!({ "mail": mail });
            respond(
                &session,
                &asked,
                json!({ "action": "accept", "content": content }),
            )
            .await;
            let response = stream.message().await;
            assert_eq!(response["result"]["isError"], true, "{response}");
            let said = text(&response);
            assert!(said.contains("/mail: ") && said.contains(problem), "{said}");
        }
    }
}

#[tokio::test]
async fn t_2511_16_urls_carry_an_id_of_their_own_in_the_revision_that_has_it() {
    let session = asking_session("2025-11-25").await;
    let mut stream = session.call("open_url", json!({})).open().await;
    let asked = question(&mut stream).await;
    assert_eq!(asked["params"]["mode"], "url");
    assert_eq!(asked["params"]["url"], "https://example.com/x?id=1");
    assert!(asked["params"]["elicitationId"].is_string(), "{asked}");
    respond(&session, &asked, json!({ "action": "accept" })).await;
    assert_eq!(text(&stream.message().await), "signed in");
    let modern = client()
        .modern_call("open_url", json!({}))
        .meta("io.modelcontextprotocol/clientCapabilities", everything());
    let result = modern.send().await.result();
    let params = &result["inputRequests"]["sign_in"]["params"];
    assert_eq!(params["mode"], "url");
    assert_eq!(params.get("elicitationId"), None, "T-MRTR-11");
}

#[tokio::test]
async fn two_questions_at_once_are_answered_in_any_order() {
    let session = asking_session("2025-11-25").await;
    let mut stream = session.call("family", json!({})).open().await;
    let father = question(&mut stream).await;
    let mother = question(&mut stream).await;
    assert_ne!(father["id"], mother["id"]);
    respond(&session, &mother, yes("Ann")).await;
    respond(&session, &father, yes("Bob")).await;
    assert_eq!(text(&stream.message().await), "Bob Ann");
}

#[tokio::test]
async fn what_the_client_refuses_or_gets_wrong_is_an_error_of_the_tool() {
    let session = asking_session("2025-11-25").await;
    let error = json!({ "code": -1, "message": "User rejected" });
    let mut stream = session.call("sample", json!({})).open().await;
    let asked = question(&mut stream).await;
    let refusal = json!({ "jsonrpc": "2.0", "id": asked["id"], "error": error });
    assert_eq!(session.post(refusal).send().await.status, 202);
    let response = stream.message().await;
    assert_eq!(response["result"]["isError"], true);
    assert!(text(&response).contains("User rejected"));
    for wrong in [
        json!({}),
        yes("Ada")["content"].clone(),
        json!({ "action": "accept", "content": { "name": 1 } }),
    ] {
        let mut stream = session.call("greet", json!({})).open().await;
        let asked = question(&mut stream).await;
        respond(&session, &asked, wrong).await;
        let response = stream.message().await;
        assert_eq!(response["result"]["isError"], true, "{response}");
    }
}

#[tokio::test]
async fn d2_12_and_trap_34_where_nothing_can_be_asked_the_tool_fails_at_once() {
    let json_mode = Client::new(endpoint().response_mode(ResponseMode::Json).build());
    let session = connect(&json_mode, "2025-11-25", everything()).await;
    let json_only = asking_session("2025-11-25").await;
    let only = json_only
        .call("greet", json!({}))
        .set(&http::header::ACCEPT, "application/json");
    let answers = [
        session.call("greet", json!({})).send().await,
        only.send().await,
    ];
    for answer in answers {
        let result = answer.result();
        assert_eq!(result["isError"], true, "{result}");
        assert!(result.to_string().contains("event stream"), "{result}");
    }
    let sessionless = Client::new(endpoint().without_sessions().build());
    let session = Session::of(
        sessionless.clone(),
        &sessionless.initialize("2025-11-25").send().await,
    );
    let answer = session.call("greet", json!({})).send().await;
    let result = answer.result();
    assert_eq!(result["isError"], true, "{result}");
    assert!(result.to_string().contains("keeps no sessions"), "{result}");
}

#[tokio::test]
async fn trap_33_nothing_is_asked_before_the_handshake_is_done() {
    let client = client();
    let initialize = client
        .initialize("2025-11-25")
        .edit(|message| message["params"]["capabilities"] = everything());
    let session = Session::of(client.clone(), &initialize.send().await);
    let result = session.call("greet", json!({})).send().await.result();
    assert_eq!(result["isError"], true);
    assert!(
        result.to_string().contains("notifications/initialized"),
        "{result}"
    );
}

#[tokio::test]
async fn trap_10_only_the_session_that_was_asked_can_answer() {
    let client = client();
    let session = connect(&client, "2025-11-25", everything()).await;
    let other = connect(&client, "2025-11-25", everything()).await;
    let mut stream = session.call("greet", json!({})).open().await;
    let asked = question(&mut stream).await;
    assert_eq!(respond(&other, &asked, yes("Eve")).await.status, 202);
    let posted = json!({ "jsonrpc": "2.0", "id": asked["id"], "result": yes("Eve") });
    let stolen = session.post(posted).extension(Principal::new("eve"));
    assert_eq!(stolen.send().await.status, 404);
    assert_eq!(stream.try_message(), None, "nobody answered yet");
    respond(&session, &asked, yes("Ada")).await;
    assert_eq!(text(&stream.message().await), "Hello, Ada!");
}

#[tokio::test]
async fn t_2411_15_open_questions_are_taken_back_with_the_call() {
    let session = asking_session("2025-11-25").await;
    let mut stream = session.call("family", json!({})).id(5).open().await;
    let (father, mother) = (question(&mut stream).await, question(&mut stream).await);
    assert_eq!(session.cancel(5).await.status, 202);
    let rest = stream.rest().await;
    let taken_back: Vec<&Value> = rest
        .iter()
        .map(|message| {
            assert_eq!(message["method"], "notifications/cancelled", "{message}");
            &message["params"]["requestId"]
        })
        .collect();
    assert_eq!(taken_back, [&father["id"], &mother["id"]]);
    assert_eq!(respond(&session, &father, yes("Bob")).await.status, 202);
}

#[tokio::test(start_paused = true)]
async fn section_3_1_a_question_has_a_time_of_its_own() {
    let mut limits = Limits::default();
    limits.answer_timeout = Duration::from_secs(30);
    let client = Client::new(endpoint().limits(limits).build());
    let session = connect(&client, "2025-11-25", everything()).await;
    let mut stream = session.call("greet", json!({})).open().await;
    let asked = question(&mut stream).await;
    let taken_back = stream.message().await;
    assert_eq!(taken_back["method"], "notifications/cancelled");
    assert_eq!(taken_back["params"]["requestId"], asked["id"]);
    let response = stream.message().await;
    assert_eq!(response["result"]["isError"], true);
    assert!(text(&response).contains("in time"), "{response}");
}

#[tokio::test(start_paused = true)]
async fn the_clock_of_a_call_stands_still_while_its_client_is_asked() {
    let mut limits = Limits::default();
    limits.call_timeout = Duration::from_secs(25);
    let client = Client::new(endpoint().limits(limits).build());
    let session = connect(&client, "2025-11-25", everything()).await;
    let mut stream = session.call("patient", json!({})).open().await;
    let asked = question(&mut stream).await;
    tokio::time::sleep(Duration::from_secs(300)).await;
    respond(&session, &asked, json!({ "roots": [] })).await;
    assert_eq!(text(&stream.message().await), "done");
}

#[tokio::test]
async fn a_call_that_lost_its_client_can_still_be_answered() {
    let session = asking_session("2025-11-25").await;
    let mut stream = session.call("greet", json!({})).id(9).open().await;
    let asked = question(&mut stream).await;
    drop(stream);
    let busy = session.call("greet", json!({})).id(9).send().await;
    assert_eq!(busy.status, 400, "it still runs");
    respond(&session, &asked, yes("Ada")).await;
    tokio::task::yield_now().await;
    let free = session.call("roots", json!({})).id(9).open().await;
    assert_eq!(free.status, 200, "it is done");
}

#[tokio::test]
async fn t_2503_02_calls_of_a_batch_ask_on_the_stream_they_share() {
    let session = asking_session("2025-03-26").await;
    let call = |id| json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": "roots", "arguments": {} } });
    let mut stream = session.post(json!([call(1), call(2)])).open().await;
    let (first, second) = (question(&mut stream).await, question(&mut stream).await);
    let respond = |question: &Value, count: usize| {
        let roots = vec![json!({ "uri": "file:///x" }); count];
        json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "roots": roots } })
    };
    let both = json!([respond(&first, 1), respond(&second, 2)]);
    assert_eq!(session.post(both).send().await.status, 202);
    let mut answers = [stream.message().await, stream.message().await];
    answers.sort_by_key(|answer| answer["id"].as_i64());
    assert_eq!(answers.each_ref().map(text), ["1", "2"]);
}

/// Asks while a side effect is under way.
async fn meanwhile(cx: Context, spent: Arc<AtomicUsize>) -> Result<String, ToolError> {
    let charge = cx.once("charge", async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok::<_, std::io::Error>(spent.fetch_add(1, Ordering::SeqCst) + 1)
    });
    let (charged, roots) = futures_util::future::join(charge, cx.roots("roots")).await;
    Ok(format!("{} {}", charged?, roots?.len()))
}

#[tokio::test(start_paused = true)]
async fn design_4_a_side_effect_under_way_is_finished_before_the_client_is_asked() {
    let spent = Arc::new(AtomicUsize::new(0));
    let counter = spent.clone();
    let tool = Tool::new("meanwhile", move |cx| meanwhile(cx, counter.clone()));
    let server = Server::builder("asking", "1").tool(tool).build();
    let client = Client::new(StreamableHttp::new(server.expect("a server")));
    let call = || {
        client
            .modern_call("meanwhile", json!({}))
            .meta("io.modelcontextprotocol/clientCapabilities", everything())
    };
    let first = call().send().await.result();
    assert_eq!(first["resultType"], "input_required");
    assert_eq!(spent.load(Ordering::SeqCst), 1);
    let retry = call().edit(|message| {
        message["params"]["inputResponses"] = json!({ "roots": { "roots": [] } });
        message["params"]["requestState"] = first["requestState"].clone();
    });
    assert_eq!(text(&retry.send().await.response()), "1 0");
    assert_eq!(spent.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_task_of_the_handler_can_ask_too() {
    async fn hand_over(cx: Context) -> Result<String, ToolError> {
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async move { cx.roots("roots").await.map(|roots| roots.len()) });
        let count = tasks.join_next().await.expect("a task")??;
        Ok(count.to_string())
    }
    let server = Server::builder("asking", "1")
        .tool(Tool::new("hand_over", hand_over))
        .build();
    let client = Client::new(StreamableHttp::new(server.expect("a server")));
    let asked = client
        .modern_call("hand_over", json!({}))
        .meta("io.modelcontextprotocol/clientCapabilities", everything());
    let result = asked.send().await.result();
    assert_eq!(result["resultType"], "input_required");
    let session = connect(&client, "2025-11-25", everything()).await;
    let mut stream = session.call("hand_over", json!({})).open().await;
    let asked = question(&mut stream).await;
    respond(
        &session,
        &asked,
        json!({ "roots": [{ "uri": "file:///x" }] }),
    )
    .await;
    assert_eq!(text(&stream.message().await), "1");
}
