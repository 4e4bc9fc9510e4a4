//! Whether a body is a plain object whose properties can stand among the arguments, and which.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::operation::{Body, BodyKind};
use crate::schema::{Direction, SchemaReader};

/// Schemas merged into one body; a composition larger than this stays the argument `body`.
const MERGED_MAX: usize = 64;

/// An object body taken apart.
#[derive(Debug, Default)]
pub(super) struct Flat {
    /// Its properties, in order.
    pub(super) properties: Map<String, Value>,
    /// Those it cannot be without.
    pub(super) required: HashSet<String>,
    /// What it says of properties that are not declared.
    pub(super) additional: Option<Value>,
    merged: usize,
}

/// Takes a body apart, unless it is something other than an object with declared properties.
pub(super) fn flatten(schemas: &mut SchemaReader<'_>, body: &Body) -> Option<Flat> {
    if matches!(body.kind, BodyKind::Text | BodyKind::Binary) {
        return None;
    }
    let root = schemas.root(&body.schema, Direction::Input);
    let root = match without_null(&root) {
        Some(inner) => schemas.root(&inner.clone(), Direction::Input),
        None => root,
    };
    let mut flat = Flat::default();
    merge(schemas, &root, &mut flat)?;
    let is_composed = flat.merged > 1;
    if is_composed && flat.additional.is_some() {
        // Each part judges all properties, those of the other parts too.
        match flat.additional {
            Some(Value::Bool(true)) => {}
            _ => return None,
        }
    }
    (!flat.properties.is_empty()).then_some(flat)
}

/// The other alternative of `anyOf: [X, {type: null}]`.
fn without_null(schema: &Map<String, Value>) -> Option<&Value> {
    let list = schema
        .get("anyOf")
        .or_else(|| schema.get("oneOf"))?
        .as_array()?;
    let null = json!({"type": "null"});
    match list.as_slice() {
        [inner, other] | [other, inner] if *other == null && *inner != null => Some(inner),
        _ => None,
    }
}

/// Adds what `schema` declares; `None` if it says more than properties can.
fn merge(
    schemas: &mut SchemaReader<'_>,
    schema: &Map<String, Value>,
    flat: &mut Flat,
) -> Option<()> {
    flat.merged += 1;
    if flat.merged > MERGED_MAX {
        return None;
    }
    for (keyword, value) in schema {
        match keyword.as_str() {
            "title" | "description" | "default" | "examples" | "deprecated" => {}
            "type" if is_object_type(value) => {}
            "properties" => merge_properties(value.as_object()?, flat),
            "required" => {
                let names = value.as_array()?.iter().filter_map(Value::as_str);
                flat.required.extend(names.map(str::to_owned));
            }
            "additionalProperties" => match &flat.additional {
                Some(Value::Bool(false)) => {}
                _ => flat.additional = Some(value.clone()),
            },
            // "One of these properties must be there": the API will say so; many clients refuse
            // such alternatives at the root of a tool's schema.
            "anyOf" | "oneOf" if value.as_array()?.iter().all(only_requires) => {}
            "allOf" => {
                for part in value.as_array()? {
                    let part = schemas.root(part, Direction::Input);
                    merge(schemas, &part, flat)?;
                }
            }
            _ => return None,
        }
    }
    Some(())
}

fn merge_properties(properties: &Map<String, Value>, flat: &mut Flat) {
    for (name, schema) in properties {
        match flat.properties.get_mut(name) {
            Some(known) if known == schema => {}
            Some(known) => *known = json!({"allOf": [known.take(), schema]}),
            None => {
                flat.properties.insert(name.clone(), schema.clone());
            }
        }
    }
}

fn is_object_type(types: &Value) -> bool {
    match types {
        Value::String(name) => name == "object",
        Value::Array(list) => {
            list.iter().any(|it| it == "object")
                && list.iter().all(|it| it == "object" || it == "null")
        }
        _ => false,
    }
}

fn only_requires(schema: &Value) -> bool {
    let allowed = ["required", "title", "description", "type"];
    schema
        .as_object()
        .is_some_and(|map| map.keys().all(|key| allowed.contains(&key.as_str())))
}
