//! Where a document comes from: a file, an http(s) URL or standard input, JSON or YAML as its content says, bounded.
//!
//! It decides how bytes become a tree of values, and nothing about what the tree means.

mod loader;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use url::Url;

use crate::document::{Document, DocumentError};
use crate::external::{Allowed, Here, bundle};
use crate::overlay::OverlayError;
use crate::parse::{SyntaxError, parse_tree};

pub(crate) use loader::Loader;

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

impl Source {
    /// A path, a URL with the scheme `http`, `https` or `file`, or `-` for standard input.
    ///
    /// Anything else that does not start with one of these schemes is a path.
    #[must_use]
    pub fn new(location: &str) -> Self {
        Self {
            place: Place::new(location),
            loader: Loader::default(),
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

    /// Sends a header when the document is fetched from its URL, for servers that want to know who asks. It goes to
    /// the origin of that URL alone, also for overlays and references there, and no redirect takes it elsewhere. Its
    /// value is never shown.
    #[must_use]
    pub fn header(mut self, name: HeaderName, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        self.loader.headers.append(name, value);
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
    pub async fn load(mut self) -> Result<Document, SourceError> {
        if let Place::Url(url) = &self.place {
            self.loader.home = Some(url.origin());
        }
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

#[cfg(test)]
mod tests;
