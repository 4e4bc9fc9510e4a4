//! A service is told what the transport sees to itself: notifications, requests about a session, its end.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use serde_json::json;
use spanway_http::StreamableHttp;
use spanway_protocol::jsonrpc::Notification;
use spanway_protocol::{Answer, Call, Rejection, Reply};
use spanway_server::{ChangeHub, Context, McpService, Resource, Server, ServiceInfo};
use spanway_testkit::Client;

/// Wants to know everything, and refuses what it is told to.
#[derive(Clone)]
struct Curious {
    server: Server,
    told: Arc<Mutex<Vec<String>>>,
}

impl Curious {
    fn note(&self, what: String) {
        self.told.lock().expect("the list").push(what);
    }

    fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().expect("the list"))
    }
}

impl McpService for Curious {
    fn info(&self) -> &ServiceInfo {
        self.server.info()
    }

    fn call(&self, call: Call, context: Context) -> BoxFuture<'static, Reply> {
        let session = context.session().is_some();
        self.note(format!("{} in a session: {session}", call.method));
        self.server.call(call, context)
    }

    fn changes(&self) -> &ChangeHub {
        self.server.changes()
    }

    fn concerning_session(
        &self,
        call: Call,
        context: Context,
    ) -> Option<BoxFuture<'static, Reply>> {
        let client = context.client_info().map(|client| client.name);
        self.note(format!("{} by {}", call.method, client.unwrap_or_default()));
        let uri = call.params.raw().read::<serde_json::Value>().ok()?["uri"].take();
        let reply = if uri == "shop://closed" {
            let detail = "closed".into();
            Rejection::InvalidParams { detail }.into()
        } else {
            Answer::Empty.into()
        };
        Some(ready(reply).boxed())
    }

    fn notified(
        &self,
        notification: &Notification,
        context: Context,
    ) -> Option<BoxFuture<'static, ()>> {
        let version = context.version();
        self.note(format!("{} of {version}", notification.method));
        None
    }

    fn session_ended(&self, session: &str) {
        self.note(format!("{session} ended"));
    }
}

fn curious() -> Curious {
    let server = Server::builder("curious", "1")
        .resource(Resource::text("shop://about", "about", "A shop."))
        .build();
    Curious {
        server: server.expect("a server"),
        told: Arc::default(),
    }
}

#[tokio::test]
async fn a_service_that_wants_to_know_is_told() {
    let service = curious();
    let client = Client::new(StreamableHttp::new(service.clone()));
    let session = client.connect("2025-06-18").await;
    assert_eq!(
        service.told(),
        [
            "initialize in a session: true",
            "notifications/initialized of 2025-06-18"
        ]
    );
    let level = session.request("logging/setLevel", json!({ "level": "info" }));
    assert_eq!(level.send().await.result(), json!({}));
    session
        .notify("notifications/roots/list_changed", json!({}))
        .await;
    assert_eq!(
        service.told(),
        [
            "logging/setLevel by testkit",
            "notifications/roots/list_changed of 2025-06-18"
        ]
    );
    session.delete().send().await;
    assert_eq!(
        service.told(),
        [format!("{} ended", session.id.expect("an id"))]
    );
}

#[tokio::test]
async fn what_the_service_refuses_is_not_remembered() {
    let service = curious();
    let session = Client::new(StreamableHttp::new(service.clone()))
        .connect("2025-11-25")
        .await;
    let subscribe = |uri: &str| session.request("resources/subscribe", json!({ "uri": uri }));
    let mut stream = session.listen().open().await;
    let refused = subscribe("shop://closed").send().await;
    assert_eq!(refused.refusal(), (200, -32602));
    assert_eq!(subscribe("shop://about").send().await.result(), json!({}));
    service.server.notify_resource_updated("shop://closed");
    service.server.notify_resource_updated("shop://about");
    let told = stream.message().await;
    assert_eq!(told["params"]["uri"], "shop://about");
    // What the transport refuses itself the service never hears of.
    service.told();
    let malformed = session.request("logging/setLevel", json!({ "level": "loud" }));
    assert_eq!(malformed.send().await.code(), -32602);
    assert_eq!(service.told(), Vec::<String>::new());
}
