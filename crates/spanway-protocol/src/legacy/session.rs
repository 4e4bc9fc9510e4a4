//! A legacy session: what was agreed in the handshake and what the client set since.

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{Hash, Hasher};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::call::Client;
use crate::schema::LoggingLevel;
use crate::version::ProtocolVersion;

/// Bytes of an id, 128 bits as base64url.
const LENGTH: usize = 22;

/// The name of a session. It is a secret of its client: `Debug` shows only the beginning.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionId([u8; LENGTH]);

impl SessionId {
    /// An id from 128 random bits, which must come from a cryptographic source (T-2503-20, T-2503-24).
    #[must_use]
    pub fn from_random(bits: [u8; 16]) -> Self {
        let mut text = [0; LENGTH];
        #[expect(clippy::expect_used, reason = "16 bytes are 22 characters")]
        let length = URL_SAFE_NO_PAD
            .encode_slice(bits, &mut text)
            .expect("there is room for all");
        debug_assert_eq!(length, LENGTH);
        Self(text)
    }

    /// Reads an id a client sent. `None` if it is of no form this server issues.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let id: [u8; LENGTH] = text.as_bytes().try_into().ok()?;
        let is_base64url = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        // The last character has two bits to say; the other four are nought.
        let (last, others) = id.split_last()?;
        let is_id = others.iter().all(is_base64url) && matches!(last, b'A' | b'Q' | b'g' | b'w');
        is_id.then_some(Self(id))
    }

    /// The id as it stands in the header: visible ASCII.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Goes by the first bytes: they are as random as all of them.
impl Hash for SessionId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SessionId({}…)",
            self.as_str().get(..4).unwrap_or_default()
        )
    }
}

/// What is remembered of a client between its requests.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// The negotiated revision.
    pub version: ProtocolVersion,
    /// What the client said of itself in the handshake.
    pub client: Client,
    /// Who opened it; every later request must come from the same principal
    /// (ARCHITECTURE.md, invariant 9).
    pub owner: Option<Box<str>>,
    /// From which level on the client wants log messages (T-2411-16).
    pub log_level: LoggingLevel,
    /// Whether the client said it is ready (T-2411-12).
    pub initialized: bool,
    /// The resources whose changes the client wants to hear of (T-2411-17).
    pub subscriptions: BTreeSet<Box<str>>,
}

impl Session {
    /// A session as it is right after the handshake. Log messages start at `info`. What the client said of itself is
    /// copied, so that nothing of the handshake stays in memory besides.
    #[must_use]
    pub fn new(
        id: SessionId,
        version: ProtocolVersion,
        client: &Client,
        owner: Option<Box<str>>,
    ) -> Self {
        Self {
            id,
            version,
            client: client.detached(),
            owner,
            log_level: LoggingLevel::Info,
            initialized: false,
            subscriptions: BTreeSet::new(),
        }
    }

    /// Whether `principal` may use the session. A session opened without credentials is open to requests
    /// without credentials only.
    #[must_use]
    pub fn belongs_to(&self, principal: Option<&str>) -> bool {
        self.owner.as_deref() == principal
    }
}
