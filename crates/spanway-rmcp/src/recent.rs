//! A map by session that knows which entry was not used for longest.

use std::collections::{BTreeMap, HashMap};

/// Values by session, in the order of their last use. Whoever adds one decides what has to go.
#[derive(Debug)]
pub(crate) struct Recent<V> {
    entries: HashMap<Box<str>, Entry<V>>,
    /// The sessions by the number of their last use.
    order: BTreeMap<u64, Box<str>>,
    last: u64,
}

#[derive(Debug)]
struct Entry<V> {
    used: u64,
    value: V,
}

impl<V> Default for Recent<V> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            order: BTreeMap::new(),
            last: 0,
        }
    }
}

impl<V> Recent<V> {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The value of this session, used once more.
    pub(crate) fn get(&mut self, session: &str) -> Option<&V> {
        let entry = self.entries.get_mut(session)?;
        self.last += 1;
        if let Some(key) = self.order.remove(&entry.used) {
            self.order.insert(self.last, key);
        }
        entry.used = self.last;
        Some(&entry.value)
    }

    /// Adds the value of a session that has none.
    pub(crate) fn insert(&mut self, session: &str, value: V) {
        debug_assert!(!self.entries.contains_key(session));
        self.last += 1;
        let used = self.last;
        self.order.insert(used, session.into());
        self.entries.insert(session.into(), Entry { used, value });
    }

    pub(crate) fn remove(&mut self, session: &str) -> Option<V> {
        let entry = self.entries.remove(session)?;
        self.order.remove(&entry.used);
        Some(entry.value)
    }

    /// Takes out the value that was not used for longest.
    pub(crate) fn pop_oldest(&mut self) -> Option<V> {
        let (_, session) = self.order.pop_first()?;
        self.entries.remove(&session).map(|entry| entry.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_unused_for_longest_goes_first() {
        let mut recent = Recent::default();
        for session in ["a", "b", "c"] {
            recent.insert(session, session);
        }
        assert_eq!(recent.get("a"), Some(&"a"));
        assert_eq!(recent.remove("c"), Some("c"));
        assert_eq!(recent.len(), 2);
        assert_eq!(recent.pop_oldest(), Some("b"));
        assert_eq!(recent.pop_oldest(), Some("a"));
        assert_eq!(recent.pop_oldest(), None);
        assert_eq!(recent.get("a"), None);
    }
}
