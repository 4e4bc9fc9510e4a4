//! What an earlier process left of stream logs.

use std::collections::HashMap;

use spanway_protocol::Limits;
use spanway_store::{LogIndex, StoreError, StreamKey};

use super::{Head, Shelf, Size};
use crate::engine::View;
use crate::key;

/// A stream's messages, by number.
type Found = Vec<(u64, Size)>;

/// Reads all there is, once.
pub(super) fn shelf(view: &View, limits: &Limits) -> Result<Shelf, StoreError> {
    let mut shelf = Shelf {
        index: LogIndex::new(limits),
        orphans: Vec::new(),
        unreadable: HashMap::new(),
        unreadable_since: None,
        age_max: limits.replay_age_max,
    };
    let mut messages = messages(view)?;
    for entry in view.beginning(&[key::STREAM], None) {
        let (key, head) = entry?;
        if let Some(key) = key::read_stream(&key) {
            let found = messages.remove(&key).unwrap_or_default();
            shelf.restore(key, Head::read(&head).ok(), found);
        }
    }
    for (key, found) in messages {
        shelf.give_up(key, found);
    }
    Ok(shelf)
}

fn messages(view: &View) -> Result<HashMap<StreamKey, Found>, StoreError> {
    let mut messages: HashMap<StreamKey, Found> = HashMap::new();
    for entry in view.beginning(&[key::MESSAGE], None) {
        let (key, message) = entry?;
        if let Some((key, number)) = key::read_message(&key) {
            let found = messages.entry(key).or_default();
            found.push((number, Size(message.len())));
        }
    }
    Ok(messages)
}

impl Shelf {
    fn restore(&mut self, key: StreamKey, head: Option<Head>, found: Found) {
        let numbers = || found.iter().map(|(number, _)| *number);
        let is_whole = |head: &Head| numbers().eq(head.first..=head.last);
        let Some(head) = head.filter(is_whole) else {
            return self.give_up(key, found);
        };
        let idle_since = head.state.is_idle().then_some(head.touched);
        if idle_since.is_none() {
            self.orphans.push(key.clone());
        }
        let sizes = found.into_iter().map(|(_, size)| size);
        self.index
            .restore(&key, head.last, sizes, head.state, idle_since);
    }

    fn give_up(&mut self, key: StreamKey, found: Found) {
        tracing::error!(?key, "a stream in the file store cannot be read");
        let numbers = found.into_iter().map(|(number, _)| number).collect();
        self.unreadable.insert(key, numbers);
    }
}
