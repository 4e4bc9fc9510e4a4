//! Changes of single resources, and arguments that headers mirror.

use futures_util::{FutureExt, StreamExt};
use serde_json::{Map, Value, json};
use spanway_protocol::schema::{CallToolResult, ToolDefinition};
use spanway_server::{
    BuildError, Change, McpService, Principal, Resource, Server, Tool, ToolError,
};

use crate::support::{MODERN, caller, callers};

fn annotated(annotation: &Value) -> Value {
    json!({ "type": "object", "properties": { "a": { "type": "string", "x-mcp-header": annotation } } })
}

#[test]
fn t_2411_17_resources_can_be_subscribed_to() {
    let server = Server::builder("shop", "1")
        .resource(Resource::text("shop://about", "about", "A shop."))
        .build()
        .unwrap();
    for (version, caller) in callers(&server) {
        let method = if version == MODERN {
            "server/discover"
        } else {
            "initialize"
        };
        let offered = caller.result(method, json!({}))["capabilities"]["resources"].clone();
        assert_eq!(
            offered,
            json!({ "subscribe": true, "listChanged": true }),
            "{version}"
        );
    }
    let mut changes = server.changes().subscribe();
    changes.watch("shop://about");
    server.notify_resource_updated("shop://about");
    let told = changes.next().now_or_never();
    assert_eq!(told, Some(Some(Change::Resource("shop://about".into()))));
}

#[test]
fn d3_7_without_resources_there_is_nothing_to_subscribe_to() {
    let server = Server::builder("bare", "1").build().unwrap();
    for (version, caller) in callers(&server) {
        let method = if version == MODERN {
            "server/discover"
        } else {
            "initialize"
        };
        let offered = caller.result(method, json!({}))["capabilities"].clone();
        assert_eq!(offered.get("resources"), None, "{version}");
    }
}

#[test]
fn what_must_not_be_seen_must_not_be_watched() {
    let staff = |who: Option<&Principal>| who.is_some_and(|who| who.as_str() == "staff");
    let page = async || "page";
    let server = Server::builder("shop", "1")
        .resource(Resource::text("shop://about", "about", "A shop."))
        .resource(Resource::text("shop://books/secret", "s", "s").visible_to(staff))
        .resource(Resource::text("shop://margins", "margins", "1").visible_to(staff))
        .resource(Resource::template("shop://books/{id}", "book", page))
        .resource(Resource::template("shop://staff/{id}", "person", page).visible_to(staff))
        .build()
        .unwrap();
    let (guest, member) = (Principal::new("guest"), Principal::new("staff"));
    for (uri, hidden) in [
        ("shop://about", false),
        ("shop://margins", true),
        ("shop://staff/1", true),
        ("shop://staff", false),
        // Readable through the template, so no secret.
        ("shop://books/secret", false),
        ("shop://nothing", false),
    ] {
        assert_eq!(server.may_watch(uri, None), !hidden, "{uri}");
        assert_eq!(server.may_watch(uri, Some(&guest)), !hidden, "{uri}");
        assert!(server.may_watch(uri, Some(&member)), "{uri}");
    }
}

#[test]
fn t_hdr_08_an_invalid_annotation_is_found_when_the_tool_is_registered() {
    let tool = Tool::new("search", async || "found").input_schema(annotated(&json!("My Region")));
    let errors = Server::builder("shop", "1").tool(tool).build().unwrap_err();
    let found: Vec<_> = errors.iter().collect();
    let [BuildError::MirrorHeader { tool, pointer, .. }] = found.as_slice() else {
        panic!("{errors}");
    };
    assert_eq!(
        (tool.as_str(), pointer.as_str()),
        ("search", "/properties/a/x-mcp-header")
    );
    let text = errors.to_string();
    assert!(
        text.contains("search") && text.contains("/properties/a/x-mcp-header"),
        "{text}"
    );
}

#[test]
fn t_hdr_08_tools_made_at_run_time_are_checked_at_their_first_modern_call() {
    let run = async |_: Map<String, Value>| Ok::<_, ToolError>(CallToolResult::text("ran"));
    let made = |name: &str, annotation: Value| {
        Tool::from_definition(ToolDefinition::new(name, annotated(&annotation)), run)
    };
    let server = Server::builder("shop", "1")
        .tool(made("broken", json!("")))
        .tool(made("mirrored", json!("Region")))
        .build()
        .unwrap();
    for (version, caller) in callers(&server) {
        if version == MODERN {
            let text = caller.tool_error("broken", json!({}));
            assert!(text.contains("/properties/a/x-mcp-header"), "{text}");
            continue;
        }
        // Clients of earlier revisions know nothing of such headers.
        for tool in ["broken", "mirrored"] {
            let result = caller.call_tool(tool, json!({ "a": "b" }));
            assert_eq!(result["content"][0]["text"], "ran", "{version}");
        }
    }
    let call = json!({ "name": "mirrored", "arguments": { "a": "b" } });
    let (status, response) = caller(&server, MODERN).ask("tools/call", call);
    assert_eq!((status, &response["error"]["code"]), (400, &json!(-32020)));
    let unknown = caller(&server, MODERN).error("tools/call", json!({ "name": "nobody" }));
    assert_eq!(unknown["code"], -32602);
}
