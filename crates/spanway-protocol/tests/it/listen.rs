//! What `subscriptions/listen` takes and what is written on its stream.

use bytes::Bytes;
use serde_json::{Value, json};
use spanway_protocol::jsonrpc::{self, Incoming, Message, RequestId};
use spanway_protocol::modern::{ListenFilter, Subscription};
use spanway_protocol::schema::{ListCapability, ResourcesCapability, ServerCapabilities};
use spanway_protocol::{Limits, ProtocolVersion, RawJson, Rejection, encode_resource_updated};

use crate::official::Definition;
use crate::samples::write;

const MODERN: ProtocolVersion = ProtocolVersion::V2026_07_28;
const ID: &str = "io.modelcontextprotocol/subscriptionId";

fn read(params: &Value) -> Result<ListenFilter, Rejection> {
    let message =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": params });
    let body = Bytes::from(message.to_string());
    let Ok(Incoming::Single(Message::Request(request))) = jsonrpc::parse(&body, &Limits::default())
    else {
        panic!("not a request: {params}");
    };
    ListenFilter::read(&request.params.raw(), &Limits::default())
}

fn asked(notifications: &Value) -> ListenFilter {
    read(&json!({ "notifications": notifications })).unwrap()
}

fn everything() -> Value {
    json!({
        "toolsListChanged": true,
        "promptsListChanged": true,
        "resourcesListChanged": true,
        "resourceSubscriptions": ["a:1", "b:2"],
    })
}

fn value(message: Option<Bytes>) -> Value {
    serde_json::from_slice(&message.unwrap()).unwrap()
}

fn check(definition: &'static str, message: &Value) {
    if let Some(definition) = Definition::find(MODERN, definition) {
        definition.check_json(message);
    }
}

#[test]
fn t_sub_02_only_what_the_server_has_is_honoured() {
    let offered = ServerCapabilities::default()
        .with_tools(ListCapability::with_changes())
        .with_prompts(ListCapability::default())
        .with_resources(ResourcesCapability::with_changes());
    let subscription = Subscription::new(7.into());
    let told = |offered: &ServerCapabilities, wanted: &Value| {
        let honoured = asked(wanted).honoured_by(offered);
        let message = value(subscription.acknowledged(&honoured));
        check("SubscriptionsAcknowledgedNotification", &message);
        message["params"]["notifications"].clone()
    };
    let lists = json!({ "toolsListChanged": true, "resourcesListChanged": true });
    assert_eq!(told(&offered, &everything()), lists);
    let offered = offered.with_resources(ResourcesCapability::default().with_subscribe());
    let expected = json!({ "toolsListChanged": true, "resourceSubscriptions": ["a:1", "b:2"] });
    assert_eq!(told(&offered, &everything()), expected);
    assert_eq!(
        told(&offered, &json!({ "toolsListChanged": false })),
        json!({})
    );
    assert_eq!(
        told(&offered, &json!({ "taskIds": ["t"], "new": {} })),
        json!({})
    );
    assert_eq!(
        told(&ServerCapabilities::default(), &everything()),
        json!({})
    );
}

#[test]
fn t_sub_04_every_message_names_the_subscription_with_the_type_of_its_id() {
    for id in [
        RequestId::from(1),
        RequestId::from("1"),
        RequestId::Unsigned(u64::MAX),
        RequestId::from(1_790_000_000_000),
    ] {
        let subscription = Subscription::new(id.clone());
        let expected = serde_json::to_value(&id).unwrap();
        let acknowledged = value(subscription.acknowledged(&asked(&everything())));
        check("SubscriptionsAcknowledgedNotification", &acknowledged);
        assert_eq!(acknowledged["params"]["_meta"], json!({ ID: expected }));
        let listed = value(subscription.list_changed("notifications/tools/list_changed"));
        check("ToolListChangedNotification", &listed);
        assert_eq!(listed["params"], json!({ "_meta": { ID: expected } }));
        let updated = value(subscription.resource_updated("a:1"));
        check("ResourceUpdatedNotification", &updated);
        assert_eq!(
            updated["params"],
            json!({ "uri": "a:1", "_meta": { ID: expected } })
        );
        let end = write(MODERN, &subscription.end());
        check("SubscriptionsListenResult", &end);
        assert_eq!(
            (&end["_meta"][ID], &end["resultType"]),
            (&expected, &json!("complete"))
        );
    }
}

#[test]
fn t_sub_01_what_to_listen_for_is_required_and_bounded() {
    for params in [
        json!({}),
        json!({ "notifications": null }),
        json!({ "notifications": [] }),
        json!({ "notifications": { "toolsListChanged": "yes" } }),
        json!({ "notifications": { "resourceSubscriptions": "a:1" } }),
        json!({ "notifications": { "resourceSubscriptions": [1] } }),
        json!({ "notifications": { "resourceSubscriptions": ["a".repeat(2049)] } }),
        json!({ "notifications": { "resourceSubscriptions": (0..1001).map(|n| format!("a:{n}")).collect::<Vec<_>>() } }),
    ] {
        let refused = read(&params);
        assert!(
            matches!(refused, Err(Rejection::InvalidParams { .. })),
            "{refused:?}"
        );
    }
    let twice = asked(&json!({ "resourceSubscriptions": ["a:1", "a:1"] }));
    assert_eq!(twice.uris.len(), 1);
}

#[test]
fn t_2411_17_updates_in_sessions_name_the_resource_alone() {
    let message = value(encode_resource_updated("a:1"));
    let method = "notifications/resources/updated";
    assert_eq!(
        message,
        json!({ "jsonrpc": "2.0", "method": method, "params": { "uri": "a:1" } })
    );
    let read = |params: Value| {
        let raw = RawJson::from_serialize(&params).unwrap();
        spanway_protocol::legacy::subscribed_uri(&raw, &Limits::default())
    };
    assert_eq!(read(json!({ "uri": "a:1" })).as_deref(), Ok("a:1"));
    for params in [
        json!({}),
        json!({ "uri": 1 }),
        json!({ "uri": "a".repeat(2049) }),
    ] {
        assert!(matches!(read(params), Err(Rejection::InvalidParams { .. })));
    }
}
