//! `multipart/form-data` (RFC 7578): text and JSON parts as they are, files from base64.

use bytes::{BufMut, Bytes, BytesMut};
use serde_json::Value;

use super::RequestError;
use super::body::{BodyValues, File, decode_file};
use super::style::plain;
use crate::hash::short_hash;
use crate::operation::Body;

/// The media type with its boundary, and the bytes.
pub(super) fn encode(
    body: &Body,
    values: &BodyValues<'_>,
    whole: &Value,
) -> Result<(String, Bytes), RequestError> {
    let mut parts = Vec::new();
    match values.whole.and_then(Value::as_object) {
        Some(map) => {
            for (name, value) in map {
                add(body, name, false, value, &mut parts)?;
            }
        }
        None => {
            for (name, file, value) in &values.properties {
                add(body, name, *file, value, &mut parts)?;
            }
        }
    }
    let boundary = boundary(&whole.to_string(), &parts);
    let mut bytes = BytesMut::new();
    for part in &parts {
        bytes.put_slice(format!("--{boundary}\r\n{}\r\n", part.head).as_bytes());
        bytes.put_slice(&part.content);
        bytes.put_slice(b"\r\n");
    }
    bytes.put_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok((
        format!("multipart/form-data; boundary={boundary}"),
        bytes.freeze(),
    ))
}

struct Part {
    head: String,
    content: Bytes,
}

/// Adds the parts of one property: a list is one part for each item.
fn add(
    body: &Body,
    name: &str,
    file: bool,
    value: &Value,
    parts: &mut Vec<Part>,
) -> Result<(), RequestError> {
    let declared = body
        .encodings
        .get(name)
        .and_then(|it| it.content_type.as_deref());
    match value {
        Value::Null => {}
        Value::Array(list) => {
            for value in list {
                add(body, name, file, value, parts)?;
            }
        }
        Value::String(text) if file => {
            let file = decode_file(name, text)?;
            parts.push(file_part(name, declared, file));
        }
        value => {
            let is_json = value.is_object();
            let media_type = declared.or(is_json.then_some("application/json"));
            let media_type = media_type.map(|it| format!("Content-Type: {}\r\n", token(it)));
            let name = quoted(name);
            parts.push(Part {
                head: format!(
                    "Content-Disposition: form-data; name=\"{name}\"\r\n{}",
                    media_type.unwrap_or_default()
                ),
                content: plain(value).into(),
            });
        }
    }
    Ok(())
}

fn file_part(name: &str, declared: Option<&str>, file: File) -> Part {
    let media_type = file.media_type.as_deref().or(declared);
    let media_type = media_type.unwrap_or("application/octet-stream");
    let file_name = file.name.unwrap_or_else(|| name.to_owned());
    Part {
        head: format!(
            "Content-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\nContent-Type: {}\r\n",
            quoted(name),
            quoted(&file_name),
            token(media_type)
        ),
        content: file.content,
    }
}

/// A name inside quotes, escaped as browsers do, so that it cannot start another header.
fn quoted(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A media type without anything that could start another header.
fn token(media_type: &str) -> String {
    media_type.chars().filter(|c| !c.is_control()).collect()
}

/// A boundary that no part contains; the same for the same content.
fn boundary(seed: &str, parts: &[Part]) -> String {
    let mut seed = seed.to_owned();
    loop {
        let boundary = format!("spanway-{}", short_hash(&seed));
        let marker = format!("--{boundary}");
        let found = parts.iter().any(|part| {
            part.content
                .windows(marker.len())
                .any(|window| window == marker.as_bytes())
        });
        if !found {
            return boundary;
        }
        seed.push('+');
    }
}
