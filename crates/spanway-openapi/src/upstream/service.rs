//! An API within the process: any cloneable tower service, such as an axum `Router`.

use std::fmt;
use std::pin::pin;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Response, header};
use http_body::Body;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use tower::{Service, ServiceExt};
use url::Url;

use super::arrival::Arrival;
use super::{ResponseFuture, Upstream, UpstreamError};
use crate::limits::RESPONSE_BYTES_MAX;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A tower service as the API behind the tools; no socket is involved.
#[derive(Clone)]
pub struct ServiceUpstream<S> {
    service: S,
    response_bytes_max: usize,
}

impl<S> ServiceUpstream<S> {
    /// Wraps a service; it is cloned for each call.
    pub fn new(service: S) -> Self {
        Self {
            service,
            response_bytes_max: RESPONSE_BYTES_MAX,
        }
    }

    /// The largest response accepted, in bytes; 16 MiB unless told.
    #[must_use]
    pub fn response_bytes_max(mut self, bytes_max: usize) -> Self {
        self.response_bytes_max = bytes_max;
        self
    }
}

impl<S> fmt::Debug for ServiceUpstream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceUpstream").finish_non_exhaustive()
    }
}

impl<S, B> Upstream for ServiceUpstream<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn call(&self, request: Request<Bytes>) -> ResponseFuture<'_> {
        let service = self.service.clone();
        let bytes_max = self.response_bytes_max;
        let arrival = request.extensions().get::<Arrival>().cloned();
        Box::pin(async move {
            let request = with_host(request).map(Full::new);
            let response = service
                .oneshot(request)
                .await
                .map_err(|error| broken(&error.into()))?;
            let (parts, body) = response.into_parts();
            if let Some(arrival) = &arrival {
                arrival.begin(parts.status, &parts.headers);
            }
            let mut body = pin!(Limited::new(body, bytes_max));
            let mut whole = BytesMut::new();
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|error| {
                    if error.is::<LengthLimitError>() {
                        UpstreamError::TooLarge { bytes_max }
                    } else {
                        broken(&error)
                    }
                })?;
                if let Ok(chunk) = frame.into_data() {
                    whole.extend_from_slice(&chunk);
                    if let Some(arrival) = &arrival {
                        arrival.chunk(&chunk);
                    }
                }
            }
            Ok(Response::from_parts(parts, whole.freeze()))
        })
    }

    fn base_url(&self) -> Option<Url> {
        Url::parse("http://localhost/").ok()
    }
}

/// Adds the `Host` header that a client would send over the network.
fn with_host(mut request: Request<Bytes>) -> Request<Bytes> {
    let host = request
        .uri()
        .authority()
        .and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let Some(host) = host {
        request.headers_mut().entry(header::HOST).or_insert(host);
    }
    request
}

fn broken(error: &BoxError) -> UpstreamError {
    tracing::warn!(reason = %error, "the upstream service failed");
    UpstreamError::Broken
}
