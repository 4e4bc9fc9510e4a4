//! Swagger 2.0 to the shape of OpenAPI 3.0, so that everything after this knows one shape only.
//!
//! The pointers of paths and operations stay what they are; those of shared parts are told in the words of the
//! document ([`original_pointer`]). What is odd is carried over as it is, and found by whoever reads it.

mod operation;

use serde_json::{Map, Value, json};
use url::Url;

/// The sections of Swagger 2.0 that have moved, and where to.
const MOVED: [(&str, &str); 4] = [
    ("/definitions", "/components/schemas"),
    ("/parameters", "/components/parameters"),
    ("/responses", "/components/responses"),
    ("/securityDefinitions", "/components/securitySchemes"),
];

/// Converts a whole document; `origin` says over what it came, for documents that name no scheme.
pub(crate) fn convert(root: Value, origin: Option<&Url>) -> Value {
    let Value::Object(mut source) = root else {
        return root;
    };
    let paths = operation::paths(&source);
    let mut out = Map::new();
    out.insert("openapi".to_owned(), "3.0.4".into());
    if let Some(servers) = servers(&source, origin) {
        out.insert("servers".to_owned(), servers);
    }
    let mut components = Map::new();
    let mut part = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            components.insert(name.to_owned(), value);
        }
    };
    let responses = operation::shared_responses(&source);
    part("responses", responses);
    part("schemas", source.remove("definitions"));
    part("parameters", source.remove("parameters"));
    let security = source.remove("securityDefinitions");
    part("securitySchemes", security.map(security_schemes));
    source.insert("paths".to_owned(), paths);
    source.insert("components".to_owned(), Value::Object(components));
    for key in [
        "swagger",
        "host",
        "basePath",
        "schemes",
        "consumes",
        "produces",
        "responses",
    ] {
        source.remove(key);
    }
    out.extend(source);
    let mut out = Value::Object(out);
    rewrite(&mut out);
    out
}

/// Where the part at `pointer` of the converted document stands in the original.
pub(crate) fn original_pointer(pointer: &str) -> String {
    let moved = MOVED.iter().find_map(|(from, to)| {
        let rest = pointer.strip_prefix(to)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| format!("{from}{rest}"))
    });
    moved.unwrap_or_else(|| pointer.to_owned())
}

/// `host`, `basePath` and `schemes` as servers, the safest scheme first.
fn servers(source: &Map<String, Value>, origin: Option<&Url>) -> Option<Value> {
    let text = |key: &str| source.get(key).and_then(Value::as_str).map(str::trim);
    let base = text("basePath").unwrap_or_default();
    let Some(host) = text("host").filter(|it| !it.is_empty()) else {
        return (!base.is_empty()).then(|| json!([{"url": base}]));
    };
    let schemes = source.get("schemes").and_then(Value::as_array);
    let schemes = schemes.into_iter().flatten().filter_map(Value::as_str);
    let mut schemes: Vec<&str> = schemes
        .filter(|it| matches!(*it, "http" | "https"))
        .collect();
    if schemes.is_empty() {
        // "If the schemes is not included, the default scheme to be used is the one used to access" it.
        schemes.push(origin.map_or("https", Url::scheme));
    }
    schemes.sort_unstable_by(|a, b| b.cmp(a));
    let slash = if base.is_empty() || base.starts_with('/') {
        ""
    } else {
        "/"
    };
    let servers = schemes
        .iter()
        .map(|scheme| json!({"url": format!("{scheme}://{host}{slash}{base}")}));
    Some(servers.collect())
}

fn security_schemes(source: Value) -> Value {
    let Value::Object(schemes) = source else {
        return source;
    };
    schemes
        .into_iter()
        .map(|(name, it)| (name, security_scheme(it)))
        .collect()
}

fn security_scheme(mut source: Value) -> Value {
    let text = |key: &str| source.get(key).and_then(Value::as_str).unwrap_or_default();
    match text("type") {
        "basic" => json!({"type": "http", "scheme": "basic"}),
        "oauth2" => {
            let flow = match text("flow") {
                "application" => "clientCredentials",
                "accessCode" => "authorizationCode",
                other => other,
            };
            let mut flows = Map::new();
            flows.insert(flow.to_owned(), source.take());
            json!({"type": "oauth2", "flows": flows})
        }
        _ => source,
    }
}

/// Turns references, and what schemas said in other words, everywhere in the document.
fn rewrite(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(rewrite),
        Value::Object(map) => {
            for (name, value) in map.iter_mut() {
                match value {
                    Value::String(text) if name == "$ref" => *text = moved_reference(text),
                    Value::String(text) if name == "discriminator" => {
                        *value = json!({"propertyName": text});
                    }
                    _ => rewrite(value),
                }
            }
            if map.get("x-nullable") == Some(&Value::Bool(true)) {
                map.insert("nullable".to_owned(), true.into());
            }
            if map.get("type").and_then(Value::as_str) == Some("file") {
                map.insert("type".to_owned(), "string".into());
                map.insert("format".to_owned(), "binary".into());
            }
        }
        _ => {}
    }
}

fn moved_reference(reference: &str) -> String {
    let moved = MOVED.iter().find_map(|(from, to)| {
        let rest = reference.strip_prefix('#')?.strip_prefix(from)?;
        rest.starts_with('/').then(|| format!("#{to}{rest}"))
    });
    moved.unwrap_or_else(|| reference.to_owned())
}

#[cfg(test)]
mod tests;
