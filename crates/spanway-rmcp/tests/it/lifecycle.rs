//! The handshake, discovery, ping, and what is advertised.

use std::sync::Arc;

use rmcp::model::{ProtocolVersion, ServerCapabilities, ServerConfig};
use rmcp::{ErrorData, ServerHandler, model};
use serde_json::json;
use spanway_http::StreamableHttp;
use spanway_rmcp::RmcpService;
use spanway_testkit::Client;

use crate::toolbox::{Inside, Toolbox};
use crate::{LEGACY, client, connect};

#[tokio::test]
async fn every_revision_with_a_handshake_is_agreed_on() {
    for version in LEGACY {
        let result = client().initialize(version).send().await.result();
        assert_eq!(result["protocolVersion"], version);
        assert_eq!(result["instructions"], "Use the tools.");
        let info = &result["serverInfo"];
        assert_eq!(
            (&info["name"], &info["version"]),
            (&json!("toolbox"), &json!("1.2.3"))
        );
        assert_eq!(
            info.get("title").is_some(),
            version >= "2025-06-18",
            "{info}"
        );
        assert_eq!(
            info.get("websiteUrl").is_some(),
            version >= "2025-11-25",
            "{info}"
        );
    }
}

#[tokio::test]
async fn t_2607_36_what_is_not_served_is_not_advertised() {
    let legacy = client().initialize("2025-11-25").send().await.result();
    let offered = &legacy["capabilities"];
    assert_eq!(offered["tools"], json!({ "listChanged": true }));
    assert_eq!(
        offered["resources"],
        json!({ "listChanged": true, "subscribe": true })
    );
    assert_eq!(offered["logging"], json!({}));
    assert_eq!(offered.get("extensions"), None);

    let modern = client()
        .modern("server/discover", json!({}))
        .send()
        .await
        .result();
    // Tasks are not served here, whatever the handler says; extensions without methods are none of our
    // business.
    assert_eq!(
        modern["capabilities"]["extensions"],
        json!({ "test.example/own": { "v": 1 } })
    );
    for method in ["tasks/get", "skills/list"] {
        let answer = client()
            .modern(method, json!({ "taskId": "t" }))
            .send()
            .await;
        assert_eq!(answer.refusal(), (404, -32601), "{method}");
    }
}

#[tokio::test]
async fn t_2607_35_discovery_lists_the_modern_revisions_and_names_the_server() {
    let result = client()
        .modern("server/discover", json!({}))
        .send()
        .await
        .result();
    assert_eq!(result["supportedVersions"], json!(["2026-07-28"]));
    assert_eq!(result["resultType"], "complete");
    assert_eq!(
        (&result["ttlMs"], &result["cacheScope"]),
        (&json!(0), &json!("private"))
    );
    assert_eq!(
        result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"],
        "toolbox"
    );
    assert_eq!(result["instructions"], "Use the tools.");
}

#[tokio::test]
async fn pings_are_answered_in_sessions_only() {
    let session = client().connect("2025-06-18").await;
    assert_eq!(
        session.request("ping", json!({})).send().await.result(),
        json!({})
    );
    let modern = client().modern("ping", json!({})).send().await;
    assert_eq!(modern.refusal(), (404, -32601));
}

#[tokio::test]
async fn the_handler_hears_of_the_client_and_of_what_it_tells() {
    let inside = Arc::new(Inside::default());
    let service = RmcpService::new(Toolbox::of(inside.clone()));
    let client = Client::new(StreamableHttp::new(service));
    let session = connect(&client, "2025-06-18", json!({ "roots": {} })).await;
    inside.until("initialized by testkit").await;
    let level = json!({ "level": "warning" });
    let answer = session.request("logging/setLevel", level).send().await;
    assert_eq!(answer.result(), json!({}));
    inside.until("level Warning").await;
    // It is told, and cannot ask back: there is no call to ask on.
    session
        .notify("notifications/roots/list_changed", json!({}))
        .await;
    inside.until("roots: false").await;
}

#[tokio::test]
async fn methods_of_a_handlers_own_work_in_sessions() {
    let session = client().connect("2025-11-25").await;
    let answer = session
        .request("test/echo", json!({ "a": [1] }))
        .unchecked("a method that no revision has")
        .send()
        .await;
    assert_eq!(answer.result(), json!({ "a": [1] }));
    let unknown = session.request("test/other", json!({})).send().await;
    assert_eq!(unknown.refusal(), (200, -32601));
}

/// Leaves out the revision without a handshake.
struct LegacyOnly;

impl ServerHandler for LegacyOnly {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    fn supported_protocol_versions(&self) -> std::borrow::Cow<'static, [ProtocolVersion]> {
        ProtocolVersion::known_up_to(&ProtocolVersion::V_2025_06_18).into()
    }
}

#[tokio::test]
async fn t_2607_23_a_handler_may_leave_the_modern_revision_out() {
    let client = Client::new(StreamableHttp::new(RmcpService::new(LegacyOnly)));
    let answer = client.modern("tools/list", json!({})).send().await;
    assert_eq!(answer.refusal(), (400, -32022));
    let supported = answer.response()["error"]["data"]["supported"].clone();
    assert!(
        supported
            .as_array()
            .is_some_and(|all| all.contains(&json!("2025-06-18")))
    );
    // Sessions are agreed on by the transport, which writes answers for each revision.
    for version in LEGACY {
        let session = client.connect(version).await;
        let tools = session
            .request("tools/list", json!({}))
            .send()
            .await
            .result();
        assert_eq!(tools, json!({ "tools": [] }));
    }
}

/// Wants nobody.
struct Closed;

impl ServerHandler for Closed {
    async fn initialize(
        &self,
        _: model::InitializeRequestParams,
        _: rmcp::service::RequestContext<rmcp::RoleServer>,
    ) -> Result<model::InitializeResult, ErrorData> {
        Err(ErrorData::invalid_request("closed today", None))
    }
}

#[tokio::test]
async fn a_handler_may_refuse_to_be_initialized() {
    let client = Client::new(StreamableHttp::new(RmcpService::new(Closed)));
    let answer = client.initialize("2025-11-25").send().await;
    assert_eq!(answer.code(), -32600);
    assert_eq!(answer.error_text(), "closed today");
}
