//! An API over the network: one pooled client, rustls, redirects on the same origin only.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use reqwest::redirect;

use super::arrival::Arrival;
use super::reach::{PrivateAddress, PublicOnly, Reach, Way};
use super::{ResponseFuture, Upstream, UpstreamError};
use crate::limits::{REDIRECTS_MAX, RESPONSE_BYTES_MAX};

/// The HTTP client cannot be set up on this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the HTTP client cannot be set up: {0}")]
pub struct HttpUpstreamError(String);

/// An API reached over HTTP or HTTPS.
///
/// Connections are pooled; `HTTP_PROXY` and its relatives are honoured; a redirect is followed only
/// within the same scheme, host and port, so that credentials never travel to another server. Private addresses are
/// reached only where the operator named the host (see [`BridgeBuilder::private_host`](crate::BridgeBuilder)).
#[derive(Debug, Clone)]
pub struct HttpUpstream {
    /// For hosts that the operator named.
    anywhere: reqwest::Client,
    /// For hosts that only a document names.
    public: reqwest::Client,
    response_bytes_max: usize,
}

impl HttpUpstream {
    /// Sets the client up with the machine's certificates.
    ///
    /// # Errors
    /// The machine's TLS or proxy settings cannot be used.
    pub fn new() -> Result<Self, HttpUpstreamError> {
        let anywhere = http_client(same_origin, None).map_err(HttpUpstreamError)?;
        let public = http_client(same_origin, Some(PublicOnly::new(None)));
        Ok(Self {
            anywhere,
            public: public.map_err(HttpUpstreamError)?,
            response_bytes_max: RESPONSE_BYTES_MAX,
        })
    }

    /// The largest response accepted, in bytes; 16 MiB unless told.
    #[must_use]
    pub fn response_bytes_max(mut self, bytes_max: usize) -> Self {
        self.response_bytes_max = bytes_max;
        self
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, UpstreamError> {
        let reach = request.extensions().get().copied();
        let arrival = request.extensions().get::<Arrival>().cloned();
        let request = reqwest::Request::try_from(request).map_err(|error| judge(&error))?;
        let client = match reach.unwrap_or(Reach::Anywhere).way(request.url()) {
            Way::Free => &self.anywhere,
            Way::PublicOnly => &self.public,
            Way::Barred => return Err(UpstreamError::Private),
        };
        let mut response = client
            .execute(request)
            .await
            .map_err(|error| judge(&error))?;
        if let Some(arrival) = &arrival {
            arrival.begin(response.status(), response.headers());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| UpstreamError::Broken)? {
            if body.len() + chunk.len() > self.response_bytes_max {
                return Err(UpstreamError::TooLarge {
                    bytes_max: self.response_bytes_max,
                });
            }
            body.extend_from_slice(&chunk);
            if let Some(arrival) = &arrival {
                arrival.chunk(&chunk);
            }
        }
        let mut whole = Response::new(body.freeze());
        *whole.status_mut() = response.status();
        *whole.headers_mut() = std::mem::take(response.headers_mut());
        Ok(whole)
    }
}

impl Upstream for HttpUpstream {
    fn call(&self, request: Request<Bytes>) -> ResponseFuture<'_> {
        Box::pin(self.send(request))
    }

    fn uses_network(&self) -> bool {
        true
    }
}

/// The one way this crate sets up an HTTP client.
pub(crate) fn http_client(
    redirects: impl Fn() -> redirect::Policy,
    resolver: Option<PublicOnly>,
) -> Result<reqwest::Client, String> {
    // Fails only if a provider is there already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let resolver = resolver.map(Arc::new);
    let builder = || {
        let builder = reqwest::Client::builder()
            .redirect(redirects())
            .user_agent(concat!("spanway/", env!("CARGO_PKG_VERSION")));
        match &resolver {
            Some(resolver) => builder.dns_resolver(Arc::clone(resolver)),
            None => builder,
        }
    };
    let client = builder().build().or_else(|error| {
        // A bare container has no certificates at all; plain HTTP must work there all the same.
        tracing::warn!(%error, "no usable certificates on this machine; https will be refused");
        builder().tls_certs_only([]).build()
    });
    client.map_err(|error| error.to_string())
}

/// Redirects within the same scheme, host and port only.
pub(crate) fn same_origin() -> redirect::Policy {
    redirect::Policy::custom(|attempt| {
        let previous = attempt.previous();
        let allowed = previous.len() <= REDIRECTS_MAX
            && previous
                .first()
                .is_some_and(|first| first.origin() == attempt.url().origin());
        if allowed {
            attempt.follow()
        } else {
            attempt.stop()
        }
    })
}

/// Redirects on the same host, and to others that are no private addresses; their names are the resolver's.
pub(crate) fn to_public() -> redirect::Policy {
    redirect::Policy::custom(|attempt| {
        let previous = attempt.previous();
        let first = previous.first().and_then(|it| it.host_str());
        let is_own = first == attempt.url().host_str();
        let is_barred = Reach::Public.way(attempt.url()) == Way::Barred;
        if previous.len() > REDIRECTS_MAX || (is_barred && !is_own) {
            attempt.stop()
        } else {
            attempt.follow()
        }
    })
}

/// Logs what the client says (without the URL, whose query may hold a secret) and sums it up.
fn judge(error: &reqwest::Error) -> UpstreamError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if cause.is::<PrivateAddress>() {
        return UpstreamError::Private;
    }
    tracing::warn!(reason = %cause, "the upstream could not be called");
    if error.is_connect() || error.is_builder() {
        UpstreamError::Connect
    } else {
        UpstreamError::Broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_document_leads_to_is_held_at_every_request() {
        let upstream = HttpUpstream::new().unwrap();
        for (reach, uri, wanted) in [
            (Reach::Public, "http://127.0.0.1:1/", UpstreamError::Private),
            (
                Reach::Public,
                "http://localhost.:1/",
                UpstreamError::Private,
            ),
            (
                Reach::ThisMachine,
                "http://10.0.0.1/",
                UpstreamError::Private,
            ),
            (
                Reach::ThisMachine,
                "http://127.0.0.1:1/",
                UpstreamError::Connect,
            ),
            (
                Reach::Anywhere,
                "http://127.0.0.1:1/",
                UpstreamError::Connect,
            ),
        ] {
            let mut request = Request::new(Bytes::new());
            *request.uri_mut() = uri.parse().unwrap();
            request.extensions_mut().insert(reach);
            assert_eq!(upstream.call(request).await.unwrap_err(), wanted, "{uri}");
        }
        // What only a resolver can know; this machine's name is one that every resolver knows.
        let request = upstream.public.get("http://localhost:1/");
        let error = request.send().await.unwrap_err();
        assert_eq!(judge(&error), UpstreamError::Private);
    }
}
