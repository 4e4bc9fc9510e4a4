//! What is read of an operation, and what an odd field costs.
#![expect(
    clippy::needless_pass_by_value,
    reason = "a json! literal reads best where it is used"
)]

use serde_json::{Value, json};

use super::*;
use crate::problem::Impact;

fn read(paths: Value, components: Value) -> (Vec<Operation>, Vec<Problem>) {
    let root = json!({"openapi": "3.0.3", "paths": paths, "components": components});
    read_operations(&Document::from_value(root, None).unwrap())
}

fn ids(operations: &[Operation]) -> Vec<&str> {
    operations.iter().map(|it| it.name.as_str()).collect()
}

fn pointers(problems: &[Problem], impact: Impact) -> Vec<&str> {
    let some = problems.iter().filter(|it| it.impact == impact);
    some.map(|it| it.pointer.as_str()).collect()
}

#[test]
fn path_level_parameters_are_shared_and_overridden() {
    let (operations, problems) = read(
        json!({"/a/{id}": {
            "parameters": [
                {"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}},
                {"name": "x", "in": "query", "description": "path", "schema": {"type": "string"}},
                {"name": "x", "in": "header", "schema": {"type": "string"}},
            ],
            "get": {"parameters": [{"name": "x", "in": "query", "description": "own", "schema": {"type": "string"}}]},
            "delete": {},
        }}),
        json!({}),
    );
    assert!(problems.is_empty(), "{problems:?}");
    let get = operations
        .iter()
        .find(|it| it.method == Method::GET)
        .unwrap();
    let seen: Vec<(&str, Location, Option<&str>)> = get
        .parameters
        .iter()
        .map(|it| (it.name.as_str(), it.location, it.description.as_deref()))
        .collect();
    assert_eq!(
        seen,
        [
            ("id", Location::Path, None),
            ("x", Location::Header, None),
            ("x", Location::Query, Some("own")),
        ]
    );
    let delete = operations
        .iter()
        .find(|it| it.method == Method::DELETE)
        .unwrap();
    assert_eq!(delete.parameters.len(), 3);
}

#[test]
fn one_odd_field_costs_one_operation_at_most() {
    let (operations, problems) = read(
        json!({
            "/fine": {"get": {"operationId": "fine"}},
            "/a": {"get": "not an object", "post": {"operationId": "post_a"}},
            "/b": {"get": {"operationId": "gone", "parameters": [{"$ref": "#/components/parameters/Nowhere"}]}},
            "/c": {"get": {"operationId": "gone2", "parameters": [{"name": "q", "in": "nowhere", "required": true}]}},
            "/d": {"get": {"operationId": "kept", "parameters": [{"name": "q", "in": "nowhere"}, {"in": "query"}]}},
            "/e": {"get": {"operationId": "gone3", "parameters": {"name": "q"}}},
            "/f": {"post": {"operationId": "gone4", "requestBody": {"$ref": "#/components/requestBodies/Loop"}}},
            "/g": {"$ref": "other.yaml#/paths/~1g"},
            "/h": 5,
            "/i": {"post": {"operationId": "kept2", "requestBody": {"content": 5}}},
            "/j": {"get": {"operationId": "kept3", "responses": {"oops": {}, "200": {"$ref": "#/nowhere"}}}},
            "x-anything": 1,
        }),
        json!({"requestBodies": {"Loop": {"$ref": "#/components/requestBodies/Loop"}}}),
    );
    assert_eq!(
        ids(&operations),
        ["fine", "post_a", "kept", "kept2", "kept3"]
    );
    assert_eq!(
        pointers(&problems, Impact::Operation),
        [
            "/paths/~1a/get",
            "/paths/~1b/get/parameters/0",
            "/paths/~1c/get/parameters/0",
            "/paths/~1e/get/parameters",
            "/paths/~1f/post/requestBody",
            "/paths/~1g",
            "/paths/~1h",
        ]
    );
    assert_eq!(
        pointers(&problems, Impact::Part),
        [
            "/paths/~1d/get/parameters/0",
            "/paths/~1d/get/parameters/1",
            "/paths/~1i/post/requestBody",
            "/paths/~1j/get/responses/oops",
            "/paths/~1j/get/responses/200",
        ]
    );
}

#[test]
fn placeholders_and_path_parameters_are_made_to_agree() {
    let (operations, problems) = read(
        json!({"/a/{id}/{name}": {"get": {"parameters": [
            {"name": "id", "in": "path", "schema": {"type": "integer"}},
            {"name": "stray", "in": "path", "required": true, "schema": {"type": "integer"}},
        ]}}}),
        json!({}),
    );
    let names: Vec<(&str, bool)> = operations[0]
        .parameters
        .iter()
        .map(|it| (it.name.as_str(), it.required))
        .collect();
    assert_eq!(names, [("id", true), ("name", true)]);
    assert_eq!(problems.len(), 2);
}

#[test]
fn references_to_whole_parts_are_followed() {
    let (operations, problems) = read(
        json!({
            "/a": {"$ref": "#/components/pathItems/A", "summary": "beside"},
            "/b": {"$ref": "#/paths/~1a"},
        }),
        json!({
            "pathItems": {"A": {"get": {"parameters": [{"$ref": "#/components/parameters/P"}]}}},
            "parameters": {"P": {"name": "p", "in": "query", "schema": {"$ref": "#/components/schemas/S"}}},
            "schemas": {"S": {"type": "integer"}},
        }),
    );
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(ids(&operations), ["get_a", "get_b"]);
    assert_eq!(
        operations[0].arguments.schema["$defs"],
        json!({"S": {"type": "integer"}})
    );
}

#[test]
fn the_nearest_server_counts() {
    let (operations, _) = read(
        json!({
            "/a": {
                "servers": [{"url": "https://path.example.com"}],
                "get": {"servers": [{"url": "https://own.example.com"}]},
                "put": {},
            },
            "/b": {"get": {}},
        }),
        json!({}),
    );
    let servers: Vec<Option<&str>> = operations.iter().map(|it| it.server.as_deref()).collect();
    assert_eq!(
        servers,
        [
            Some("https://own.example.com"),
            Some("https://path.example.com"),
            None
        ]
    );
}

#[test]
fn the_output_schema_is_what_every_success_conforms_to() {
    let output = |responses: Value| {
        let (operations, _) = read(
            json!({"/a": {"get": {"responses": responses}}}),
            json!({"schemas": {"Pet": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Pet"}}}}}),
        );
        operations[0].output_schema.clone()
    };
    let pet =
        json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}});
    let schema = output(json!({"200": pet, "404": {}, "default": {}})).unwrap();
    assert_eq!(schema["type"], "object");
    assert_eq!(schema["properties"]["next"]["$ref"], "#/$defs/Pet");
    assert!(output(json!({"200": pet, "201": pet})).is_some());
    assert!(output(json!({"2XX": pet})).is_some());
    assert!(output(json!({"200": pet, "204": {}})).is_none());
    assert!(output(json!({"default": pet})).is_none());
    assert!(output(json!({})).is_none());
    let other = json!({"content": {"application/json": {"schema": {"type": "object"}}}});
    assert!(output(json!({"200": pet, "202": other})).is_none());
    let stream = json!({"content": {"application/json": {"schema": {"type": "object"}}, "text/event-stream": {}}});
    assert!(output(json!({ "200": stream })).is_none());
    let any = |schema| json!({"200": {"content": {"*/*": {"schema": schema}}}});
    assert!(output(any(json!({"$ref": "#/components/schemas/Pet"}))).is_some());
    assert!(output(any(json!({"type": "string"}))).is_none());
    let list = json!({"content": {"application/json": {"schema": {"type": "array"}}}});
    assert_eq!(output(json!({ "200": list })).unwrap()["type"], "array");
}

#[test]
fn a_very_large_output_schema_is_not_advertised() {
    let words = "many words ".repeat(10_000);
    let (operations, problems) = read(
        json!({"/a": {"get": {"responses": {"200": {"content": {"application/json": {"schema": {
            "type": "object", "description": words,
        }}}}}}}}),
        json!({}),
    );
    assert!(operations[0].output_schema.is_none());
    assert_eq!(pointers(&problems, Impact::Note), ["/paths/~1a/get"]);
}

#[test]
fn hints_come_from_the_method() {
    let (operations, _) = read(
        json!({"/a": {"get": {}, "put": {}, "post": {}, "delete": {}, "patch": {}, "head": {}}}),
        json!({}),
    );
    for operation in operations {
        let hints = operation.hints();
        let expected = match operation.method.as_str() {
            "GET" | "HEAD" => (true, Some(false), true),
            "PUT" | "DELETE" => (false, Some(true), true),
            _ => (false, None, false),
        };
        assert_eq!(
            (hints.read_only, hints.destructive, hints.idempotent),
            expected
        );
    }
}

#[test]
fn descriptions_say_what_there_is_to_say() {
    let (operations, _) = read(
        json!({"/a": {
            "get": {"summary": "Get a.", "description": "All of it."},
            "put": {"summary": "Put a", "description": "Put a thing."},
            "post": {},
            "delete": {"summary": "Delete a.", "deprecated": true},
        }}),
        json!({}),
    );
    let words = |method: Method| {
        let operation = operations.iter().find(|it| it.method == method).unwrap();
        operation.tool_description()
    };
    assert_eq!(words(Method::GET), "Get a.\n\nAll of it.");
    assert_eq!(words(Method::PUT), "Put a thing.");
    assert_eq!(words(Method::POST), "POST /a");
    assert_eq!(words(Method::DELETE), "Deprecated.\n\nDelete a.");
}
