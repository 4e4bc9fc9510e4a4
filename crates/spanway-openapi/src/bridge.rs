//! An API's operations, callable: request, upstream, response, within one time limit and what the API bears.
//!
//! Of the caller's own request only the headers that the operator named are sent, and `Authorization` is
//! none of them unless it was named. An upstream in this process finds the principal in the extensions of its
//! request (`caller`).

mod breaker;
mod builder;
mod caller;
mod dry;
mod files;
mod pages;
mod read;
mod retry;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request, Response, StatusCode};
use jsonschema::Validator;
use serde_json::{Map, Value};
use spanway_protocol::schema::CallToolResult;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::Url;

use crate::catalog::Catalog;
use crate::credentials::{CredentialError, Credentials, Hidden, Outcome};
use crate::limits::RESPONSE_BYTES_MAX;
use crate::operation::Operation;
use crate::request::build_request;
use crate::response::{
    Joined, Presentation, Readable, is_failure, is_json_response, read_response,
};
use crate::upstream::{Arrival, Reach, Upstream, UpstreamError};
use breaker::Breaker;
pub use builder::{BridgeBuilder, BridgeError};
pub(crate) use caller::{Caller, PassOn};
pub(crate) use files::Source;
use pages::Pages;
pub(crate) use read::Unread;
use retry::Attempt;

/// The operations of an API and the way to call them.
pub struct Bridge {
    callables: Vec<Callable>,
    upstream: Arc<dyn Upstream>,
    headers: HeaderMap,
    forward: Vec<HeaderName>,
    extensions: Vec<PassOn>,
    credentials: Credentials,
    retries: u32,
    pages_max: u32,
    /// Whether nothing is sent.
    is_dry: bool,
    /// Whether arguments that do not conform are read as was probably meant.
    pub(crate) is_tolerant: bool,
    /// What files can be taken from.
    sources: OnceLock<Vec<Source>>,
}

/// One operation and what calling it needs.
struct Callable {
    operation: Operation,
    base: Url,
    reach: Reach,
    timeout: Duration,
    gate: Arc<Gate>,
    presentation: Presentation,
    /// The schema of the successful answers that the document promises; advertised unless they are shaped.
    promised: Option<Value>,
    /// That schema compiled; made at the first call, for big documents have many.
    validator: OnceLock<Option<Validator>>,
}

/// What keeps calls from harming one API, and a broken API from holding up calls.
struct Gate {
    places: Semaphore,
    breaker: Breaker,
}

impl Gate {
    fn new(concurrency: usize, (failures, pause): (u32, Duration)) -> Self {
        Self {
            places: Semaphore::new(concurrency),
            breaker: Breaker::new(failures, pause),
        }
    }
}

impl Bridge {
    /// Starts a bridge from the operations of `catalog` to `upstream`.
    pub fn builder(catalog: Catalog, upstream: impl Upstream) -> BridgeBuilder {
        BridgeBuilder::new(catalog, upstream)
    }

    /// The operations, in the order of the document.
    pub fn operations(&self) -> impl ExactSizeIterator<Item = &Operation> {
        self.callables.iter().map(|callable| &callable.operation)
    }

    /// Calls the operation whose tool is called `name`; `None` if there is no such operation.
    ///
    /// Whatever goes wrong with the call itself is a result with `is_error`.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up; the upstream may have acted already.
    pub async fn call(&self, name: &str, arguments: &Map<String, Value>) -> Option<CallToolResult> {
        let mut all = self.callables.iter().enumerate();
        let (index, _) = all.find(|(_, callable)| callable.operation.name == name)?;
        Some(self.call_at(index, arguments, &HeaderMap::new()).await)
    }

    /// Calls the operation at `index`, which is one of [`operations`](Self::operations), for this caller.
    pub(crate) async fn call_at(
        &self,
        index: usize,
        arguments: &Map<String, Value>,
        caller: impl Into<Caller<'_>>,
    ) -> CallToolResult {
        self.call_readable(index, arguments, caller, None).await
    }

    /// The same, where the answer can be read at this URI too: one that is large is a link then.
    pub(crate) async fn call_readable(
        &self,
        index: usize,
        arguments: &Map<String, Value>,
        caller: impl Into<Caller<'_>>,
        uri: Option<String>,
    ) -> CallToolResult {
        let Some(callable) = self.callables.get(index) else {
            return CallToolResult::error("there is no such operation");
        };
        let caller = caller.into();
        if self.is_dry {
            return self.show(callable, arguments, caller);
        }
        match self.answer(callable, arguments, caller).await {
            Ok(mut response) => {
                if let Some(uri) = uri {
                    response.extensions_mut().insert(Readable(uri));
                }
                let (validator, shown) = (callable.validator(), &callable.presentation);
                read_response(&callable.operation, validator, &response, shown)
            }
            Err(text) => CallToolResult::error(text),
        }
    }

    /// What the upstream answers, without credentials that it repeats; or why it does not, in words for the client.
    async fn answer(
        &self,
        callable: &Callable,
        arguments: &Map<String, Value>,
        caller: Caller<'_>,
    ) -> Result<Response<Bytes>, String> {
        if self.is_dry {
            return Err("nothing is sent to the API in a dry run".to_owned());
        }
        let operation = &callable.operation;
        let arguments = self.with_files(operation, arguments, caller).await?;
        let fixed = self.fixed_headers(caller.headers);
        let request = build_request(operation, &callable.base, &arguments, &fixed);
        let mut request = request.map_err(|error| error.to_string())?;
        request.extensions_mut().insert(callable.reach);
        let is_key = |name: &HeaderName| self.credentials.has_key_header(name);
        let hidden = Hidden::of_headers(request.headers(), is_key);
        let arrival = Arrival::new(caller.tell(), hidden).following(operation.streams());
        request.extensions_mut().insert(arrival.clone());
        self.introduce(caller, request.extensions_mut());
        match self.pages(callable, &request).await {
            Ok(response) => {
                tracing::debug!(tool = %operation.name, status = response.status().as_u16(), "called");
                Ok(scrubbed(operation, &arrival.hidden(), response))
            }
            Err(error) => {
                tracing::warn!(tool = %operation.name, %error, "the upstream gave no answer");
                Err(error.to_string())
            }
        }
    }

    /// Sends a request, and those for further pages of its answer where the operator wants them, within the
    /// time limit. A page that fails ends the list, which says so.
    async fn pages(
        &self,
        callable: &Callable,
        request: &Request<Bytes>,
    ) -> Result<Response<Bytes>, CallError> {
        let operation = &callable.operation;
        let deadline = Instant::now() + callable.timeout;
        let mut response = self.attempts(callable, request, deadline).await?;
        let is_paged = self.pages_max > 1;
        let pages = is_paged
            .then(|| Pages::first(operation, &response))
            .flatten();
        let Some(mut pages) = pages else {
            return Ok(response);
        };
        let mut asked = request.clone();
        let mut bytes = response.body().len();
        let more = loop {
            let Some(next) = pages.next(operation, &asked, &response) else {
                break None;
            };
            if pages.count() >= self.pages_max || bytes > RESPONSE_BYTES_MAX {
                break Some(next);
            }
            *asked.uri_mut() = next.clone();
            match self.attempts(callable, &asked, deadline).await {
                Ok(answer) if pages.add(&answer) => {
                    bytes += answer.body().len();
                    response = answer;
                }
                _ => break Some(next),
            }
        };
        Ok(pages.join(response, request.uri(), more.as_ref()))
    }

    /// Sends a request until there is an answer to keep, or until `deadline`.
    async fn attempts(
        &self,
        callable: &Callable,
        request: &Request<Bytes>,
        deadline: Instant,
    ) -> Result<Response<Bytes>, CallError> {
        let mut done = 0;
        loop {
            let outcome = self.attempt(callable, request, deadline).await;
            done += 1;
            let judged = match &outcome {
                Ok(response) => Attempt::of(response),
                Err(CallError::Upstream(UpstreamError::Connect)) => Attempt::Passing(None),
                Err(_) => Attempt::Final,
            };
            let delay = retry::delay(&callable.operation, judged, done, self.retries);
            match delay {
                Some(delay) if Instant::now() + delay < deadline => {
                    tracing::debug!(tool = %callable.operation.name, done, ?delay, "trying again");
                    tokio::time::sleep(delay).await;
                }
                _ => return outcome,
            }
        }
    }

    /// Sends a request once, if the API is not left alone and has a place free before `deadline`.
    async fn attempt(
        &self,
        callable: &Callable,
        request: &Request<Bytes>,
        deadline: Instant,
    ) -> Result<Response<Bytes>, CallError> {
        let gate = &callable.gate;
        let seconds = callable.timeout.as_secs();
        let place = tokio::time::timeout_at(deadline, gate.places.acquire()).await;
        let Ok(_place) = place else {
            return Err(CallError::Busy { seconds });
        };
        let pass = gate.breaker.enter().map_err(|left| CallError::Paused {
            seconds: left.as_secs() + 1,
        })?;
        let exchange = self.exchange(&callable.operation, request);
        let outcome = tokio::time::timeout_at(deadline, exchange).await;
        let outcome = outcome.unwrap_or(Err(UpstreamError::Timeout { seconds }.into()));
        let outcome = outcome.or_else(|error| so_far(callable, request, error));
        match &outcome {
            Ok(response) => pass.end(!matches!(response.status().as_u16(), 502..=504)),
            Err(CallError::Upstream(UpstreamError::TooLarge { .. })) => pass.end(true),
            // It was not asked.
            Err(CallError::Upstream(UpstreamError::Private)) => drop(pass),
            Err(CallError::Upstream(_)) => pass.end(false),
            // It was not asked.
            Err(_) => drop(pass),
        }
        outcome
    }

    /// Sends a request with its credentials; once more if those were cached and are refused.
    async fn exchange(
        &self,
        operation: &Operation,
        request: &Request<Bytes>,
    ) -> Result<Response<Bytes>, CallError> {
        let mut is_second = false;
        loop {
            let mut sent = request.clone();
            let applied = self.credentials.apply(operation, &mut sent, &self.upstream);
            let applied = applied.await?;
            if let Some(arrival) = request.extensions().get::<Arrival>() {
                arrival.hide(applied.secrets());
            }
            let response = self.upstream.call(sent).await?;
            // What is refused for its credentials had no effect, so that any method may be repeated.
            let is_refused = response.status() == StatusCode::UNAUTHORIZED;
            if is_second || !is_refused || !applied.forget() {
                return Ok(response);
            }
            is_second = true;
        }
    }

    /// The operator's headers, over those of the caller that are passed on.
    fn fixed_headers(&self, caller: &HeaderMap) -> HeaderMap {
        let mut fixed = HeaderMap::new();
        let wanted = self.forward.iter();
        for name in wanted.filter(|name| !self.headers.contains_key(*name)) {
            let is_credential = matches!(name.as_str(), "authorization" | "cookie")
                || self.credentials.has_key_header(name);
            for value in caller.get_all(name) {
                let mut value = value.clone();
                value.set_sensitive(is_credential);
                fixed.append(name, value);
            }
        }
        fixed.extend(self.headers.clone());
        fixed
    }
}

/// What has come of a stream that went on for too long, in place of the error.
fn so_far(
    callable: &Callable,
    request: &Request<Bytes>,
    error: CallError,
) -> Result<Response<Bytes>, CallError> {
    let arrival = request.extensions().get::<Arrival>();
    // Where JSON is promised, a part of it is of no use.
    let arrival = arrival.filter(|_| callable.promised.is_none());
    match &error {
        CallError::Upstream(UpstreamError::Timeout { .. }) => {
            arrival.and_then(Arrival::so_far).ok_or(error)
        }
        _ => Err(error),
    }
}

/// Why a call has no response.
#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error(transparent)]
    Credential(#[from] CredentialError),
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    #[error("too many calls to the API are under way; this one found no place within {seconds} s")]
    Busy { seconds: u64 },
    #[error("the API has failed many times in a row and is left alone; try again in {seconds} s")]
    Paused { seconds: u64 },
}

/// A response without the credentials and, where it is an error, the operator's headers that were sent for it.
fn scrubbed(operation: &Operation, hidden: &Hidden, response: Response<Bytes>) -> Response<Bytes> {
    let outcome = match is_failure(operation, response.status()) {
        true => Outcome::Failure,
        false => Outcome::Success,
    };
    let is_json = is_json_response(&response);
    let mut response = hidden.scrub_response(response, outcome, is_json);
    if let Some(Joined(note)) = response.extensions_mut().get_mut() {
        *note = hidden.scrub(note, outcome);
    }
    response
}

impl Callable {
    fn validator(&self) -> Option<&Validator> {
        let compile = || {
            let schema = self.promised.as_ref()?;
            jsonschema::draft202012::new(schema).ok()
        };
        self.validator.get_or_init(compile).as_ref()
    }
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bridge")
            .field("operations", &self.callables.len())
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
