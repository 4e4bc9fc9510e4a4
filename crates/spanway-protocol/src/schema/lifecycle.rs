//! How client and server get to know each other.

use serde::Deserialize;

use super::capabilities::ServerCapabilities;
use super::fields::Fields;
use super::implementation::Implementation;
use super::list::CacheHint;
use super::project::{Meta, Project, View};
use crate::json::{Raw, RawJson};
use crate::version::ProtocolVersion;

/// What `initialize` says. Client details stay raw until asked for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct InitializeParams {
    /// The revision the client would like.
    pub protocol_version: String,
    /// What it can do.
    pub capabilities: RawJson,
    /// Who it is.
    pub client_info: RawJson,
}

impl InitializeParams {
    /// Reads the parameters; client details may be missing, since some clients leave them out.
    ///
    /// # Errors
    /// `protocolVersion` is missing, or a part has the wrong type.
    pub fn read(params: &RawJson) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire<'a> {
            protocol_version: String,
            #[serde(default, borrow)]
            capabilities: Option<Raw<'a>>,
            #[serde(default, borrow)]
            client_info: Option<Raw<'a>>,
        }
        let wire: Wire<'_> = params.read()?;
        let slice = |raw: Option<Raw<'_>>| raw.map(|raw| params.slice(raw)).unwrap_or_default();
        Ok(Self {
            protocol_version: wire.protocol_version,
            capabilities: slice(wire.capabilities),
            client_info: slice(wire.client_info),
        })
    }
}

/// The answer to `initialize`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct InitializeResult {
    /// The revision that was agreed on.
    pub version: ProtocolVersion,
    /// What the server offers.
    pub capabilities: ServerCapabilities,
    /// Who it is.
    pub server_info: Implementation,
    /// How to use it, for the model.
    pub instructions: Option<String>,
}

impl InitializeResult {
    /// An answer.
    #[must_use]
    pub fn new(
        version: ProtocolVersion,
        capabilities: ServerCapabilities,
        server_info: Implementation,
        instructions: Option<String>,
    ) -> Self {
        Self {
            version,
            capabilities,
            server_info,
            instructions,
        }
    }
}

impl Project for InitializeResult {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        fields.put("protocolVersion", &self.version)?;
        fields.projected("capabilities", &self.capabilities, view)?;
        fields.projected("serverInfo", &self.server_info, view)?;
        fields.maybe("instructions", self.instructions.as_ref())
    }
}

/// The answer to `server/discover` (T-2607-35). Who the server is stands in `_meta`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DiscoverResult {
    /// The modern revisions it serves (trap 13).
    pub supported: Vec<ProtocolVersion>,
    /// What it offers.
    pub capabilities: ServerCapabilities,
    /// How to use it, for the model.
    pub instructions: Option<String>,
    /// How long the answer may be kept.
    pub cache: CacheHint,
}

impl DiscoverResult {
    /// An answer.
    #[must_use]
    pub fn new(
        supported: Vec<ProtocolVersion>,
        capabilities: ServerCapabilities,
        instructions: Option<String>,
        cache: CacheHint,
    ) -> Self {
        Self {
            supported,
            capabilities,
            instructions,
            cache,
        }
    }
}

impl Project for DiscoverResult {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        fields.put("supportedVersions", &self.supported)?;
        fields.projected("capabilities", &self.capabilities, view)?;
        fields.maybe("instructions", self.instructions.as_ref())?;
        self.cache.put_fields(fields, view)?;
        fields.result(view, &Meta::default())
    }
}

/// An answer that only acknowledges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing in it")]
pub struct EmptyResult;

impl Project for EmptyResult {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        fields.result(view, &Meta::default())
    }
}
