//! Asking modern clients: interim answers, the sealed state, and running again from the top.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use spanway_protocol::Timestamp;
use spanway_protocol::schema::{CacheHint, SamplingRequest};
use spanway_server::{
    Args, Asked, Context, Elicited, Prompt, Question, Resource, Server, StateKeys, Tool, ToolError,
};

use crate::rounds::{Asker, FROZEN};

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

async fn greet(cx: Context) -> Result<String, ToolError> {
    let Name { name } = cx
        .elicit("user_name", "What is your name?")
        .await?
        .accepted()?;
    Ok(format!("Hello, {name}!"))
}

/// Three questions, and a side effect between the first two.
async fn order(cx: Context, spent: Arc<AtomicUsize>) -> Result<String, ToolError> {
    let Name { name } = cx.elicit("who", "Who?").await?.accepted()?;
    let count = cx
        .once("charge", async {
            Ok::<_, std::io::Error>(spent.fetch_add(1, Ordering::SeqCst) + 1)
        })
        .await?;
    let roots = cx.roots("roots").await?;
    let said = cx
        .sample("poem", SamplingRequest::text("a poem", 10))
        .await?;
    Ok(format!("{name} {count} {} {}", roots.len(), said.text()))
}

fn server() -> Server {
    Server::builder("asking", "1")
        .state_keys(StateKeys::new([7; 32]))
        .tool(Tool::new("greet", greet))
        .build()
        .unwrap()
}

fn yes(name: &str) -> Value {
    json!({ "action": "accept", "content": { "name": name } })
}

#[test]
fn t_mrtr_02_an_unanswered_question_is_an_interim_result() {
    let server = server();
    let asker = Asker::new(&server);
    let result = asker.result("greet", json!({}), json!({}));
    assert_eq!(result["resultType"], "input_required");
    let request = &result["inputRequests"]["user_name"];
    assert_eq!(request["method"], "elicitation/create");
    assert_eq!(request["params"]["mode"], "form");
    assert_eq!(request["params"]["message"], "What is your name?");
    assert_eq!(
        request["params"]["requestedSchema"],
        json!({ "type": "object", "properties": { "name": { "type": "string" } }, "required": ["name"] })
    );
    assert_eq!(request.as_object().unwrap().len(), 2, "trap 16: {request}");
    assert!(result["requestState"].is_string());
    // T-MRTR-09
    assert_eq!(result.get("ttlMs"), None);
    assert_eq!(result.get("cacheScope"), None);
}

#[test]
fn t_mrtr_04_the_retry_with_answers_is_completed() {
    let server = server();
    let asker = Asker::new(&server);
    let state = asker.state("greet", json!({}));
    let with =
        json!({ "inputResponses": { "user_name": yes("Ada"), "other": 1 }, "requestState": state });
    assert_eq!(asker.text("greet", json!({}), with), "Hello, Ada!");
}

#[test]
fn trap_39_answers_without_a_state_are_accepted_by_key() {
    let server = server();
    let with = json!({ "inputResponses": { "user_name": yes("Ada") } });
    assert_eq!(
        Asker::new(&server).text("greet", json!({}), with),
        "Hello, Ada!"
    );
}

#[test]
fn t_mrtr_08_answers_that_are_missing_or_not_valid_are_asked_for_again() {
    let server = server();
    let asker = Asker::new(&server);
    for answer in [
        json!(12345),
        json!(["accept", { "name": "Ada" }]),
        json!({ "action": "perhaps" }),
        json!({ "action": "accept" }),
        json!({ "action": "accept", "content": { "name": 5 } }),
        json!({ "action": "accept", "content": [] }),
    ] {
        let with = json!({ "inputResponses": { "user_name": answer } });
        let result = asker.result("greet", json!({}), with);
        assert_eq!(result["resultType"], "input_required", "{answer}");
        assert!(result["inputRequests"]["user_name"].is_object());
    }
    let with = json!({ "inputResponses": { "wrong_key": yes("Ada") } });
    let result = asker.result("greet", json!({}), with);
    assert_eq!(result["resultType"], "input_required");
}

#[test]
fn t_mrtr_08_responses_that_are_no_object_are_invalid_params() {
    let server = server();
    for responses in [json!(null), json!([]), json!("x")] {
        let with = json!({ "inputResponses": responses });
        let error = Asker::new(&server).error("greet", json!({}), with);
        assert_eq!(error["code"], -32602);
    }
}

#[test]
fn t_mrtr_12_declining_and_cancelling_are_the_handlers_to_decide() {
    let server = server();
    for (action, text) in [
        ("decline", "the user declined to answer"),
        ("cancel", "the user dismissed the question"),
    ] {
        let with = json!({ "inputResponses": { "user_name": { "action": action } } });
        let result = Asker::new(&server).result("greet", json!({}), with);
        assert_eq!(result["isError"], true);
        assert_eq!(result["content"][0]["text"], text);
    }
}

#[test]
fn t_mrtr_03_what_was_not_declared_is_not_asked() {
    let server = server();
    let asker = Asker::new(&server).declaring(json!({ "elicitation": { "url": {} } }));
    let error = asker.error("greet", json!({}), json!({}));
    assert_eq!(error["code"], -32021);
    assert_eq!(
        error["data"]["requiredCapabilities"],
        json!({ "elicitation": { "form": {} } })
    );
    // Trap 36: nothing in it means forms.
    let forms = Asker::new(&server).declaring(json!({ "elicitation": {} }));
    assert_eq!(
        forms.result("greet", json!({}), json!({}))["resultType"],
        "input_required"
    );
}

#[test]
fn design_4_earlier_answers_and_outcomes_travel_in_the_state() {
    let spent = Arc::new(AtomicUsize::new(0));
    let counter = spent.clone();
    let server = Server::builder("asking", "1")
        .tool(Tool::new("order", move |cx| order(cx, counter.clone())))
        .build()
        .unwrap();
    let asker = Asker::new(&server);
    let first = asker.result("order", json!({}), json!({}));
    assert_eq!(keys(&first), ["who"]);
    let with =
        json!({ "inputResponses": { "who": yes("Ada") }, "requestState": first["requestState"] });
    let second = asker.result("order", json!({}), with);
    assert_eq!(keys(&second), ["roots"]);
    assert_eq!(
        second["inputRequests"]["roots"],
        json!({ "method": "roots/list" })
    );
    assert_ne!(first["requestState"], second["requestState"]);
    let roots = json!({ "roots": [{ "uri": "file:///a" }, { "uri": "file:///b", "name": "b" }] });
    let with =
        json!({ "inputResponses": { "roots": roots }, "requestState": second["requestState"] });
    let third = asker.result("order", json!({}), with);
    assert_eq!(keys(&third), ["poem"]);
    let params = &third["inputRequests"]["poem"]["params"];
    assert_eq!(params["maxTokens"], 10);
    assert_eq!(
        params["messages"][0]["content"],
        json!({ "type": "text", "text": "a poem" })
    );
    let poem = json!({ "role": "assistant", "model": "m", "content": { "type": "text", "text": "Roses" } });
    let with = json!({ "inputResponses": { "poem": poem }, "requestState": third["requestState"] });
    assert_eq!(asker.text("order", json!({}), with), "Ada 1 2 Roses");
    assert_eq!(spent.load(Ordering::SeqCst), 1, "the side effect ran once");
}

#[test]
fn design_4_all_keys_asked_in_one_poll_are_asked_together() {
    async fn both(cx: Context) -> Result<String, ToolError> {
        let name = cx.elicit::<Name>("name", "Name?");
        let roots = cx.roots("roots");
        let (name, roots) = futures_util::future::try_join(name, roots).await?;
        Ok(format!("{} {}", name.accepted()?.name, roots.len()))
    }
    let server = Server::builder("asking", "1")
        .tool(Tool::new("both", both))
        .build()
        .unwrap();
    let asker = Asker::new(&server);
    let result = asker.result("both", json!({}), json!({}));
    assert_eq!(keys(&result), ["name", "roots"]);
    let with = json!({ "inputResponses": { "name": yes("Ada"), "roots": { "roots": [] } } });
    assert_eq!(asker.text("both", json!({}), with), "Ada 0");
}

#[test]
fn t_mrtr_05_a_state_that_was_tampered_with_is_refused() {
    let server = server();
    let asker = Asker::new(&server);
    let state = asker.state("greet", json!({}));
    let mut flipped = state.clone().into_bytes();
    let last = flipped.len() - 5;
    flipped[last] = if flipped[last] == b'A' { b'B' } else { b'A' };
    let (_, sealed) = state.rsplit_once('.').unwrap();
    for forged in [
        format!("{state}-TAMPERED"),
        String::from_utf8(flipped).unwrap(),
        format!("v1.other.{sealed}"),
        format!("v2.{state}"),
        String::new(),
        "v1.".to_owned(),
    ] {
        let with = json!({ "inputResponses": { "user_name": yes("Ada") }, "requestState": forged });
        let error = asker.error("greet", json!({}), with);
        assert_eq!(error, *FROZEN, "{forged}");
    }
    for nonsense in [json!(null), json!(5)] {
        let error = asker.error("greet", json!({}), json!({ "requestState": nonsense }));
        assert_eq!(error, *FROZEN);
    }
}

#[test]
fn rmcp_2a_5_and_t_mrtr_05_a_state_tells_its_holder_nothing() {
    let spent = Arc::new(AtomicUsize::new(0));
    let server = Server::builder("asking", "1")
        .tool(Tool::new("order", move |cx| order(cx, spent.clone())))
        .build()
        .unwrap();
    let asker = Asker::new(&server).named("ada");
    let with = json!({ "inputResponses": { "who": yes("Augusta Ada King") } });
    let second = asker.result("order", json!({}), with);
    let state = second["requestState"].as_str().unwrap();
    let (_, sealed) = state.rsplit_once('.').unwrap();
    let sealed = URL_SAFE_NO_PAD.decode(sealed).unwrap();
    for known in ["Augusta", "charge", "order"] {
        let mut windows = sealed.windows(known.len());
        assert!(windows.all(|bytes| bytes != known.as_bytes()), "{known}");
    }
}

#[test]
fn t_mrtr_06_a_state_belongs_to_one_caller_call_and_server() {
    let build = |name: &str, key: u8| {
        Server::builder(name, "1")
            .state_keys(StateKeys::new([key; 32]))
            .tool(Tool::new(
                "greet",
                |cx: Context, _: Args<Map<String, Value>>| greet(cx),
            ))
            .tool(Tool::new(
                "welcome",
                |cx: Context, _: Args<Map<String, Value>>| greet(cx),
            ))
            .build()
            .unwrap()
    };
    let server = build("asking", 7);
    let ada = Asker::new(&server).named("ada");
    let arguments = json!({ "a": 1, "b": { "x": [1, "2"], "y": null } });
    let state = ada.state("greet", arguments.clone());
    let with = json!({ "inputResponses": { "user_name": yes("Ada") }, "requestState": state });
    // The order of keys is no difference.
    let reordered = json!({ "b": { "y": null, "x": [1, "2"] }, "a": 1 });
    assert_eq!(ada.text("greet", reordered, with.clone()), "Hello, Ada!");
    let (renamed, rekeyed) = (build("other", 7), build("asking", 8));
    let bob = Asker::new(&server).named("bob");
    let nobody = Asker::new(&server);
    for (asker, tool, arguments) in [
        (&bob, "greet", arguments.clone()),
        (&nobody, "greet", arguments.clone()),
        (&ada, "welcome", arguments.clone()),
        (&ada, "greet", json!({ "a": 2, "b": arguments["b"] })),
        (&ada, "greet", json!({})),
        (
            &Asker::new(&renamed).named("ada"),
            "greet",
            arguments.clone(),
        ),
        (&Asker::new(&rekeyed).named("ada"), "greet", arguments),
    ] {
        assert_eq!(asker.error(tool, arguments, with.clone()), *FROZEN);
    }
}

#[test]
fn t_mrtr_06_a_state_expires() {
    let server = Server::builder("asking", "1")
        .state_life(Duration::from_secs(60))
        .tool(Tool::new("greet", greet))
        .build()
        .unwrap();
    let start = Timestamp::from_millis(1_000_000);
    let state = Asker::new(&server).at(start).state("greet", json!({}));
    let with = json!({ "inputResponses": { "user_name": yes("Ada") }, "requestState": state });
    let in_time = Asker::new(&server).at(start + Duration::from_secs(60));
    assert_eq!(
        in_time.text("greet", json!({}), with.clone()),
        "Hello, Ada!"
    );
    let late = Asker::new(&server).at(start + Duration::from_millis(60_001));
    assert_eq!(late.error("greet", json!({}), with), *FROZEN);
}

#[test]
fn t_mrtr_05_keys_are_rotated_without_losing_calls() {
    let (old, new) = ([1; 32], [2; 32]);
    let build = |keys| {
        Server::builder("asking", "1")
            .state_keys(keys)
            .tool(Tool::new("greet", greet))
            .build()
            .unwrap()
    };
    let before = build(StateKeys::new(old));
    let during = build(StateKeys::new(new).and(old));
    let after = build(StateKeys::new(new));
    let state = Asker::new(&before).state("greet", json!({}));
    let with = json!({ "inputResponses": { "user_name": yes("Ada") }, "requestState": state });
    assert_eq!(
        Asker::new(&during).text("greet", json!({}), with.clone()),
        "Hello, Ada!"
    );
    assert_eq!(Asker::new(&after).error("greet", json!({}), with), *FROZEN);
    let state = Asker::new(&during).state("greet", json!({}));
    let with = json!({ "inputResponses": { "user_name": yes("Ada") }, "requestState": state });
    assert_eq!(
        Asker::new(&after).text("greet", json!({}), with),
        "Hello, Ada!"
    );
}

#[test]
fn t_mrtr_05_keys_can_be_given_to_a_server_that_is_built() {
    let (one, other) = (server(), server());
    let keys: StateKeys = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
        .parse()
        .unwrap();
    one.set_state_keys(keys.clone());
    one.set_state_life(Duration::from_secs(60));
    let start = Timestamp::from_millis(1_000_000);
    let state = Asker::new(&one).at(start).state("greet", json!({}));
    let with = json!({ "inputResponses": { "user_name": yes("Ada") }, "requestState": state });
    let refused = Asker::new(&other).at(start);
    assert_eq!(refused.error("greet", json!({}), with.clone()), *FROZEN);
    other.set_state_keys(keys);
    let late = Asker::new(&other).at(start + Duration::from_secs(61));
    assert_eq!(late.error("greet", json!({}), with.clone()), *FROZEN);
    let in_time = Asker::new(&other).at(start);
    assert_eq!(in_time.text("greet", json!({}), with), "Hello, Ada!");
}

#[test]
fn keys_are_read_from_base64_and_never_shown() {
    let standard = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
    let both: StateKeys = format!("{standard}, {}", "-".repeat(43))
        .parse()
        .unwrap_or_else(|_| format!("{standard}, {standard}").parse().unwrap());
    assert!(!format!("{both:?}").contains("AQIDBAUG"));
    for (text, number) in [
        ("", 1),
        ("c2hvcnQ=", 1),
        (&format!("{standard},nonsense") as &str, 2),
    ] {
        let error = text.parse::<StateKeys>().unwrap_err().to_string();
        assert!(error.contains(&format!("key number {number}")), "{error}");
    }
}

#[test]
fn t_mrtr_01_prompts_and_resources_ask_too() {
    let server = Server::builder("asking", "1")
        .prompt(Prompt::new(
            "ask",
            async |cx: Context| -> Result<String, spanway_server::PromptError> {
                Ok(cx.elicit::<Name>("user", "Who?").await?.accepted()?.name)
            },
        ))
        .resource(Resource::new(
            "test://asks",
            "asks",
            async |cx: Context| -> Result<String, spanway_server::ResourceError> {
                Ok(cx.elicit::<Name>("user", "Who?").await?.accepted()?.name)
            },
        ))
        .build()
        .unwrap();
    let asker = Asker::new(&server);
    for (method, params) in [
        ("prompts/get", json!({ "name": "ask" })),
        ("resources/read", json!({ "uri": "test://asks" })),
    ] {
        let first = asker.raw(method, params.clone());
        let first = &first["result"];
        assert_eq!(first["resultType"], "input_required", "{first}");
        assert_eq!(first.get("ttlMs"), None);
        let mut retry = params;
        retry["inputResponses"] = json!({ "user": yes("Ada") });
        retry["requestState"] = first["requestState"].clone();
        let second = asker.raw(method, retry);
        assert!(second.to_string().contains("Ada"), "{second}");
    }
}

#[test]
fn t_mrtr_09_what_was_read_with_answers_is_not_to_be_kept() {
    let hint = CacheHint::public(60_000);
    let server = Server::builder("asking", "1")
        .cache(hint)
        .resource(Resource::text("test://plain", "plain", "text"))
        .build()
        .unwrap();
    let asker = Asker::new(&server);
    let kept = asker.raw("resources/read", json!({ "uri": "test://plain" }));
    assert_eq!(kept["result"]["ttlMs"], 60_000);
    let params = json!({ "uri": "test://plain", "inputResponses": {} });
    let retried = asker.raw("resources/read", params);
    assert_eq!(retried["result"]["ttlMs"], 0);
    assert_eq!(retried["result"]["cacheScope"], "private");
}

#[derive(Deserialize, JsonSchema)]
struct Confirm {
    sure: bool,
}

impl Question for Confirm {
    const KEY: &'static str = "confirm";
    const MESSAGE: &'static str = "Are you sure?";
}

impl Question for Name {
    const KEY: &'static str = "name";
    const MESSAGE: &'static str = "Who are you?";
}

#[test]
fn design_4_declared_questions_are_asked_together_and_the_body_runs_once() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = runs.clone();
    let delete = move |Asked(name): Asked<Name>, Asked(confirm): Asked<Confirm>| {
        counter.fetch_add(1, Ordering::SeqCst);
        async move {
            Ok::<_, ToolError>(match confirm {
                Elicited::Accepted(confirm) => {
                    format!("{} {}", name.accepted()?.name, confirm.sure)
                }
                other => format!("{}", other.into_option().is_none()),
            })
        }
    };
    let server = Server::builder("asking", "1")
        .tool(Tool::new("delete", delete))
        .build()
        .unwrap();
    let asker = Asker::new(&server);
    let first = asker.result("delete", json!({}), json!({}));
    assert_eq!(keys(&first), ["name", "confirm"]);
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    let sure = json!({ "action": "accept", "content": { "sure": true } });
    let with = json!({ "inputResponses": { "name": yes("Ada"), "confirm": sure }, "requestState": first["requestState"] });
    assert_eq!(asker.text("delete", json!({}), with), "Ada true");
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    let undeclared = Asker::new(&server).declaring(json!({}));
    assert_eq!(
        undeclared.error("delete", json!({}), json!({}))["code"],
        -32021
    );
}

fn keys(result: &Value) -> Vec<&str> {
    assert_eq!(result["resultType"], "input_required", "{result}");
    let requests = result["inputRequests"].as_object().unwrap();
    requests.keys().map(String::as_str).collect()
}
