//! An upstream's response as a tool's result: pure, bounded, and never promising what did not come.

mod budget;
mod conform;
mod content;
mod contents;
mod shape;

use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode, header};
use jsonschema::Validator;
use serde_json::Value;
use spanway_protocol::schema::{CallToolResult, Content};

use crate::limits::{BINARY_BYTES_MAX, ERROR_BODY_BYTES_MAX, INLINE_BYTES_MAX};
use crate::operation::{Operation, essence, is_json};
use crate::upstream::Unfinished;
use budget::Budget;
use conform::{Conformance, conform};
use content::content;
pub(crate) use contents::read_contents;
pub use shape::{Shape, ShapeError};

/// What is told of an answer that is promised to be whole and does not fit.
const TOO_LONG: &str = "The call itself succeeded, but the answer is larger than this server hands on, and cannot be \
     made smaller without breaking what the API's document promises. Ask for less. The beginning of the answer follows.";

/// What is told of an answer that the operator's shape does not fit.
const NO_SHAPE: &str = "The call itself succeeded, but the answer cannot be brought into the shape that the operator \
     of this server wants";

/// What is told of a stream whose end was not waited for.
const UNFINISHED: &str =
    "[truncated: the API was still sending; this is what came within the time of a call]";

/// A mark on a response that is several pages of a list, or not all of them: what to tell of that.
#[derive(Debug, Clone)]
pub(crate) struct Joined(pub(crate) String);

/// A mark on a response that can be read again as the resource at this URI.
#[derive(Debug, Clone)]
pub(crate) struct Readable(pub(crate) String);

/// How answers are shown, as the operator wants it.
#[derive(Debug, Clone)]
pub(crate) struct Presentation {
    /// The largest answer of bytes that is handed on.
    pub(crate) binary_bytes_max: usize,
    /// The largest that is in the result where a link to it will do.
    pub(crate) inline_bytes_max: usize,
    /// About how much of an answer is shown to the model; `None`: all of it.
    pub(crate) tokens_max: Option<usize>,
    /// What is done to JSON, one after the other.
    pub(crate) shapes: Vec<Shape>,
}

impl Default for Presentation {
    fn default() -> Self {
        Self {
            binary_bytes_max: BINARY_BYTES_MAX,
            inline_bytes_max: INLINE_BYTES_MAX,
            tokens_max: None,
            shapes: Vec::new(),
        }
    }
}

/// Reads the response to a call of `operation`.
///
/// `validator` is the compiled output schema, if the document promises one. A success that does not conform
/// to it is an error result that says so: a result with an output schema must have structured
/// content (T-2506-03), and clients refuse one without.
#[must_use]
pub(crate) fn read_response(
    operation: &Operation,
    validator: Option<&Validator>,
    response: &Response<Bytes>,
    presentation: &Presentation,
) -> CallToolResult {
    if let Some(failure) = read_failure(operation, response) {
        return failure;
    }
    let value = json_value(response);
    let is_shaped = !presentation.shapes.is_empty();
    let mut result = match (validator, value) {
        (Some(validator), Some(value)) => match conform(validator, value) {
            Conformance::Conforms(value) if is_shaped => shaped(&presentation.shapes, value),
            Conformance::Conforms(value) => {
                let content = content(operation, response, presentation);
                CallToolResult::new(vec![content]).with_structured_content(value)
            }
            Conformance::Differs(problem) => differs(operation, response, presentation, &problem),
        },
        (Some(_), None) => differs(operation, response, presentation, "it is not JSON"),
        (None, Some(value)) if is_shaped => shaped(&presentation.shapes, value),
        (None, _) => CallToolResult::new(vec![content(operation, response, presentation)]),
    };
    if response.extensions().get::<Unfinished>().is_some() {
        result.content.insert(0, Content::text(UNFINISHED));
    }
    if let Some(Joined(note)) = response.extensions().get() {
        result.content.insert(0, Content::text(note.clone()));
    }
    match presentation.tokens_max {
        Some(tokens) => within(Budget::of_tokens(tokens), result, validator),
        None => result,
    }
}

/// An answer in the operator's shape, which no schema describes.
fn shaped(shapes: &[Shape], value: Value) -> CallToolResult {
    match apply(shapes, value) {
        Some(Value::String(text)) => CallToolResult::text(text),
        Some(value) => CallToolResult::text(value.to_string()),
        None => CallToolResult::error(NO_SHAPE),
    }
}

/// One shape after the other; `None` if one of them cannot be applied.
fn apply(shapes: &[Shape], value: Value) -> Option<Value> {
    let mut shapes = shapes.iter();
    shapes.try_fold(value, |value, shape| shape.apply(value))
}

/// A result with no more text than the budget holds. What is structured must still conform to the schema
/// (T-2506-03); where it then does not, the beginning of the answer is an error.
fn within(
    budget: Budget,
    mut result: CallToolResult,
    validator: Option<&Validator>,
) -> CallToolResult {
    // Notes of ours come first, the answer last.
    let Some(text) = result.content.last().and_then(Content::as_text) else {
        return result;
    };
    if budget.holds(text.len()) {
        return result;
    }
    let is_structured = result.structured_content.is_some();
    let mut shortened = result.structured_content.clone();
    if shortened.is_none() && !result.is_error {
        shortened = serde_json::from_str(text).ok();
    }
    if let Some(mut value) = shortened.filter(|it| it.is_object() || it.is_array())
        && let Some(mark) = budget.shorten(&mut value)
        && (!is_structured || validator.is_none_or(|it| it.is_valid(&value)))
    {
        result.content.pop();
        result.content.push(Content::text(mark));
        result.content.push(Content::text(value.to_string()));
        if is_structured {
            result.structured_content = Some(value);
        }
        return result;
    }
    let beginning = Content::text(budget.cut(text));
    result.content.pop();
    if is_structured {
        result.content.push(Content::text(TOO_LONG));
        result.is_error = true;
        result.structured_content = None;
    }
    result.content.push(beginning);
    result
}

/// The response as an error, if it is a failure.
pub(crate) fn read_failure(
    operation: &Operation,
    response: &Response<Bytes>,
) -> Option<CallToolResult> {
    is_failure(operation, response.status()).then(|| CallToolResult::error(failure_text(response)))
}

/// A failure is a status of 400 and above, and a redirect nobody followed unless it is documented.
pub(crate) fn is_failure(operation: &Operation, status: StatusCode) -> bool {
    let code = status.as_u16();
    let is_documented = || operation.responses.iter().any(|it| it.status.names(code));
    code >= 400 || (status.is_redirection() && !is_documented())
}

fn differs(
    operation: &Operation,
    response: &Response<Bytes>,
    presentation: &Presentation,
    problem: &str,
) -> CallToolResult {
    tracing::warn!(tool = %operation.name, problem, "the answer is not what the document promises");
    let note = format!(
        "The API answered {}, so the call itself succeeded, but the answer is not what the API's document promises: {problem}. The answer as it came follows.",
        status_text(response.status())
    );
    let content = content(operation, response, presentation);
    CallToolResult::new(vec![Content::text(note), content]).with_is_error(true)
}

/// A failure in words: the status, where a redirect leads, and the beginning of the body.
fn failure_text(response: &Response<Bytes>) -> String {
    let mut text = status_text(response.status());
    if response.status().is_redirection()
        && let Some(location) = header_text(response.headers(), header::LOCATION)
    {
        text.push_str("\nThe API redirects to another server, which is not followed: ");
        text.push_str(location);
    }
    let body = body_text(response);
    if !body.is_empty() {
        text.push('\n');
        text.push_str(&cut(&body, ERROR_BODY_BYTES_MAX, "cut here"));
    }
    text
}

/// What there is to say without a body: the status, where it leads, and for HEAD all headers.
fn empty_text(operation: &Operation, response: &Response<Bytes>) -> String {
    let mut text = status_text(response.status());
    let all = operation.method == Method::HEAD;
    for (name, value) in response.headers() {
        if (all && name != header::SET_COOKIE) || name == header::LOCATION {
            text.push_str(&format!(
                "\n{name}: {}",
                String::from_utf8_lossy(value.as_bytes())
            ));
        }
    }
    cut(&text, ERROR_BODY_BYTES_MAX, "cut here")
}

/// The body as text; bytes that are none are summed up by type and size.
fn body_text(response: &Response<Bytes>) -> String {
    readable(response)
        .unwrap_or_else(|| format!("({}, which cannot be shown as text)", weight(response)))
}

/// The body as text, if it is some.
fn readable(response: &Response<Bytes>) -> Option<String> {
    match std::str::from_utf8(response.body()) {
        Ok(text) if !text.contains('\0') => Some(text.to_owned()),
        _ if media_type(response.headers()).starts_with("text/") => {
            Some(String::from_utf8_lossy(response.body()).into_owned())
        }
        _ => None,
    }
}

/// How much of what came.
fn weight(response: &Response<Bytes>) -> String {
    let media_type = media_type(response.headers());
    let kind = if media_type.is_empty() {
        "unknown type"
    } else {
        &media_type
    };
    format!("{} bytes of {kind}", response.body().len())
}

/// What is told of bytes that are not handed on.
fn too_large(weight: &str, presentation: &Presentation) -> String {
    let bytes_max = presentation.binary_bytes_max;
    format!("({weight}, more than the {bytes_max} bytes that this server hands on)")
}

/// The body as JSON, if it says that it is, or says nothing and reads as such.
fn json_value(response: &Response<Bytes>) -> Option<Value> {
    let body = is_json_response(response).then_some(response.body())?;
    serde_json::from_slice(body).ok()
}

/// Whether the body is JSON, or may be, for it does not say what it is.
pub(crate) fn is_json_response(response: &Response<Bytes>) -> bool {
    let media_type = media_type(response.headers());
    media_type.is_empty() || is_json(&media_type)
}

fn status_text(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("HTTP {} {reason}", status.as_u16()),
        None => format!("HTTP {}", status.as_u16()),
    }
}

pub(crate) fn media_type(headers: &HeaderMap) -> String {
    header_text(headers, header::CONTENT_TYPE).map_or_else(String::new, essence)
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// At most `bytes_max` bytes of `text`, cut between characters, with a mark that says so.
fn cut(text: &str, bytes_max: usize, mark: &str) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(bytes_max);
    format!(
        "{}\n[{mark}: {} of {} bytes shown]",
        &text[..end],
        end,
        text.len()
    )
}

#[cfg(test)]
mod tests;
