//! Where things are in Redis. Keys of one session, of one task and of one owner's list each have a hash tag
//! (`{…}`), so that a script finds all its keys in one slot of a cluster.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use spanway_protocol::Timestamp;
use spanway_protocol::legacy::SessionId;
use spanway_store::{NodeId, Nonce, StreamKey, TaskId};

/// All names under one prefix.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    prefix: Box<str>,
    database: i64,
}

/// The keys of a log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LogKeys {
    /// Hash: what is known of it.
    pub(crate) log: String,
    /// List: its messages.
    pub(crate) said: String,
    /// Sorted set: all streams of its session, by expiry.
    pub(crate) streams: String,
}

/// The keys of an owner's list of tasks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OwnerKeys {
    /// Sorted set: places, in the order of lists.
    pub(crate) owned: String,
    /// Sorted set: places, by expiry.
    pub(crate) lapsing: String,
}

impl Keys {
    pub(crate) fn new(prefix: &str, database: i64) -> Self {
        Self {
            prefix: prefix.into(),
            database,
        }
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// String: the number of the format.
    pub(crate) fn format(&self) -> String {
        format!("{}format", self.prefix)
    }

    /// Hash: a session.
    pub(crate) fn session(&self, id: &SessionId) -> String {
        format!("{}session:{{{}}}", self.prefix, id.as_str())
    }

    /// Sorted set: the ids of all sessions, by expiry.
    pub(crate) fn sessions(&self) -> String {
        format!("{}sessions", self.prefix)
    }

    /// Sorted set: the streams of a session, by expiry.
    pub(crate) fn streams(&self, session: &SessionId) -> String {
        format!("{}streams:{{{}}}", self.prefix, session.as_str())
    }

    pub(crate) fn log(&self, key: &StreamKey) -> LogKeys {
        let stream = key.stream.to_string();
        let (log, said) = self.log_of(&key.session, &stream);
        let streams = self.streams(&key.session);
        LogKeys { log, said, streams }
    }

    /// A log and its messages, by the name of the stream.
    pub(crate) fn log_of(&self, session: &SessionId, stream: &str) -> (String, String) {
        let (prefix, session) = (&self.prefix, session.as_str());
        (
            format!("{prefix}log:{{{session}}}:{stream}"),
            format!("{prefix}said:{{{session}}}:{stream}"),
        )
    }

    /// Hash: a task.
    pub(crate) fn task(&self, id: &TaskId) -> String {
        format!("{}task:{{{}}}", self.prefix, id.as_str())
    }

    /// Sorted set: the ids of all tasks, by expiry.
    pub(crate) fn tasks(&self) -> String {
        format!("{}tasks", self.prefix)
    }

    /// String: who used something up, by its [name](nonce_name).
    pub(crate) fn nonce(&self, name: &str) -> String {
        format!("{}nonce:{{{name}}}", self.prefix)
    }

    /// Sorted set: the names of all that was used up, by expiry.
    pub(crate) fn nonces(&self) -> String {
        format!("{}nonces", self.prefix)
    }

    /// Names of owners may be of any length and have any characters, so their digest stands for them.
    pub(crate) fn owner(&self, owner: &str) -> OwnerKeys {
        let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(owner.as_bytes()));
        OwnerKeys {
            owned: format!("{}owned:{{{digest}}}", self.prefix),
            lapsing: format!("{}lapsing:{{{digest}}}", self.prefix),
        }
    }

    /// String: the lease of a node that lives.
    pub(crate) fn node(&self, node: NodeId) -> String {
        format!("{}node:{node}", self.prefix)
    }

    /// String: since when some node or other has renewed its lease without a pause.
    pub(crate) fn term(&self) -> String {
        format!("{}term", self.prefix)
    }

    /// Channel: what nodes tell each other. Channels, unlike keys, are the same in every database.
    pub(crate) fn bus(&self) -> String {
        format!("{}bus:{}", self.prefix, self.database)
    }

    /// Channel: which logs have grown.
    pub(crate) fn bells(&self) -> String {
        format!("{}bells:{}", self.prefix, self.database)
    }
}

/// What names something that may be used once.
pub(crate) fn nonce_name(nonce: &Nonce) -> String {
    URL_SAFE_NO_PAD.encode(nonce.as_bytes())
}

/// A place in an owner's list. Places sort as lists do: by creation, then by id.
pub(crate) fn place(created: Timestamp, id: &TaskId) -> String {
    format!("{:016x}{}", created.as_millis(), id.as_str())
}

/// The task at a place.
pub(crate) fn task_at(place: &str) -> Option<TaskId> {
    TaskId::parse(place.get(16..)?)
}

#[cfg(test)]
mod tests {
    use spanway_protocol::legacy::StreamId;

    use super::*;

    /// What decides about the slot, as a cluster finds it.
    fn tag(key: &str) -> &str {
        let (_, rest) = key.split_once('{').unwrap();
        let (tag, _) = rest.split_once('}').unwrap();
        assert!(!tag.is_empty());
        tag
    }

    #[test]
    fn all_keys_of_a_session_share_a_slot() {
        let keys = Keys::new("spanway:", 0);
        let session = SessionId::from_random([250; 16]);
        let log = |stream| {
            keys.log(&StreamKey {
                session: session.clone(),
                stream: StreamId::from_random([stream; 8]),
            })
        };
        let (one, other) = (log(1), log(2));
        assert_ne!(one.log, other.log);
        assert_eq!(one.streams, keys.streams(&session));
        for key in [
            &keys.session(&session),
            &one.log,
            &one.said,
            &one.streams,
            &other.log,
            &other.said,
        ] {
            assert_eq!(tag(key), session.as_str());
        }
    }

    #[test]
    fn both_keys_of_an_owner_share_a_slot_whatever_its_name() {
        let keys = Keys::new("spanway:", 0);
        for owner in ["", "ann", "{ann}", "}{", "änn"] {
            let OwnerKeys { owned, lapsing } = keys.owner(owner);
            assert_eq!(tag(&owned), tag(&lapsing));
        }
        assert_ne!(keys.owner("ann"), keys.owner("{ann}"));
    }

    #[test]
    fn places_sort_by_creation_and_then_by_id() {
        let id = |number| TaskId::from_random([number; 16]);
        let at = Timestamp::from_millis;
        let places = [
            place(at(9), &id(9)),
            place(at(10), &id(1)),
            place(at(10), &id(2)),
            place(at(1 << 40), &id(0)),
        ];
        assert!(places.is_sorted());
        assert_eq!(task_at(&places[1]), Some(id(1)));
        assert_eq!(task_at("short"), None);
    }
}
