//! What a modern request says of itself in `_meta`.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Deserializer};

use crate::json::{Quoted, Raw, RawJson, Scanner, describe, plain_string};
use crate::rejection::Rejection;
use crate::schema::{LoggingLevel, ProgressToken};
use crate::version::ProtocolVersion;

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// The reserved keys of a request's `_meta`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claims {
    version: Option<Cow<'static, str>>,
    made: bool,
    /// `clientInfo` as sent; optional (T-2607-21).
    pub client_info: RawJson,
    /// `clientCapabilities` as sent; required.
    pub client_capabilities: RawJson,
    /// From which level on log messages are wanted with the answer (T-2607-45).
    pub log_level: Option<LoggingLevel>,
    /// What progress notifications are to carry.
    pub progress_token: Option<ProgressToken>,
}

/// The same as it stands in the message.
#[derive(Debug, Clone, Deserialize, Default)]
pub(crate) struct Wire<'a> {
    #[serde(
        default,
        borrow,
        rename = "io.modelcontextprotocol/protocolVersion",
        deserialize_with = "present"
    )]
    version: Option<Raw<'a>>,
    #[serde(default, borrow, rename = "io.modelcontextprotocol/clientInfo")]
    client_info: Option<Raw<'a>>,
    #[serde(default, borrow, rename = "io.modelcontextprotocol/clientCapabilities")]
    client_capabilities: Option<Raw<'a>>,
    #[serde(default, borrow, rename = "io.modelcontextprotocol/logLevel")]
    log_level: Option<Raw<'a>>,
    #[serde(default, borrow, rename = "progressToken")]
    progress_token: Option<Raw<'a>>,
}

/// An explicit `null` is a claim too, a wrong one (T-DUAL-10: the key decides).
fn present<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Raw<'a>>, D::Error> {
    Raw::deserialize(deserializer).map(Some)
}

impl<'a> Wire<'a> {
    /// Takes a member that has nothing unusual about it.
    pub(crate) fn take(&mut self, scanner: &mut Scanner<'a>, key: Quoted<'a>) -> Option<()> {
        let value = match key.plain()? {
            key if key == VERSION.as_bytes() => &mut self.version,
            b"io.modelcontextprotocol/clientInfo" => &mut self.client_info,
            key if key == CAPABILITIES.as_bytes() => &mut self.client_capabilities,
            b"io.modelcontextprotocol/logLevel" => &mut self.log_level,
            b"progressToken" => &mut self.progress_token,
            _ => return scanner.value().map(drop),
        };
        // None of them comes twice.
        let is_first = value.replace(scanner.something()?).is_none();
        is_first.then_some(())
    }

    /// What it says; the parts are pieces of `body`.
    pub(crate) fn within(self, body: &Bytes) -> Result<Claims, Rejection> {
        let level = self.log_level.map(|raw| {
            serde_json::from_slice::<LoggingLevel>(raw.0).map_err(|_| {
                invalid("_meta logLevel must be one of the eight RFC 5424 levels".to_owned())
            })
        });
        let token = self.progress_token.map(|raw| ProgressToken::read(raw.0));
        let slice = |raw: Option<Raw<'_>>| {
            raw.map(|raw| RawJson::within(body, raw.0))
                .unwrap_or_default()
        };
        Ok(Claims {
            made: self.version.is_some(),
            version: self.version.and_then(text),
            client_info: slice(self.client_info),
            client_capabilities: slice(self.client_capabilities),
            log_level: level.transpose()?,
            progress_token: token.transpose().map_err(|error| malformed(&error))?,
        })
    }
}

impl Claims {
    /// Reads the reserved keys; other keys are left alone.
    ///
    /// # Errors
    /// `_meta` is not an object, or a key that is there has the wrong type.
    pub fn read(meta: &RawJson) -> Result<Self, Rejection> {
        if meta.is_absent() {
            return Ok(Self::default());
        }
        let wire: Wire<'_> = meta.read_object().map_err(|error| malformed(&error))?;
        wire.within(meta.as_shared())
    }

    /// Whether the request claims a modern revision at all: the key is there, whatever its value.
    #[must_use]
    pub fn are_made(&self) -> bool {
        self.made
    }

    /// The claimed version, if it is there and a string.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The claimed version, once every required key is there with the right type (T-2607-20).
    pub(super) fn check(&self) -> Result<&str, Rejection> {
        let Some(version) = &self.version else {
            return Err(self.missing());
        };
        if self.client_capabilities.is_absent() {
            return Err(self.missing());
        }
        if !self.client_capabilities.is_object() || !self.client_info.is_object() {
            return Err(invalid(
                "_meta clientCapabilities and clientInfo must be objects".to_owned(),
            ));
        }
        Ok(version)
    }

    /// Names the required keys that are not there.
    pub(crate) fn missing(&self) -> Rejection {
        let version = self.version.is_none().then_some(VERSION);
        let capabilities = self.client_capabilities.is_absent().then_some(CAPABILITIES);
        let keys: Vec<&str> = version.into_iter().chain(capabilities).collect();
        invalid(format!("params._meta must have {}", keys.join(" and ")))
    }
}

/// What a JSON string says; a revision that is known is not copied.
fn text(raw: Raw<'_>) -> Option<Cow<'static, str>> {
    match plain_string(raw.0).and_then(ProtocolVersion::parse) {
        Some(version) => Some(Cow::Borrowed(version.as_str())),
        None => serde_json::from_slice(raw.0).ok().map(Cow::Owned),
    }
}

fn malformed(error: &serde_json::Error) -> Rejection {
    invalid(format!("_meta is malformed: {}", describe(error)))
}

fn invalid(detail: String) -> Rejection {
    Rejection::InvalidMeta {
        detail: detail.into(),
    }
}
