//! Where things are in the store: the first byte says what it is, then come names of a fixed length, so that
//! what belongs together stands together and in order.

use sha2::{Digest, Sha256};
use spanway_protocol::Timestamp;
use spanway_protocol::legacy::{SessionId, StreamId};
use spanway_store::{Nonce, StreamKey, TaskId};

/// The format number, once.
pub(crate) const FORMAT: &[u8] = b"f";
/// A session: since when it is unused, and itself.
pub(crate) const SESSION: u8 = b's';
/// What is known of a stream.
pub(crate) const STREAM: u8 = b'l';
/// One message of a stream.
pub(crate) const MESSAGE: u8 = b'm';
/// A task without its body.
pub(crate) const TASK: u8 = b't';
/// The body of a task.
const BODY: u8 = b'b';
/// The place of a task among those of its owner, and when it expires.
const OWNED: u8 = b'o';
/// What was used once, and until when that matters.
pub(crate) const NONCE: u8 = b'n';

/// Both are 128 bits in base64.
const ID: usize = 22;
const STREAM_ID: usize = 16;
const NUMBER: usize = 8;

pub(crate) type OwnerHash = [u8; 32];

fn join(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
    key.push(kind);
    parts.iter().for_each(|part| key.extend_from_slice(part));
    key
}

pub(crate) fn session(id: &SessionId) -> Vec<u8> {
    join(SESSION, &[id.as_str().as_bytes()])
}

pub(crate) fn read_session(key: &[u8]) -> Option<SessionId> {
    SessionId::parse(std::str::from_utf8(key.get(1..)?).ok()?)
}

pub(crate) fn stream(key: &StreamKey) -> Vec<u8> {
    of_stream(STREAM, key, &[])
}

pub(crate) fn message(key: &StreamKey, number: u64) -> Vec<u8> {
    of_stream(MESSAGE, key, &number.to_be_bytes())
}

fn of_stream(kind: u8, key: &StreamKey, number: &[u8]) -> Vec<u8> {
    let (session, stream) = (key.session.as_str(), key.stream.to_string());
    join(kind, &[session.as_bytes(), stream.as_bytes(), number])
}

/// Reads the key of a stream, or the beginning of that of a message.
pub(crate) fn read_stream(key: &[u8]) -> Option<StreamKey> {
    let text = std::str::from_utf8(key.get(1..1 + ID + STREAM_ID)?).ok()?;
    let (session, stream) = text.split_at_checked(ID)?;
    Some(StreamKey {
        session: SessionId::parse(session)?,
        stream: StreamId::parse(stream)?,
    })
}

pub(crate) fn read_message(key: &[u8]) -> Option<(StreamKey, u64)> {
    let number = key.get(1 + ID + STREAM_ID..)?.try_into().ok()?;
    Some((read_stream(key)?, u64::from_be_bytes(number)))
}

pub(crate) fn task(id: &TaskId) -> Vec<u8> {
    join(TASK, &[id.as_str().as_bytes()])
}

pub(crate) fn read_task(key: &[u8]) -> Option<TaskId> {
    TaskId::parse(std::str::from_utf8(key.get(1..)?).ok()?)
}

pub(crate) fn body(id: &TaskId) -> Vec<u8> {
    join(BODY, &[id.as_str().as_bytes()])
}

/// Owners are names of any length; a key has their hash.
pub(crate) fn owner(name: &str) -> OwnerHash {
    Sha256::digest(name).into()
}

pub(crate) fn owned(owner: &OwnerHash, created: Timestamp, id: &TaskId) -> Vec<u8> {
    let created = created.as_millis().to_be_bytes();
    join(OWNED, &[owner, &created, id.as_str().as_bytes()])
}

pub(crate) fn all_owned(owner: &OwnerHash) -> Vec<u8> {
    join(OWNED, &[owner])
}

pub(crate) fn read_owned(key: &[u8]) -> Option<TaskId> {
    let id = key.get(1 + size_of::<OwnerHash>() + NUMBER..)?;
    TaskId::parse(std::str::from_utf8(id).ok()?)
}

pub(crate) fn nonce(nonce: &Nonce) -> Vec<u8> {
    join(NONCE, &[nonce.as_bytes()])
}

pub(crate) fn read_nonce(key: &[u8]) -> Option<Nonce> {
    Some(Nonce::new(key.get(1..)?.try_into().ok()?))
}

/// The first eight bytes as a number, and what follows.
pub(crate) fn split_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<NUMBER>()?;
    Some((u64::from_be_bytes(*number), rest))
}

/// The first eight bytes as a moment, and what follows.
pub(crate) fn split_time(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    split_number(bytes).map(|(millis, rest)| (Timestamp::from_millis(millis), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_and_are_in_the_order_of_what_they_name() {
        let key = StreamKey {
            session: SessionId::from_random([7; 16]),
            stream: StreamId::from_random([9; 8]),
        };
        let id = TaskId::from_random([5; 16]);
        assert_eq!(
            read_session(&session(&key.session)),
            Some(key.session.clone())
        );
        assert_eq!(read_stream(&stream(&key)), Some(key.clone()));
        assert_eq!(read_message(&message(&key, 300)), Some((key.clone(), 300)));
        assert!(message(&key, 255) < message(&key, 256));
        let owner = owner("ann");
        let owned_at = |millis| owned(&owner, Timestamp::from_millis(millis), &id);
        assert_eq!(read_owned(&owned_at(1)), Some(id.clone()));
        assert!(owned_at(255) < owned_at(256) && owned_at(1).starts_with(&all_owned(&owner)));
        assert_eq!(read_task(&task(&id)), Some(id));
        for read in [&b"m"[..], b"", b"mshort", b"\xff\xff"] {
            assert_eq!(read_message(read), None);
            assert_eq!(read_owned(read), None);
        }
    }
}
