//! Where clients are told who gives out tokens for this endpoint: Protected Resource Metadata (RFC 9728).

use bytes::Bytes;
use http::{HeaderValue, Uri};
use serde_json::json;

/// Where the metadata of an origin begins (RFC 9728, section 3.1).
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// An endpoint as a resource that OAuth protects: its public URL, and who gives out tokens for it.
#[derive(Debug, Clone)]
pub struct ProtectedResource {
    /// The path of the URL, without a trailing slash.
    path: Box<str>,
    metadata_url: Box<str>,
    document: Bytes,
}

/// Why there can be no metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResourceError {
    /// The URL is not one of a resource.
    #[error("it is no http or https URL without query, fragment and user")]
    Url,
    /// Nobody gives out tokens.
    #[error("there is no authorization server")]
    NoServer,
}

impl ProtectedResource {
    /// The resource at `url`, as its clients see it, with tokens of these authorization servers.
    ///
    /// # Errors
    /// The URL is not that of a resource (T-AUTH-10: absolute, without fragment), or there is no server.
    pub fn new<I: IntoIterator<Item: AsRef<str>>>(
        url: &str,
        authorization_servers: I,
    ) -> Result<Self, ResourceError> {
        let servers: Vec<String> = authorization_servers
            .into_iter()
            .map(|it| it.as_ref().to_owned())
            .collect();
        if servers.is_empty() {
            return Err(ResourceError::NoServer);
        }
        if url.contains(['#', '?', '@', '"', '\\']) {
            return Err(ResourceError::Url);
        }
        let uri: Uri = url.parse().map_err(|_| ResourceError::Url)?;
        let scheme = uri
            .scheme_str()
            .filter(|it| matches!(*it, "http" | "https"));
        let (Some(scheme), Some(authority)) = (scheme, uri.authority()) else {
            return Err(ResourceError::Url);
        };
        let path = uri.path().trim_end_matches('/');
        let document = json!({
            "resource": url,
            "authorization_servers": servers,
            "bearer_methods_supported": ["header"],
        });
        Ok(Self {
            metadata_url: format!("{scheme}://{authority}{WELL_KNOWN}{path}").into(),
            path: path.into(),
            document: document.to_string().into(),
        })
    }

    /// Where the metadata is, as a challenge names it.
    #[must_use]
    pub fn metadata_url(&self) -> &str {
        &self.metadata_url
    }

    /// The metadata, JSON. An [`App`](crate::App) serves it; who mounts the endpoint alone serves it beside.
    #[must_use]
    pub fn document(&self) -> Bytes {
        self.document.clone()
    }

    /// Whether the metadata is at `path`: at the origin, and there for the endpoint by its public path and by the
    /// one it is mounted on, which a proxy may have changed (T-AUTH-11).
    pub(crate) fn is_at(&self, path: &str, mounted: &str) -> bool {
        let Some(rest) = path.strip_prefix(WELL_KNOWN) else {
            return false;
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        rest.is_empty() || rest == &*self.path || rest == mounted
    }

    /// A challenge that also says where the metadata is (T-AUTH-11).
    pub(crate) fn challenge(&self, header: HeaderValue) -> HeaderValue {
        let named = format!(", resource_metadata=\"{}\"", self.metadata_url);
        let whole = [header.as_bytes(), named.as_bytes()].concat();
        HeaderValue::from_bytes(&whole).unwrap_or(header)
    }
}
