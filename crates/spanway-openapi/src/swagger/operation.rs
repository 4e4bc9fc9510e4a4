//! Paths and operations of Swagger 2.0: bodies and forms leave the parameters, responses get media types.

use serde_json::{Map, Value, json};

use crate::limits::REFERENCE_HOPS_MAX;
use crate::pointer;

const JSON: &str = "application/json";
const URLENCODED: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data";

/// What stands beside a parameter's type, and moves into its schema.
const SCHEMA_WORDS: [&str; 19] = [
    "type",
    "format",
    "items",
    "default",
    "enum",
    "pattern",
    "maximum",
    "minimum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "maxItems",
    "minItems",
    "uniqueItems",
    "multipleOf",
    "x-nullable",
    "x-example",
    "example",
];

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// All paths of a document, converted.
pub(super) fn paths(root: &Map<String, Value>) -> Value {
    let Some(Value::Object(paths)) = root.get("paths") else {
        return root.get("paths").cloned().unwrap_or_default();
    };
    let paths = paths
        .iter()
        .map(|(path, item)| (path.clone(), path_item(root, item)));
    paths.collect()
}

/// The shared responses, with the media types of the document.
pub(super) fn shared_responses(root: &Map<String, Value>) -> Option<Value> {
    let responses = root.get("responses")?.as_object()?;
    let produces = media_types(root, &Map::new(), "produces");
    let responses = responses
        .iter()
        .map(|(name, it)| (name.clone(), response(root, it, &produces)));
    Some(responses.collect())
}

/// A path, with what it refers to in its place: another file knows forms of Swagger 2.0 only, too.
fn path_item(root: &Map<String, Value>, item: &Value) -> Value {
    let Value::Object(item) = follow(root, item) else {
        return item.clone();
    };
    let shared = parameters(root, item.get("parameters"));
    let in_body = |it: &&Value| matches!(place(it), "body" | "formData");
    let shared_body: Vec<Value> = shared.iter().filter(in_body).cloned().collect();
    let mut out = Map::new();
    for (name, value) in item {
        let value = match (name.as_str(), value) {
            ("parameters", Value::Array(_)) => shared
                .iter()
                .filter(|it| !in_body(it))
                .map(parameter)
                .collect(),
            (name, Value::Object(source)) if METHODS.contains(&name) => {
                operation(root, source, &shared_body)
            }
            _ => value.clone(),
        };
        out.insert(name.clone(), value);
    }
    Value::Object(out)
}

fn operation(root: &Map<String, Value>, source: &Map<String, Value>, shared: &[Value]) -> Value {
    let own = parameters(root, source.get("parameters"));
    let mut out = source.clone();
    for key in ["consumes", "produces", "schemes", "parameters", "responses"] {
        out.remove(key);
    }
    let overrides = |it: &&Value| !own.iter().any(|own| same(own, it));
    let all: Vec<&Value> = shared.iter().filter(overrides).chain(&own).collect();
    let consumes = media_types(root, source, "consumes");
    let form: Vec<&Value> = all
        .iter()
        .copied()
        .filter(|it| place(it) == "formData")
        .collect();
    if let Some(body) = all.iter().find(|it| place(it) == "body") {
        out.insert("requestBody".to_owned(), request_body(body, &consumes));
    } else if !form.is_empty() {
        out.insert("requestBody".to_owned(), form_body(&form, &consumes));
    }
    if source.get("parameters").is_some_and(|it| !it.is_array()) {
        // Left as it is, so that it is found to be odd.
        out.insert("parameters".to_owned(), source["parameters"].clone());
    } else {
        let rest = own
            .iter()
            .filter(|it| !matches!(place(it), "body" | "formData"));
        out.insert("parameters".to_owned(), rest.map(parameter).collect());
    }
    if let Some(responses) = source.get("responses") {
        let produces = media_types(root, source, "produces");
        let converted = match responses {
            Value::Object(map) => {
                let all = map
                    .iter()
                    .map(|(status, it)| (status.clone(), response(root, it, &produces)));
                all.collect()
            }
            other => other.clone(),
        };
        out.insert("responses".to_owned(), converted);
    }
    Value::Object(out)
}

/// The parameters of a list, with those that are referred to in place of the references.
fn parameters(root: &Map<String, Value>, list: Option<&Value>) -> Vec<Value> {
    let list = list.and_then(Value::as_array);
    let all = list.into_iter().flatten();
    all.map(|it| follow(root, it).clone()).collect()
}

/// What `source` refers to, or itself if that leads nowhere.
fn follow<'a>(root: &'a Map<String, Value>, source: &'a Value) -> &'a Value {
    let mut value = source;
    for _ in 0..REFERENCE_HOPS_MAX {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
            return value;
        };
        let target = pointer::from_reference(reference);
        let Some(target) = target.and_then(|it| at(root, &it)) else {
            break;
        };
        value = target;
    }
    source
}

fn at<'a>(root: &'a Map<String, Value>, pointer: &str) -> Option<&'a Value> {
    let (first, rest) = match pointer.strip_prefix('/')?.split_once('/') {
        Some((first, rest)) => (first, format!("/{rest}")),
        None => (pointer.strip_prefix('/')?, String::new()),
    };
    root.get(first)?.pointer(&rest)
}

fn place(parameter: &Value) -> &str {
    parameter
        .get("in")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn same(one: &Value, other: &Value) -> bool {
    let both_bodies = place(one) == "body" && place(other) == "body";
    both_bodies || (one.get("name") == other.get("name") && place(one) == place(other))
}

/// A parameter outside the body: its type becomes a schema, its `collectionFormat` a style.
fn parameter(source: &Value) -> Value {
    let Value::Object(source) = source else {
        return source.clone();
    };
    if source.contains_key("$ref") || source.contains_key("schema") {
        return Value::Object(source.clone());
    }
    let mut out = source.clone();
    out.retain(|name, _| !SCHEMA_WORDS.contains(&name.as_str()) && name != "collectionFormat");
    out.insert("schema".to_owned(), schema(source));
    if let Some((style, explode)) = collection(source) {
        let in_query = source.get("in").and_then(Value::as_str) == Some("query");
        if in_query {
            out.insert("style".to_owned(), style.into());
        }
        out.insert("explode".to_owned(), explode.into());
    }
    Value::Object(out)
}

fn schema(source: &Map<String, Value>) -> Value {
    let mut schema = source.clone();
    schema.retain(|name, _| SCHEMA_WORDS.contains(&name.as_str()));
    Value::Object(schema)
}

/// The style of an array; `tsv` has none in OpenAPI 3, and commas are what readers take most often.
fn collection(source: &Map<String, Value>) -> Option<(&'static str, bool)> {
    if source.get("type").and_then(Value::as_str) != Some("array") {
        return None;
    }
    let format = source.get("collectionFormat").and_then(Value::as_str);
    Some(match format.unwrap_or("csv") {
        "multi" => ("form", true),
        "ssv" => ("spaceDelimited", false),
        "pipes" => ("pipeDelimited", false),
        _ => ("form", false),
    })
}

fn request_body(source: &Value, consumes: &[String]) -> Value {
    let schema = source.get("schema").cloned().unwrap_or_else(|| json!({}));
    let default = [JSON.to_owned()];
    let types = if consumes.is_empty() {
        &default[..]
    } else {
        consumes
    };
    let content = types
        .iter()
        .map(|it| (it.clone(), json!({"schema": schema})));
    let mut out = json!({"content": content.collect::<Map<_, _>>()});
    for key in ["description", "required"] {
        if let Some(value) = source.get(key) {
            out[key] = value.clone();
        }
    }
    out
}

fn form_body(fields: &[&Value], consumes: &[String]) -> Value {
    let mut properties = Map::new();
    let mut encoding = Map::new();
    let mut required = Vec::new();
    for field in fields.iter().filter_map(|it| it.as_object()) {
        let Some(name) = field.get("name").and_then(Value::as_str) else {
            continue;
        };
        let mut schema = schema(field);
        if let (Some(words), Value::Object(map)) = (field.get("description"), &mut schema) {
            map.insert("description".to_owned(), words.clone());
        }
        if let Some((style, explode)) = collection(field) {
            encoding.insert(name.to_owned(), json!({"style": style, "explode": explode}));
        }
        if field.get("required") == Some(&Value::Bool(true)) {
            required.push(Value::from(name));
        }
        properties.insert(name.to_owned(), schema);
    }
    let is_file = |it: &&Value| it.get("type").and_then(Value::as_str) == Some("file");
    let has = |wanted: &str| consumes.iter().any(|it| it.starts_with(wanted));
    let is_multipart = fields.iter().any(is_file) || (has(MULTIPART) && !has(URLENCODED));
    let media_type = if is_multipart { MULTIPART } else { URLENCODED };
    let is_required = !required.is_empty();
    let schema = json!({"type": "object", "properties": properties, "required": required});
    let media = json!({"schema": schema, "encoding": encoding});
    json!({"required": is_required, "content": {media_type: media}})
}

fn response(root: &Map<String, Value>, source: &Value, produces: &[String]) -> Value {
    let reference = source.get("$ref").and_then(Value::as_str);
    // Those of the document itself are converted where they stand.
    let source = match reference {
        Some(own) if own.starts_with("#/responses/") => source,
        _ => follow(root, source),
    };
    let Some(schema) = source.get("schema") else {
        return source.clone();
    };
    let default = [JSON.to_owned()];
    let types = if produces.is_empty() {
        &default[..]
    } else {
        produces
    };
    let content = types
        .iter()
        .map(|it| (it.clone(), json!({"schema": schema})));
    let mut out = json!({"content": content.collect::<Map<_, _>>()});
    if let Some(words) = source.get("description") {
        out["description"] = words.clone();
    }
    out
}

/// The operation's own list of media types, else the document's.
fn media_types(root: &Map<String, Value>, own: &Map<String, Value>, key: &str) -> Vec<String> {
    let list = own
        .get(key)
        .or_else(|| root.get(key))
        .and_then(Value::as_array);
    let list = list.into_iter().flatten().filter_map(Value::as_str);
    list.map(str::to_owned).collect()
}
