//! Where a document comes from: a file, an http(s) URL or standard input, JSON or YAML as its content says, bounded.
//!
//! It decides how bytes become a tree of values, and nothing about what the tree means.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::document::{Document, DocumentError};
use crate::external::{Allowed, Here, bundle};
use crate::limits::{DOCUMENT_BYTES_MAX, DOCUMENT_TIMEOUT};
use crate::overlay::{Overlay, OverlayError};
use crate::parse::{SyntaxError, parse_tree};
use crate::problem::Problem;
use crate::upstream::{PublicOnly, http_client, same_origin, to_public};

/// Why a document could not be loaded; each names the file or URL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// There is no such file.
    #[error("{location}: no such file")]
    NotFound {
        /// The path as given.
        location: String,
    },
    /// The file exists but could not be read.
    #[error("{location}: {source}")]
    Read {
        /// The path as given.
        location: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// The URL could not be fetched.
    #[error("{location}: could not be fetched: {reason}")]
    Fetch {
        /// The URL without credentials and query.
        location: String,
        /// What went wrong, in a few words.
        reason: String,
    },
    /// The document is larger than the limit.
    #[error("{location}: larger than the limit of {bytes_max} bytes")]
    TooLarge {
        /// The file or URL.
        location: String,
        /// The limit.
        bytes_max: usize,
    },
    /// Neither JSON nor YAML.
    #[error("{location}{error}")]
    Syntax {
        /// The file or URL.
        location: String,
        /// What is wrong, and on which line.
        error: SyntaxError,
    },
    /// JSON or YAML, but not a document this crate reads.
    #[error("{location}: {error}")]
    Document {
        /// The file or URL.
        location: String,
        /// What is wrong.
        error: DocumentError,
    },
    /// JSON or YAML, but not an overlay that can be applied.
    #[error("{location}: {error}")]
    Overlay {
        /// The file or URL.
        location: String,
        /// What is wrong.
        error: OverlayError,
    },
}

/// A place to load a document from.
#[derive(Debug, Clone)]
pub struct Source {
    place: Place,
    loader: Loader,
    allowed: Allowed,
    variables: BTreeMap<String, String>,
    overlays: Vec<Place>,
}

#[derive(Debug, Clone)]
enum Place {
    File(PathBuf),
    Url(Url),
    Stdin,
}

/// Reads and fetches within bounds.
#[derive(Debug, Clone)]
pub(crate) struct Loader {
    pub(crate) bytes_max: usize,
    timeout: Duration,
}

impl Source {
    /// A path, a URL with the scheme `http`, `https` or `file`, or `-` for standard input.
    ///
    /// Anything else that does not start with one of these schemes is a path.
    #[must_use]
    pub fn new(location: &str) -> Self {
        Self {
            place: Place::new(location),
            loader: Loader {
                bytes_max: DOCUMENT_BYTES_MAX,
                timeout: DOCUMENT_TIMEOUT,
            },
            allowed: Allowed::default(),
            variables: BTreeMap::new(),
            overlays: Vec::new(),
        }
    }

    /// The largest document accepted, in bytes, and the most that others it refers to may have together; 40 MiB
    /// unless told.
    #[must_use]
    pub fn bytes_max(mut self, bytes_max: usize) -> Self {
        self.loader.bytes_max = bytes_max;
        self
    }

    /// The longest a fetch may take; 30 s unless told.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.loader.timeout = timeout;
        self
    }

    /// Follows references to files below this directory too; otherwise only below that of the document.
    #[must_use]
    pub fn reference_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.allowed.directories.push(directory.into());
        self
    }

    /// Follows references to URLs on this host too; otherwise only to where a document from a URL came from.
    #[must_use]
    pub fn reference_host(mut self, host: impl Into<String>) -> Self {
        self.allowed.hosts.push(host.into());
        self
    }

    /// Gives a variable of the document's server URLs another value than its default.
    #[must_use]
    pub fn server_variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Changes the document by an OpenAPI Overlay 1.0, a file or URL, before anything is read from it. Several are
    /// applied one after another.
    #[must_use]
    pub fn overlay(mut self, location: &str) -> Self {
        self.overlays.push(Place::new(location));
        self
    }

    /// Reads or fetches the document, and those that it refers to, and parses it.
    ///
    /// # Errors
    /// The place cannot be read, or what is there is not a document this crate reads. What it refers to and cannot
    /// be had costs no more than the operations that need it.
    pub async fn load(self) -> Result<Document, SourceError> {
        let (mut root, here) = self.loader.tree(&self.place).await?;
        let location = self.place.shown();
        let mut notes = Vec::new();
        for place in &self.overlays {
            notes.extend(self.loader.lay_over(place, &mut root).await?);
        }
        let origin = match &here {
            Here::Url(url) => Some(url.clone()),
            _ => None,
        };
        let external = bundle(&mut root, here, &self.allowed, &self.loader).await;
        let document = Document::from_value(root, origin)
            .map_err(|error| SourceError::Document { location, error })?;
        Ok(document
            .with_external(external)
            .with_variables(self.variables)
            .with_notes(notes))
    }
}

/// Where a fetch may be redirected to.
#[derive(Clone, Copy)]
enum Redirects {
    Any,
    SameOrigin,
}

impl Loader {
    /// The tree of values at a place, and where that turned out to be.
    async fn tree(&self, place: &Place) -> Result<(Value, Here), SourceError> {
        let (bytes, here) = match place {
            Place::Url(url) => {
                let (bytes, origin) = self.fetch(url, Redirects::Any).await?;
                (bytes, Here::Url(origin))
            }
            Place::File(path) => {
                let bytes = self.read(path)?;
                (bytes, path.canonicalize().map_or(Here::Nowhere, Here::File))
            }
            Place::Stdin => (self.read_stdin().await?, Here::Nowhere),
        };
        let tree = parse_tree(&bytes).map_err(|error| SourceError::Syntax {
            location: place.shown(),
            error,
        })?;
        Ok((tree, here))
    }

    /// Applies the overlay at a place to a document.
    async fn lay_over(&self, place: &Place, root: &mut Value) -> Result<Vec<Problem>, SourceError> {
        let (tree, _) = self.tree(place).await?;
        let location = place.shown();
        let applied = Overlay::from_value(&tree).and_then(|it| it.apply(root));
        match applied {
            Ok(mut notes) => {
                for note in &mut notes {
                    note.pointer = format!("{location}#{}", note.pointer);
                }
                Ok(notes)
            }
            Err(error) => Err(SourceError::Overlay { location, error }),
        }
    }

    /// Reads a file.
    pub(crate) fn read(&self, path: &Path) -> Result<Vec<u8>, SourceError> {
        let location = path.display().to_string();
        let opened = File::open(path).and_then(|file| self.read_from(file));
        match opened {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(self.too_large(location)),
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                Err(SourceError::NotFound { location })
            }
            Err(source) => Err(SourceError::Read { location, source }),
        }
    }

    async fn read_stdin(&self) -> Result<Vec<u8>, SourceError> {
        let loader = self.clone();
        let location = Place::Stdin.shown();
        let read = tokio::task::spawn_blocking(move || loader.read_from(io::stdin().lock()));
        match read.await.map_err(io::Error::other).flatten() {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(self.too_large(location)),
            Err(source) => Err(SourceError::Read { location, source }),
        }
    }

    /// All there is; `None` if that is too much.
    fn read_from(&self, from: impl Read) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        let limit = u64::try_from(self.bytes_max).unwrap_or(u64::MAX);
        from.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok((bytes.len() <= self.bytes_max).then_some(bytes))
    }

    /// Fetches what a document refers to; a redirect to another origin would be another place than was allowed.
    pub(crate) async fn fetch_beside(&self, url: &Url) -> Result<Vec<u8>, SourceError> {
        Ok(self.fetch(url, Redirects::SameOrigin).await?.0)
    }

    async fn fetch(&self, url: &Url, redirects: Redirects) -> Result<(Vec<u8>, Url), SourceError> {
        let failed = |reason: String| SourceError::Fetch {
            location: shown_url(url),
            reason,
        };
        let client = match redirects {
            // The operator named the first host, and whoever answers there all others.
            Redirects::Any => http_client(to_public, Some(PublicOnly::new(url.host_str()))),
            Redirects::SameOrigin => http_client(same_origin, None),
        };
        let mut response = client
            .map_err(failed)?
            .get(url.clone())
            .timeout(self.timeout)
            .header(
                http::header::ACCEPT,
                "application/json, application/yaml, */*;q=0.8",
            )
            .send()
            .await
            .map_err(|error| failed(describe(error)))?;
        if !response.status().is_success() {
            return Err(failed(format!("the server answers {}", response.status())));
        }
        let mut origin = response.url().clone();
        origin.set_fragment(None);
        let mut bytes = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| failed(describe(error)))?
        {
            if bytes.len() + chunk.len() > self.bytes_max {
                return Err(self.too_large(shown_url(url)));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok((bytes, origin))
    }

    fn too_large(&self, location: String) -> SourceError {
        SourceError::TooLarge {
            location,
            bytes_max: self.bytes_max,
        }
    }
}

impl Place {
    fn new(location: &str) -> Self {
        match Url::parse(location) {
            _ if location == "-" => Self::Stdin,
            Ok(url) if matches!(url.scheme(), "http" | "https") => Self::Url(url),
            Ok(url) if url.scheme() == "file" => match url.to_file_path() {
                Ok(path) => Self::File(path),
                Err(()) => Self::File(PathBuf::from(location)),
            },
            _ => Self::File(PathBuf::from(location)),
        }
    }

    /// The place as it may be shown.
    fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Url(url) => shown_url(url),
            Self::Stdin => "standard input".to_owned(),
        }
    }
}

/// A URL as it may be shown: without credentials and query.
pub(crate) fn shown_url(url: &Url) -> String {
    let mut shown = url.clone();
    // These only fail on URLs without a host, which http URLs always have.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_query(None);
    shown.set_fragment(None);
    shown.to_string()
}

/// Parses the bytes of a document, JSON or YAML; `origin` is the URL it came from, if any.
///
/// # Errors
/// The bytes are neither JSON nor YAML, or not a document this crate reads.
pub fn parse_document(bytes: &[u8], origin: Option<Url>) -> Result<Document, SourceError> {
    let location = origin
        .as_ref()
        .map_or_else(|| "document".to_owned(), ToString::to_string);
    let root = parse_tree(bytes).map_err(|error| SourceError::Syntax {
        location: location.clone(),
        error,
    })?;
    Document::from_value(root, origin).map_err(|error| SourceError::Document { location, error })
}

/// What went wrong with a fetch, in a few words and without the URL (it may carry a secret).
fn describe(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "timed out".to_owned();
    }
    if error.is_connect() {
        return "the server cannot be reached".to_owned();
    }
    error.without_url().to_string()
}

#[cfg(test)]
mod tests;
