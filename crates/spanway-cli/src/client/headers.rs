//! The headers that mirror a modern request: `Mcp-Name`, and `Mcp-Param-*` where a tool's schema asks for them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

/// Levels of nested properties that are searched; a schema has no reason to have more.
const DEPTH_MAX: usize = 32;

/// A value as it may stand in a header: as it is if that is plain ASCII, else in the base64 form (T-HDR-04).
pub(super) fn encoded(value: &str) -> Option<HeaderValue> {
    let is_plain = value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && value.trim_matches(' ') == value
        // What only looks like the base64 form would be decoded at the other end.
        && !(value.starts_with("=?base64?") && value.ends_with("?="));
    if is_plain {
        HeaderValue::from_str(value).ok()
    } else {
        HeaderValue::from_str(&format!("=?base64?{}?=", STANDARD.encode(value))).ok()
    }
}

/// The headers that the `x-mcp-header` annotations of an input schema ask for (T-HDR-06). An argument that is
/// absent or null has none.
pub(super) fn of_arguments(schema: &Value, arguments: &Map<String, Value>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    collect(schema, arguments, DEPTH_MAX, &mut headers);
    headers
}

fn collect(schema: &Value, arguments: &Map<String, Value>, depth: usize, into: &mut HeaderMap) {
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        let Some(argument) = arguments.get(name) else {
            continue;
        };
        match (property.get("x-mcp-header"), argument) {
            (Some(Value::String(suffix)), argument) => {
                if let Some((header, value)) = mirrored(suffix, argument) {
                    into.insert(header, value);
                }
            }
            (_, Value::Object(nested)) if depth > 0 => collect(property, nested, depth - 1, into),
            _ => {}
        }
    }
}

fn mirrored(suffix: &str, argument: &Value) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(format!("mcp-param-{suffix}").as_bytes()).ok()?;
    let value = match argument {
        Value::String(text) => encoded(text)?,
        Value::Bool(_) | Value::Number(_) => encoded(&argument.to_string())?,
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    Some((name, value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn t_hdr_04_what_is_not_plain_ascii_travels_as_base64() {
        let text = |value: &str| encoded(value).unwrap().to_str().unwrap().to_owned();
        assert_eq!(text("search_books"), "search_books");
        assert_eq!(text("two words"), "two words");
        assert_eq!(text("größe"), "=?base64?Z3LDtsOfZQ==?=");
        assert_eq!(text(" edge"), "=?base64?IGVkZ2U=?=");
        assert_eq!(text("a\nb"), "=?base64?YQpi?=");
        assert_eq!(text("=?base64?eA==?="), "=?base64?PT9iYXNlNjQ/ZUE9PT89?=");
    }

    #[test]
    fn t_hdr_06_annotated_arguments_are_mirrored_and_nothing_else() {
        let schema = json!({"properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "count": {"type": "integer", "x-mcp-header": "Count"},
            "gone": {"type": "string", "x-mcp-header": "Gone"},
            "null": {"type": "string", "x-mcp-header": "Null"},
            "bad": {"type": "string", "x-mcp-header": "no spaces"},
            "plain": {"type": "string"},
            "deep": {"properties": {"dry": {"type": "boolean", "x-mcp-header": "Dry"}}},
        }});
        let arguments = json!({
            "region": "süd", "count": 42, "null": null, "bad": "x", "plain": "x", "deep": {"dry": true},
        });
        let headers = of_arguments(&schema, arguments.as_object().unwrap());
        assert_eq!(headers.len(), 3);
        assert_eq!(headers["mcp-param-region"], "=?base64?c8O8ZA==?=");
        assert_eq!(headers["mcp-param-count"], "42");
        assert_eq!(headers["mcp-param-dry"], "true");
    }
}
