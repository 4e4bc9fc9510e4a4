//! Which arguments an operation takes, and where each goes.
#![expect(
    clippy::needless_pass_by_value,
    reason = "a json! literal reads best where it is used"
)]

use serde_json::{Value, json};

use super::*;
use crate::document::Document;
use crate::operation::{Operation, read_operations};

/// The one operation of a document with this operation object at `/things/{id}`.
fn operation(operation: Value, schemas: Value) -> Operation {
    let document = Document::from_value(
        json!({
            "openapi": "3.1.0",
            "paths": {"/things/{id}": {"post": operation}},
            "components": {"schemas": schemas},
        }),
        None,
    );
    let (mut operations, _) = read_operations(&document.unwrap());
    assert_eq!(operations.len(), 1);
    jsonschema::draft202012::new(&operations[0].arguments.schema).unwrap();
    operations.remove(0)
}

fn with_body(required: bool, schema: Value) -> Operation {
    operation(
        json!({"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}),
        json!({
            "Base": {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}}},
        }),
    )
}

fn names(operation: &Operation) -> Vec<&str> {
    let properties = operation.arguments.schema["properties"]
        .as_object()
        .unwrap();
    properties.keys().map(String::as_str).collect()
}

#[test]
fn parameters_and_body_properties_stand_side_by_side() {
    let operation = operation(
        json!({
            "parameters": [
                {"name": "id", "in": "path", "required": true, "description": "Which.", "schema": {"type": "integer", "description": "A number."}},
                {"name": "id", "in": "query", "schema": {"type": "string"}},
                {"name": "X-Trace", "in": "header", "deprecated": true, "schema": {"type": "string"}},
                {"name": "filter[name]", "in": "query", "description": "A name.", "schema": {"type": "string"}},
            ],
            "requestBody": {"required": true, "content": {"application/json": {"schema": {
                "type": "object", "required": ["id", "title"], "additionalProperties": false,
                "properties": {"id": {"type": "integer"}, "title": {"type": "string"}, "note": {}},
            }}}},
        }),
        json!({}),
    );
    let schema = &operation.arguments.schema;
    assert_eq!(
        names(&operation),
        [
            "id__path",
            "id__query",
            "X-Trace",
            "filter_name",
            "id__body",
            "title",
            "note"
        ]
    );
    assert_eq!(schema["required"], json!(["id__path", "id__body", "title"]));
    assert_eq!(schema["properties"]["id__path"]["description"], "Which.");
    assert_eq!(schema["properties"]["X-Trace"]["deprecated"], true);
    assert_eq!(
        schema["properties"]["filter_name"]["description"],
        "A name. (sent as `filter[name]`)"
    );
    assert_eq!(schema["additionalProperties"], false);
    assert!(!operation.arguments.extras_into_body);
}

#[test]
fn bases_are_merged() {
    let operation = with_body(
        true,
        json!({
            "allOf": [
                {"$ref": "#/components/schemas/Base"},
                {"type": "object", "required": ["size"], "properties": {"size": {"type": "integer"}, "kind": {"enum": ["a"]}}},
            ],
        }),
    );
    let schema = &operation.arguments.schema;
    assert_eq!(schema["required"], json!(["id", "kind", "size"]));
    assert_eq!(
        schema["properties"]["kind"],
        json!({"allOf": [{"type": "string"}, {"enum": ["a"]}]})
    );
    assert!(operation.arguments.extras_into_body);
    assert!(schema.get("additionalProperties").is_none());
    assert!(schema.get("$defs").is_none());
}

#[test]
fn what_is_no_plain_object_is_the_argument_body() {
    for schema in [
        json!({"type": "array", "items": {"$ref": "#/components/schemas/Base"}}),
        json!({"oneOf": [{"$ref": "#/components/schemas/Base"}, {"type": "object", "properties": {"b": {}}}]}),
        json!({"type": "string"}),
        json!({"type": "object"}),
        json!({}),
        json!({"type": "object", "additionalProperties": {"type": "string"}}),
        json!({"properties": {"a": {}}, "patternProperties": {"^x": {}}}),
        json!({"allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {"b": {}}, "additionalProperties": false}]}),
    ] {
        let operation = with_body(true, schema.clone());
        assert_eq!(names(&operation), ["id", "body"], "{schema}");
        assert_eq!(
            operation.arguments.schema["required"],
            json!(["id", "body"])
        );
        assert_eq!(operation.arguments.schema["additionalProperties"], false);
    }
}

#[test]
fn a_nullable_body_and_alternatives_of_required_are_flattened() {
    for schema in [
        json!({"anyOf": [{"$ref": "#/components/schemas/Base"}, {"type": "null"}]}),
        json!({"type": ["object", "null"], "required": ["kind"], "properties": {"kind": {}}}),
        json!({"$ref": "#/components/schemas/Base", "description": "Words."}),
        json!({"required": ["kind"], "properties": {"kind": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}),
    ] {
        let operation = with_body(true, schema.clone());
        assert_eq!(names(&operation), ["id", "kind"], "{schema}");
    }
}

#[test]
fn an_optional_body_may_be_left_out_but_not_in_parts() {
    let operation = with_body(
        false,
        json!({"type": "object", "required": ["a", "b"], "properties": {"a": {}, "b": {}, "c": {}}}),
    );
    let schema = &operation.arguments.schema;
    assert_eq!(schema["required"], json!(["id"]));
    let validator = jsonschema::draft202012::new(schema).unwrap();
    assert!(validator.is_valid(&json!({"id": "1"})));
    assert!(validator.is_valid(&json!({"id": "1", "a": 1, "b": 2})));
    assert!(!validator.is_valid(&json!({"id": "1", "c": 1})));
    assert!(!validator.is_valid(&json!({"id": "1", "a": 1})));
}

#[test]
fn a_body_argument_and_a_parameter_called_body_are_told_apart() {
    let operation = operation(
        json!({
            "parameters": [{"name": "body", "in": "query", "schema": {"type": "string"}}],
            "requestBody": {"content": {"text/plain": {"schema": {"type": "string"}}}},
        }),
        json!({}),
    );
    assert_eq!(names(&operation), ["body__query", "id", "body__body"]);
}

#[test]
fn no_arguments_is_an_empty_closed_object() {
    let document = Document::from_value(
        json!({"openapi": "3.0.0", "paths": {"/ping": {"get": {}}}}),
        None,
    );
    let (operations, _) = read_operations(&document.unwrap());
    assert_eq!(
        operations[0].arguments.schema,
        json!({"type": "object", "properties": {}, "additionalProperties": false})
    );
}

#[test]
fn files_of_a_multipart_body_are_base64() {
    let operation = operation(
        json!({"requestBody": {"required": true, "content": {"multipart/form-data": {"schema": {
            "type": "object", "required": ["file"],
            "properties": {
                "file": {"type": "string", "format": "binary", "description": "The photo."},
                "more": {"type": "array", "items": {"type": "string", "contentMediaType": "image/png"}},
                "purpose": {"type": "string"},
            },
        }}}}}),
        json!({}),
    );
    let properties = &operation.arguments.schema["properties"];
    assert_eq!(properties["file"]["contentEncoding"], "base64");
    assert!(
        properties["file"]["description"]
            .as_str()
            .unwrap()
            .starts_with("The photo. A file:")
    );
    assert_eq!(properties["more"]["items"]["contentEncoding"], "base64");
    assert!(properties["purpose"].get("contentEncoding").is_none());
    let files = operation
        .arguments
        .bindings
        .iter()
        .filter(|it| matches!(it.target, Target::Property { file: true, .. }));
    assert_eq!(files.count(), 2);
}

#[test]
fn a_very_large_input_schema_loses_its_words_only() {
    let words = "many words ".repeat(10_000);
    let operation = operation(
        json!({"requestBody": {"required": true, "content": {"application/json": {"schema": {
            "type": "object", "properties": {"part": {"$ref": "#/components/schemas/Part", "description": "Kept."}},
        }}}}}),
        json!({"Part": {"type": "object", "description": words, "properties": {"description": {"type": "string", "title": words}}}}),
    );
    let schema = &operation.arguments.schema;
    assert!(schema.to_string().len() < 1000);
    assert_eq!(schema["properties"]["part"]["description"], "Kept.");
    assert_eq!(
        schema["$defs"]["Part"]["properties"]["description"],
        json!({"type": "string"})
    );
}
