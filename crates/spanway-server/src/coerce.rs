//! Arguments that nearly conform, as models write them: numbers, booleans and JSON inside strings, and text without
//! its quotes. Only where a tool asks for it.

use jsonschema::Validator;
use jsonschema::error::{TypeKind, ValidationError, ValidationErrorKind};
use jsonschema::types::JsonType;
use serde_json::Value;

/// Rounds of reading: JSON in a string may have JSON in a string.
const ROUNDS_MAX: usize = 4;

/// Problems that are seen to in one round.
const PROBLEMS_MAX: usize = 200;

/// `value` read so that it conforms; `None` if there is no such reading, or nothing to read otherwise.
///
/// Only what the schema has something against is touched, so that a string stays one wherever it may.
pub(crate) fn coerced(validator: &Validator, value: &Value) -> Option<Value> {
    let mut value = value.clone();
    for _ in 0..ROUNDS_MAX {
        let errors = validator.iter_errors(&value).take(PROBLEMS_MAX);
        let better: Vec<(String, Value)> = errors.filter_map(|it| reading(&it)).collect();
        if better.is_empty() {
            return None;
        }
        for (at, read) in better {
            if let Some(place) = value.pointer_mut(&at) {
                *place = read;
            }
        }
        if validator.is_valid(&value) {
            return Some(value);
        }
    }
    None
}

/// Another reading of the value that an error is about, and where it stands.
fn reading(error: &ValidationError<'_>) -> Option<(String, Value)> {
    let at = error.instance_path().as_str().to_owned();
    let read = match (error.kind(), error.instance().as_ref()) {
        (
            ValidationErrorKind::Type { .. }
            | ValidationErrorKind::AnyOf { .. }
            | ValidationErrorKind::OneOfNotValid { .. }
            | ValidationErrorKind::Enum { .. }
            | ValidationErrorKind::Constant { .. },
            Value::String(text),
        ) => from_text(text)?,
        (ValidationErrorKind::Type { kind }, scalar @ (Value::Number(_) | Value::Bool(_)))
            if takes_text(kind) =>
        {
            Value::String(scalar.to_string())
        }
        _ => return None,
    };
    Some((at, read))
}

fn from_text(text: &str) -> Option<Value> {
    let text = text.trim();
    let read = match text {
        "True" | "TRUE" => Value::Bool(true),
        "False" | "FALSE" => Value::Bool(false),
        text => serde_json::from_str(text).ok()?,
    };
    (!read.is_string()).then_some(read)
}

fn takes_text(kind: &TypeKind) -> bool {
    match kind {
        TypeKind::Single(wanted) => *wanted == JsonType::String,
        TypeKind::Multiple(wanted) => wanted.contains(JsonType::String),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_meant_is_read_where_the_schema_says_so_and_nowhere_else() {
        let schema = json!({
            "type": "object",
            "properties": {
                "count": {"type": "integer", "maximum": 9}, "flag": {"type": "boolean"}, "name": {"type": "string"},
                "list": {"type": "array", "items": {"$ref": "#/$defs/one"}}, "either": {"anyOf": [{"type": "null"}, {"type": "object"}]},
                "level": {"enum": [1, 2]}, "any": true,
            },
            "$defs": {"one": {"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"]}},
        });
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let read = |value: Value| coerced(&validator, &value);
        assert_eq!(
            read(json!({
                "count": " 5 ", "flag": "True", "name": 7, "list": "[{\"n\": \"1.5\"}]", "either": "{\"a\": \"1\"}",
                "level": "2", "any": "12",
            })),
            Some(json!({
                "count": 5, "flag": true, "name": "7", "list": [{"n": 1.5}], "either": {"a": "1"},
                "level": 2, "any": "12",
            }))
        );
        for value in [
            json!({"count": "many"}),
            json!({"count": "50"}),
            json!({"count": 50}),
            json!({"list": "[{}]"}),
            json!({"flag": 1}),
            json!([]),
        ] {
            assert_eq!(read(value.clone()), None, "{value}");
        }
    }
}
