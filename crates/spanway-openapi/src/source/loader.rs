//! Reads and fetches documents within bounds, and tells its own headers to the origin of the document alone.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use http::header::{ACCEPT, LOCATION};
use http::{HeaderMap, HeaderValue};
use reqwest::{Client, Response};
use serde_json::Value;
use url::{Origin, Url};

use super::{Place, SourceError, shown_url};
use crate::external::Here;
use crate::limits::{DOCUMENT_BYTES_MAX, DOCUMENT_TIMEOUT};
use crate::overlay::Overlay;
use crate::parse::parse_tree;
use crate::problem::Problem;
use crate::upstream::{PublicOnly, Reach, Way, http_client, same_origin, to_public};

/// What a document may come as.
const ACCEPTED: &str = "application/json, application/yaml, */*;q=0.8";

/// Reads and fetches within bounds.
#[derive(Debug, Clone)]
pub(crate) struct Loader {
    pub(crate) bytes_max: usize,
    pub(super) timeout: Duration,
    /// For requests to the origin of the document, and to no other.
    pub(super) headers: HeaderMap,
    /// That origin.
    pub(super) home: Option<Origin>,
}

/// Where a fetch may be redirected to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Redirects {
    Any,
    SameOrigin,
}

impl Default for Loader {
    fn default() -> Self {
        Self {
            bytes_max: DOCUMENT_BYTES_MAX,
            timeout: DOCUMENT_TIMEOUT,
            headers: HeaderMap::new(),
            home: None,
        }
    }
}

impl Loader {
    /// The tree of values at a place, and where that turned out to be.
    pub(super) async fn tree(&self, place: &Place) -> Result<(Value, Here), SourceError> {
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
    pub(super) async fn lay_over(
        &self,
        place: &Place,
        root: &mut Value,
    ) -> Result<Vec<Problem>, SourceError> {
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
        let mut response = self.answer(url, redirects).await.map_err(failed)?;
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

    /// The last answer, after all redirects that may be followed.
    async fn answer(&self, url: &Url, redirects: Redirects) -> Result<Response, String> {
        let is_home = self.home.as_ref() == Some(&url.origin());
        let headers = Some(&self.headers).filter(|it| is_home && !it.is_empty());
        if redirects == Redirects::Any && headers.is_none() {
            // The operator named the first host, and whoever answers there all others.
            let client = http_client(to_public, Some(PublicOnly::new(url.host_str())))?;
            return self.send(&client, url, None).await;
        }
        let client = http_client(same_origin, None)?;
        let response = self.send(&client, url, headers).await?;
        let elsewhere = elsewhere(&response).filter(|_| redirects == Redirects::Any);
        let Some(elsewhere) = elsewhere else {
            return Ok(response);
        };
        // From here on without the headers, which are for the first origin.
        let is_own = elsewhere.host_str() == url.host_str();
        if !is_own && Reach::Public.way(&elsewhere) == Way::Barred {
            return Ok(response);
        }
        let client = http_client(to_public, Some(PublicOnly::new(url.host_str())))?;
        self.send(&client, &elsewhere, None).await
    }

    async fn send(
        &self,
        client: &Client,
        url: &Url,
        headers: Option<&HeaderMap>,
    ) -> Result<Response, String> {
        let mut all = HeaderMap::new();
        all.insert(ACCEPT, HeaderValue::from_static(ACCEPTED));
        if let Some(own) = headers {
            // A header of the operator's stands in place of ours.
            own.keys().for_each(|name| drop(all.remove(name)));
            all.extend(own.clone());
        }
        let request = client.get(url.clone()).timeout(self.timeout).headers(all);
        request.send().await.map_err(describe)
    }

    fn too_large(&self, location: String) -> SourceError {
        SourceError::TooLarge {
            location,
            bytes_max: self.bytes_max,
        }
    }
}

/// Where a redirect leads that was not followed.
fn elsewhere(response: &Response) -> Option<Url> {
    if !response.status().is_redirection() {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let url = response.url().join(location).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
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
