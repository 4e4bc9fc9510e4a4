//! One odd value anywhere in an operation costs at most that operation, and no schema stops compiling.

use serde_json::{Value, json};
use spanway_openapi::{Catalog, Document};

/// A document in which most of what OpenAPI has occurs once.
fn rich() -> Value {
    json!({
        "openapi": "3.0.3",
        "info": {"title": "T", "version": "1"},
        "servers": [{"url": "https://{host}/v1", "variables": {"host": {"default": "example.com"}}}],
        "paths": {
            "/things/{id}": {
                "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer", "minimum": 1, "exclusiveMinimum": true}}],
                "get": {
                    "operationId": "getThing", "tags": ["a"], "summary": "s", "description": "d",
                    "parameters": [
                        {"name": "q", "in": "query", "style": "deepObject", "explode": true, "description": "x", "schema": {"type": "object", "properties": {"a": {"type": "string", "pattern": "^a"}}}},
                        {"$ref": "#/components/parameters/Page"},
                        {"name": "f", "in": "query", "content": {"application/json": {"schema": {"type": "array", "items": {"type": "string"}}}}},
                    ],
                    "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}, "default": {"description": "no"}},
                },
                "put": {
                    "operationId": "putThing",
                    "requestBody": {"required": true, "content": {"application/x-www-form-urlencoded": {
                        "schema": {"allOf": [{"$ref": "#/components/schemas/Thing"}, {"type": "object", "required": ["b"], "properties": {"b": {"type": "integer", "nullable": true, "enum": [1, 2]}}}]},
                        "encoding": {"b": {"style": "form", "explode": false, "contentType": "text/plain"}},
                    }}},
                    "responses": {"204": {"description": "done"}},
                },
            },
            "/other": {"get": {"operationId": "other"}},
        },
        "components": {
            "parameters": {"Page": {"name": "page", "in": "query", "schema": {"type": "integer", "maximum": 5, "default": 1}}},
            "schemas": {"Thing": {
                "type": "object", "required": ["id"], "additionalProperties": {"type": "string", "maxLength": 5},
                "properties": {"id": {"type": "integer", "readOnly": true}, "next": {"$ref": "#/components/schemas/Thing"}, "kind": {"oneOf": [{"type": "string"}, {"type": "number", "multipleOf": 2}]}},
            }},
        },
    })
}

/// The JSON Pointers of every value below `value`.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut child = |key: &str, value: &Value| {
        let at = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        found.push(at.clone());
        pointers(value, &at, found);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| child(key, value)),
        Value::Array(list) => {
            let items = list.iter().enumerate();
            items.for_each(|(index, value)| child(&index.to_string(), value));
        }
        _ => {}
    }
}

fn odd_values() -> [Value; 7] {
    [
        json!(null),
        json!(5),
        json!(-1.5),
        json!("(odd"),
        json!([]),
        json!({}),
        json!({"$ref": "#/nowhere"}),
    ]
}

#[test]
fn one_odd_value_costs_one_operation_at_most() {
    let whole = rich();
    let mut places = Vec::new();
    pointers(&whole, "", &mut places);
    for at in places.iter().filter(|at| *at != "/openapi") {
        for odd in odd_values() {
            let mut root = whole.clone();
            *root.pointer_mut(at).unwrap() = odd.clone();
            let catalog = Catalog::read(&Document::from_value(root, None).unwrap());
            let left = catalog.operations().len();
            let least = match at.as_str() {
                "/paths" => 0,
                "/paths/~1things~1{id}" => 1,
                at if at.starts_with("/paths/~1things~1{id}/parameters") => 1,
                _ => 2,
            };
            assert!(
                left >= least,
                "{odd} at {at}: {left} left, {:?}",
                catalog.problems()
            );
            // `paths:` with nothing after it is a document without operations.
            let is_silent = odd == json!({}) || (odd.is_null() && at == "/paths");
            let said = !catalog.problems().is_empty();
            assert!(left == 3 || said || is_silent, "{odd} at {at}");
            for operation in catalog.operations() {
                let schemas = std::iter::once(&operation.arguments.schema);
                for schema in schemas.chain(&operation.output_schema) {
                    let compiled = jsonschema::draft202012::new(schema);
                    assert!(
                        compiled.is_ok(),
                        "{odd} at {at}: {:?} in {schema}",
                        compiled.err()
                    );
                }
            }
        }
    }
}

#[test]
fn deep_schemas_fit_the_stack() {
    let mut schema = json!({"type": "string"});
    for _ in 0..50 {
        schema = json!({"type": "object", "properties": {"p": schema}});
    }
    let root = json!({"openapi": "3.1.0", "paths": {"/a": {"post": {
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {"200": {"content": {"application/json": {"schema": schema}}}},
    }}}});
    let catalog = Catalog::read(&Document::from_value(root, None).unwrap());
    let operation = &catalog.operations()[0];
    for schema in [
        &operation.arguments.schema,
        operation.output_schema.as_ref().unwrap(),
    ] {
        jsonschema::draft202012::new(schema).unwrap();
    }
}
