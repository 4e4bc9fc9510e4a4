//! Changes a handler tells of: in a call, through a peer it kept, or past rmcp.

use std::sync::Arc;

use rmcp::model::{ResourceUpdatedNotificationParam, ServerConfig};
use rmcp::{ServerHandler, model};
use serde_json::{Value, json};
use spanway_http::StreamableHttp;
use spanway_rmcp::RmcpService;
use spanway_server::{Change, McpService};
use spanway_testkit::{Client, EventStream};

use crate::toolbox::{Inside, Toolbox};
use crate::{Underway, client};

fn listening(client: &Client, wanted: Value) -> spanway_testkit::RequestBuilder {
    client.modern("subscriptions/listen", json!({ "notifications": wanted }))
}

async fn method(stream: &mut EventStream) -> Value {
    stream.message().await["method"].clone()
}

#[tokio::test]
async fn a_change_told_in_a_call_reaches_every_listener_of_every_era() {
    let client = client();
    let session = client.connect("2025-06-18").await;
    let mut legacy = session.listen().open().await;
    let mut modern = listening(&client, json!({ "toolsListChanged": true }))
        .open()
        .await;
    assert_eq!(
        method(&mut modern).await,
        "notifications/subscriptions/acknowledged"
    );
    let caller = client.connect("2025-11-25").await;
    let result = caller.call("change", json!({})).send().await.result();
    assert_eq!(crate::text(&result), "told");
    assert_eq!(
        method(&mut legacy).await,
        "notifications/tools/list_changed"
    );
    let told = modern.message().await;
    assert_eq!(told["method"], "notifications/tools/list_changed");
    assert_eq!(
        told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"],
        1
    );
}

#[tokio::test]
async fn a_peer_that_was_kept_tells_of_changes_between_calls() {
    let inside = Arc::new(Inside::default());
    let client = Client::new(StreamableHttp::new(RmcpService::new(Toolbox::of(
        inside.clone(),
    ))));
    let session = client.connect("2025-11-25").await;
    inside.until("initialized by testkit").await;
    let mut stream = session.listen().open().await;
    let from_handshake = inside.kept.lock().await.remove(0);
    from_handshake
        .notify_resource_list_changed()
        .await
        .expect("it is told");
    assert_eq!(
        method(&mut stream).await,
        "notifications/resources/list_changed"
    );
    // The same peer serves the session's calls, one after the other.
    let result = session.call("keep", json!({})).send().await.result();
    assert_eq!(crate::text(&result), "kept");
    let from_call = inside.kept.lock().await.remove(0);
    from_call
        .notify_tool_list_changed()
        .await
        .expect("it is told");
    assert_eq!(
        method(&mut stream).await,
        "notifications/tools/list_changed"
    );
    let ended = session.delete().send().await;
    assert_eq!(ended.status, 200);
    from_call
        .notify_tool_list_changed()
        .await
        .expect_err("its session has ended");
}

#[tokio::test]
async fn the_peer_of_the_handshake_outlives_calls_side_by_side() {
    let inside = Arc::new(Inside::default());
    let service = RmcpService::new(Toolbox::of(inside.clone()));
    let session = Client::new(StreamableHttp::new(service))
        .connect("2025-11-25")
        .await;
    inside.until("initialized by testkit").await;
    let mut stream = session.listen().open().await;
    // This call has the peer, so the other one needs one of its own, and ends first.
    let paused = Underway::begin(session.call("pause", json!({})));
    inside.until("pausing").await;
    assert_eq!(session.call("count", json!({})).send().await.status, 200);
    inside.go_on.notify_one();
    assert_eq!(paused.answer().await.status, 200);
    let kept = inside.kept.lock().await.remove(0);
    kept.notify_prompt_list_changed()
        .await
        .expect("it is taken, though not promised");
    kept.notify_tool_list_changed().await.expect("it is told");
    assert_eq!(
        method(&mut stream).await,
        "notifications/tools/list_changed"
    );
}

#[tokio::test]
async fn t_2411_17_subscriptions_go_to_the_handler_and_updates_to_those_who_watch() {
    let inside = Arc::new(Inside::default());
    let client = Client::new(StreamableHttp::new(RmcpService::new(Toolbox::of(
        inside.clone(),
    ))));
    let session = client.connect("2025-11-25").await;
    inside.until("initialized by testkit").await;
    inside.kept.lock().await.clear();
    let mut stream = session.listen().open().await;
    let unknown = session
        .request("resources/subscribe", json!({ "uri": "file:///x" }))
        .send();
    assert_eq!(unknown.await.refusal(), (200, -32002));
    let known = session
        .request("resources/subscribe", json!({ "uri": "shop://book/1" }))
        .send();
    assert_eq!(known.await.result(), json!({}));
    let peer = inside.kept.lock().await.remove(0);
    for uri in ["shop://book/2", "file:///x", "shop://book/1"] {
        let update = ResourceUpdatedNotificationParam::new(uri);
        peer.notify_resource_updated(update)
            .await
            .expect("it is told");
    }
    let told = stream.message().await;
    assert_eq!(told["method"], "notifications/resources/updated");
    assert_eq!(told["params"], json!({ "uri": "shop://book/1" }));
    // The handler has no `unsubscribe`; the transport does without.
    let ended = session
        .request("resources/unsubscribe", json!({ "uri": "shop://book/1" }))
        .send();
    assert_eq!(ended.await.result(), json!({}));
    assert_eq!(stream.try_message(), None);
}

#[tokio::test]
async fn changes_can_be_told_past_rmcp() {
    let service = RmcpService::new(Toolbox::default());
    let client = Client::new(StreamableHttp::new(service.clone()));
    let wanted = json!({ "resourceSubscriptions": ["shop://book/1"] });
    let mut stream = listening(&client, wanted).open().await;
    stream.message().await;
    service
        .changes()
        .publish(Change::Resource("shop://book/1".into()));
    let told = stream.message().await;
    assert_eq!(told["params"]["uri"], "shop://book/1");
}

/// Tells of changes it did not promise to tell of.
struct Silent;

impl ServerHandler for Silent {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(model::ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<model::PaginatedRequestParams>,
        context: rmcp::service::RequestContext<rmcp::RoleServer>,
    ) -> Result<model::ListToolsResult, rmcp::ErrorData> {
        let _ = context.peer.notify_tool_list_changed().await;
        Ok(model::ListToolsResult::default())
    }
}

#[tokio::test]
async fn t_2607_36_what_was_not_promised_is_not_told() {
    let client = Client::new(StreamableHttp::new(RmcpService::new(Silent)));
    let session = client.connect("2025-11-25").await;
    let mut stream = session.listen().open().await;
    let listed = session.request("tools/list", json!({})).send().await;
    assert_eq!(listed.result(), json!({ "tools": [] }));
    assert_eq!(stream.try_message(), None);
    let modern = listening(&client, json!({ "toolsListChanged": true }))
        .send()
        .await;
    assert_eq!(modern.refusal(), (404, -32601));
}
