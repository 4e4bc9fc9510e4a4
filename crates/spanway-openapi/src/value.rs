//! Arguments that come as text, of prompts and of URIs: read as what their schema wants.

use serde_json::Value;

/// The schema of one argument, with a local reference followed.
pub(crate) fn property<'s>(schema: &'s Value, name: &str) -> Option<&'s Value> {
    let property = schema.get("properties")?.get(name)?;
    match property.get("$ref").and_then(Value::as_str) {
        Some(reference) => schema.pointer(reference.strip_prefix('#')?),
        None => Some(property),
    }
}

/// `text` as a number or a boolean where the schema wants one and no string, if it reads as such.
pub(crate) fn from_text(schema: Option<&Value>, text: &str) -> Value {
    let kinds = match schema.and_then(|it| it.get("type")) {
        Some(Value::String(kind)) => vec![kind.as_str()],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let wants = |kind: &str| kinds.contains(&kind);
    if !wants("string") {
        match serde_json::from_str(text) {
            Ok(number @ Value::Number(_)) if wants("integer") || wants("number") => return number,
            Ok(boolean @ Value::Bool(_)) if wants("boolean") => return boolean,
            _ => {}
        }
    }
    Value::String(text.to_owned())
}

/// The strings that an argument may be, where its schema lists them.
pub(crate) fn choices(schema: &Value, name: &str) -> Vec<String> {
    let listed = property(schema, name).and_then(|it| it.get("enum"));
    let listed = listed.and_then(Value::as_array);
    let texts = listed.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_is_read_as_its_schema_wants() {
        let schema = json!({"properties": {"n": {"$ref": "#/$defs/N"}}, "$defs": {"N": {"type": "integer"}}});
        let read = |text| from_text(property(&schema, "n"), text);
        assert_eq!(read("7"), json!(7));
        assert_eq!(read("seven"), json!("seven"));
        assert_eq!(
            from_text(Some(&json!({"type": ["string", "integer"]})), "7"),
            json!("7")
        );
        assert_eq!(
            from_text(Some(&json!({"type": "boolean"})), "true"),
            json!(true)
        );
        assert_eq!(from_text(None, "7"), json!("7"));
    }

    #[test]
    fn choices_are_those_of_the_schema() {
        let schema = json!({"properties": {"genre": {"enum": ["crime", "poetry", null]}}});
        assert_eq!(choices(&schema, "genre"), ["crime", "poetry"]);
        assert!(choices(&schema, "other").is_empty());
    }
}
