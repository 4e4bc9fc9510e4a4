//! Keys from the issuer itself: its metadata, then its keys, both bounded.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::{Client, StatusCode, redirect};
use serde::Deserialize;
use url::{Host, Url};

use crate::keys::Keys;

/// The largest metadata or set of keys; what is in use has a few kilobytes.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// The longest that connecting may take.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);

/// Why there are no keys. Goes to the log; never a body.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    #[error("it answers {0}")]
    Status(StatusCode),
    #[error("an answer is larger than {BODY_BYTES_MAX} bytes")]
    TooLarge,
    #[error("its metadata is not that of an issuer")]
    Metadata,
    #[error("its metadata is that of another issuer")]
    OtherIssuer,
    #[error("the address of its keys is not https")]
    Insecure,
    #[error("it has no keys that tokens could be held against")]
    NoKeys,
    #[error("it takes too long")]
    Slow,
}

/// Where keys come from.
pub(crate) trait Fetch: Send + Sync + 'static {
    /// The keys as they are now.
    ///
    /// # Cancel safety
    /// Can be dropped at any time.
    fn keys(&self) -> BoxFuture<'_, Result<Keys, FetchError>>;
}

/// An issuer on the network.
pub(crate) struct Provider {
    /// As it was configured, which `iss` has to repeat letter by letter.
    issuer: Box<str>,
    url: Url,
    client: Client,
}

/// What is read of an issuer's metadata.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

impl Provider {
    /// The issuer at `url`.
    ///
    /// # Errors
    /// The HTTP client cannot be set up.
    pub(crate) fn new(issuer: &str, url: Url) -> Result<Self, String> {
        let client = http_client(&url)?;
        Ok(Self {
            issuer: issuer.into(),
            url,
            client,
        })
    }

    async fn fetch(&self) -> Result<Keys, FetchError> {
        let metadata = match self.get(self.well_known()).await {
            // An OAuth server that is no OpenID provider has its metadata elsewhere.
            Err(FetchError::Status(status)) if status.is_client_error() => {
                self.get(self.well_known_oauth()).await?
            }
            found => found?,
        };
        let metadata: Metadata =
            serde_json::from_slice(&metadata).map_err(|_| FetchError::Metadata)?;
        // OpenID Connect Discovery, section 4.3, and RFC 8414, section 3.3: MUST be identical.
        if metadata.issuer != *self.issuer {
            return Err(FetchError::OtherIssuer);
        }
        let url = Url::parse(&metadata.jwks_uri).map_err(|_| FetchError::Metadata)?;
        // T-AUTH-18. Only an issuer on this machine can say that its keys are on this machine.
        let is_safe = url.scheme() == "https" || (is_local(&url) && is_local(&self.url));
        if !is_safe {
            return Err(FetchError::Insecure);
        }
        let keys = Keys::parse(&self.get(url).await?).ok_or(FetchError::NoKeys)?;
        if keys.is_empty() {
            return Err(FetchError::NoKeys);
        }
        Ok(keys)
    }

    /// OpenID Connect Discovery, section 4: behind the issuer's path.
    fn well_known(&self) -> Url {
        let mut url = self.url.clone();
        let path = self.url.path().trim_end_matches('/');
        url.set_path(&format!("{path}/.well-known/openid-configuration"));
        url
    }

    /// RFC 8414, section 3: before the issuer's path.
    fn well_known_oauth(&self) -> Url {
        let mut url = self.url.clone();
        let path = self.url.path().trim_end_matches('/');
        url.set_path(&format!("/.well-known/oauth-authorization-server{path}"));
        url
    }

    async fn get(&self, url: Url) -> Result<Vec<u8>, FetchError> {
        let request = self.client.get(url);
        let request = request.header(http::header::ACCEPT, "application/json");
        let mut response = request.send().await.map_err(|error| unreachable(&error))?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| unreachable(&error))?
        {
            if body.len() + chunk.len() > BODY_BYTES_MAX {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

impl Fetch for Provider {
    fn keys(&self) -> BoxFuture<'_, Result<Keys, FetchError>> {
        self.fetch().boxed()
    }
}

/// The innermost cause; the ones around it have URLs.
fn unreachable(error: &reqwest::Error) -> FetchError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    FetchError::Unreachable(cause.to_string())
}

/// A client that follows no redirect: who may say which keys are valid is not for others to say. A proxy is of no use
/// for an issuer on this machine.
fn http_client(url: &Url) -> Result<Client, String> {
    // Fails only if a provider is there already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        let builder = Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIME_MAX)
            .user_agent(concat!("spanway/", env!("CARGO_PKG_VERSION")));
        match is_local(url) {
            true => builder.no_proxy(),
            false => builder,
        }
    };
    // A bare container has no certificates at all; an issuer on this machine must work there all the same.
    let built = builder()
        .build()
        .or_else(|_| builder().tls_certs_only([]).build());
    built.map_err(|error| error.to_string())
}

/// Whether a URL means this machine by its host alone.
pub(crate) fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
