//! Who the server is: the answers to `initialize` and `server/discover`.

use spanway_protocol::schema::{CacheHint, DiscoverResult, InitializeResult};
use spanway_protocol::{Answer, Era, ProtocolVersion};

use crate::service::ServiceInfo;

/// The answer to `initialize`, in the revision the transport negotiated.
pub(crate) fn initialize(info: &ServiceInfo, version: ProtocolVersion) -> Answer {
    Answer::Initialize(Box::new(InitializeResult::new(
        version,
        info.capabilities.clone(),
        info.implementation.clone(),
        info.instructions.clone(),
    )))
}

/// The answer to `server/discover` (T-2607-35). It lists the modern revisions only (trap 13).
pub(crate) fn discover(info: &ServiceInfo, cache: CacheHint) -> Answer {
    let modern = ProtocolVersion::ALL
        .into_iter()
        .filter(|version| version.era() == Era::Modern);
    Answer::Discover(Box::new(DiscoverResult::new(
        modern.collect(),
        info.capabilities.clone(),
        info.instructions.clone(),
        cache,
    )))
}
