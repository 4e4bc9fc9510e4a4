//! Marks in a document of any API, whether it is in this process or not.

use serde_json::{Map, json};
use spanway_openapi::{Bridge, Catalog, Exposure, Operation, ServiceUpstream, parse_document};
use spanway_server::Server;

fn catalog() -> Catalog {
    let document = json!({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {
        "/plain": {"get": {"operationId": "plain"}},
        "/hidden": {"get": {"operationId": "hidden", "x-mcp": false}},
        "/read": {"get": {"operationId": "read", "x-mcp-resource": "t://read"}},
        "/named": {"post": {
            "operationId": "named.this-way", "summary": "Does.",
            "x-mcp-name": "named", "x-mcp-title": "Title", "x-mcp-description": "Words.",
            "x-mcp-returns": "Nothing.", "x-mcp-meta": {"example/key": 1},
            "x-mcp-annotations": {"destructiveHint": false, "idempotentHint": true},
            "x-mcp-output-schema": {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/A"}}},
        }},
    }, "components": {"schemas": {"A": {"type": "string", "nullable": true}}}});
    Catalog::read(&parse_document(document.to_string().as_bytes(), None).unwrap())
}

fn bridge() -> Bridge {
    let router = axum::Router::new().fallback(async || "here");
    let builder = Bridge::builder(catalog(), ServiceUpstream::new(router));
    builder.build().unwrap()
}

#[test]
fn overrides_are_in_the_definition() {
    let catalog = catalog();
    let named = catalog.operations().iter().find(|it| it.name == "named");
    let tool = named.map(Operation::tool_definition).unwrap();
    assert_eq!(tool.title.as_deref(), Some("Title"));
    assert_eq!(
        tool.description.as_deref(),
        Some("Words.\n\nReturns: Nothing.")
    );
    let hints = tool.annotations.unwrap();
    assert_eq!(
        (hints.destructive, hints.idempotent),
        (Some(false), Some(true))
    );
    assert_eq!(tool.meta.get("example/key"), Some(&json!(1)));
    let schema = tool.output_schema.unwrap();
    assert_eq!(schema["properties"]["a"]["$ref"], "#/$defs/A");
    assert!(schema["$defs"]["A"].is_object());
}

#[test]
fn marked_operations_become_what_they_say() {
    let features = bridge().into_features(&Exposure::all());
    assert!(features.problems.is_empty());
    let lengths = (
        features.tools.len(),
        features.resources.len(),
        features.prompts.len(),
    );
    assert_eq!(lengths, (2, 1, 0));
    features
        .add_to(Server::builder("t", "1"))
        .build()
        .expect("names and URIs are legal");
}

#[tokio::test]
async fn d3_1_what_is_hidden_is_nowhere() {
    assert!(!catalog().operations().iter().any(|it| it.name == "hidden"));
    assert!(bridge().call("hidden", &Map::new()).await.is_none());
}
