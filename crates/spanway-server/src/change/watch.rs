//! The resources one listener watches, and which of them it has to be told of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is pending is bounded by what is watched: one URI for each that is watched.
#[derive(Debug, Default)]
pub(super) struct Watched {
    uris: BTreeSet<Arc<str>>,
    /// By the URI that is watched, the one to tell of.
    pending: BTreeMap<Arc<str>, Arc<str>>,
}

impl Watched {
    pub(super) fn add(&mut self, uri: Arc<str>) {
        self.uris.insert(uri);
    }

    pub(super) fn remove(&mut self, uri: &str) {
        self.uris.remove(uri);
        self.pending.remove(uri);
    }

    pub(super) fn uris(&self) -> Vec<Arc<str>> {
        self.uris.iter().cloned().collect()
    }

    /// The watched URI that covers `uri`: itself, or the nearest above it.
    pub(super) fn nearest(&self, uri: &str) -> Option<&Arc<str>> {
        if self.uris.is_empty() {
            return None;
        }
        let above = uri
            .rmatch_indices('/')
            .flat_map(|(slash, _)| [&uri[..=slash], &uri[..slash]]);
        std::iter::once(uri)
            .chain(above)
            .find_map(|covering| self.uris.get(covering))
    }

    /// Notes that `uri` changed; whether that is news.
    pub(super) fn note(&mut self, uri: &Arc<str>) -> bool {
        let Some(covering) = self.nearest(uri).cloned() else {
            return false;
        };
        let told = self.pending.get(&covering);
        let news = match told {
            None => uri.clone(),
            Some(same) if same == uri || *same == covering => return false,
            // Several below it: what they have in common stands for them all.
            Some(_) => covering.clone(),
        };
        self.pending.insert(covering, news);
        true
    }

    pub(super) fn take(&mut self) -> Option<Arc<str>> {
        self.pending.pop_first().map(|(_, uri)| uri)
    }
}
