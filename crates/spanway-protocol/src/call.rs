//! An accepted request, ready to dispatch: every check of the protocol is behind it.

use crate::json::RawJson;
use crate::jsonrpc::{Params, RequestId};
use crate::method::Method;
use crate::schema::{ClientCapabilities, Implementation, LoggingLevel, ProgressToken};
use crate::version::ProtocolVersion;

/// One request that passed every check of its revision.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Call {
    /// Echoed in the answer.
    pub id: RequestId,
    /// What is asked for.
    pub method: Method,
    /// With what.
    pub params: Box<Params>,
    /// The revision the answer is written in.
    pub version: ProtocolVersion,
    /// Who asks, as they describe themselves. Never a base for decisions (T-2607-21).
    pub client: Client,
    /// What progress notifications for this call carry; none means the client wants no progress.
    pub progress_token: Option<ProgressToken>,
    /// The least level of log message the client wants with this call; none means no log messages.
    pub log_level: Option<LoggingLevel>,
}

impl Call {
    /// A call with nothing but the necessary: no client details, no progress, no log messages.
    #[must_use]
    pub fn new(
        id: RequestId,
        method: Method,
        params: Box<Params>,
        version: ProtocolVersion,
    ) -> Self {
        Self {
            id,
            method,
            params,
            version,
            client: Client::default(),
            progress_token: None,
            log_level: None,
        }
    }
}

/// What a client says of itself: in the handshake (legacy) or in the request (modern). Read when asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Client {
    /// The raw `clientInfo`; absent in most modern requests.
    pub info: RawJson,
    /// The raw `capabilities`.
    pub capabilities: RawJson,
}

impl Client {
    /// A client that described itself so.
    #[must_use]
    pub fn new(info: RawJson, capabilities: RawJson) -> Self {
        Self { info, capabilities }
    }

    /// The same in memory of its own, for what outlives the request.
    pub(crate) fn detached(&self) -> Self {
        Self::new(self.info.detached(), self.capabilities.detached())
    }

    /// Name and version, if the client gave them in a form that can be read.
    #[must_use]
    pub fn implementation(&self) -> Option<Implementation> {
        if self.info.is_absent() {
            return None;
        }
        self.info.read_object().ok()
    }

    /// What the client can do; nothing, if it said nothing that can be read.
    #[must_use]
    pub fn capabilities(&self) -> ClientCapabilities {
        self.capabilities.read().unwrap_or_default()
    }
}
