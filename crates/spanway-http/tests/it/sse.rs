//! The deprecated HTTP+SSE transport of 2024-11-05: what is said on its stream.

use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, ORIGIN};
use serde_json::{Value, json};
use spanway_http::{App, StreamableHttp};
use spanway_protocol::schema::{ListCapability, ResourcesCapability, ServerCapabilities};
use spanway_server::{Args, Change, Context, Resource, Server, Tool, ToolError};
use spanway_testkit::{Client, SseConnection};

use crate::probe::{Probe, told};

const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

fn client_of(endpoint: StreamableHttp) -> Client {
    Client::new(App::new(endpoint, "/mcp"))
}

fn client() -> Client {
    client_of(Probe::new().endpoint().build())
}

async fn connected(client: &Client, version: &str) -> SseConnection {
    let mut connection = SseConnection::open(client, "/sse").await;
    connection.connect(version, json!({})).await;
    connection
}

#[tokio::test]
async fn d1_4_and_t_2411_01_and_02_the_stream_begins_with_the_address_to_post_to() {
    let client = client();
    let stream = client.get().path("/sse").open().await;
    assert!(stream.is_stream());
    assert_eq!(
        (
            stream.header("cache-control"),
            stream.header("x-accel-buffering")
        ),
        (Some("no-cache, no-transform"), Some("no"))
    );
    let connection = SseConnection::of(client, "/sse", stream).await;
    let id = connection.address.strip_prefix("/messages?sessionId=");
    assert_eq!(id.expect("the address").len(), 22, "128 bits");
}

#[tokio::test]
async fn d1_4_and_rmcp_2a_13_and_t_2411_03_and_04_messages_are_taken_with_202_and_answered_on_the_stream()
 {
    let mut connection = connected(&client(), "2024-11-05").await;
    let response = connection
        .request(
            "tools/call",
            json!({ "name": "echo", "arguments": { "a": 1 } }),
        )
        .await;
    assert_eq!(told(&response["result"]), json!({ "a": 1 }));
    let unknown = connection.request("no/such", json!({})).await;
    assert_eq!(unknown["error"]["code"], -32601);
}

#[tokio::test]
async fn t_2411_03_a_post_names_an_open_connection() {
    let client = client();
    let connection = SseConnection::open(&client, "/sse").await;
    for (query, status) in [
        ("", 400),
        ("?", 400),
        ("?sessionid=x", 400),
        ("?sessionId=", 404),
        ("?sessionId=AAAAAAAAAAAAAAAAAAAAAA", 404),
        ("?sessionId=%41", 404),
    ] {
        let path = format!("/messages{query}");
        let answer = client.post_json(ping(1)).path(&path).send().await;
        assert_eq!(answer.refusal(), (status, -32600), "{query}");
    }
    let address = connection.address.replace('?', "?x=1&");
    let taken = client.post_json(ping(1)).path(&address).send().await;
    assert_eq!(taken.status, 202, "{taken:?}");
}

fn ping(id: i64) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "ping" })
}

#[tokio::test]
async fn t_2411_03_what_is_no_message_is_refused_with_a_status() {
    let client = client();
    let connection = SseConnection::open(&client, "/sse").await;
    let post = |body: &'static str| client.post(body).path(&connection.address);
    assert_eq!(post("{").send().await.refusal(), (400, -32700));
    assert_eq!(post("{}").send().await.refusal(), (400, -32600));
    let typed = post("{}").set(&CONTENT_TYPE, "text/plain").send().await;
    assert_eq!(typed.status, 415);
    let large = client.post(vec![b' '; 5 << 20]).path(&connection.address);
    assert_eq!(large.send().await.status, 413);
    for (path, method, allow) in [
        ("/sse", Method::POST, "GET"),
        ("/sse", Method::DELETE, "GET"),
        (connection.address.as_str(), Method::GET, "POST"),
        (connection.address.as_str(), Method::PUT, "POST"),
    ] {
        let refused = client.request(method).path(path).send().await;
        assert_eq!(
            (refused.status, refused.header("allow")),
            (405, Some(allow))
        );
    }
    for (accept, status) in [("application/json", 406), ("*/*", 200), ("text/*", 200)] {
        let opened = client.get().path("/sse").set(&ACCEPT, accept).open().await;
        assert_eq!(opened.status, status, "{accept}");
    }
    let silent = client.request(Method::GET).path("/sse").open().await;
    assert_eq!(silent.status, 200, "no Accept admits everything");
}

#[tokio::test]
async fn t_2411_05_the_address_is_right_beside_every_path_and_behind_every_mount() {
    for (path, stream, messages) in [
        ("/mcp", "/sse", "/messages?"),
        ("/mcp/", "/sse/", "/messages?"),
        ("/", "/sse", "/messages?"),
        ("/api/mcp", "/api/sse", "/api/messages?"),
        ("/api/mcp", "/api/sse/", "/api/messages?"),
    ] {
        let client = Client::new(App::new(Probe::new().endpoint().build(), path));
        let mut connection = SseConnection::open(&client, stream).await;
        assert!(connection.address.starts_with(messages), "{connection:?}");
        connection.connect("2024-11-05", json!({})).await;
    }
    let app = App::new(Probe::new().endpoint().build(), "/mcp");
    let client = Client::new(axum::Router::new().nest_service("/tools", app));
    let mut connection = SseConnection::open(&client, "/tools/sse").await;
    assert!(connection.address.starts_with("/tools/messages?"));
    connection.connect("2024-11-05", json!({})).await;
}

#[tokio::test]
async fn t_2411_06_there_are_no_headers_of_later_revisions() {
    let client = client();
    let mut connection = connected(&client, "2025-06-18").await;
    for name in ["mcp-session-id", "mcp-protocol-version"] {
        assert_eq!(connection.stream.header(name), None);
    }
    for version in ["1999-01-01", "2026-07-28", "2024-11-05"] {
        let post = connection
            .post(ping(9))
            .header("mcp-protocol-version", version);
        let taken = post.header("mcp-session-id", "x").send().await;
        assert_eq!((taken.status, taken.headers.len()), (202, 0), "{version}");
        assert_eq!(connection.message().await["result"], json!({}));
    }
    let claims = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28" });
    let listed = connection.request("server/discover", json!({ "_meta": claims }));
    assert_eq!(listed.await["error"]["code"], -32601, "always legacy");
}

#[tokio::test]
async fn rmcp_2b_and_4_11_and_t_2411_07_it_stands_beside_the_endpoint_unless_it_is_off() {
    let client = client();
    let (mut old, new) = (
        connected(&client, "2024-11-05").await,
        client.initialize("2025-11-25"),
    );
    assert_eq!(new.path("/mcp").send().await.status, 200);
    assert_eq!(old.request("ping", json!({})).await["result"], json!({}));
    let endpoint = || Probe::new().endpoint();
    for off in [endpoint().without_sse(), endpoint().without_sessions()] {
        let client = client_of(off.build());
        let opened = client.get().path("/sse");
        let posted = client.post_json(ping(1)).path("/messages?sessionId=x");
        for request in [opened, posted] {
            let answer = request.unchecked("no MCP is there").send().await;
            assert_eq!(answer.status, 404);
        }
    }
    let on_sse = Client::new(App::new(endpoint().build(), "/sse"));
    let initialized = on_sse.initialize("2025-11-25").path("/sse").send().await;
    assert_eq!(initialized.status, 200, "the endpoint comes first");
}

#[tokio::test]
async fn t_2411_10_initialize_comes_first_and_once() {
    let mut connection = SseConnection::open(&client(), "/sse").await;
    let early = connection.request("tools/list", json!({})).await;
    assert_eq!(early["error"]["code"], -32600, "{early}");
    assert_eq!(
        connection.request("ping", json!({})).await["result"],
        json!({}),
        "t_2411_14"
    );
    connection
        .notify("notifications/cancelled", json!({ "requestId": 1 }))
        .await;
    connection
        .send(json!({ "jsonrpc": "2.0", "id": 1, "result": {} }))
        .await;
    let malformed = connection.request("initialize", json!({})).await;
    assert_eq!(malformed["error"]["code"], -32602);
    let result = connection.connect("2024-11-05", json!({})).await;
    assert_eq!(result["serverInfo"]["name"], "probe");
    let again = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "x", "version": "0" } });
    let again = connection.request("initialize", again).await;
    assert_eq!(again["error"]["code"], -32600, "{again}");
}

#[tokio::test]
async fn t_2411_11_any_legacy_revision_is_agreed_on() {
    for (asked, agreed) in LEGACY
        .map(|version| (version, version))
        .into_iter()
        .chain([("2026-07-28", "2025-11-25"), ("1.0", "2025-11-25")])
    {
        let mut connection = SseConnection::open(&client(), "/sse").await;
        let result = connection.connect(asked, json!({})).await;
        assert_eq!(result["protocolVersion"], agreed, "{asked}");
        connection.call("whoami", json!({})).await;
        let who = told(&connection.message().await["result"]);
        assert_eq!(who["version"], agreed);
        let id = connection.address.rsplit('=').next();
        assert_eq!(who["session"].as_str(), id, "one name for both");
    }
}

#[tokio::test]
async fn t_2411_12_nothing_is_told_of_changes_before_the_client_is_ready() {
    let probe = Probe::new();
    let client = client_of(probe.endpoint().build());
    let mut connection = SseConnection::open(&client, "/sse").await;
    let params = json!({ "protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": { "name": "x", "version": "0" } });
    connection.request("initialize", params).await;
    probe.hub.publish(Change::Tools);
    assert_eq!(connection.stream.try_next(), None);
    connection
        .notify("notifications/initialized", json!({}))
        .await;
    probe.hub.publish(Change::Prompts);
    assert_eq!(
        connection.message().await["method"],
        Change::Prompts.method()
    );
}

#[tokio::test]
async fn t_2411_16_the_log_level_is_the_connections_own() {
    let mut connection = connected(&client(), "2024-11-05").await;
    let set = connection.request("logging/setLevel", json!({ "level": "alert" }));
    assert_eq!(set.await["result"], json!({}));
    connection.call("log", json!({})).await;
    for level in ["alert", "emergency"] {
        assert_eq!(connection.message().await["params"]["level"], level);
    }
    assert!(connection.message().await["result"].is_object());
}

#[tokio::test]
async fn t_2411_17_watched_resources_are_told_of() {
    let probe = Probe::offering(
        ServerCapabilities::default()
            .with_resources(ResourcesCapability::with_changes().with_subscribe())
            .with_tools(ListCapability::with_changes()),
    );
    let mut connection = connected(&client_of(probe.endpoint().build()), "2024-11-05").await;
    let uri = json!({ "uri": "a:1" });
    let subscribed = connection.request("resources/subscribe", uri.clone()).await;
    assert_eq!(subscribed["result"], json!({}));
    probe.hub.publish(Change::Resource("a:1".into()));
    let update = connection.message().await;
    assert_eq!(update["params"], uri, "{update}");
    connection.request("resources/unsubscribe", uri).await;
    probe.hub.publish(Change::Resource("a:1".into()));
    assert_eq!(connection.stream.try_next(), None);
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Name {
    name: String,
}

async fn greet(cx: Context) -> Result<String, ToolError> {
    let Name { name } = cx.elicit("user_name", "Your name?").await?.accepted()?;
    Ok(format!("Hello, {name}!"))
}

async fn roots(cx: Context) -> Result<String, ToolError> {
    Ok(cx.roots("roots").await?.len().to_string())
}

async fn hello(Args(Name { name }): Args<Name>) -> String {
    format!("Hello, {name}!")
}

fn server() -> Client {
    let server = Server::builder("asking", "1")
        .tool(Tool::new("greet", greet))
        .tool(Tool::new("roots", roots))
        .tool(Tool::new("hello", hello).read_only().title("Hello"))
        .resource(Resource::text("a://b", "b", "text"))
        .build()
        .expect("a server");
    client_of(StreamableHttp::new(server))
}

#[tokio::test]
async fn t_2411_18_a_resource_that_is_not_there() {
    let mut connection = connected(&server(), "2024-11-05").await;
    let missing = connection
        .request("resources/read", json!({ "uri": "a://c" }))
        .await;
    assert_eq!(missing["error"]["code"], -32002);
    assert_eq!(missing["error"]["data"]["uri"], "a://c");
}

#[tokio::test]
async fn t_2411_19_questions_are_asked_on_the_stream_and_answered_by_post() {
    for (version, tool, method, answer, text) in [
        (
            "2024-11-05",
            "roots",
            "roots/list",
            json!({ "roots": [] }),
            "0",
        ),
        (
            "2025-06-18",
            "greet",
            "elicitation/create",
            json!({ "action": "accept", "content": { "name": "Ada" } }),
            "Hello, Ada!",
        ),
    ] {
        let mut connection = SseConnection::open(&server(), "/sse").await;
        connection
            .connect(version, json!({ "roots": {}, "elicitation": {} }))
            .await;
        let id = connection.call(tool, json!({})).await;
        let question = connection.message().await;
        assert_eq!(question["method"], method);
        assert_eq!(
            connection.respond(&question, answer.clone()).await.status,
            202
        );
        let response = connection.message().await;
        assert_eq!(
            (&response["id"], &response["result"]["content"][0]["text"]),
            (&json!(id), &json!(text))
        );
        let late = connection.respond(&question, answer).await;
        assert_eq!(late.status, 202, "an answer to nothing is dropped");
    }
}

#[tokio::test]
async fn t_2411_20_answers_have_only_what_the_revision_has() {
    let mut connection = SseConnection::open(&server(), "/sse").await;
    let result = connection.connect("2024-11-05", json!({})).await;
    assert_eq!(result["capabilities"].get("completions"), None);
    let listed = connection.request("tools/list", json!({})).await;
    let tools = listed["result"]["tools"].as_array().expect("tools");
    assert_eq!(tools.len(), 3);
    for tool in tools {
        assert_eq!(
            (tool.get("annotations"), tool.get("title")),
            (None, None),
            "{tool}"
        );
    }
}

#[tokio::test]
async fn t_2503_04_batches_are_taken_where_the_revision_has_them() {
    let batch = json!([ping(21), { "jsonrpc": "2.0", "method": "x" }, ping(22)]);
    for version in LEGACY {
        let mut connection = connected(&client(), version).await;
        let answer = connection.post(batch.clone()).send().await;
        if version != "2025-03-26" {
            assert_eq!(answer.refusal(), (400, -32600), "{version}");
            continue;
        }
        assert_eq!(answer.status, 202);
        let mut ids = [
            connection.message().await["id"].clone(),
            connection.message().await["id"].clone(),
        ];
        ids.sort_by_key(Value::as_i64);
        assert_eq!(ids, [json!(21), json!(22)]);
    }
    let early = SseConnection::open(&client(), "/sse").await;
    assert_eq!(early.post(batch).send().await.status, 400);
}

#[tokio::test]
async fn t_all_10_a_foreign_origin_is_refused_at_both_doors() {
    let client = client();
    let connection = connected(&client, "2024-11-05").await;
    for request in [client.get().path("/sse"), connection.post(ping(1))] {
        let refused = request.set(&ORIGIN, "https://evil.example").send().await;
        assert_eq!(refused.refusal(), (403, -32600));
        assert_eq!(refused.header("access-control-allow-origin"), None);
    }
    for path in ["/sse", connection.address.as_str()] {
        let preflight = client
            .request(Method::OPTIONS)
            .path(path)
            .set(&ORIGIN, "http://localhost")
            .header("access-control-request-method", "POST");
        let allowed = preflight.send().await;
        assert_eq!(
            allowed.header("access-control-allow-origin"),
            Some("http://localhost"),
            "{path}"
        );
    }
}
