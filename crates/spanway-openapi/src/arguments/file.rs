//! Properties of a multipart body that are files: models give them as base64, as a `data:` URI or
//! as the URI of a resource.

use serde_json::{Map, Value, json};

use crate::schema::{Direction, SchemaReader};

/// What is told of an argument that is a file.
const HINT: &str = "A file: its content as base64, a data: URI (data:TYPE;name=FILE;base64,…), or the URI of a resource here.";

/// The schema of the argument for a property, if the property is a file or a list of files.
pub(super) fn as_file(schemas: &mut SchemaReader<'_>, property: &Value) -> Option<Value> {
    let schema = schemas.root(property, Direction::Input);
    let mut file = if is_binary(&schema) {
        json!({"type": "string", "contentEncoding": "base64"})
    } else if let Some(items) = schema.get("items") {
        json!({"type": "array", "items": as_file(schemas, items)?})
    } else {
        let list = schema
            .get("anyOf")
            .or_else(|| schema.get("oneOf"))?
            .as_array()?;
        let files: Vec<Value> = list.iter().filter_map(|it| as_file(schemas, it)).collect();
        if files.is_empty() {
            return None;
        }
        json!({ "anyOf": files })
    };
    if let Value::Object(map) = &mut file {
        let words = schema.get("description").and_then(Value::as_str);
        let words = words.map_or_else(|| HINT.to_owned(), |words| format!("{words} {HINT}"));
        map.insert("description".to_owned(), words.into());
    }
    Some(file)
}

/// 3.0 says `format: binary`; 3.1 gives a media type and no encoding.
fn is_binary(schema: &Map<String, Value>) -> bool {
    let is_text = schema
        .get("type")
        .is_none_or(|it| it == "string" || *it == json!(["string", "null"]));
    let binary_format = schema.get("format").is_some_and(|it| it == "binary");
    let raw_media =
        schema.contains_key("contentMediaType") && !schema.contains_key("contentEncoding");
    is_text && (binary_format || raw_media)
}
