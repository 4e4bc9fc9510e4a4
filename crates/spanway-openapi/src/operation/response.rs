//! Responses: which statuses are documented, with which media types, and the one output schema.

use serde_json::{Map, Value, json};

use super::body::{essence, is_json};
use crate::document::Document;
use crate::limits::OUTPUT_SCHEMA_BYTES_MAX;
use crate::pointer;
use crate::problem::Problem;
use crate::schema::{Direction, SchemaReader};

/// The statuses a documented response stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatusPattern {
    /// One status.
    Exact(u16),
    /// A class: `2` for `2XX`.
    Class(u16),
    /// Whatever is not named.
    Default,
}

impl StatusPattern {
    /// Whether it names only success.
    #[must_use]
    pub fn is_success(self) -> bool {
        matches!(self, Self::Exact(200..=299) | Self::Class(2))
    }

    /// Whether it names `status`.
    #[must_use]
    pub fn names(self, status: u16) -> bool {
        match self {
            Self::Exact(it) => it == status,
            Self::Class(class) => class == status / 100,
            Self::Default => false,
        }
    }

    fn parse(key: &str) -> Option<Self> {
        match key.to_ascii_lowercase().as_str() {
            "default" => Some(Self::Default),
            "1xx" | "2xx" | "3xx" | "4xx" | "5xx" => {
                let class = key.chars().next()?.to_digit(10)?;
                u16::try_from(class).ok().map(Self::Class)
            }
            key => {
                let status = key.parse().ok()?;
                (100..=599).contains(&status).then_some(Self::Exact(status))
            }
        }
    }
}

/// One documented response.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Response {
    /// The statuses it stands for.
    pub status: StatusPattern,
    /// Its media types, as declared.
    pub media_types: Vec<String>,
    /// The media types that are JSON, each with its schema.
    pub(crate) json: Vec<(String, Option<Value>)>,
    /// Those that are streams of items (`itemSchema` of OpenAPI 3.2), without parameters.
    pub(crate) streams: Vec<String>,
}

/// Reads the responses object at `at`; an odd response costs only itself.
pub(super) fn read_responses(
    document: &Document,
    schemas: &mut SchemaReader<'_>,
    source: &Value,
    at: &str,
    problems: &mut Vec<Problem>,
) -> Vec<Response> {
    let Some(map) = source.as_object() else {
        problems.push(Problem::part(at, "responses must be an object"));
        return Vec::new();
    };
    let mut responses = Vec::new();
    for (key, source) in map.iter().filter(|(key, _)| !key.starts_with("x-")) {
        let at = pointer::child(at, key);
        let Some(status) = StatusPattern::parse(key) else {
            problems.push(Problem::part(&at, format!("{key:?} is not a status")));
            continue;
        };
        match document.resolve(source, &at) {
            Ok(place) => {
                let content = place.value.get("content").and_then(Value::as_object);
                let at = pointer::child(&place.pointer, "content");
                responses.push(read_response(document, schemas, status, content, &at));
            }
            Err(message) => problems.push(Problem::part(&at, message)),
        }
    }
    responses
}

fn read_response(
    document: &Document,
    schemas: &mut SchemaReader<'_>,
    status: StatusPattern,
    content: Option<&Map<String, Value>>,
    at: &str,
) -> Response {
    let mut response = Response {
        status,
        media_types: Vec::new(),
        json: Vec::new(),
        streams: Vec::new(),
    };
    for (media_type, media) in content.into_iter().flatten() {
        response.media_types.push(media_type.clone());
        let essence = essence(media_type);
        let at = pointer::child(at, media_type);
        // One that leads nowhere says nothing of its schema.
        let Ok(media) = document.resolve(media, &at) else {
            continue;
        };
        if media.value.get("itemSchema").is_some() {
            response.streams.push(essence);
            continue;
        }
        // Only answers that are a success become structured, so no other schema is needed.
        let is_wild = matches!(essence.as_str(), "*/*" | "application/*");
        if !status.is_success() || !(is_json(&essence) || is_wild) {
            continue;
        }
        let at = pointer::child(&media.pointer, "schema");
        let schema = media.value.get("schema");
        let schema = schema.map(|it| schemas.fragment(it, &at, Direction::Output));
        if !is_wild || schema.as_ref().is_some_and(|it| has_parts(schemas, it)) {
            response.json.push((essence, schema));
        }
    }
    response
}

/// Whether a schema means an object or a list: under `*/*`, which some generators write for every
/// response, such a value travels as JSON, and a string as plain text.
fn has_parts(schemas: &mut SchemaReader<'_>, schema: &Value) -> bool {
    let root = schemas.root(schema, Direction::Output);
    root.get("type").is_some_and(|it| it == "array") || schemas.is_object(&root, Direction::Output)
}

/// The schema every successful answer conforms to, self-contained; `None` if there is no such schema.
///
/// A success without a body, with another schema, or with a stream as an alternative rules it out,
/// for a tool that declares an output schema must always answer with it.
pub(super) fn output_schema(
    schemas: &mut SchemaReader<'_>,
    responses: &[Response],
    at: &str,
    problems: &mut Vec<Problem>,
) -> Option<Value> {
    let mut successes = responses
        .iter()
        .filter(|it| it.status.is_success())
        .peekable();
    let first = successes.peek()?.json.first()?.1.clone()?;
    let agrees = |response: &Response| {
        let streams = response
            .media_types
            .iter()
            .any(|it| essence(it) == "text/event-stream")
            || !response.streams.is_empty();
        let same = response
            .json
            .first()
            .is_some_and(|(_, it)| it.as_ref() == Some(&first));
        same && !streams
    };
    if !successes.all(agrees) {
        return None;
    }
    advertised(schemas, &first, at, problems)
}

/// The schema that `x-mcp-output-schema` gives; anything but a schema is for none.
pub(super) fn marked_schema(
    schemas: &mut SchemaReader<'_>,
    schema: &Value,
    at: &str,
    problems: &mut Vec<Problem>,
) -> Option<Value> {
    match schema {
        Value::Object(_) => {
            let fragment = schemas.fragment(schema, at, Direction::Output);
            advertised(schemas, &fragment, at, problems)
        }
        Value::Bool(false) => None,
        _ => {
            problems.push(Problem::part(at, "must be a schema, or false for none"));
            None
        }
    }
}

/// A converted schema, self-contained, unless it says nothing or too much.
fn advertised(
    schemas: &mut SchemaReader<'_>,
    schema: &Value,
    at: &str,
    problems: &mut Vec<Problem>,
) -> Option<Value> {
    let mut root = schemas.root(schema, Direction::Output);
    if !root.contains_key("type") && schemas.is_object(&root, Direction::Output) {
        root.insert("type".to_owned(), json!("object"));
    }
    let schema = schemas.assemble(root, Direction::Output);
    if schema.as_object().is_none_or(Map::is_empty) {
        return None;
    }
    let bytes = schema.to_string().len();
    if bytes > OUTPUT_SCHEMA_BYTES_MAX {
        let message = format!(
            "the output schema has {bytes} bytes, more than {OUTPUT_SCHEMA_BYTES_MAX}, and is not advertised"
        );
        problems.push(Problem::note(at, message));
        return None;
    }
    Some(schema)
}
