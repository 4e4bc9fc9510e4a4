//! What is to be written in one step.

use std::collections::BTreeMap;

use bytes::Bytes;

/// Values to put and keys to remove. Of two changes of one key the later one holds: the engine gives all of a
/// step one number, so it must not be asked for both.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    by_key: BTreeMap<Vec<u8>, Option<Bytes>>,
    bytes: usize,
}

impl Changes {
    pub(crate) fn put(&mut self, key: Vec<u8>, value: impl Into<Bytes>) {
        let value = value.into();
        self.bytes += key.len() + value.len();
        self.by_key.insert(key, Some(value));
    }

    pub(crate) fn remove(&mut self, key: Vec<u8>) {
        self.bytes += key.len();
        self.by_key.insert(key, None);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// About how many bytes were asked for.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn into_iter(self) -> impl Iterator<Item = (Vec<u8>, Option<Bytes>)> {
        self.by_key.into_iter()
    }
}
