//! The keys that seal the state of modern calls (T-MRTR-05): an AEAD, a ring for rotation.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::alphabet::{STANDARD as STANDARD_ALPHABET, URL_SAFE as URL_SAFE_ALPHABET};
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};

/// Bytes of a key.
const KEY_BYTES: usize = 32;

/// Bytes of a nonce; long enough to be random (XChaCha20-Poly1305).
pub(super) const NONCE_BYTES: usize = 24;

/// The form of what is sealed. Another form gets another prefix.
const PREFIX: &str = "v1";

/// Keys that seal `requestState`. All nodes that answer the same clients must have the same ones.
///
/// The first key seals, all of them open. To rotate: add the new key last everywhere, move it to the front,
/// and remove the old one once nothing sealed with it can still be valid.
///
/// ```
/// use spanway_server::StateKeys;
///
/// // 32 bytes in base64 each, separated by commas, from a secret of the deployment.
/// let keys: StateKeys = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=".parse()?;
/// # Ok::<(), spanway_server::StateKeyError>(())
/// ```
#[derive(Clone)]
pub struct StateKeys {
    first: StateKey,
    others: Vec<StateKey>,
}

#[derive(Clone)]
struct StateKey {
    id: String,
    cipher: XChaCha20Poly1305,
}

/// Why a text gives no keys. Never says what stood there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("key number {number} is not {KEY_BYTES} bytes in base64")]
pub struct StateKeyError {
    number: usize,
}

impl StateKeys {
    /// A ring of one key, which must come from a cryptographic source.
    #[must_use]
    pub fn new(key: [u8; KEY_BYTES]) -> Self {
        Self {
            first: StateKey::new(&key),
            others: Vec::new(),
        }
    }

    /// The same ring with one more key that opens and does not seal.
    #[must_use]
    pub fn and(mut self, key: [u8; KEY_BYTES]) -> Self {
        self.others.push(StateKey::new(&key));
        self
    }

    /// A key nobody else has.
    pub(super) fn random() -> Result<Self, getrandom::Error> {
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key)?;
        Ok(Self::new(key))
    }

    pub(super) fn seal(&self, plain: &[u8]) -> Result<String, SealError> {
        let StateKey { id, cipher } = &self.first;
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| SealError)?;
        let associated = associated(id);
        let payload = Payload {
            msg: plain,
            aad: associated.as_bytes(),
        };
        let sealed = cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| SealError)?;
        let mut bytes = nonce.to_vec();
        bytes.extend_from_slice(&sealed);
        Ok(format!("{PREFIX}.{id}.{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// What was sealed with one of these keys, unchanged since, and its nonce, which nothing else has.
    pub(super) fn open(&self, token: &str) -> Option<(Vec<u8>, [u8; NONCE_BYTES])> {
        let (id, text) = token
            .strip_prefix(PREFIX)?
            .strip_prefix('.')?
            .split_once('.')?;
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let associated = associated(id);
        let payload = Payload {
            msg: sealed,
            aad: associated.as_bytes(),
        };
        let mut keys = std::iter::once(&self.first).chain(&self.others);
        let key = keys.find(|key| key.id == id)?;
        let plain = key.cipher.decrypt(&XNonce::from(*nonce), payload).ok()?;
        Some((plain, *nonce))
    }
}

fn associated(id: &str) -> String {
    format!("spanway requestState {PREFIX} {id}")
}

/// The state could not be sealed: no random numbers, or too much to seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SealError;

impl StateKey {
    fn new(key: &[u8; KEY_BYTES]) -> Self {
        let digest = Sha256::new()
            .chain_update(b"spanway state key id")
            .chain_update(key)
            .finalize();
        Self {
            id: URL_SAFE_NO_PAD.encode(&digest[..6]),
            cipher: XChaCha20Poly1305::new(key.into()),
        }
    }
}

impl FromStr for StateKeys {
    type Err = StateKeyError;

    fn from_str(text: &str) -> Result<Self, StateKeyError> {
        let mut keys = text
            .split(',')
            .enumerate()
            .map(|(index, key)| decode(key.trim()).ok_or(StateKeyError { number: index + 1 }));
        let first = keys.next().ok_or(StateKeyError { number: 1 })??;
        keys.try_fold(Self::new(first), |ring, key| Ok(ring.and(key?)))
    }
}

/// Both alphabets, with and without padding: keys come out of many tools.
fn decode(text: &str) -> Option<[u8; KEY_BYTES]> {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    [STANDARD_ALPHABET, URL_SAFE_ALPHABET]
        .iter()
        .find_map(|alphabet| GeneralPurpose::new(alphabet, config).decode(text).ok())?
        .try_into()
        .ok()
}

impl fmt::Debug for StateKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = std::iter::once(&self.first).chain(&self.others);
        f.debug_list().entries(keys.map(|key| &key.id)).finish()
    }
}
