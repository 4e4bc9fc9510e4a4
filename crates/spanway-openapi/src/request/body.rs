//! Request bodies: JSON, urlencoded forms, text and bytes; multipart is next door.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::RequestError;
use super::encode::component;
use super::multipart;
use super::style::{pairs, plain};
use crate::operation::{Body, BodyKind, Style, essence, is_json};

/// The arguments that make the body.
#[derive(Debug, Default)]
pub(super) struct BodyValues<'a> {
    /// The whole body, if it is one argument.
    pub(super) whole: Option<&'a Value>,
    /// Its properties, if they are arguments: name, whether it is a file, value.
    pub(super) properties: Vec<(&'a str, bool, &'a Value)>,
}

impl BodyValues<'_> {
    fn object(&self) -> Map<String, Value> {
        let members = self.properties.iter();
        members
            .map(|(name, _, value)| ((*name).to_owned(), (*value).clone()))
            .collect()
    }
}

/// The body's media type and bytes; `None` if no body is sent.
pub(super) fn encode_body(
    body: &Body,
    values: &BodyValues<'_>,
) -> Result<Option<(String, Bytes)>, RequestError> {
    if values.whole.is_none() && values.properties.is_empty() && !body.required {
        return Ok(None);
    }
    let whole = values.whole.cloned();
    let value = whole.unwrap_or_else(|| Value::Object(values.object()));
    let bytes = match body.kind {
        BodyKind::Json => value.to_string().into(),
        BodyKind::Form => form(body, &value).into(),
        BodyKind::Multipart => return multipart::encode(body, values, &value).map(Some),
        BodyKind::Text => plain(&value).into(),
        BodyKind::Binary => decode_file("body", &plain(&value))?.content,
    };
    Ok(Some((body.media_type.clone(), bytes)))
}

fn form(body: &Body, value: &Value) -> String {
    let Value::Object(map) = value else {
        return plain(value);
    };
    let mut fields = Vec::new();
    for (name, value) in map.iter().filter(|(_, value)| !value.is_null()) {
        let encoding = body.encodings.get(name);
        let style = encoding.and_then(|it| it.style);
        let declared = encoding.and_then(|it| it.content_type.as_deref());
        let wants_json = declared.is_some_and(|it| is_json(&essence(it)));
        match (style, value) {
            (Some((style, explode)), value) => {
                fields.extend(pairs(name, value, style, explode, component));
            }
            // Without a style an object is sent as JSON and a list by repetition (OpenAPI 3.1.1,
            // Encoding Object).
            (None, value) if wants_json || value.is_object() => {
                fields.push(format!(
                    "{}={}",
                    component(name),
                    component(&value.to_string())
                ));
            }
            (None, value) => fields.extend(pairs(name, value, Style::Form, true, component)),
        }
    }
    fields.join("&")
}

/// A file given as an argument.
pub(super) struct File {
    /// Its media type, if given.
    pub(super) media_type: Option<String>,
    /// Its name, if given.
    pub(super) name: Option<String>,
    /// Its bytes.
    pub(super) content: Bytes,
}

/// Decodes base64 or a `data:` URI (RFC 2397); base64 of either alphabet, padded or not.
pub(super) fn decode_file(argument: &str, text: &str) -> Result<File, RequestError> {
    let mut file = File {
        media_type: None,
        name: None,
        content: Bytes::new(),
    };
    let mut data = text;
    let mut is_base64 = true;
    if let Some((head, rest)) = text.strip_prefix("data:").and_then(|it| it.split_once(',')) {
        data = rest;
        let mut parts = head.split(';').map(str::trim);
        is_base64 = parts.clone().any(|it| it.eq_ignore_ascii_case("base64"));
        file.media_type = parts
            .next()
            .map(str::to_owned)
            .filter(|it| it.contains('/'));
        let name = parts.find_map(|it| it.strip_prefix("name=").or(it.strip_prefix("filename=")));
        let name = name.map(|it| percent_encoding::percent_decode_str(it).decode_utf8_lossy());
        file.name = name.map(std::borrow::Cow::into_owned);
    }
    if !is_base64 {
        let bytes: Vec<u8> = percent_encoding::percent_decode_str(data).collect();
        file.content = bytes.into();
        return Ok(file);
    }
    let compact: String = data.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    file.content = decode(&compact)
        .ok_or_else(|| RequestError::NotBase64(argument.to_owned()))?
        .into();
    Ok(file)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let lenient =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engines = [base64::alphabet::STANDARD, base64::alphabet::URL_SAFE];
    engines
        .iter()
        .find_map(|alphabet| GeneralPurpose::new(alphabet, lenient).decode(text).ok())
}
