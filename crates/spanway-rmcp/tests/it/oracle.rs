//! rmcp's own client over a socket: what it makes of a hosted server.
#![expect(
    deprecated,
    reason = "sampling and roots are deprecated, and still hosted"
)]

use std::sync::Arc;

use futures_util::FutureExt;
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig,
    CreateMessageRequestParams, CreateMessageResult, ElicitRequestParams, ElicitResult,
    ElicitationAction, Implementation, ListRootsResult, ProgressNotificationParam, ProtocolVersion,
    ReadResourceRequestParams, Root, SamplingMessage, ServerNotification, SubscriptionFilter,
};
use rmcp::service::{NotificationContext, RequestContext, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt, ErrorData, RoleClient};
use serde_json::json;
use spanway_http::StreamableHttp;
use spanway_rmcp::host;
use tokio::sync::{Mutex, Notify};
use tokio_util::task::TaskTracker;

use crate::toolbox::Toolbox;

/// Answers whatever it is asked, and notes what it is told.
#[derive(Clone, Default)]
struct Person {
    told: Arc<Mutex<Vec<String>>>,
    changed: Arc<Notify>,
}

impl ClientHandler for Person {
    fn get_info(&self) -> ClientConfig {
        let capabilities = ClientCapabilities::builder()
            .enable_elicitation()
            .enable_sampling()
            .enable_roots()
            .build();
        ClientConfig::new(capabilities, Implementation::new("person", "1"))
    }

    async fn create_elicitation(
        &self,
        _: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(json!({ "name": "Ann" })))
    }

    async fn create_message(
        &self,
        _: CreateMessageRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<CreateMessageResult, ErrorData> {
        let said = SamplingMessage::assistant_text("Paris");
        Ok(CreateMessageResult::new(said, "m1".to_owned()))
    }

    async fn list_roots(
        &self,
        _: RequestContext<RoleClient>,
    ) -> Result<ListRootsResult, ErrorData> {
        Ok(ListRootsResult::new(vec![Root::new("file:///a")]))
    }

    async fn on_progress(
        &self,
        progress: ProgressNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        self.told
            .lock()
            .await
            .push(format!("progress {}", progress.progress));
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.changed.notify_one();
    }
}

/// With a handshake, and without.
fn lifecycles() -> [ClientLifecycleMode; 2] {
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    [
        ClientLifecycleMode::Initialize,
        ClientLifecycleMode::Discover { preferred_versions },
    ]
}

/// A client of a toolbox on a port of its own.
async fn meet(
    person: Person,
    lifecycle: ClientLifecycleMode,
) -> RunningService<RoleClient, Person> {
    // The client's HTTP stack wants a cryptography provider even where nothing is encrypted.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let endpoint = StreamableHttp::new(host(Toolbox::default));
    let router = axum::Router::new().nest_service("/mcp", endpoint);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let address = listener.local_addr().expect("an address");
    // Ends with the runtime of the test.
    TaskTracker::new().spawn(async move { axum::serve(listener, router).await });
    let transport = StreamableHttpClientTransport::from_uri(format!("http://{address}/mcp"));
    let met = person.serve_with_lifecycle(transport, lifecycle).await;
    met.expect("they meet")
}

fn call(tool: &'static str) -> CallToolRequestParams {
    CallToolRequestParams::new(tool)
}

fn text(result: &CallToolResult) -> &str {
    let text = result.content[0].as_text();
    &text.expect("a text block").text
}

#[tokio::test]
async fn rmcps_client_uses_all_of_a_hosted_server_in_both_eras() {
    for lifecycle in lifecycles() {
        let person = Person::default();
        let client = meet(person.clone(), lifecycle).await;
        let server = client.peer_info().expect("it introduced itself");
        let name = server.server_info.as_ref().map(|info| info.name.as_str());
        assert_eq!(name, Some("toolbox"));
        let tools = client.list_all_tools().await.expect("tools");
        let add = tools.iter().find(|tool| tool.name == "add");
        assert!(add.is_some_and(|tool| tool.output_schema.is_some()));
        let resources = client.list_all_resources().await.expect("resources");
        assert_eq!(resources.len(), 2);
        assert_eq!(client.list_all_prompts().await.expect("prompts").len(), 1);
        let read = ReadResourceRequestParams::new("shop://book/1");
        let read = client.read_resource(read).await.expect("contents");
        assert_eq!(read.contents.len(), 2);
        let add = call("add").with_arguments(rmcp::object!({ "a": 1, "b": 2 }));
        let sum = client.call_tool(add).await.expect("a result");
        assert_eq!(sum.structured_content, Some(json!({ "sum": 3 })));
        let told = client.call_tool(call("progress")).await.expect("a result");
        assert_eq!(text(&told), "done");
        let seen = person.told.lock().await.clone();
        assert_eq!(seen, ["progress 1", "progress 2"]);
        client.cancel().await.expect("it ends");
    }
}

#[tokio::test]
async fn rmcps_client_answers_what_a_hosted_server_asks() {
    let [initialize, discover] = lifecycles();
    let client = meet(Person::default(), initialize).await;
    for (tool, answer) in [
        ("greet", "Hello, \"Ann\"!"),
        ("think", "m1: Paris"),
        ("roots", "1"),
    ] {
        let result = client.call_tool(call(tool)).await.expect("a result");
        assert_eq!(text(&result), answer);
    }
    client.cancel().await.expect("it ends");

    let client = meet(Person::default(), discover).await;
    let result = client.call_tool(call("rounds")).await.expect("a result");
    assert!(text(&result).starts_with("\"Ann\" own.state"));
    client.cancel().await.expect("it ends");
}

#[tokio::test]
async fn rmcps_client_hears_of_changes() {
    let [initialize, discover] = lifecycles();
    let person = Person::default();
    let client = meet(person.clone(), initialize).await;
    // Nothing tells when its stream is open; until then, nobody hears of a change.
    while person.changed.notified().now_or_never().is_none() {
        client.call_tool(call("change")).await.expect("a result");
    }
    client.cancel().await.expect("it ends");

    let client = meet(Person::default(), discover).await;
    let wanted = SubscriptionFilter::builder().tools_list_changed().build();
    let mut subscription = client.listen(wanted).await.expect("a subscription");
    client.call_tool(call("change")).await.expect("a result");
    let told = subscription.next().await.expect("it goes on");
    assert!(matches!(
        told,
        Some(ServerNotification::ToolListChangedNotification(_))
    ));
    client.cancel().await.expect("it ends");
}
