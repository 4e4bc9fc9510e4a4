//! A success's body as a content block: pictures, sounds, text, and other bytes as an embedded resource; or a link to
//! where large ones can be read.

use bytes::Bytes;
use http::header::CONTENT_DISPOSITION;
use http::{HeaderMap, Response};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use spanway_protocol::schema::{Content, ResourceContents, ResourceDefinition};

use super::{
    Presentation, Readable, empty_text, header_text, media_type, readable, too_large, weight,
};
use crate::operation::Operation;

/// Characters of a file's name that are kept.
const NAME_CHARS_MAX: usize = 100;

/// The body of a success as content.
pub(super) fn content(
    operation: &Operation,
    response: &Response<Bytes>,
    presentation: &Presentation,
) -> Content {
    if response.body().is_empty() {
        return Content::text(empty_text(operation, response));
    }
    let media_type = media_type(response.headers());
    let is_media = (media_type.starts_with("image/") && media_type != "image/svg+xml")
        || media_type.starts_with("audio/");
    if !is_media && let Some(text) = readable(response) {
        return Content::text(text);
    }
    if response.body().len() > presentation.binary_bytes_max {
        return Content::text(too_large(&weight(response), presentation));
    }
    if response.body().len() > presentation.inline_bytes_max
        && let Some(Readable(uri)) = response.extensions().get()
    {
        return Content::resource_link(link(operation, response, uri, media_type));
    }
    match media_type.split('/').next() {
        Some("image") => Content::image(response.body(), media_type),
        Some("audio") => Content::audio(response.body(), media_type),
        _ => Content::resource(file(operation, response, media_type)),
    }
}

/// Where the bytes can be read, for whoever wants them.
fn link(
    operation: &Operation,
    response: &Response<Bytes>,
    uri: &str,
    media_type: String,
) -> ResourceDefinition {
    let name = file_name(response.headers()).unwrap_or_else(|| operation.name.clone());
    let mut link = ResourceDefinition::new(uri, name);
    link.size = u64::try_from(response.body().len()).ok();
    if !media_type.is_empty() {
        link.mime_type = Some(media_type);
    }
    link
}

/// Bytes as an embedded resource. Its URI only tells it apart: nothing is kept to be read later, and the
/// API's own address might hold a key.
fn file(operation: &Operation, response: &Response<Bytes>, media_type: String) -> ResourceContents {
    let name = file_name(response.headers()).unwrap_or_else(|| "answer".to_owned());
    let name = utf8_percent_encode(&name, FILE_NAME);
    let resource = ResourceContents::blob(
        format!("answer:/{}/{name}", operation.name),
        response.body(),
    );
    let media_type = if media_type.is_empty() {
        "application/octet-stream".to_owned()
    } else {
        media_type
    };
    resource.with_mime_type(media_type)
}

/// What a URI's path may have as it is.
const FILE_NAME: &percent_encoding::AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The name that the API gives the file (RFC 6266), without any folders.
fn file_name(headers: &HeaderMap) -> Option<String> {
    let parameters = header_text(headers, CONTENT_DISPOSITION)?
        .split(';')
        .skip(1);
    let mut plain = None;
    for (key, value) in parameters.filter_map(|it| it.split_once('=')) {
        let value = value.trim().trim_matches('"');
        if key.trim().eq_ignore_ascii_case("filename") {
            plain = Some(value.to_owned());
        } else if key.trim().eq_ignore_ascii_case("filename*")
            && let Some((_, encoded)) = value.split_once("''")
        {
            plain = Some(percent_decode_str(encoded).decode_utf8_lossy().into_owned());
            break;
        }
    }
    let name = plain?;
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last
        .chars()
        .filter(|it| !it.is_control())
        .take(NAME_CHARS_MAX)
        .collect();
    (!matches!(name.as_str(), "" | "." | "..")).then_some(name)
}
