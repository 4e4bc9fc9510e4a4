//! A success as the contents of a resource: the same shape, limits and marks as a tool's result has.

use bytes::Bytes;
use http::Response;
use serde_json::Value;
use spanway_protocol::schema::{ResourceBody, ResourceContents};

use super::budget::Budget;
use super::{
    Joined, NO_SHAPE, Presentation, UNFINISHED, apply, json_value, media_type, too_large, weight,
};
use crate::upstream::Unfinished;

/// What stands at `uri`, and after it what is to be said of it, as contents of their own; or why it is not shown.
///
/// `declared` is the media type where the answer does not say its own.
pub(crate) fn read_contents(
    uri: &str,
    declared: Option<&str>,
    response: &Response<Bytes>,
    presentation: &Presentation,
) -> Result<Vec<ResourceContents>, String> {
    let mut contents = content(uri, response, presentation)?;
    let answered = media_type(response.headers());
    let answered = (!answered.is_empty()).then_some(answered);
    if contents.mime_type.is_none() {
        contents.mime_type = answered.or_else(|| declared.map(str::to_owned));
    }
    let note = |text: String| ResourceContents::text(uri, text).with_mime_type("text/plain");
    let mut notes = Vec::new();
    if let Some(Joined(text)) = response.extensions().get() {
        notes.push(text.clone());
    }
    if response.extensions().get::<Unfinished>().is_some() {
        notes.push(UNFINISHED.to_owned());
    }
    let budget = presentation.tokens_max.map(Budget::of_tokens);
    if let Some(budget) = budget {
        contents = within(budget, contents, &mut notes);
    }
    let all = std::iter::once(contents).chain(notes.into_iter().map(note));
    Ok(all.collect())
}

/// In the operator's shape if there is one and it is JSON; text where it reads as such; else bytes.
fn content(
    uri: &str,
    response: &Response<Bytes>,
    presentation: &Presentation,
) -> Result<ResourceContents, String> {
    if !presentation.shapes.is_empty()
        && let Some(value) = json_value(response)
    {
        let shaped = apply(&presentation.shapes, value).ok_or(NO_SHAPE)?;
        return Ok(match shaped {
            Value::String(text) => ResourceContents::text(uri, text).with_mime_type("text/plain"),
            value => {
                ResourceContents::text(uri, value.to_string()).with_mime_type("application/json")
            }
        });
    }
    let body = response.body();
    match std::str::from_utf8(body) {
        Ok(text) if !text.contains('\0') => Ok(ResourceContents::text(uri, text)),
        _ if body.len() > presentation.binary_bytes_max => {
            Err(too_large(&weight(response), presentation))
        }
        _ => Ok(ResourceContents::blob(uri, body)),
    }
}

/// Text within the budget: JSON stays JSON and a note says what it lost, other text is cut.
fn within(
    budget: Budget,
    mut contents: ResourceContents,
    notes: &mut Vec<String>,
) -> ResourceContents {
    let ResourceBody::Text(text) = &mut contents.body else {
        return contents;
    };
    if budget.holds(text.len()) {
        return contents;
    }
    let value: Option<Value> = serde_json::from_str(text).ok();
    if let Some(mut value) = value.filter(|it| it.is_object() || it.is_array())
        && let Some(mark) = budget.shorten(&mut value)
    {
        *text = value.to_string();
        notes.push(mark);
        return contents;
    }
    *text = budget.cut(text);
    contents
}
