//! The API behind the tools, as something that takes one request and gives one whole response.
//!
//! Two are shipped: [`HttpUpstream`] over the network and [`ServiceUpstream`] within the process.

mod arrival;
mod http_upstream;
mod reach;
mod service;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use url::Url;

pub(crate) use arrival::{Arrival, Tell, Unfinished};
pub use http_upstream::{HttpUpstream, HttpUpstreamError};
pub(crate) use http_upstream::{http_client, same_origin, to_public};
pub(crate) use reach::{PublicOnly, Reach, Reaches, Way, is_loopback};
pub use service::ServiceUpstream;

/// A response that is being awaited.
pub type ResponseFuture<'u> =
    Pin<Box<dyn Future<Output = Result<Response<Bytes>, UpstreamError>> + Send + 'u>>;

/// Something that answers HTTP requests with whole, bounded responses.
///
/// # Cancel safety
/// Dropping the future gives the request up; a request already sent may still have its effect.
pub trait Upstream: Send + Sync + 'static {
    /// Sends `request`, whose URI is absolute, and collects the response.
    fn call(&self, request: Request<Bytes>) -> ResponseFuture<'_>;

    /// The base URL to use when neither the document nor the operator names one.
    fn base_url(&self) -> Option<Url> {
        None
    }

    /// Whether addresses are those of a network, so that a document must not lead to private ones.
    fn uses_network(&self) -> bool {
        false
    }
}

impl<U: Upstream + ?Sized> Upstream for Arc<U> {
    fn call(&self, request: Request<Bytes>) -> ResponseFuture<'_> {
        (**self).call(request)
    }

    fn base_url(&self) -> Option<Url> {
        (**self).base_url()
    }

    fn uses_network(&self) -> bool {
        (**self).uses_network()
    }
}

/// Why an upstream gave no response; the text is for the model and names nothing internal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// No connection, or it broke before the request was sent.
    #[error("the API cannot be reached right now; trying again later may help")]
    Connect,
    /// No complete response in time.
    #[error("the API did not answer within {seconds} s; the request may still have had its effect")]
    Timeout {
        /// The limit that was reached.
        seconds: u64,
    },
    /// The response is larger than the limit.
    #[error("the API's answer is larger than {bytes_max} bytes; ask for less, such as fewer items")]
    TooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// The address is private, and only the document names its host.
    #[error(
        "the API's address is in a private network, and the operator of this server has not allowed that (--private-host)"
    )]
    Private,
    /// The connection broke, or what came back was not HTTP.
    #[error("the connection to the API broke before the answer was complete")]
    Broken,
}
