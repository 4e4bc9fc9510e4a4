//! What the sealed state says: for which call it is, until when, and what is known (T-MRTR-06).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use spanway_protocol::{RawJson, Timestamp};

use super::journal::Journal;

/// The whole content of a sealed state.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    /// Not valid after; milliseconds since the epoch.
    #[serde(rename = "e")]
    pub(super) expires: u64,
    #[serde(flatten)]
    pub(super) identity: Identity,
    #[serde(rename = "j")]
    pub(super) journal: Journal,
}

/// Which call a state belongs to; all of it must be the same on the retry.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    /// Who calls.
    #[serde(rename = "p")]
    pub(super) principal: Option<String>,
    #[serde(rename = "m")]
    pub(super) method: String,
    /// The tool or prompt, or the URI.
    #[serde(rename = "n")]
    pub(super) name: String,
    /// Of the arguments.
    #[serde(rename = "d")]
    pub(super) digest: String,
    /// Which server this is.
    #[serde(rename = "s")]
    pub(super) audience: String,
}

impl Claims {
    pub(super) fn is_valid(&self, identity: &Identity, now: Timestamp) -> bool {
        self.identity == *identity && now.as_millis() <= self.expires
    }
}

/// SHA-256 of the arguments, whatever the order of their keys and the space between them.
pub(super) fn digest(arguments: &RawJson) -> String {
    let value: Value = arguments.read().unwrap_or_default();
    let mut hash = Sha256::new();
    feed(&value, &mut hash);
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

/// Depth is bounded, since the body's was.
fn feed(value: &Value, hash: &mut Sha256) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(key, _)| *key);
            hash.update(b"{");
            for (key, value) in fields {
                feed_string(key, hash);
                feed(value, hash);
            }
            hash.update(b"}");
        }
        Value::Array(items) => {
            hash.update(b"[");
            items.iter().for_each(|item| feed(item, hash));
            hash.update(b"]");
        }
        Value::String(text) => feed_string(text, hash),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            hash.update(value.to_string());
            hash.update(b",");
        }
    }
}

/// Led by its length, so that no two values are fed alike.
fn feed_string(text: &str, hash: &mut Sha256) {
    hash.update(format!("\"{}:", text.len()));
    hash.update(text);
}
