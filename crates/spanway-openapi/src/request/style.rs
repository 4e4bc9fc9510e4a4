//! How values are spelled in paths, queries, headers and cookies: the styles of OpenAPI's Parameter
//! Object, which are those of RFC 6570 and three more.

use serde_json::{Map, Value};

use super::encode::component;
use crate::operation::Style;

/// Encodes one piece of text.
pub(super) type Encode = fn(&str) -> String;

/// A scalar as text; what is nested deeper than a style can say is JSON.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Number(number) => match number.as_f64() {
            // `5.0` is an integer for JSON Schema; hardly any API takes it for one.
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9.0e15 => {
                format!("{float:.0}")
            }
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// A value as one text, items joined by `separator`: the styles `simple` and, unexploded, `form`.
pub(super) fn delimited(
    value: &Value,
    explode: bool,
    separator: &str,
    encode: &dyn Fn(&str) -> String,
) -> String {
    match value {
        Value::Array(list) => join(list.iter().map(|it| encode(&plain(it))), separator),
        Value::Object(map) => {
            let inner = if explode { "=" } else { separator };
            join(members(map, inner, encode), separator)
        }
        other => encode(&plain(other)),
    }
}

/// A value in a path.
pub(super) fn path_text(name: &str, value: &Value, style: Style, explode: bool) -> String {
    let encode = &component;
    match style {
        Style::Label => {
            let separator = if explode { "." } else { "," };
            format!(".{}", delimited(value, explode, separator, encode))
        }
        Style::Matrix => {
            let name = component(name);
            match value {
                Value::Array(list) if explode => list
                    .iter()
                    .map(|it| named(&name, &encode(&plain(it))))
                    .collect(),
                Value::Object(map) if explode => map
                    .iter()
                    .map(|(name, it)| named(&encode(name), &encode(&plain(it))))
                    .collect(),
                other => named(&name, &delimited(other, false, ",", encode)),
            }
        }
        _ => delimited(value, explode, ",", encode),
    }
}

/// `;name=value`, or `;name` if there is nothing to say (RFC 6570, section 3.2.7).
fn named(name: &str, value: &str) -> String {
    if value.is_empty() {
        return format!(";{name}");
    }
    format!(";{name}={value}")
}

/// A value as the `name=value` pairs of a query, a form or a cookie.
pub(super) fn pairs(
    name: &str,
    value: &Value,
    style: Style,
    explode: bool,
    encode: Encode,
) -> Vec<String> {
    let key = component(name);
    let separator = match style {
        Style::SpaceDelimited => "%20",
        Style::PipeDelimited => "%7C",
        _ => ",",
    };
    match value {
        Value::Object(_) | Value::Array(_) if style == Style::DeepObject => {
            let mut out = Vec::new();
            deep(&key, value, encode, &mut out);
            out
        }
        Value::Array(list) if explode => list
            .iter()
            .map(|it| format!("{key}={}", encode(&plain(it))))
            .collect(),
        Value::Object(map) if explode => members(map, "=", &encode).collect(),
        // Without items there is nothing to say; `name=` would be one empty item.
        Value::Array(list) if list.is_empty() => Vec::new(),
        Value::Object(map) if map.is_empty() => Vec::new(),
        other => vec![format!(
            "{key}={}",
            delimited(other, false, separator, &encode)
        )],
    }
}

/// `key[member]=value`, and so on into what is nested: lists by index, as the usual readers take it.
fn deep(key: &str, value: &Value, encode: Encode, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                deep(
                    &format!("{key}%5B{}%5D", component(name)),
                    value,
                    encode,
                    out,
                );
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                deep(&format!("{key}%5B{index}%5D"), value, encode, out);
            }
        }
        other => out.push(format!("{key}={}", encode(&plain(other)))),
    }
}

fn members<'a>(
    map: &'a Map<String, Value>,
    separator: &'a str,
    encode: &'a dyn Fn(&str) -> String,
) -> impl Iterator<Item = String> + 'a {
    map.iter()
        .map(move |(name, value)| format!("{}{separator}{}", encode(name), encode(&plain(value))))
}

fn join(parts: impl Iterator<Item = String>, separator: &str) -> String {
    parts.collect::<Vec<_>>().join(separator)
}
