//! A value for a schema, good enough for the real documents: it is checked against the schema.

use serde_json::{Map, Value, json};

/// A value that conforms to `schema`, whose references lie in `root`'s `$defs`.
pub(crate) fn sample(schema: &Value, root: &Value) -> Value {
    sample_within(schema, root, 8)
}

fn sample_within(schema: &Value, root: &Value, depth: usize) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    let sample = |schema: &Value| sample_within(schema, root, depth - 1);
    if let Some(list) = schema["enum"].as_array() {
        return list[0].clone();
    }
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#'));
        return sample(target.expect("references lead somewhere"));
    }
    for keyword in ["oneOf", "anyOf"] {
        if let Some(list) = schema[keyword].as_array() {
            return sample(&list[0]);
        }
    }
    if let Some(list) = schema["allOf"].as_array() {
        let mut merged = Map::new();
        for part in list {
            match sample(part) {
                Value::Object(map) => merged.extend(map),
                other => return other,
            }
        }
        return Value::Object(merged);
    }
    let kind = schema["type"]
        .as_str()
        .or_else(|| schema["type"][0].as_str());
    match kind {
        Some("string") => text(schema),
        Some("integer") => schema["minimum"].as_i64().unwrap_or(2).into(),
        Some("number") => schema["minimum"].as_f64().unwrap_or(2.5).into(),
        Some("boolean") => true.into(),
        Some("array") => {
            let least = schema["minItems"].as_u64().unwrap_or(1).max(1);
            (0..least).map(|_| sample(&schema["items"])).collect()
        }
        Some("null") => Value::Null,
        _ => object(schema, root, depth),
    }
}

fn object(schema: &Value, root: &Value, depth: usize) -> Value {
    let Some(properties) = schema["properties"].as_object() else {
        return json!({});
    };
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let wanted = properties
        .iter()
        .filter(|(name, _)| depth > 6 || required.iter().any(|it| it == name.as_str()));
    let members =
        wanted.map(|(name, schema)| (name.clone(), sample_within(schema, root, depth - 1)));
    Value::Object(members.collect())
}

fn text(schema: &Value) -> Value {
    if let Some(example) = schema["examples"][0].as_str() {
        return example.into();
    }
    match schema["format"].as_str() {
        Some("date") => "2026-01-02".into(),
        Some("date-time") => "2026-01-02T03:04:05Z".into(),
        Some("uuid") => "dad4bce8-f5cb-4078-a211-995864315e39".into(),
        Some("uri") => "https://example.com/".into(),
        Some("email") => "a@example.com".into(),
        _ => match schema["minLength"].as_u64() {
            Some(least) => "abcd"
                .repeat(usize::try_from(least).unwrap() / 4 + 1)
                .into(),
            None => "abcd".into(),
        },
    }
}
