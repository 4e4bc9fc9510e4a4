//! URLs for the person to open: asked in a call, demanded before one, and what is told when they are done.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use spanway_http::{ResponseMode, StreamableHttp, StreamableHttpBuilder};
use spanway_protocol::Limits;
use spanway_server::{Context, Prompt, PromptError, Server, Tool, ToolError, UrlCompletion};
use spanway_store::Stores;
use spanway_store::suite::cluster::Cluster;
use spanway_testkit::{Client, RequestBuilder, Session};

const URL: &str = "https://files.example/connect";

/// Where people sign in: who has, and whom to tell.
#[derive(Clone, Default)]
struct Desk(Arc<Mutex<(bool, Vec<UrlCompletion>)>>);

impl Desk {
    /// The person comes back from the URL.
    fn sign_in(&self) {
        let mut desk = self.0.lock().expect("no panic");
        desk.0 = true;
        desk.1.drain(..).for_each(|completion| completion.notify());
    }

    fn is_signed_in(&self, completion: UrlCompletion) -> bool {
        let mut desk = self.0.lock().expect("no panic");
        desk.1.push(completion);
        desk.0
    }

    /// Asks within the call, and goes on once the person has been there.
    async fn open(self, cx: Context) -> Result<&'static str, ToolError> {
        self.is_signed_in(cx.url_completion("sign_in"));
        let opened = cx.elicit_url("sign_in", "Sign in", URL).await?;
        opened.accepted()?;
        self.sign_in();
        Ok("signed in")
    }

    /// Does not begin before the person has been there.
    async fn list(self, cx: Context) -> Result<&'static str, ToolError> {
        if !self.is_signed_in(cx.url_completion("sign_in")) {
            return Err(cx.require_url("sign_in", "Sign in", URL).await.into());
        }
        Ok("three files")
    }

    async fn prompt(self, cx: Context) -> Result<String, PromptError> {
        Err(cx.require_url("sign_in", "Sign in", URL).await.into())
    }

    fn endpoint(&self) -> StreamableHttpBuilder {
        let [open, list, prompt] = [(); 3].map(|()| self.clone());
        let server = Server::builder("files", "1")
            .tool(Tool::new("open", move |cx| open.clone().open(cx)))
            .tool(Tool::new("list", move |cx| list.clone().list(cx)))
            .prompt(Prompt::new("list", move |cx| prompt.clone().prompt(cx)))
            .build();
        StreamableHttp::builder(server.expect("a server"))
    }

    fn client(&self) -> Client {
        Client::new(self.endpoint().build())
    }
}

fn urls() -> Value {
    json!({ "elicitation": { "url": {} } })
}

async fn connect(client: &Client, version: &str, capabilities: Value) -> Session {
    let initialize = client
        .initialize(version)
        .edit(|message| message["params"]["capabilities"] = capabilities);
    let session = Session::of(client.clone(), &initialize.send().await);
    session.notify("notifications/initialized", json!({})).await;
    session
}

fn modern(client: &Client, tool: &str) -> RequestBuilder {
    client
        .modern_call(tool, json!({}))
        .meta("io.modelcontextprotocol/clientCapabilities", urls())
}

/// The id of the URL that a call demands.
fn demanded(error: &Value) -> Value {
    assert_eq!(error["code"], -32042, "{error}");
    let elicitations = error["data"]["elicitations"].as_array().expect("an array");
    let [elicitation] = elicitations.as_slice() else {
        panic!("{error}");
    };
    let id = elicitation["elicitationId"].clone();
    assert!(id.is_string(), "{error}");
    let expected = json!({ "mode": "url", "message": "Sign in", "url": URL, "elicitationId": id });
    assert_eq!(*elicitation, expected);
    id
}

fn completed(id: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": "notifications/elicitation/complete", "params": { "elicitationId": id } })
}

#[tokio::test]
async fn t_2511_16_completion_is_told_on_the_stream_of_a_call_that_goes_on() {
    let desk = Desk::default();
    let session = connect(&desk.client(), "2025-11-25", urls()).await;
    let mut listening = session.listen().open().await;
    let mut stream = session.call("open", json!({})).open().await;
    let asked = stream.message().await;
    let id = asked["params"]["elicitationId"].clone();
    assert_ne!(id, asked["id"], "an id of its own");
    let answer = json!({ "jsonrpc": "2.0", "id": asked["id"], "result": { "action": "accept" } });
    assert_eq!(session.post(answer).send().await.status, 202);
    assert_eq!(stream.message().await, completed(&id));
    assert_eq!(stream.message().await["result"]["isError"], Value::Null);
    assert_eq!(listening.try_message(), None, "once (T-2503-12)");
}

#[tokio::test]
async fn t_2511_16_a_call_can_demand_a_url_and_completion_goes_to_its_session_alone() {
    let desk = Desk::default();
    let client = desk.client();
    let session = connect(&client, "2025-11-25", urls()).await;
    let other = connect(&client, "2025-11-25", urls()).await;
    let mut listening = session.listen().open().await;
    let mut others = other.listen().open().await;
    let refused = session.call("list", json!({})).send().await;
    assert_eq!(refused.status, 200);
    let id = demanded(&refused.response()["error"]);
    let prompt = session.request("prompts/get", json!({ "name": "list" }));
    assert_ne!(demanded(&prompt.send().await.response()["error"]), id);
    desk.sign_in();
    assert_eq!(listening.message().await, completed(&id));
    assert_eq!(others.try_message(), None);
    let again = session.call("list", json!({})).send().await.result();
    assert_eq!(again["content"][0]["text"], "three files");
}

#[tokio::test]
async fn t_2511_16_a_url_can_be_demanded_where_nothing_can_be_asked() {
    let desk = Desk::default();
    let json_only = desk.endpoint().response_mode(ResponseMode::Json).build();
    let session = connect(&Client::new(json_only), "2025-11-25", urls()).await;
    let mut listening = session.listen().open().await;
    let refused = session.call("list", json!({})).send().await;
    let id = demanded(&refused.response()["error"]);
    desk.sign_in();
    assert_eq!(listening.message().await, completed(&id));
}

#[tokio::test]
async fn t_2511_16_completion_reaches_the_session_on_another_node() {
    let desk = Desk::default();
    let (cluster, limits) = (Cluster::default(), Limits::default());
    let stores = Stores::memory(Duration::from_secs(60), &limits);
    let node = || {
        let stores = stores.clone().with_bus(cluster.join());
        Client::new(desk.endpoint().stores(stores).build())
    };
    let (a, b) = (node(), node());
    let on_a = connect(&a, "2025-11-25", urls()).await;
    let mut listening = on_a.used_by(b).listen().open().await;
    let id = demanded(&on_a.call("list", json!({})).send().await.response()["error"]);
    desk.sign_in();
    assert_eq!(listening.message().await, completed(&id));
}

#[tokio::test]
async fn t_mrtr_11_modern_clients_are_asked_until_the_url_is_done() {
    let desk = Desk::default();
    let client = desk.client();
    let mut state = None;
    for _ in 0..2 {
        let call = modern(&client, "list").edit(|message| {
            if let Some(state) = &state {
                message["params"]["inputResponses"] = json!({ "sign_in": { "action": "accept" } });
                message["params"]["requestState"] = Value::clone(state);
            }
        });
        let result = call.send().await.result();
        assert_eq!(result["resultType"], "input_required", "{result}");
        let question = &result["inputRequests"]["sign_in"];
        let params = json!({ "mode": "url", "message": "Sign in", "url": URL });
        assert_eq!(
            *question,
            json!({ "method": "elicitation/create", "params": params })
        );
        state = Some(result["requestState"].clone());
    }
    let retry = |action: &str| {
        modern(&client, "list").edit(|message| {
            message["params"]["inputResponses"] = json!({ "sign_in": { "action": action } });
        })
    };
    let declined = retry("decline").send().await.result();
    assert_eq!(declined["isError"], true, "{declined}");
    desk.sign_in();
    let done = retry("accept").meta("progressToken", 1).send().await;
    assert_eq!(done.messages().len(), 1, "trap 37: no completion is told");
    assert_eq!(done.result()["content"][0]["text"], "three files");
}

#[tokio::test]
async fn t_2511_15_a_url_is_demanded_only_of_clients_that_can_open_one() {
    let client = Desk::default().client();
    for version in ["2024-11-05", "2025-03-26", "2025-06-18"] {
        let session = connect(&client, version, urls()).await;
        let result = session.call("list", json!({})).send().await.result();
        assert_eq!(result["isError"], true);
        let text = result["content"][0]["text"].as_str().expect("a text");
        assert!(text.contains(version) && !text.contains(URL), "{text}");
    }
    let forms = json!({ "elicitation": {} });
    let session = connect(&client, "2025-11-25", forms.clone()).await;
    let error = session.call("list", json!({})).send().await.response()["error"].clone();
    assert_eq!(error["data"]["requiredCapabilities"], urls());
    let undeclared =
        modern(&client, "list").meta("io.modelcontextprotocol/clientCapabilities", forms);
    assert_eq!(undeclared.send().await.refusal(), (400, -32021));
}
