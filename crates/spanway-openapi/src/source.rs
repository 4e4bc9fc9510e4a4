//! Where a document comes from: a file or an http(s) URL, JSON or YAML as its content says, bounded.
//!
//! It decides how bytes become a tree of values, and nothing about what the tree means.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use crate::document::{Document, DocumentError};
use crate::limits::{DOCUMENT_BYTES_MAX, DOCUMENT_TIMEOUT};
use crate::parse::{SyntaxError, parse_tree};
use crate::upstream::http_client;

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
}

/// A place to load a document from.
#[derive(Debug, Clone)]
pub struct Source {
    place: Place,
    bytes_max: usize,
    timeout: Duration,
}

#[derive(Debug, Clone)]
enum Place {
    File(PathBuf),
    Url(Url),
}

impl Source {
    /// A path, or a URL with the scheme `http`, `https` or `file`.
    ///
    /// Anything that does not start with one of these schemes is a path.
    #[must_use]
    pub fn new(location: &str) -> Self {
        let place = match Url::parse(location) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Place::Url(url),
            Ok(url) if url.scheme() == "file" => match url.to_file_path() {
                Ok(path) => Place::File(path),
                Err(()) => Place::File(PathBuf::from(location)),
            },
            _ => Place::File(PathBuf::from(location)),
        };
        Self {
            place,
            bytes_max: DOCUMENT_BYTES_MAX,
            timeout: DOCUMENT_TIMEOUT,
        }
    }

    /// The largest document accepted, in bytes; 64 MiB unless told.
    #[must_use]
    pub fn bytes_max(mut self, bytes_max: usize) -> Self {
        self.bytes_max = bytes_max;
        self
    }

    /// The longest a fetch may take; 30 s unless told.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Reads or fetches the document and parses it.
    ///
    /// # Errors
    /// The place cannot be read, or what is there is not a document this crate reads.
    pub async fn load(self) -> Result<Document, SourceError> {
        let (bytes, origin) = match &self.place {
            Place::Url(url) => self.fetch(url).await?,
            Place::File(path) => (self.read(path)?, None),
        };
        let location = self.location();
        let root = parse_tree(&bytes).map_err(|error| SourceError::Syntax {
            location: location.clone(),
            error,
        })?;
        Document::from_value(root, origin)
            .map_err(|error| SourceError::Document { location, error })
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, SourceError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => SourceError::NotFound {
                location: self.location(),
            },
            _ => SourceError::Read {
                location: self.location(),
                source,
            },
        };
        let file = File::open(path).map_err(failed)?;
        let mut bytes = Vec::new();
        let limit = u64::try_from(self.bytes_max).unwrap_or(u64::MAX);
        file.take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        if bytes.len() > self.bytes_max {
            return Err(self.too_large());
        }
        Ok(bytes)
    }

    async fn fetch(&self, url: &Url) -> Result<(Vec<u8>, Option<Url>), SourceError> {
        let failed = |reason: String| SourceError::Fetch {
            location: self.location(),
            reason,
        };
        let client = http_client(|| reqwest::redirect::Policy::limited(5)).map_err(failed)?;
        let mut response = client
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
        let origin = response.url().clone();
        let mut bytes = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| failed(describe(error)))?
        {
            if bytes.len() + chunk.len() > self.bytes_max {
                return Err(self.too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok((bytes, Some(origin)))
    }

    fn too_large(&self) -> SourceError {
        SourceError::TooLarge {
            location: self.location(),
            bytes_max: self.bytes_max,
        }
    }

    /// The place as it may be shown: without a URL's credentials and query.
    fn location(&self) -> String {
        match &self.place {
            Place::File(path) => path.display().to_string(),
            Place::Url(url) => {
                let mut shown = url.clone();
                // These only fail on URLs without a host, which http URLs always have.
                let _ = shown.set_username("");
                let _ = shown.set_password(None);
                shown.set_query(None);
                shown.set_fragment(None);
                shown.to_string()
            }
        }
    }
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
mod tests {
    use super::*;

    async fn load(location: &Path) -> Result<Document, SourceError> {
        Source::new(&location.display().to_string()).load().await
    }

    #[tokio::test]
    async fn a_missing_file_is_named() {
        let error = load(Path::new("no/such/file.yaml")).await.unwrap_err();
        assert_eq!(error.to_string(), "no/such/file.yaml: no such file");
    }

    #[tokio::test]
    async fn the_line_of_a_syntax_error_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bad.yaml");
        std::fs::write(&path, "openapi: 3.1.0\ninfo: [unclosed\npaths: {}\n").unwrap();
        let error = load(&path).await.unwrap_err().to_string();
        assert!(error.contains("bad.yaml:"), "{error}");
        assert!(matches!(load(&path).await, Err(SourceError::Syntax { .. })));
    }

    #[tokio::test]
    async fn a_document_of_another_kind_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("v2.yaml");
        std::fs::write(&path, "swagger: \"2.0\"\n").unwrap();
        let error = load(&path).await.unwrap_err().to_string();
        assert!(error.contains("2.0 is not supported yet"), "{error}");
    }

    #[tokio::test]
    async fn a_document_over_the_limit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("big.json");
        std::fs::write(&path, r#"{"openapi":"3.1.0"}"#).unwrap();
        let source = Source::new(&path.display().to_string()).bytes_max(10);
        assert!(matches!(
            source.load().await,
            Err(SourceError::TooLarge { bytes_max: 10, .. })
        ));
    }

    #[test]
    fn credentials_of_a_url_are_not_shown() {
        let source = Source::new("https://me:secret@example.com/api.yaml?key=secret");
        assert_eq!(source.location(), "https://example.com/api.yaml");
    }
}
