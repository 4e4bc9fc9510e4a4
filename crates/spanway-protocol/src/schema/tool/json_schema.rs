//! How a tool's JSON Schemas are written for revisions that allow less than JSON Schema does.
//!
//! The modern revision takes schemas as they are (T-2607-41). The ones before want an object at the root of
//! output schemas, and objects for the properties at the root of both.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::schema::project::View;

/// Whether answers of this schema are wrapped as `{"result": …}` for revisions that know objects only
/// (T-2506-03): whenever the schema does not promise an object.
#[must_use]
pub fn wraps_output(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) != Some("object")
}

/// The schema of arguments.
pub(super) fn input<'a>(schema: &'a Value, view: View<'_>) -> Cow<'a, Value> {
    if view.is_modern() {
        Cow::Borrowed(schema)
    } else {
        with_object_properties(schema)
    }
}

/// The schema of structured content, for revisions that have it.
pub(super) fn output<'a>(schema: &'a Value, view: View<'_>) -> Cow<'a, Value> {
    if view.is_modern() {
        as_object(schema)
    } else if wraps_output(schema) {
        Cow::Owned(wrapped(schema))
    } else {
        with_object_properties(schema)
    }
}

/// A schema that is a boolean, as an object that means the same.
fn as_object(schema: &Value) -> Cow<'_, Value> {
    match schema {
        Value::Bool(true) => Cow::Owned(json!({})),
        Value::Bool(false) => Cow::Owned(json!({ "not": {} })),
        _ => Cow::Borrowed(schema),
    }
}

/// The schema without booleans for properties at its root: official schemas up to 2025-11-25 have no room
/// for them, and clients that validate refuse the whole list for one of them.
fn with_object_properties(schema: &Value) -> Cow<'_, Value> {
    let properties = schema.get("properties").and_then(Value::as_object);
    if !properties.is_some_and(|all| all.values().any(Value::is_boolean)) {
        return Cow::Borrowed(schema);
    }
    let mut schema = schema.clone();
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for property in properties.values_mut().filter(|one| one.is_boolean()) {
            *property = as_object(property).into_owned();
        }
    }
    Cow::Owned(schema)
}

/// The schema of the wrapped answer. Local references move along with what they point into, and the dialect
/// moves to the new root.
fn wrapped(schema: &Value) -> Value {
    let mut inner = as_object(schema).into_owned();
    let mut outer = Map::new();
    if let Value::Object(map) = &mut inner
        && !has_own_base(map)
        && let Some(dialect) = map.shift_remove("$schema")
    {
        outer.insert("$schema".to_owned(), dialect);
    }
    move_references(&mut inner);
    outer.insert("type".to_owned(), json!("object"));
    outer.insert("properties".to_owned(), json!({ "result": inner }));
    outer.insert("required".to_owned(), json!(["result"]));
    Value::Object(outer)
}

fn move_references(schema: &mut Value) {
    match schema {
        Value::Object(map) if !has_own_base(map) => {
            for (keyword, value) in map.iter_mut() {
                move_within(keyword, value);
            }
        }
        Value::Array(schemas) => schemas.iter_mut().for_each(move_references),
        _ => {}
    }
}

fn move_within(keyword: &str, value: &mut Value) {
    match (keyword, value) {
        ("$ref" | "$dynamicRef", Value::String(reference)) => {
            // An `#anchor` is found wherever it stands.
            if reference == "#" || reference.starts_with("#/") {
                reference.insert_str(1, "/properties/result");
            }
        }
        // Data, not schemas: what looks like a reference in there is none.
        ("const" | "enum" | "default" | "examples", _) => {}
        // Schemas by name: a property may be called `default`, or `$ref`.
        (
            "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas",
            Value::Object(schemas),
        ) => schemas.values_mut().for_each(move_references),
        (_, value) => move_references(value),
    }
}

/// Whether references in the schema are resolved against its own `$id`, wherever the schema stands.
fn has_own_base(schema: &Map<String, Value>) -> bool {
    schema.get("$id").is_some_and(Value::is_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_move_with_what_they_point_into() {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "array",
            "items": { "$ref": "#/$defs/node" },
            "$defs": { "node": {
                "properties": {
                    "$ref": { "type": "string" },
                    "default": { "$ref": "#" },
                    "near": { "$ref": "#anchor" },
                    "far": { "$ref": "https://example.com/schema" },
                },
                "default": { "$ref": "#/data" },
            } },
        });
        let expected = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": { "result": {
                "type": "array",
                "items": { "$ref": "#/properties/result/$defs/node" },
                "$defs": { "node": {
                    "properties": {
                        "$ref": { "type": "string" },
                        "default": { "$ref": "#/properties/result" },
                        "near": { "$ref": "#anchor" },
                        "far": { "$ref": "https://example.com/schema" },
                    },
                    "default": { "$ref": "#/data" },
                } },
            } },
            "required": ["result"],
        });
        assert_eq!(wrapped(&schema), expected);
    }

    #[test]
    fn references_under_an_id_stay() {
        let own = json!({ "$id": "https://example.com/a", "items": { "$ref": "#/$defs/b" } });
        assert_eq!(wrapped(&own)["properties"]["result"], own);
    }

    #[test]
    fn booleans_become_objects_that_mean_the_same() {
        assert_eq!(*as_object(&json!(true)), json!({}));
        assert_eq!(*as_object(&json!(false)), json!({ "not": {} }));
        let schema = json!({ "type": "object", "properties": { "a": true, "b": { "x": true } } });
        let expected = json!({ "type": "object", "properties": { "a": {}, "b": { "x": true } } });
        assert_eq!(*with_object_properties(&schema), expected);
    }
}
