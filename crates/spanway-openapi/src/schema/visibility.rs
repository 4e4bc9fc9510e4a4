//! Which properties a direction does not see: `readOnly` ones in inputs, `writeOnly` ones in outputs.

use std::collections::HashSet;

use serde_json::Value;

use super::Direction;
use crate::document::Document;
use crate::pointer;

/// Schemas looked at for one answer; inheritance deeper than this is not followed.
const LOOKED_AT_MAX: usize = 64;

/// The names of the properties of `schema`, its bases included, that `direction` must not see.
pub(super) fn hidden_properties(
    document: &Document,
    schema: &Value,
    direction: Direction,
) -> HashSet<String> {
    let mut hidden = HashSet::new();
    let mut queue = vec![schema];
    let mut seen = HashSet::new();
    while let Some(schema) = queue.pop() {
        if seen.len() >= LOOKED_AT_MAX || !seen.insert(std::ptr::from_ref(schema)) {
            continue;
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            if is_hidden(document, property, direction) {
                hidden.insert(name.clone());
            }
        }
        let bases = schema.get("allOf").and_then(Value::as_array);
        queue.extend(bases.into_iter().flatten());
        queue.extend(target(document, schema));
    }
    hidden
}

/// Whether a property is marked, itself or where its reference leads.
fn is_hidden(document: &Document, property: &Value, direction: Direction) -> bool {
    let marked = |schema: &Value| schema.get(direction.hidden_mark()) == Some(&Value::Bool(true));
    if marked(property) {
        return true;
    }
    property.get("$ref").is_some()
        && document
            .resolve(property, "")
            .is_ok_and(|place| marked(place.value))
}

fn target<'d>(document: &'d Document, schema: &Value) -> Option<&'d Value> {
    let reference = schema.get("$ref")?.as_str()?;
    document.at(&pointer::from_reference(reference)?)
}
