//! What modern clients carry between the rounds of a call is used once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use spanway_http::{StreamableHttp, StreamableHttpBuilder};
use spanway_protocol::Limits;
use spanway_server::{Context, Server, StateKeys, Tool, ToolError};
use spanway_store::suite::{Fault, Faulty};
use spanway_store::{MemoryNonces, Stores};
use spanway_testkit::{Answer, Client, RequestBuilder};
use tokio::sync::Semaphore;

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

/// Asks twice, pays between the questions, and ships after the last one.
async fn order(cx: Context, shop: Shop) -> Result<String, ToolError> {
    let who = cx.elicit::<Name>("who", "Who?").await?.accepted()?.name;
    let pay = async { Ok::<_, std::io::Error>("paid".to_owned()) };
    let receipt = cx.once("pay", pay).await?;
    let city = cx.elicit::<Name>("city", "Where to?").await?.accepted()?;
    cx.progress(1.0, None, "packing");
    drop(shop.open.acquire().await?);
    let parcels = shop.shipped.fetch_add(1, Ordering::SeqCst) + 1;
    Ok(format!(
        "{receipt}: parcel {parcels} to {who}, {}",
        city.name
    ))
}

#[derive(Clone)]
struct Shop {
    shipped: Arc<AtomicUsize>,
    /// Whether parcels leave.
    open: Arc<Semaphore>,
}

impl Shop {
    fn new() -> Self {
        Self {
            shipped: Arc::default(),
            open: Arc::new(Semaphore::new(1)),
        }
    }

    fn endpoint(&self) -> StreamableHttpBuilder {
        let shop = self.clone();
        let server = Server::builder("shop", "1")
            .state_keys(StateKeys::new([7; 32]))
            .tool(Tool::new("order", move |cx| order(cx, shop.clone())))
            .build();
        StreamableHttp::builder(server.expect("a server"))
    }

    fn client(&self) -> Client {
        Client::new(self.endpoint().build())
    }

    fn shipped(&self) -> usize {
        self.shipped.load(Ordering::SeqCst)
    }
}

/// A call of the shop, with what it brings back.
fn call(client: &Client, answers: Value, state: Option<&Value>) -> RequestBuilder {
    let capabilities = json!({ "elicitation": {} });
    client
        .modern_call("order", json!({}))
        .meta("io.modelcontextprotocol/clientCapabilities", capabilities)
        .edit(|message| {
            message["params"]["inputResponses"] = answers;
            if let Some(state) = state {
                message["params"]["requestState"] = state.clone();
            }
        })
}

fn named(key: &str, name: &str) -> Value {
    json!({ key: { "action": "accept", "content": { "name": name } } })
}

async fn state_of(call: RequestBuilder) -> Value {
    let result = call.send().await.result();
    assert_eq!(result["resultType"], "input_required", "{result}");
    result["requestState"].clone()
}

/// The state of a call that paid and waits for its last answer.
async fn paid(client: &Client) -> Value {
    let first = state_of(call(client, json!({}), None)).await;
    state_of(call(client, named("who", "Ada"), Some(&first))).await
}

fn text(answer: &Answer) -> String {
    let result = answer.result();
    result["content"][0]["text"]
        .as_str()
        .map(str::to_owned)
        .unwrap_or_else(|| panic!("no text: {result}"))
}

/// The one error of all refused states.
#[track_caller]
fn assert_refused(answer: &Answer) {
    let error = &answer.response()["error"];
    let frozen = json!({ "code": -32602, "message": "invalid or expired requestState" });
    assert_eq!(*error, frozen);
}

#[tokio::test]
async fn rmcp_2a_5_and_t_mrtr_06_a_state_is_used_once() {
    let shop = Shop::new();
    let client = shop.client();
    let state = paid(&client).await;
    let last = || call(&client, named("city", "London"), Some(&state));
    assert_eq!(text(&last().send().await), "paid: parcel 1 to Ada, London");
    assert_refused(&last().send().await);
    assert_eq!(shop.shipped(), 1);
}

#[tokio::test]
async fn t_mrtr_06_a_state_that_led_to_another_question_is_used_up_and_replaced() {
    let shop = Shop::new();
    let client = shop.client();
    let first = state_of(call(&client, json!({}), None)).await;
    let mut state = first.clone();
    // What is missing or not valid is asked for again, with another state (T-MRTR-08).
    let invalid = json!({ "city": { "action": "accept", "content": { "name": 5 } } });
    for answers in [json!({}), named("who", "Ada"), invalid] {
        let next = state_of(call(&client, answers, Some(&state))).await;
        assert_refused(
            &call(&client, named("who", "Eve"), Some(&state))
                .send()
                .await,
        );
        state = next;
    }
    assert_refused(
        &call(&client, named("who", "Ada"), Some(&first))
            .send()
            .await,
    );
    let last = call(&client, named("city", "London"), Some(&state));
    assert_eq!(text(&last.send().await), "paid: parcel 1 to Ada, London");
}

#[tokio::test]
async fn t_mrtr_06_of_two_retries_at_once_one_runs() {
    let shop = Shop::new();
    let client = shop.client();
    let state = paid(&client).await;
    let last = || call(&client, named("city", "London"), Some(&state)).send();
    let (one, other) = join(last(), last()).await;
    let refused = [&one, &other].map(|answer| answer.response()["error"].is_object());
    assert!(refused[0] != refused[1], "{refused:?}");
    assert_eq!(shop.shipped(), 1);
}

#[tokio::test]
async fn t_mrtr_06_what_is_refused_for_something_else_can_be_sent_again() {
    let shop = Shop::new();
    let client = shop.client();
    let state = paid(&client).await;
    let last = || call(&client, named("city", "London"), Some(&state));
    let wrong_header = last().set(&spanway_protocol::NAME, "other");
    assert_eq!(wrong_header.send().await.refusal(), (400, -32020));
    let other_arguments = last().edit(|message| message["params"]["arguments"]["x"] = 1.into());
    assert_refused(&other_arguments.send().await);
    let no_answers = last().edit(|message| message["params"]["inputResponses"] = Value::Null);
    assert_eq!(no_answers.send().await.code(), -32602);
    assert_eq!(text(&last().send().await), "paid: parcel 1 to Ada, London");
}

#[tokio::test]
async fn decision_0012_a_retry_whose_client_left_has_used_its_state_and_answers_can_come_without_one()
 {
    let shop = Shop::new();
    let client = shop.client();
    let state = paid(&client).await;
    let last = || call(&client, named("city", "London"), Some(&state));
    let closed = shop.open.acquire().await.expect("the gate");
    let mut stream = last().meta("progressToken", 1).open().await;
    assert_eq!(stream.message().await["params"]["message"], "packing");
    drop(stream);
    drop(closed);
    assert_eq!(shop.shipped(), 0, "cancelled (T-2607-08)");
    assert_refused(&last().send().await);
    let mut answers = named("who", "Ada");
    answers["city"] = named("city", "London")["city"].clone();
    let anew = call(&client, answers, None).send().await;
    assert_eq!(text(&anew), "paid: parcel 1 to Ada, London");
}

#[tokio::test]
async fn t_mrtr_06_nodes_with_one_store_use_a_state_once_together() {
    let shop = Shop::new();
    let stores = Stores::memory(Duration::from_secs(60), &Limits::default());
    let node = || Client::new(shop.endpoint().stores(stores.clone()).build());
    let (a, b) = (node(), node());
    let state = paid(&a).await;
    let on = |node: &Client| call(node, named("city", "London"), Some(&state)).send();
    assert_eq!(text(&on(&b).await), "paid: parcel 1 to Ada, London");
    assert_refused(&on(&a).await);
    assert_refused(&on(&b).await);
}

#[tokio::test]
async fn t_mrtr_06_without_sessions_states_are_used_once_too() {
    let shop = Shop::new();
    let client = Client::new(shop.endpoint().without_sessions().build());
    let state = paid(&client).await;
    let last = || call(&client, named("city", "London"), Some(&state)).send();
    assert_eq!(text(&last().await), "paid: parcel 1 to Ada, London");
    assert_refused(&last().await);
}

#[tokio::test(start_paused = true)]
async fn one_state_too_many_is_503_with_retry_after_until_one_expires() {
    let shop = Shop::new();
    let mut limits = Limits::default();
    limits.spent_states_max = 2;
    let client = Client::new(shop.endpoint().limits(limits).build());
    let used = state_of(call(&client, named("who", "Ada"), None)).await;
    let other = state_of(call(&client, named("who", "Ada"), None)).await;
    tokio::time::sleep(Duration::from_secs(300)).await;
    let waits = state_of(call(&client, named("who", "Ada"), None)).await;
    let retry = |state: &Value| call(&client, named("city", "London"), Some(state)).send();
    for state in [&used, &other] {
        assert!(text(&retry(state).await).starts_with("paid"));
    }
    let full = retry(&waits).await;
    assert_eq!((full.status, full.code()), (503, -32603));
    assert_eq!(full.header("retry-after"), Some("30"));
    assert_refused(&retry(&used).await);
    tokio::time::sleep(Duration::from_secs(301)).await;
    assert_eq!(text(&retry(&waits).await), "paid: parcel 3 to Ada, London");
    assert_refused(&retry(&used).await);
}

/// A shop whose store goes wrong every second time.
fn faulty(fault: Fault) -> (Client, Arc<Faulty<MemoryNonces>>) {
    let nonces = Arc::new(Faulty::new(Arc::new(MemoryNonces::new(9)), fault, 2));
    let stores = Stores::memory(Duration::from_secs(60), &Limits::default());
    let endpoint = Shop::new()
        .endpoint()
        .stores(stores.with_nonces(nonces.clone()));
    (Client::new(endpoint.build()), nonces)
}

#[tokio::test]
async fn a_call_without_a_state_asks_no_store_and_one_with_a_state_needs_it() {
    let (client, store) = faulty(Fault::Refused);
    let first = state_of(call(&client, named("who", "Ada"), None)).await;
    assert_eq!(store.count(), 0);
    let state = state_of(call(&client, json!({}), Some(&first))).await;
    let last = || call(&client, named("city", "London"), Some(&state)).send();
    let away = last().await;
    assert_eq!((away.status, away.code()), (503, -32603));
    assert_eq!(away.header("retry-after"), Some("5"));
    assert_eq!(text(&last().await), "paid: parcel 1 to Ada, London");
    assert_eq!(store.count(), 3);
}

#[tokio::test]
async fn a_state_of_which_nobody_knows_whether_it_was_used_counts_as_used() {
    let (client, _) = faulty(Fault::Lost);
    let first = state_of(call(&client, named("who", "Ada"), None)).await;
    let state = state_of(call(&client, json!({}), Some(&first))).await;
    let last = || call(&client, named("city", "London"), Some(&state)).send();
    assert_eq!(last().await.status, 503);
    assert_refused(&last().await);
}

#[tokio::test]
async fn a_store_that_is_slow_is_waited_for() {
    let (client, _) = faulty(Fault::Late(3));
    let first = state_of(call(&client, named("who", "Ada"), None)).await;
    let state = state_of(call(&client, json!({}), Some(&first))).await;
    let last = || call(&client, named("city", "London"), Some(&state)).send();
    assert_eq!(text(&last().await), "paid: parcel 1 to Ada, London");
    assert_refused(&last().await);
}
