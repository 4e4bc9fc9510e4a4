//! Request bodies: which of the declared media types is sent, and what its schema is.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::parameter::{Location, Style};
use crate::document::{Document, Located};
use crate::pointer;
use crate::problem::Problem;
use crate::schema::{Direction, SchemaReader};

/// How a body is put together from arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyKind {
    /// JSON text.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/form-data`.
    Multipart,
    /// Text as given, such as plain text or XML.
    Text,
    /// Bytes, given as base64.
    Binary,
}

/// The request body of an operation.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Body {
    /// Whether a call must give it.
    pub required: bool,
    /// What the document says of it.
    pub description: Option<String>,
    /// The media type that is sent.
    pub media_type: String,
    /// How it is put together.
    pub kind: BodyKind,
    /// Its schema; references point into `$defs` of the argument schema.
    pub(crate) schema: Value,
    /// How single properties of a form are spelled.
    pub(crate) encodings: HashMap<String, Encoding>,
}

/// How one property of a form is spelled, where the document says so.
#[derive(Debug, Clone, Default)]
pub(crate) struct Encoding {
    /// Its media type, in multipart bodies.
    pub(crate) content_type: Option<String>,
    /// Its style, in urlencoded bodies.
    pub(crate) style: Option<(Style, bool)>,
}

/// Reads the request body at `place`.
///
/// `Err` is what makes the operation impossible to call.
pub(super) fn read_body(
    document: &Document,
    schemas: &mut SchemaReader<'_>,
    place: &Located<'_>,
    problems: &mut Vec<Problem>,
) -> Result<Option<Body>, Problem> {
    let at = place.pointer.as_str();
    let required = place.value.get("required") == Some(&Value::Bool(true));
    let content_at = pointer::child(at, "content");
    let content = place.value.get("content").and_then(Value::as_object);
    let read = match content {
        Some(content) => read_content(document, schemas, content, &content_at)?,
        None => None,
    };
    let Some(mut body) = read else {
        let message = "the request body has no content";
        if required {
            return Err(Problem::operation(at, message));
        }
        problems.push(Problem::part(at, message));
        return Ok(None);
    };
    let description = place.value.get("description").and_then(Value::as_str);
    let description = description.map(str::trim).filter(|it| !it.is_empty());
    body.description = description.map(str::to_owned);
    body.required = required;
    Ok(Some(body))
}

/// What a `content` map says of a body that need not be there; `None` if it is empty.
pub(super) fn read_content(
    document: &Document,
    schemas: &mut SchemaReader<'_>,
    content: &Map<String, Value>,
    at: &str,
) -> Result<Option<Body>, Problem> {
    let Some((media_type, kind, media)) = choose(content) else {
        return Ok(None);
    };
    let media_at = pointer::child(at, media_type);
    let media = match document.resolve(media, &media_at) {
        Ok(media) => media,
        Err(message) => return Err(Problem::operation(&media_at, message)),
    };
    let schema = match media.value.get("schema") {
        Some(schema) => {
            let at = pointer::child(&media.pointer, "schema");
            schemas.fragment(schema, &at, Direction::Input)
        }
        None => json!({}),
    };
    Ok(Some(Body {
        required: false,
        description: None,
        media_type: sent_media_type(media_type, kind),
        kind,
        schema,
        encodings: read_encodings(media.value.get("encoding")),
    }))
}

/// The first JSON media type; else the first form; else the first of any kind.
fn choose(content: &Map<String, Value>) -> Option<(&str, BodyKind, &Value)> {
    content
        .iter()
        .map(|(media_type, media)| (media_type.as_str(), kind_of(media_type), media))
        .min_by_key(|(_, kind, _)| match kind {
            BodyKind::Json => 0,
            BodyKind::Form | BodyKind::Multipart => 1,
            BodyKind::Text | BodyKind::Binary => 2,
        })
}

fn kind_of(media_type: &str) -> BodyKind {
    let essence = essence(media_type);
    match essence.as_str() {
        "application/x-www-form-urlencoded" => BodyKind::Form,
        "multipart/form-data" => BodyKind::Multipart,
        "*/*" | "application/*" => BodyKind::Json,
        _ if is_json(&essence) => BodyKind::Json,
        "application/xml" | "application/yaml" | "application/graphql" => BodyKind::Text,
        _ if essence.starts_with("text/") || essence.ends_with("+xml") => BodyKind::Text,
        // JSON lines are text, not one JSON value.
        _ if essence.contains("ndjson") || essence.contains("jsonl") => BodyKind::Text,
        _ => BodyKind::Binary,
    }
}

/// What a wildcard becomes when something must be sent.
fn sent_media_type(declared: &str, kind: BodyKind) -> String {
    let is_wild = declared.contains('*');
    match kind {
        BodyKind::Json if is_wild => "application/json".to_owned(),
        BodyKind::Text if is_wild => "text/plain".to_owned(),
        BodyKind::Binary if is_wild => "application/octet-stream".to_owned(),
        _ => declared.trim().to_owned(),
    }
}

/// A media type without its parameters, in lower case.
pub(crate) fn essence(media_type: &str) -> String {
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// Whether a media type's essence is one JSON value.
pub(crate) fn is_json(essence: &str) -> bool {
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}

fn read_encodings(source: Option<&Value>) -> HashMap<String, Encoding> {
    let read = |source: &Value| {
        let style = source.get("style").and_then(Value::as_str);
        let explode = source.get("explode").and_then(Value::as_bool);
        let style = match (style, explode) {
            (None, None) => None,
            (style, explode) => {
                let style = style.and_then(|word| Style::parse(word, Location::Query));
                let style = style.unwrap_or(Style::Form);
                Some((style, explode.unwrap_or(style == Style::Form)))
            }
        };
        let content_type = source.get("contentType").and_then(Value::as_str);
        let first = content_type.and_then(|it| it.split(',').next());
        Encoding {
            content_type: first
                .map(|it| it.trim().to_owned())
                .filter(|it| !it.contains('*')),
            style,
        }
    };
    let map = source.and_then(Value::as_object);
    let entries = map.into_iter().flatten();
    entries
        .map(|(name, source)| (name.clone(), read(source)))
        .collect()
}
