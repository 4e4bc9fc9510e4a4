//! One kind of feature: found by name, listed in pages that are written once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use spanway_protocol::schema::{CacheHint, ListResult, Listed, Projected, View};
use spanway_protocol::{Answer, ProtocolVersion, RawJson, Rejection, Reply};

use crate::page::{Cursor, ListKind};
use crate::principal::Principal;

/// Whether a caller may see and use a feature.
#[derive(Clone)]
pub(crate) struct Visibility(Arc<Rule>);

type Rule = dyn Fn(Option<&Principal>) -> bool + Send + Sync;

impl Visibility {
    pub(crate) fn new(decide: impl Fn(Option<&Principal>) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(decide))
    }
}

impl fmt::Debug for Visibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Visibility")
    }
}

/// A feature that is found by key and listed.
pub(crate) trait Entry {
    /// How it is described on the wire.
    type Definition: Listed + PartialEq;

    /// Its list.
    const LIST: ListKind;

    /// What it is called by: a name, a URI, a template.
    fn key(&self) -> &str;

    /// The description.
    fn definition(&self) -> &Self::Definition;

    /// Who may see it; everybody, if there is no rule.
    fn visibility(&self) -> Option<&Visibility>;

    /// One rule for lists and calls: what is not listed cannot be called (ARCHITECTURE.md, invariant 13;
    /// D3.1).
    fn is_visible_to(&self, principal: Option<&Principal>) -> bool {
        self.visibility().is_none_or(|rule| (rule.0)(principal))
    }
}

/// The features of one kind, in order of registration.
#[derive(Debug)]
pub(crate) struct Lists<E> {
    by_key: HashMap<Box<str>, Arc<E>>,
    ordered: Vec<(u64, Arc<E>)>,
}

impl<E> Clone for Lists<E> {
    fn clone(&self) -> Self {
        Self {
            by_key: self.by_key.clone(),
            ordered: self.ordered.clone(),
        }
    }
}

impl<E> Default for Lists<E> {
    fn default() -> Self {
        Self {
            by_key: HashMap::new(),
            ordered: Vec::new(),
        }
    }
}

impl<E: Entry> Lists<E> {
    /// Adds an entry under a registration number above all others. False if its key is taken.
    pub(crate) fn add(&mut self, number: u64, entry: E) -> bool {
        let entry = Arc::new(entry);
        if self.by_key.contains_key(entry.key()) {
            return false;
        }
        self.by_key.insert(entry.key().into(), entry.clone());
        self.ordered.push((number, entry));
        true
    }

    /// Removes an entry. False if there is none.
    pub(crate) fn remove(&mut self, key: &str) -> bool {
        let Some(removed) = self.by_key.remove(key) else {
            return false;
        };
        self.ordered
            .retain(|(_, entry)| !Arc::ptr_eq(entry, &removed));
        true
    }

    /// The same entries under numbers after `number`, which becomes the last of them.
    pub(crate) fn renumbered(&self, number: &mut u64) -> Self {
        let mut lists = self.clone();
        for (own, _) in &mut lists.ordered {
            *number += 1;
            *own = *number;
        }
        lists
    }

    /// Whether everybody is told the same of both. Rules of visibility cannot be compared.
    pub(crate) fn is_listed_like(&self, other: &Self) -> bool {
        let is_open = |it: &Arc<E>| it.visibility().is_none();
        self.iter().chain(other.iter()).all(is_open)
            && self
                .iter()
                .map(|it| it.definition())
                .eq(other.iter().map(|it| it.definition()))
    }

    /// The entry of this key, whoever may see it.
    pub(crate) fn get(&self, key: &str) -> Option<&Arc<E>> {
        self.by_key.get(key)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ordered.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<E>> {
        self.ordered.iter().map(|(_, entry)| entry)
    }
}

/// The features of one kind as they are served, until the next change.
#[derive(Debug)]
pub(crate) struct Section<E> {
    pub(crate) lists: Arc<Lists<E>>,
    /// Whether the list differs from caller to caller.
    filtered: bool,
    page_size: usize,
    cache: CacheHint,
    /// The pages that were written, per revision. They go when the section goes.
    written: [Box<[OnceLock<RawJson>]>; ProtocolVersion::ALL.len()],
}

impl<E: Entry> Section<E> {
    pub(crate) fn new(lists: Arc<Lists<E>>, page_size: usize, cache: CacheHint) -> Self {
        let pages = lists.ordered.len().div_ceil(page_size).max(1);
        let filtered = lists.iter().any(|entry| entry.visibility().is_some());
        // What depends on the caller must not be shared between callers (trap 22); all pages say the same.
        let cache = if filtered {
            CacheHint::private(cache.ttl_ms)
        } else {
            cache
        };
        let written = std::array::from_fn(|_| (0..pages).map(|_| OnceLock::new()).collect());
        Self {
            lists,
            filtered,
            page_size,
            cache,
            written,
        }
    }

    /// The entry of this key, if the caller may see it.
    pub(crate) fn find(&self, key: &str, principal: Option<&Principal>) -> Option<&Arc<E>> {
        self.lists
            .get(key)
            .filter(|entry| entry.is_visible_to(principal))
    }

    /// One page of the list, the first without a cursor.
    pub(crate) fn page(
        &self,
        cursor: Option<&str>,
        principal: Option<&Principal>,
        view: View<'_>,
    ) -> Reply {
        let after = match cursor.map(|text| Cursor::decode(E::LIST, text)) {
            None => 0,
            Some(Some(cursor)) => cursor.after,
            Some(None) => {
                return Rejection::InvalidParams {
                    detail: "cursor is not one that this list gave; start again without one".into(),
                }
                .into();
            }
        };
        match self.written_page(after, principal, view) {
            Ok(page) => Answer::Prepared(page).into(),
            Err(error) => {
                tracing::error!(%error, "a list cannot be written");
                Rejection::Internal.into()
            }
        }
    }

    fn written_page(
        &self,
        after: u64,
        principal: Option<&Principal>,
        view: View<'_>,
    ) -> Result<RawJson, serde_json::Error> {
        let ordered = &self.lists.ordered;
        let start = ordered.partition_point(|(number, _)| *number <= after);
        if self.filtered {
            let visible = ordered[start..]
                .iter()
                .filter(|(_, entry)| entry.is_visible_to(principal));
            return self.write(visible, view);
        }
        // Cursors of an earlier state of the list may fall between the pages of this one.
        let slot = self
            .written
            .iter()
            .zip(ProtocolVersion::ALL)
            .find(|(_, version)| start.is_multiple_of(self.page_size) && *version == view.version)
            .and_then(|(pages, _)| pages.get(start / self.page_size));
        if let Some(page) = slot.and_then(OnceLock::get) {
            return Ok(page.clone());
        }
        let page = self.write(ordered[start..].iter(), view)?;
        Ok(slot.map_or(page.clone(), |slot| slot.get_or_init(|| page).clone()))
    }

    fn write<'a>(
        &self,
        mut entries: impl Iterator<Item = &'a (u64, Arc<E>)>,
        view: View<'_>,
    ) -> Result<RawJson, serde_json::Error>
    where
        E: 'a,
    {
        let page: Vec<_> = entries.by_ref().take(self.page_size).collect();
        let more = entries.next().is_some();
        let next = page.last().filter(|_| more);
        let next = next.map(|(after, _)| {
            Cursor {
                list: E::LIST,
                after: *after,
            }
            .encode()
        });
        let items = page.iter().map(|(_, entry)| entry.definition()).collect();
        Projected(&ListResult::new(items, next, self.cache), view).to_json()
    }
}
