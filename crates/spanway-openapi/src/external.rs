//! References to other documents: what they name is loaded beside the document, once each, within bounds.
//!
//! References stay references, now all within one tree, so that cycles between files are as safe as any. What may
//! not or cannot be loaded costs whatever refers to it, and the reason is told there.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::Url;

use crate::limits::EXTERNAL_DOCUMENTS_MAX;
use crate::parse::parse_tree;
use crate::source::Loader;

/// The member of the root under which other documents stand.
const MEMBER: &str = "x-spanway-external";

/// Where a document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Here {
    /// A file, its path in full.
    File(PathBuf),
    /// A URL without fragment.
    Url(Url),
    /// Nowhere that a relative reference could start from.
    Nowhere,
}

/// Where references may lead.
#[derive(Debug, Clone, Default)]
pub(crate) struct Allowed {
    /// Directories besides that of the document.
    pub(crate) directories: Vec<PathBuf>,
    /// Hosts besides the origin of a document from a URL.
    pub(crate) hosts: Vec<String>,
}

/// The other documents that a document refers to.
#[derive(Debug, Clone, Default)]
pub(crate) struct External {
    /// Where each is, as it may be shown.
    places: Vec<String>,
    /// Why a reference leads nowhere.
    failures: HashMap<String, String>,
}

impl External {
    /// Why a reference that leads out of the document could not be followed.
    pub(crate) fn failure(&self, reference: &str) -> Option<&str> {
        self.failures.get(reference).map(String::as_str)
    }

    /// A pointer into another document as its place and the pointer there.
    pub(crate) fn written_pointer(&self, pointer: &str) -> Option<String> {
        let rest = pointer
            .strip_prefix('/')?
            .strip_prefix(MEMBER)?
            .strip_prefix('/')?;
        let (index, inner) = rest.split_once('/').unwrap_or((rest, ""));
        let place = self.places.get(index.parse::<usize>().ok()?)?;
        let slash = if inner.is_empty() { "" } else { "/" };
        Some(format!("{place}#{slash}{inner}"))
    }
}

/// Loads what `root`, which is at `here`, refers to, and what that refers to.
pub(crate) async fn bundle(
    root: &mut Value,
    here: Here,
    allowed: &Allowed,
    loader: &Loader,
) -> External {
    let mut bundle = Bundle {
        allowed,
        loader,
        start: here.clone(),
        places: vec![here],
        trees: vec![std::mem::take(root)],
        bytes: 0,
        failures: HashMap::new(),
    };
    let mut index = 0;
    while index < bundle.trees.len() {
        bundle.join(index).await;
        index += 1;
    }
    let mut trees = bundle.trees.into_iter();
    *root = trees.next().unwrap_or_default();
    let others: Vec<Value> = trees.collect();
    if let (Value::Object(map), false) = (root, others.is_empty()) {
        map.insert(MEMBER.to_owned(), Value::Array(others));
    }
    External {
        places: bundle.places.iter().skip(1).map(Here::shown).collect(),
        failures: bundle.failures,
    }
}

struct Bundle<'a> {
    allowed: &'a Allowed,
    loader: &'a Loader,
    start: Here,
    places: Vec<Here>,
    trees: Vec<Value>,
    bytes: usize,
    failures: HashMap<String, String>,
}

impl Bundle<'_> {
    /// Loads what one tree refers to, and makes its references local.
    async fn join(&mut self, index: usize) {
        let mut references = BTreeSet::new();
        collect(&self.trees[index], &mut references);
        let mut local = HashMap::new();
        for reference in references {
            let (place, fragment) = reference.split_once('#').unwrap_or((&reference, ""));
            // Anchors mean something to whoever reads the schema.
            if !fragment.is_empty() && !fragment.starts_with('/') {
                continue;
            }
            let target = match place {
                "" => Ok(index),
                place => self.target(index, place).await,
            };
            match target {
                Ok(0) => local.insert(reference.clone(), format!("#{fragment}")),
                Ok(other) => {
                    let target = format!("#/{MEMBER}/{}{fragment}", other - 1);
                    local.insert(reference.clone(), target)
                }
                Err(reason) => self.failures.insert(reference.clone(), reason),
            };
        }
        rewrite(&mut self.trees[index], &local);
    }

    /// The index of the tree at `place`, seen from the tree at `index`; loaded if it is new.
    async fn target(&mut self, index: usize, place: &str) -> Result<usize, String> {
        let here = self.places.get(index).unwrap_or(&Here::Nowhere);
        let there = here.join(place)?;
        if let Some(known) = self.places.iter().position(|it| *it == there) {
            return Ok(known);
        }
        self.judge(&there)?;
        if self.trees.len() > EXTERNAL_DOCUMENTS_MAX {
            return Err(format!(
                "more than {EXTERNAL_DOCUMENTS_MAX} documents are referred to"
            ));
        }
        let bytes = match &there {
            Here::File(path) => self.loader.read(path),
            Here::Url(url) => self.loader.fetch_beside(url).await,
            Here::Nowhere => return Err("there is no such place".to_owned()),
        };
        let bytes = bytes.map_err(|error| error.to_string())?;
        self.bytes += bytes.len();
        if self.bytes > self.loader.bytes_max {
            return Err("the documents that are referred to are too large together".to_owned());
        }
        let tree = parse_tree(&bytes).map_err(|error| format!("{}{error}", there.shown()))?;
        self.places.push(there);
        self.trees.push(tree);
        Ok(self.trees.len() - 1)
    }

    /// Whether a place may be read: below the document's own directory or on its origin, or where the operator says.
    fn judge(&self, there: &Here) -> Result<(), String> {
        match (there, &self.start) {
            (Here::File(path), start) => {
                let own = match start {
                    Here::File(start) => start.parent(),
                    _ => None,
                };
                let others = self.allowed.directories.iter().map(PathBuf::as_path);
                let mut all = own.into_iter().chain(others);
                if all.any(|directory| is_below(path, directory)) {
                    return Ok(());
                }
                Err(
                    "it leaves the directory of the document; --ref-dir allows another one"
                        .to_owned(),
                )
            }
            (Here::Url(url), start) => {
                let is_own = matches!(start, Here::Url(start) if start.origin() == url.origin());
                let host = url.host_str().unwrap_or_default();
                if is_own
                    || self
                        .allowed
                        .hosts
                        .iter()
                        .any(|it| it.eq_ignore_ascii_case(host))
                {
                    return Ok(());
                }
                Err(format!(
                    "host {host:?} is not allowed; --ref-host allows it"
                ))
            }
            (Here::Nowhere, _) => Err("there is no such place".to_owned()),
        }
    }
}

/// Both in full, symbolic links followed, so that no name leads out unseen.
fn is_below(path: &Path, directory: &Path) -> bool {
    let canonical = directory.canonicalize();
    canonical.is_ok_and(|directory| path.starts_with(directory))
}

impl Here {
    /// The place that a reference without fragment means from here.
    fn join(&self, reference: &str) -> Result<Self, String> {
        if let Ok(url) = Url::parse(reference)
            && matches!(url.scheme(), "http" | "https")
        {
            return Ok(Self::Url(url));
        }
        match self {
            Self::Url(base) => match base.join(reference) {
                Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Self::Url(url)),
                _ => Err("it is no http or https URL".to_owned()),
            },
            Self::File(base) => {
                let name = reference.strip_prefix("file://").unwrap_or(reference);
                let name = percent_decode_str(name).decode_utf8_lossy();
                let path = base.parent().unwrap_or(base).join(name.as_ref());
                let path = path.canonicalize();
                path.map(Self::File)
                    .map_err(|error| format!("it cannot be read: {error}"))
            }
            Self::Nowhere => Err("the document itself is in no directory".to_owned()),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Url(url) => crate::source::shown_url(url),
            Self::Nowhere => String::new(),
        }
    }
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|it| collect(it, references)),
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                references.insert(reference.clone());
            }
            map.values().for_each(|it| collect(it, references));
        }
        _ => {}
    }
}

fn rewrite(value: &mut Value, local: &HashMap<String, String>) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|it| rewrite(it, local)),
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get_mut("$ref")
                && let Some(target) = local.get(reference)
            {
                reference.clone_from(target);
            }
            map.values_mut().for_each(|it| rewrite(it, local));
        }
        _ => {}
    }
}
