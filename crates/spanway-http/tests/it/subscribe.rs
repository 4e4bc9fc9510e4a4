//! `resources/subscribe` of the handshake revisions, told on the session's GET stream.

use serde_json::{Value, json};
use spanway_protocol::Limits;
use spanway_protocol::schema::{ListCapability, ResourcesCapability, ServerCapabilities};
use spanway_server::{Change, Principal, Resource, Server};
use spanway_testkit::{Answer, Client, Session};

use crate::probe::Probe;
use crate::streams::listen;

const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

fn probe() -> Probe {
    Probe::offering(
        ServerCapabilities::default()
            .with_tools(ListCapability::with_changes())
            .with_resources(ResourcesCapability::with_changes().with_subscribe()),
    )
}

async fn ask(session: &Session, method: &str, uri: &str) -> Answer {
    session.request(method, json!({ "uri": uri })).send().await
}

async fn subscribe(session: &Session, uri: &str) {
    assert_eq!(
        ask(session, "resources/subscribe", uri).await.result(),
        json!({})
    );
}

fn updated(uri: &str) -> Change {
    Change::Resource(uri.into())
}

fn told(uri: &str) -> Value {
    let method = "notifications/resources/updated";
    json!({ "jsonrpc": "2.0", "method": method, "params": { "uri": uri } })
}

#[tokio::test]
async fn t_2411_17_what_is_subscribed_to_is_told_until_it_is_not() {
    for version in LEGACY {
        let probe = probe();
        let session = probe.client().connect(version).await;
        subscribe(&session, "a://before").await;
        let mut stream = listen(&session).await;
        subscribe(&session, "a://after").await;
        for uri in ["a://before", "a://other", "a://after/below"] {
            probe.hub.publish(updated(uri));
        }
        // By the URIs that are watched, in their order.
        assert_eq!(stream.message().await, told("a://after/below"), "{version}");
        assert_eq!(stream.message().await, told("a://before"), "{version}");
        let gone = ask(&session, "resources/unsubscribe", "a://before").await;
        assert_eq!(gone.result(), json!({}));
        probe.hub.publish(updated("a://before"));
        probe.hub.publish(Change::Tools);
        assert_eq!(stream.message().await["method"], Change::Tools.method());
        assert_eq!(stream.try_next(), None);
    }
}

#[tokio::test]
async fn t_2411_17_subscriptions_stay_with_the_session_and_go_with_it() {
    let probe = probe();
    let client = probe.client();
    let (one, two) = (
        client.connect("2025-11-25").await,
        client.connect("2025-11-25").await,
    );
    subscribe(&one, "a:1").await;
    drop(listen(&one).await);
    let (mut first, mut second) = (listen(&one).await, listen(&two).await);
    probe.hub.publish(updated("a:1"));
    assert_eq!(first.message().await, told("a:1"), "over a new stream");
    assert_eq!(second.try_next(), None, "another session did not ask");
    assert_eq!(one.delete().send().await.status, 200);
    assert_eq!(first.next_event().await, None);
    let late = ask(&one, "resources/subscribe", "a:1").await;
    assert_eq!(late.status, 404);
}

#[tokio::test]
async fn d3_4_an_update_goes_to_one_stream_of_the_session_only() {
    let probe = probe();
    let session = probe.client().connect("2025-11-25").await;
    let mut older = listen(&session).await;
    let mut newer = listen(&session).await;
    subscribe(&session, "a:1").await;
    probe.hub.publish(updated("a:1"));
    assert_eq!(newer.message().await, told("a:1"));
    assert_eq!(older.try_next(), None);
}

#[tokio::test]
async fn d3_7_subscribing_is_advertised_exactly_where_it_works() {
    let initialize = |client: Client| async move {
        let answer = client.initialize("2025-11-25").send().await;
        answer.result()["capabilities"].clone()
    };
    let offered = initialize(probe().client()).await;
    assert_eq!(
        offered["resources"],
        json!({ "subscribe": true, "listChanged": true })
    );
    // Without sessions there is no stream, and nothing remembers a subscription.
    let sessionless = Client::new(probe().endpoint().without_sessions().build());
    let offered = initialize(sessionless.clone()).await;
    assert_eq!(offered, json!({ "tools": {}, "resources": {} }));
    let session = sessionless.connect("2025-11-25").await;
    assert_eq!(
        ask(&session, "resources/subscribe", "a:1").await.refusal(),
        (200, -32601)
    );
    let bare = Probe::new().client().connect("2025-11-25").await;
    for method in ["resources/subscribe", "resources/unsubscribe"] {
        assert_eq!(
            ask(&bare, method, "a:1").await.refusal(),
            (200, -32601),
            "{method}"
        );
    }
}

#[tokio::test]
async fn t_2411_17_malformed_and_too_many_are_refused() {
    let mut limits = Limits::default();
    limits.subscriptions_max = 2;
    let client = Client::new(probe().endpoint().limits(limits).build());
    let session = client.connect("2025-11-25").await;
    for params in [
        json!({}),
        json!({ "uri": 1 }),
        json!({ "uri": "a".repeat(2049) }),
    ] {
        let refused = session.request("resources/subscribe", params).send().await;
        assert_eq!(refused.refusal(), (200, -32602));
    }
    for uri in ["a:1", "a:2", "a:2"] {
        subscribe(&session, uri).await;
    }
    assert_eq!(
        ask(&session, "resources/subscribe", "a:3").await.refusal(),
        (429, -32600)
    );
    ask(&session, "resources/unsubscribe", "a:1").await;
    subscribe(&session, "a:3").await;
}

#[tokio::test]
async fn t_2503_04_a_batch_may_subscribe() {
    let probe = probe();
    let session = probe.client().connect("2025-03-26").await;
    let one = |id: u32, uri: &str| json!({ "jsonrpc": "2.0", "id": id, "method": "resources/subscribe", "params": { "uri": uri } });
    let answer = session
        .post(json!([one(1, "a:1"), one(2, "a:2")]))
        .send()
        .await;
    assert_eq!(answer.json().as_array().map(Vec::len), Some(2));
    let mut stream = listen(&session).await;
    probe.hub.publish(updated("a:2"));
    assert_eq!(stream.message().await, told("a:2"));
}

#[tokio::test]
async fn a_resource_that_may_not_be_seen_is_not_told_of() {
    let only_ann = |who: Option<&Principal>| who.is_some_and(|who| who.as_str() == "ann");
    let server = Server::builder("shop", "1")
        .resource(Resource::text("shop://margins", "margins", "1").visible_to(only_ann))
        .build()
        .expect("a server");
    let client = Client::new(spanway_http::StreamableHttp::new(server.clone()));
    for (name, hears) in [("ann", true), ("bob", false)] {
        let who = || Principal::new(name);
        let opened = client
            .initialize("2025-11-25")
            .extension(who())
            .send()
            .await;
        let session = Session::of(client.clone(), &opened);
        let asked = session.request("resources/subscribe", json!({ "uri": "shop://margins" }));
        assert_eq!(
            asked.extension(who()).send().await.result(),
            json!({}),
            "no oracle"
        );
        let mut stream = session.listen().extension(who()).open().await;
        stream.next().await;
        server.notify_resource_updated("shop://margins");
        assert_eq!(stream.try_message().is_some(), hears, "{name}");
    }
}
