//! What the client's model said, read as tolerantly as it may be written.

use serde::Deserialize;
use serde_json::Value;

use super::SamplingContent;
use crate::schema::{Media, Role};

/// What the client's model said.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SamplingResult {
    /// In whose name.
    pub role: Role,
    /// What; one block or several.
    #[serde(deserialize_with = "one_or_more")]
    pub content: Vec<SamplingContent>,
    /// Which model.
    pub model: String,
    /// Why it stopped.
    #[serde(default)]
    pub stop_reason: Option<String>,
}

impl SamplingResult {
    /// The words of all blocks of text.
    #[must_use]
    pub fn text(&self) -> String {
        let words: Vec<&str> = self
            .content
            .iter()
            .filter_map(SamplingContent::as_text)
            .collect();
        words.join("\n")
    }
}

fn one_or_more<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<SamplingContent>, D::Error> {
    let blocks = match Value::deserialize(deserializer)? {
        Value::Array(blocks) => blocks,
        one => vec![one],
    };
    let read =
        |block| read_block(block).ok_or_else(|| serde::de::Error::custom("malformed content"));
    blocks.into_iter().map(read).collect()
}

fn read_block(block: Value) -> Option<SamplingContent> {
    let text = |key: &str| block.get(key)?.as_str().map(str::to_owned);
    let media = || Some(Media::from_base64(text("data")?, text("mimeType")?));
    Some(match block.get("type")?.as_str()? {
        "text" => SamplingContent::Text(text("text")?),
        "image" => SamplingContent::Image(media()?),
        "audio" => SamplingContent::Audio(media()?),
        "tool_use" => SamplingContent::ToolUse {
            id: text("id")?,
            name: text("name")?,
            input: block.get("input")?.as_object()?.clone(),
        },
        _ => SamplingContent::Other(block),
    })
}
