//! Documents to try: one of each revision in which most of what it has occurs, with places replaced by odd values,
//! by other places of the same document and by references, written as JSON or YAML, with bytes changed.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use crate::seeds::{self, Text};

/// The document's file.
pub(super) const NAME: &str = "api";
/// The one beside it.
pub(super) const OTHER: &str = "other";

/// YAML with what JSON has no words for.
const YAML: &str = r##"
openapi: 3.1
info: {title: T, version: 1.0}
x-a: &a {type: [string, "null"], maxLength: 5, examples: [no, ~, 0x10]}
x-b: &b
  <<: *a
  pattern: '^\d+$'
paths:
  /a/{id}: &item
    parameters:
    - {name: id, in: path, required: true, schema: *a}
    get: &get
      responses:
        200: {content: {application/json: {schema: *b}}}
        default: !odd {description: >-
            folded
            text}
    post:
      <<: *get
      requestBody:
        content:
          multipart/form-data:
            schema: {type: object, properties: {file: {type: string, format: binary}, b: *b}}
  /b: *item
"##;

/// What `other` holds: references back and round.
pub(super) fn other() -> Value {
    json!({
        "Thing": { "type": "object", "properties": { "next": { "$ref": "#/Thing" }, "back": { "$ref": "api#/components/schemas/Thing" } } },
        "circle": { "$ref": "#/circle" },
        "item": { "get": { "responses": { "200": { "description": "ok" } } } },
    })
}

/// Bytes of documents, most of which are nearly right.
pub(super) fn documents() -> impl Strategy<Value = Text> {
    let yaml = prop_oneof![Just(YAML.as_bytes().to_vec()), bomb(), deep()];
    prop_oneof![
        8 => seeds::edited(written()),
        4 => written().prop_map(Text),
        2 => seeds::edited(yaml),
        1 => prop::collection::vec(any::<u8>(), 0..200).prop_map(Text),
    ]
}

/// JSON, in lines or not; after a comment the same is YAML.
fn written() -> impl Strategy<Value = Vec<u8>> {
    (changed(), 0..3).prop_map(|(root, form)| match form {
        0 => serde_json::to_vec(&root).unwrap(),
        1 => serde_json::to_vec_pretty(&root).unwrap(),
        _ => format!("# YAML\n{root}").into_bytes(),
    })
}

/// Lists of aliases of lists of aliases.
fn bomb() -> impl Strategy<Value = Vec<u8>> {
    (1..12_usize, 1..40_usize).prop_map(|(levels, width)| {
        let mut text = "openapi: 3.1.0\npaths: {}\nx0: &x0 {type: string}\n".to_owned();
        for level in 1..=levels {
            let aliases = vec![format!("*x{}", level - 1); width].join(", ");
            text.push_str(&format!("x{level}: &x{level} {{allOf: [{aliases}]}}\n"));
        }
        text.into_bytes()
    })
}

/// One thing in another, so many times.
fn deep() -> impl Strategy<Value = Vec<u8>> {
    let opening = select(vec!["[", "{a: ", "- ", "{\"a\":", "&a [", "? "]);
    (opening, 1..20_000_usize).prop_map(|(opening, levels)| {
        let text = format!("openapi: 3.1.0\nx:\n {}", opening.repeat(levels));
        text.into_bytes()
    })
}

fn changed() -> impl Strategy<Value = Value> {
    let changes = prop::collection::vec((any::<Index>(), change()), 0..5);
    let seeds = vec![
        document("3.0.3"),
        document("3.1.0"),
        document("3.2.0"),
        swagger(),
    ];
    (select(seeds), changes).prop_map(|(mut root, changes)| {
        for (at, change) in changes {
            let places = places(&root);
            let at = at.get(&places);
            let with = change.value(&root, &places);
            if let Some(place) = root.pointer_mut(at) {
                *place = with;
            }
        }
        root
    })
}

/// What is put in a place.
#[derive(Debug, Clone)]
enum Change {
    Odd(Value),
    /// What stands elsewhere, which may be all of it.
    Elsewhere(Index),
    /// A reference to elsewhere.
    Reference(Index),
    /// What stands elsewhere, in schemas in schemas.
    Nested(Index, &'static str, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let keywords = vec![
        "allOf",
        "oneOf",
        "anyOf",
        "items",
        "additionalProperties",
        "not",
        "a",
    ];
    prop_oneof![
        4 => odd().prop_map(Change::Odd),
        2 => any::<Index>().prop_map(Change::Elsewhere),
        3 => any::<Index>().prop_map(Change::Reference),
        1 => (any::<Index>(), select(keywords), 1..60_usize)
            .prop_map(|(at, keyword, levels)| Change::Nested(at, keyword, levels)),
    ]
}

impl Change {
    fn value(&self, root: &Value, places: &[String]) -> Value {
        let elsewhere = |at: &Index| {
            root.pointer(at.get::<String>(places))
                .cloned()
                .unwrap_or_default()
        };
        match self {
            Self::Odd(value) => value.clone(),
            Self::Elsewhere(at) => elsewhere(at),
            Self::Reference(at) => json!({ "$ref": format!("#{}", at.get(places)) }),
            Self::Nested(at, keyword, levels) => {
                (0..*levels).fold(elsewhere(at), |inner, _| match *keyword {
                    "allOf" | "oneOf" | "anyOf" => {
                        json!({ *keyword: [inner, { "type": "object" }] })
                    }
                    "a" => json!({ "type": "object", "properties": { "a": inner } }),
                    _ => json!({ *keyword: inner }),
                })
            }
        }
    }
}

fn odd() -> impl Strategy<Value = Value> {
    let references = [
        "#",
        "#/",
        "#/nowhere",
        "other",
        "other#/Thing",
        "other#/circle",
        "other#/item",
        "api",
        "none#/a",
        "//",
        "http://[",
        "#/%zz",
        "../../other",
        "#/components/schemas/Thing/properties/next",
    ];
    let references = references.iter().map(|it| json!({ "$ref": it }));
    let texts = [
        "",
        "(odd",
        "a{1000}{1000}{1000}",
        "/{",
        "/{a}{a}/{}",
        "..",
        "http://{host}",
        "\u{0}\r\n\u{2028}",
        "application/json; a=\"",
        "x-y/z+json",
        "string",
        "body",
        "formData",
        "cookie",
        "deepObject",
        "Authorization",
    ];
    let texts = texts.iter().map(|it| json!(it));
    let others = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!([]),
        json!([[]]),
        json!({}),
        json!({ "": null }),
        json!("long ".repeat(2_000)),
        json!({ "type": ["object", 1], "required": "a", "enum": [] }),
    ];
    select(references.chain(texts).chain(others).collect::<Vec<_>>())
}

/// The JSON Pointers of all values, the whole included.
fn places(root: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, found: &mut Vec<String>) {
        found.push(at.to_owned());
        let escape = |key: &str| key.replace('~', "~0").replace('/', "~1");
        match value {
            Value::Object(fields) => {
                fields
                    .iter()
                    .for_each(|(key, value)| walk(value, &format!("{at}/{}", escape(key)), found));
            }
            Value::Array(items) => {
                let items = items.iter().enumerate();
                items.for_each(|(index, value)| walk(value, &format!("{at}/{index}"), found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(root, "", &mut found);
    found
}

fn document(version: &str) -> Value {
    json!({
        "openapi": version,
        "info": { "title": "T", "version": "1" },
        "servers": [{ "url": "http://{host}/v1", "variables": { "host": { "default": "a.example", "enum": ["a.example"] } } }],
        "security": [{ "key": [] }],
        "paths": {
            "/things/{id}": {
                "parameters": [{ "name": "id", "in": "path", "required": true, "style": "label", "schema": { "type": "integer", "minimum": 1, "exclusiveMinimum": true } }],
                "get": {
                    "operationId": "get", "tags": ["a"], "deprecated": true,
                    "parameters": [
                        { "name": "q", "in": "query", "style": "deepObject", "explode": true, "schema": { "type": "object", "properties": { "a": { "type": "string", "pattern": "^a" } } } },
                        { "name": "f[]", "in": "query", "content": { "application/json": { "schema": { "type": "array", "items": { "type": "string" } } } } },
                        { "$ref": "#/components/parameters/Page" },
                    ],
                    "responses": { "2XX": { "description": "ok", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } } }, "default": { "$ref": "other#/none" } },
                },
                "put": {
                    "requestBody": { "required": true, "content": { "multipart/form-data": {
                        "schema": { "allOf": [{ "$ref": "#/components/schemas/Thing" }, { "required": ["b"], "properties": { "b": { "type": "integer", "nullable": true, "enum": [1, null] } } }] },
                        "encoding": { "b": { "style": "form", "contentType": "text/plain" } },
                    } } },
                    "responses": { "204": { "description": "done" } },
                },
            },
            "/": { "$ref": "other#/item" },
            "/body": { "servers": [{ "url": "/v2" }], "post": { "security": [], "operationId": "get", "requestBody": { "content": { "application/json": { "schema": { "$ref": "other#/Thing" } } } } } },
        },
        "components": {
            "parameters": { "Page": { "name": "page", "in": "cookie", "schema": { "type": "integer", "maximum": 5, "default": 1 } } },
            "schemas": { "Thing": {
                "type": "object", "required": ["id"], "additionalProperties": { "type": "string", "maxLength": 5 },
                "properties": { "id": { "type": "integer", "readOnly": true }, "next": { "$ref": "#/components/schemas/Thing" }, "kind": { "oneOf": [{ "const": "a" }, { "type": ["number", "null"], "multipleOf": 2 }], "discriminator": { "propertyName": "k", "mapping": { "a": "#/components/schemas/Thing" } } } },
            } },
            "securitySchemes": { "key": { "type": "apiKey", "in": "header", "name": "X-Key" } },
        },
    })
}

fn swagger() -> Value {
    json!({
        "swagger": "2.0",
        "info": { "title": "T", "version": "1" },
        "host": "a.example", "basePath": "/v1", "schemes": ["http", "https"],
        "consumes": ["application/json"], "produces": ["application/json"],
        "paths": { "/things/{id}": {
            "parameters": [{ "name": "id", "in": "path", "required": true, "type": "string", "format": "uuid" }],
            "post": {
                "operationId": "make", "consumes": ["multipart/form-data"],
                "parameters": [{ "name": "file", "in": "formData", "type": "file" }, { "name": "ids", "in": "query", "type": "array", "collectionFormat": "multi", "items": { "type": "integer" } }],
                "responses": { "200": { "description": "ok", "schema": { "$ref": "#/definitions/Thing" } } },
            },
            "put": { "parameters": [{ "$ref": "#/parameters/Body" }], "responses": { "default": { "$ref": "#/responses/None" } } },
        } },
        "parameters": { "Body": { "name": "body", "in": "body", "schema": { "$ref": "#/definitions/Thing" } } },
        "responses": { "None": { "description": "none" } },
        "definitions": { "Thing": { "type": "object", "properties": { "next": { "$ref": "#/definitions/Thing" }, "x": { "type": "file", "x-nullable": true } } } },
        "securityDefinitions": { "o": { "type": "oauth2", "flow": "application", "tokenUrl": "http://a.example/t", "scopes": {} } },
    })
}
