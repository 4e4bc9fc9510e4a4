//! `subscriptions/listen`: the stream of changes of 2026-07-28.

use std::time::Duration;

use http::header::ACCEPT;
use serde_json::{Value, json};
use spanway_http::{Drained, ResponseMode};
use spanway_protocol::Limits;
use spanway_protocol::schema::{ListCapability, ResourcesCapability, ServerCapabilities};
use spanway_server::{Change, Principal, Resource, Server};
use spanway_testkit::{Client, EventStream, Piece, RequestBuilder};
use tokio::time::Instant;

use crate::probe::Probe;
use crate::serving::Serving;

const ID: &str = "io.modelcontextprotocol/subscriptionId";
const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";

fn probe() -> Probe {
    Probe::offering(
        ServerCapabilities::default()
            .with_tools(ListCapability::with_changes())
            .with_prompts(ListCapability::with_changes())
            .with_resources(ResourcesCapability::with_changes().with_subscribe()),
    )
}

fn request(client: &Client, notifications: Value) -> RequestBuilder {
    client.modern(
        "subscriptions/listen",
        json!({ "notifications": notifications }),
    )
}

/// Opens a stream and reads the acknowledgement it begins with.
async fn listen(request: RequestBuilder) -> (EventStream, Value) {
    let mut stream = request.open().await;
    assert_eq!(stream.status, 200);
    assert!(stream.is_stream());
    let first = stream.message().await;
    assert_eq!(first["method"], ACKNOWLEDGED);
    (stream, first)
}

fn updated(uri: &str) -> Change {
    Change::Resource(uri.into())
}

#[tokio::test]
async fn t_sub_01_the_answer_is_a_stream_in_every_response_mode() {
    for mode in [ResponseMode::Auto, ResponseMode::Json, ResponseMode::Sse] {
        let client = Client::new(probe().endpoint().response_mode(mode).build());
        let (stream, first) = listen(request(&client, json!({ "toolsListChanged": true }))).await;
        assert_eq!(stream.header("x-accel-buffering"), Some("no"));
        assert_eq!(stream.header("mcp-session-id"), None);
        let expected = json!({
            "notifications": { "toolsListChanged": true },
            "_meta": { ID: 1 },
        });
        assert_eq!(first["params"], expected, "{mode:?}");
    }
    let client = probe().client();
    let json_only = request(&client, json!({})).set(&ACCEPT, "application/json");
    let refused = json_only.send().await;
    assert_eq!(refused.refusal(), (406, -32600));
    assert_eq!(refused.response()["id"], 1);
    let malformed = client.modern("subscriptions/listen", json!({}));
    assert_eq!(malformed.send().await.refusal(), (200, -32602));
}

#[tokio::test]
async fn t_sub_02_the_acknowledgement_comes_first_even_if_changes_come_at_once() {
    let probe = probe();
    let mut stream = request(&probe.client(), json!({ "toolsListChanged": true }))
        .open()
        .await;
    probe.hub.publish(Change::Tools);
    assert_eq!(stream.message().await["method"], ACKNOWLEDGED);
    assert_eq!(stream.message().await["method"], Change::Tools.method());
}

#[tokio::test]
async fn t_sub_02_what_the_server_does_not_have_is_left_out() {
    let tools = Probe::new();
    let everything = json!({
        "toolsListChanged": true,
        "promptsListChanged": true,
        "resourcesListChanged": true,
        "resourceSubscriptions": ["a:1"],
    });
    let (_stream, first) = listen(request(&tools.client(), everything)).await;
    assert_eq!(
        first["params"]["notifications"],
        json!({ "toolsListChanged": true })
    );
    let silent = Probe::offering(ServerCapabilities::default());
    let answer = request(&silent.client(), json!({})).send().await;
    assert_eq!(answer.refusal(), (404, -32601));
}

#[tokio::test]
async fn t_sub_03_only_what_was_asked_for_is_sent() {
    let probe = probe();
    let wanted = json!({ "promptsListChanged": true, "resourceSubscriptions": ["a://b"] });
    let (mut stream, _) = listen(request(&probe.client(), wanted)).await;
    for change in [
        Change::Tools,
        Change::Resources,
        updated("a://c"),
        updated("a://b/1"),
        updated("a://b2"),
        Change::Prompts,
    ] {
        probe.hub.publish(change);
    }
    assert_eq!(stream.message().await["method"], Change::Prompts.method());
    let below = stream.message().await;
    assert_eq!(below["params"]["uri"], "a://b/1");
    assert_eq!(stream.try_next(), None);
}

#[tokio::test]
async fn t_sub_04_05_streams_are_told_apart_by_the_type_of_their_ids_too() {
    let probe = probe();
    let client = probe.client();
    let wanted = json!({ "toolsListChanged": true });
    for id in [json!(1), json!("1"), json!(1), json!(1_790_000_000_000_u64)] {
        let (mut stream, first) = listen(request(&client, wanted.clone()).id(id.clone())).await;
        let (mut other, _) = listen(request(&client, wanted.clone()).id("other")).await;
        probe.hub.publish(Change::Tools);
        assert_eq!(first["params"]["_meta"][ID], id);
        assert_eq!(stream.message().await["params"]["_meta"], json!({ ID: id }));
        assert_eq!(
            other.message().await["params"]["_meta"],
            json!({ ID: "other" })
        );
    }
}

#[tokio::test]
async fn t_sub_06_nothing_of_other_requests_is_told_here() {
    let probe = probe();
    let client = probe.client();
    let noisy = request(&client, json!({ "toolsListChanged": true }))
        .meta("progressToken", 1)
        .meta("io.modelcontextprotocol/logLevel", "debug");
    let (mut stream, _) = listen(noisy).await;
    for tool in ["progress", "log"] {
        let call = client.modern_call(tool, json!({})).meta("progressToken", 1);
        call.meta("io.modelcontextprotocol/logLevel", "debug")
            .send()
            .await;
    }
    assert_eq!(stream.try_next(), None);
}

#[tokio::test]
async fn t_sub_07_a_drain_ends_the_stream_with_its_result() {
    let probe = probe();
    let endpoint = probe.endpoint().build();
    let wanted = json!({ "toolsListChanged": true });
    let (mut stream, _) = listen(request(&Client::new(endpoint.clone()), wanted).id("s")).await;
    probe.hub.publish(Change::Tools);
    endpoint.start_drain();
    let rest = stream.rest().await;
    let [change, end] = rest.as_slice() else {
        panic!("{rest:?}");
    };
    assert_eq!(change["method"], Change::Tools.method());
    assert_eq!(
        (&end["id"], &end["result"]["resultType"]),
        (&json!("s"), &json!("complete"))
    );
    let meta = &end["result"]["_meta"];
    assert_eq!(meta[ID], "s");
    assert_eq!(meta["io.modelcontextprotocol/serverInfo"]["name"], "probe");
}

#[tokio::test]
async fn t_sub_07_a_client_that_leaves_makes_room() {
    let mut limits = Limits::default();
    limits.listen_streams_max = 1;
    let endpoint = probe().endpoint().limits(limits).build();
    let client = Client::new(endpoint.clone());
    let wanted = || request(&client, json!({ "toolsListChanged": true }));
    let (stream, _) = listen(wanted()).await;
    assert_eq!(endpoint.health().await.expect("health").streams, 1);
    let refused = wanted().send().await;
    assert_eq!(refused.refusal(), (503, -32600));
    assert_eq!(refused.header("retry-after"), Some("30"));
    drop(stream);
    assert_eq!(endpoint.health().await.expect("health").streams, 0);
    listen(wanted()).await;
}

#[tokio::test]
async fn a_reader_that_does_not_read_costs_no_more_than_it_watches() {
    let probe = probe();
    let wanted = json!({ "toolsListChanged": true, "resourceSubscriptions": ["a://b"] });
    let (mut stream, _) = listen(request(&probe.client(), wanted)).await;
    for number in 0..1000 {
        probe.hub.publish(Change::Tools);
        probe.hub.publish(updated(&format!("a://b/{number}")));
    }
    assert_eq!(stream.message().await["method"], Change::Tools.method());
    assert_eq!(stream.message().await["params"]["uri"], "a://b");
    assert_eq!(stream.try_next(), None);
}

#[tokio::test(start_paused = true)]
async fn t_2607_06_comments_keep_a_silent_stream_open() {
    let interval = Duration::from_secs(15);
    let client = Client::new(probe().endpoint().keep_alive(interval).build());
    let (mut stream, _) = listen(request(&client, json!({ "toolsListChanged": true }))).await;
    for _ in 0..3 {
        let before = Instant::now();
        assert_eq!(stream.next().await, Some(Piece::Comment));
        assert_eq!(before.elapsed(), interval);
    }
}

#[tokio::test]
async fn rmcp_2a_6_and_t_sub_08_a_server_tells_its_own_changes_to_those_who_may_know() {
    let only_ann = |who: Option<&Principal>| who.is_some_and(|who| who.as_str() == "ann");
    let server = Server::builder("shop", "1")
        .dynamic()
        .resource(Resource::text("shop://about", "about", "A shop."))
        .resource(Resource::text("shop://margins", "margins", "1").visible_to(only_ann))
        .build()
        .expect("a server");
    let client = Client::new(spanway_http::StreamableHttp::new(server.clone()));
    let wanted = json!({
        "resourcesListChanged": true,
        "resourceSubscriptions": ["shop://about", "shop://margins"],
    });
    let by = |name: &str| request(&client, wanted.clone()).extension(Principal::new(name));
    let (mut ann, acknowledged) = listen(by("ann")).await;
    let (mut bob, same) = listen(by("bob")).await;
    assert_eq!(
        acknowledged, same,
        "who may not see it is not told that it is there"
    );
    server.notify_resource_updated("shop://margins");
    server.notify_resource_updated("shop://about");
    assert_eq!(ann.message().await["params"]["uri"], "shop://about");
    assert_eq!(ann.message().await["params"]["uri"], "shop://margins");
    assert_eq!(bob.message().await["params"]["uri"], "shop://about");
    assert_eq!(bob.try_next(), None);
    let more = || Resource::text("shop://more", "more", "More.");
    server
        .edit(|edit| edit.add_resource(more()))
        .expect("an edit");
    for stream in [&mut ann, &mut bob] {
        assert_eq!(stream.message().await["method"], Change::Resources.method());
    }
}

#[tokio::test]
async fn t_sub_07_a_drain_over_a_socket_waits_for_the_end_of_the_stream_only() {
    let serving = Serving::start(probe().endpoint().build()).await;
    let mut socket = serving.connect().await;
    let headers = "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: subscriptions/listen\r\n";
    let body = json!({
        "jsonrpc": "2.0", "id": "listen:0", "method": "subscriptions/listen",
        "params": {
            "notifications": { "toolsListChanged": true },
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        },
    });
    socket.post(headers, &body).await;
    socket.wait_for(ACKNOWLEDGED).await;
    let stopping = serving.stop();
    let rest = socket.rest().await;
    assert!(
        rest.contains(r#""resultType":"complete""#) && rest.ends_with("0\r\n\r\n"),
        "the result, then the end of the stream: {rest:?}"
    );
    assert_eq!(stopping.end().await, Drained::Complete);
}
