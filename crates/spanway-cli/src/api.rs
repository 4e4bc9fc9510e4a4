//! From SOURCEs to what is served: the documents, their operations, the upstreams behind them.

mod part;
mod security;
mod served;

use anyhow::Context as _;
use spanway::openapi::{
    Catalog, ClashPolicy, Document, Reads, SEARCH_THRESHOLD, Source, parse_document, settle_clashes,
};

use crate::config::Api;
use crate::demo;

pub(crate) use part::{Part, problem_as_json};
pub(crate) use served::Served;

/// One document to open: its prefix, where it is, and its settings.
pub(crate) type Opening = (Option<String>, Option<String>, Api);

/// What to open, and how several go together.
#[derive(Clone)]
pub(crate) struct Openings {
    pub(crate) each: Vec<Opening>,
    pub(crate) clash: ClashPolicy,
    /// Whether there are tools to search with; `None`: the number of operations decides.
    pub(crate) search: Option<bool>,
    pub(crate) offer: Offer,
}

/// What is offered of a document besides a tool for each operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offer {
    /// What GET operations are.
    pub(crate) reads: Reads,
    /// Whether component schemas are resources.
    pub(crate) schemas: bool,
    /// Whether there are tools and prompts that tell what there is.
    pub(crate) guide: bool,
}

impl Openings {
    /// Whether one of them is standard input, which can be read once only.
    pub(crate) fn has_stdin(&self) -> bool {
        let mut each = self.each.iter();
        each.any(|(_, source, api)| {
            source.as_deref() == Some("-") || api.overlays.iter().any(|it| it == "-")
        })
    }

    /// Reads the documents, or the demo's.
    ///
    /// # Errors
    /// One of them cannot be read; one line that says which and why.
    pub(crate) async fn load(&self) -> anyhow::Result<Vec<Document>> {
        let mut documents = Vec::new();
        for (_, source, api) in &self.each {
            documents.push(load(source.as_deref(), api).await?);
        }
        Ok(documents)
    }
}

/// What is served of these documents.
///
/// # Errors
/// An operation cannot be called as the operator says, or tools want the same name; one line that says what and where.
pub(crate) fn open(openings: &Openings, documents: &[Document]) -> anyhow::Result<Served> {
    let mut catalogs = Vec::new();
    for ((prefix, _, api), document) in openings.each.iter().zip(documents) {
        let catalog = Catalog::read(document)
            .include(&api.include)
            .exclude(&api.exclude)
            .override_with(&api.overrides)
            .context("operation")?;
        catalogs.push(match prefix {
            Some(prefix) => catalog.prefixed(prefix),
            None => catalog,
        });
    }
    settle_clashes(&mut catalogs, openings.clash)
        .context("write PREFIX:: before a document to tell its tools apart, or see --clash")?;
    let (name, version) = naming(&openings.each, &catalogs);
    let each = openings.each.iter().zip(documents).zip(catalogs);
    let mut parts: Vec<Part> = each
        .map(|((opening, document), catalog)| Part::new(opening, document, catalog, openings.offer))
        .collect();
    let count: usize = parts.iter().map(|part| part.tools().count()).sum();
    let search = openings.search.unwrap_or(count > SEARCH_THRESHOLD);
    if openings.offer.guide && !search {
        parts.iter_mut().for_each(Part::add_guide);
    }
    Ok(Served {
        name,
        version,
        parts,
        search,
        lacks_guide: openings.offer.guide && search,
    })
}

async fn load(source: Option<&str>, api: &Api) -> anyhow::Result<Document> {
    Ok(match source {
        Some(location) => {
            let mut source = Source::new(location);
            for (name, value) in &api.document_headers {
                source = source.header(name.clone(), value.clone());
            }
            for directory in &api.ref_dirs {
                source = source.reference_dir(directory);
            }
            for host in &api.ref_hosts {
                source = source.reference_host(host);
            }
            for (name, value) in &api.variables {
                source = source.server_variable(name, value);
            }
            for overlay in &api.overlays {
                source = source.overlay(overlay);
            }
            source.load().await?
        }
        None => parse_document(demo::document().as_bytes(), None)?,
    })
}

/// The name that was given, else the titles; the version of a single API, else none in particular.
fn naming(openings: &[Opening], catalogs: &[Catalog]) -> (String, String) {
    let given = openings.iter().find_map(|(_, _, api)| api.name.clone());
    let titles: Vec<&str> = catalogs.iter().filter_map(Catalog::title).collect();
    let name = match (given, titles.is_empty()) {
        (Some(name), _) => name,
        (None, true) => "api".to_owned(),
        (None, false) => titles.join(" and "),
    };
    let version = match catalogs {
        [one] => one.version().unwrap_or("0"),
        _ => "0",
    };
    (name, version.to_owned())
}
