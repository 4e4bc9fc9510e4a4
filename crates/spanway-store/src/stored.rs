//! The forms in which stores outside this process keep things: JSON with a format number, so that an older
//! or newer program notices instead of misreading.

use serde::{Deserialize, Serialize};
use spanway_protocol::jsonrpc::RequestId;
use spanway_protocol::legacy::{Session, SessionId};
use spanway_protocol::schema::LoggingLevel;
use spanway_protocol::{Client, ProtocolVersion, RawJson};

use crate::error::StoreError;
use crate::log::{NodeId, StreamState};

/// The number of the forms here. A store writes it once, and refuses to open what has another.
pub const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct StoredSession {
    id: Box<str>,
    version: Box<str>,
    #[serde(default, skip_serializing_if = "RawJson::is_absent")]
    info: RawJson,
    #[serde(default, skip_serializing_if = "RawJson::is_absent")]
    capabilities: RawJson,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<Box<str>>,
    log_level: LoggingLevel,
    initialized: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    subscriptions: Vec<Box<str>>,
}

/// A session as bytes.
///
/// # Errors
/// Never for a session that was read from a request.
pub fn write_session(session: &Session) -> Result<Vec<u8>, StoreError> {
    let stored = StoredSession {
        id: session.id.as_str().into(),
        version: session.version.as_str().into(),
        info: session.client.info.clone(),
        capabilities: session.client.capabilities.clone(),
        owner: session.owner.clone(),
        log_level: session.log_level,
        initialized: session.initialized,
        subscriptions: session.subscriptions.iter().cloned().collect(),
    };
    serde_json::to_vec(&stored).map_err(|_| UNREADABLE_SESSION)
}

/// The session in these bytes.
///
/// # Errors
/// They are not what [`write_session`] writes.
pub fn read_session(bytes: &[u8]) -> Result<Session, StoreError> {
    let stored: StoredSession = serde_json::from_slice(bytes).map_err(|_| UNREADABLE_SESSION)?;
    let id = SessionId::parse(&stored.id).ok_or(UNREADABLE_SESSION)?;
    let version = ProtocolVersion::parse(&stored.version).ok_or(UNREADABLE_SESSION)?;
    let client = Client::new(stored.info, stored.capabilities);
    let mut session = Session::new(id, version, &client, stored.owner);
    session.log_level = stored.log_level;
    session.initialized = stored.initialized;
    session.subscriptions = stored.subscriptions.into_iter().collect();
    Ok(session)
}

const UNREADABLE_SESSION: StoreError = StoreError::Unreadable { what: "a session" };
const UNREADABLE_STATE: StoreError = StoreError::Unreadable {
    what: "the state of a stream",
};

#[derive(Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum StoredState {
    Calls {
        node: Box<str>,
        pending: Vec<RequestId>,
    },
    Listening,
    Ended,
}

/// The state of a stream as text.
///
/// # Errors
/// Never.
pub fn write_state(state: &StreamState) -> Result<String, StoreError> {
    let stored = match state {
        StreamState::Calls { node, pending } => StoredState::Calls {
            node: node.to_string().into(),
            pending: pending.clone(),
        },
        StreamState::Listening => StoredState::Listening,
        StreamState::Ended => StoredState::Ended,
    };
    serde_json::to_string(&stored).map_err(|_| UNREADABLE_STATE)
}

/// The state of a stream in these bytes.
///
/// # Errors
/// They are not what [`write_state`] writes.
pub fn read_state(bytes: &[u8]) -> Result<StreamState, StoreError> {
    let stored = serde_json::from_slice(bytes).map_err(|_| UNREADABLE_STATE)?;
    Ok(match stored {
        StoredState::Calls { node, pending } => StreamState::Calls {
            node: NodeId::parse(&node).ok_or(UNREADABLE_STATE)?,
            pending,
        },
        StoredState::Listening => StreamState::Listening,
        StoredState::Ended => StreamState::Ended,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_reads_back_as_it_was_written() {
        let raw = |text: &str| -> RawJson {
            RawJson::from_serialize(&serde_json::from_str::<serde_json::Value>(text).unwrap())
                .unwrap()
        };
        let id = SessionId::from_random([7; 16]);
        let client = Client::new(raw(r#"{"name":"c"}"#), RawJson::default());
        let owner = Some("ann".into());
        let mut session = Session::new(id, ProtocolVersion::V2025_03_26, &client, owner);
        session.initialized = true;
        session.log_level = LoggingLevel::Error;
        session.subscriptions.insert("a:1".into());
        let written = write_session(&session).unwrap();
        assert_eq!(read_session(&written).unwrap(), session);
        assert!(read_session(b"{}").is_err());
    }

    #[test]
    fn the_state_of_a_stream_reads_back_as_it_was_written() {
        let node = NodeId::from_random([9; 8]);
        let pending = vec![RequestId::from(1), RequestId::from("1")];
        for state in [
            StreamState::Calls { node, pending },
            StreamState::Listening,
            StreamState::Ended,
        ] {
            let written = write_state(&state).unwrap();
            assert_eq!(read_state(written.as_bytes()).unwrap(), state);
        }
        assert!(read_state(b"{}").is_err());
    }
}
