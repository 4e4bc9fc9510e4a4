//! One JSON-RPC request over Streamable HTTP, to its response: as JSON, or out of an event stream that may break
//! and be resumed. Knows HTTP and events; which headers an era wants is told to it.

use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use reqwest::redirect;
use serde_json::{Value, json};
use spanway::protocol::LAST_EVENT_ID;
use spanway::protocol::sse::{DecodeError, Decoder, Event};
use url::Url;

use super::error::ClientError;

/// Bytes of one answer, or of one event.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Redirects followed, all within the same origin.
const REDIRECTS_MAX: usize = 5;

/// The wait before a broken stream is resumed, unless the server says how long; and the most it may say.
const RETRY_DEFAULT: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(30);

const BOTH_FORMS: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An MCP endpoint over HTTP.
pub(super) struct Wire {
    http: reqwest::Client,
    url: Url,
    headers: HeaderMap,
    notice: fn(&Value),
}

/// The response to a request, and what HTTP said around it.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) headers: HeaderMap,
    /// The whole JSON-RPC response.
    pub(super) response: Value,
}

/// Where reading a stream ended.
enum Read {
    Response(Value),
    /// It broke, or the server closed it; it goes on from this event after this wait (T-2511-03).
    Resumable(HeaderValue, Duration),
}

impl Wire {
    /// `headers` go with every request; `notice` gets each notification that arrives while an answer is awaited.
    pub(super) fn new(
        url: Url,
        headers: HeaderMap,
        notice: fn(&Value),
    ) -> Result<Self, ClientError> {
        let http = http_client(&url).map_err(|reason| unreachable_for(&url, &reason))?;
        Ok(Self {
            http,
            url,
            headers,
            notice,
        })
    }

    /// Sends a request and reads to its response.
    ///
    /// # Cancel safety
    /// Dropping the future closes the connection, which cancels the request in the modern era only.
    pub(super) async fn request(
        &self,
        message: &Value,
        headers: &HeaderMap,
    ) -> Result<Exchange, ClientError> {
        let id = &message["id"];
        let answer = self.post(message, headers).await?;
        let status = answer.status();
        let answered = answer.headers().clone();
        let response = if is_event_stream(&answered) && status.is_success() {
            self.follow(answer, id, headers).await?
        } else {
            self.read_json(answer, id).await?
        };
        Ok(Exchange {
            headers: answered,
            response,
        })
    }

    /// Sends a message that has no response: a notification, or the answer to a server's request.
    pub(super) async fn send(
        &self,
        message: &Value,
        headers: &HeaderMap,
    ) -> Result<(), ClientError> {
        let answer = self.post(message, headers).await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let text = self.text(answer).await?;
        Err(refused(status, &text))
    }

    /// Ends a session. A server that does not let clients do that is no reason to complain (T-2503-23).
    pub(super) async fn delete(&self, headers: &HeaderMap) {
        let request = self.http.delete(self.url.clone());
        // Best effort: the session ends by itself otherwise.
        let _ = request
            .headers(self.headers.clone())
            .headers(headers.clone())
            .send()
            .await;
    }

    async fn post(
        &self,
        message: &Value,
        headers: &HeaderMap,
    ) -> Result<reqwest::Response, ClientError> {
        let request = self
            .http
            .post(self.url.clone())
            .headers(self.headers.clone())
            .headers(headers.clone())
            .header(ACCEPT, BOTH_FORMS)
            .header(CONTENT_TYPE, JSON)
            .body(message.to_string());
        request.send().await.map_err(|error| self.failed(&error))
    }

    /// Reads a stream to the response, resuming it where it can be resumed.
    async fn follow(
        &self,
        first: reqwest::Response,
        id: &Value,
        headers: &HeaderMap,
    ) -> Result<Value, ClientError> {
        let mut stream = first;
        loop {
            match self.read_stream(stream, id, headers).await? {
                Read::Response(response) => return Ok(response),
                Read::Resumable(last_event, wait) => {
                    tokio::time::sleep(wait).await;
                    stream = self.resume(last_event, headers).await?;
                }
            }
        }
    }

    async fn read_stream(
        &self,
        mut stream: reqwest::Response,
        id: &Value,
        headers: &HeaderMap,
    ) -> Result<Read, ClientError> {
        let mut decoder = Decoder::new(ANSWER_BYTES_MAX);
        let mut last_event = None;
        let mut wait = RETRY_DEFAULT;
        loop {
            let chunk = stream.chunk().await;
            let Ok(Some(chunk)) = chunk else {
                let resumable = last_event.and_then(|id: String| HeaderValue::from_str(&id).ok());
                return resumable
                    .map(|last_event| Read::Resumable(last_event, wait))
                    .ok_or_else(|| malformed("the stream ends before the answer"));
            };
            decoder.push(&chunk);
            while let Some(event) = decoder.next_event().map_err(unreadable)? {
                if let Some(millis) = event.retry_ms {
                    wait = Duration::from_millis(millis).min(RETRY_MAX);
                }
                if let Some(response) = self.take(&event, id, headers).await? {
                    return Ok(Read::Response(response));
                }
                last_event = event.id.or(last_event);
            }
        }
    }

    /// The response, if this event carries it. Priming events have no data, and other types of event are not
    /// ours (T-2511-02).
    async fn take(
        &self,
        event: &Event,
        id: &Value,
        headers: &HeaderMap,
    ) -> Result<Option<Value>, ClientError> {
        if event.data.is_empty() || event.event != "message" {
            return Ok(None);
        }
        let message: Value = serde_json::from_str(&event.data)
            .map_err(|_| malformed("an event is not a JSON-RPC message"))?;
        if message.get("method").is_none() {
            return Ok(answers(&message, id).then_some(message));
        }
        match message.get("id") {
            None => (self.notice)(&message),
            Some(_) => self.send(&answer_to(&message), headers).await?,
        }
        Ok(None)
    }

    async fn resume(
        &self,
        last_event: HeaderValue,
        headers: &HeaderMap,
    ) -> Result<reqwest::Response, ClientError> {
        let request = self
            .http
            .get(self.url.clone())
            .headers(self.headers.clone())
            .headers(headers.clone())
            .header(ACCEPT, EVENT_STREAM)
            .header(LAST_EVENT_ID, last_event);
        let answer = request.send().await.map_err(|error| self.failed(&error))?;
        if answer.status().is_success() && is_event_stream(answer.headers()) {
            Ok(answer)
        } else {
            Err(malformed(format!(
                "the stream broke, and resuming it was answered {}",
                answer.status()
            )))
        }
    }

    async fn read_json(&self, answer: reqwest::Response, id: &Value) -> Result<Value, ClientError> {
        let (status, location) = (answer.status(), answer.headers().get(LOCATION).cloned());
        let text = self.text(answer).await?;
        let message: Option<Value> = serde_json::from_str(&text).ok();
        match message.filter(|message| answers(message, id)) {
            Some(_) if matches!(status.as_u16(), 401 | 403) => Err(refused(status, &text)),
            Some(message) => Ok(message),
            None if status.is_redirection() => {
                let to = location.as_ref().and_then(|to| to.to_str().ok());
                Err(refused(status, to.unwrap_or_default()))
            }
            None => Err(refused(status, &text)),
        }
    }

    /// The body as text, as far as it is bounded.
    async fn text(&self, mut answer: reqwest::Response) -> Result<String, ClientError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.failed(&error))? {
            if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(malformed("the answer is too large"));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn failed(&self, error: &reqwest::Error) -> ClientError {
        let mut cause: &dyn std::error::Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        unreachable_for(&self.url, &cause.to_string())
    }
}

/// Whether `message` is the response to the request `id`. An error may lack the id if the server could not read
/// it (T-ALL-03).
fn answers(message: &Value, id: &Value) -> bool {
    let same = message.get("id") == Some(id);
    let unread = message.get("id").is_none_or(Value::is_null);
    (same && message.get("result").is_some())
        || ((same || unread) && message.get("error").is_some_and(Value::is_object))
}

fn unreadable(error: DecodeError) -> ClientError {
    malformed(error.to_string())
}

/// The answer to a request from the server. This client offers no capability, so only `ping` is due one.
fn answer_to(request: &Value) -> Value {
    let id = &request["id"];
    if request["method"] == "ping" {
        return json!({"jsonrpc": "2.0", "id": id, "result": {}});
    }
    let error = json!({"code": -32601, "message": "this client does not offer that"});
    json!({"jsonrpc": "2.0", "id": id, "error": error})
}

/// What an answer that is no response says, in words: a JSON-RPC error's message if there is one.
fn refused(status: StatusCode, text: &str) -> ClientError {
    let parsed: Option<Value> = serde_json::from_str(text).ok();
    let message = parsed.as_ref().and_then(|body| {
        let error = &body["error"];
        error["message"].as_str().or(error.as_str())
    });
    let is_page = text.trim_start().starts_with('<');
    let detail = ClientError::detail(message.unwrap_or(if is_page { "" } else { text }));
    if matches!(status.as_u16(), 401 | 403) {
        ClientError::Denied { status, detail }
    } else {
        ClientError::NotMcp { status, detail }
    }
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let media_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    media_type.is_some_and(|value| {
        let essence = value.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("text/event-stream")
    })
}

fn malformed(what: impl Into<String>) -> ClientError {
    ClientError::Malformed(what.into())
}

fn unreachable_for(url: &Url, reason: &str) -> ClientError {
    let mut shown = url.clone();
    // These only fail on URLs without a host, which http URLs always have.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_query(None);
    ClientError::Unreachable {
        url: shown.to_string(),
        reason: reason.to_owned(),
    }
}

/// A client for one endpoint. A proxy is of no use for an address on this machine.
pub(crate) fn http_client(url: &Url) -> Result<reqwest::Client, String> {
    // Fails only if a provider is there already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let is_local = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let builder = || {
        let builder = reqwest::Client::builder()
            .redirect(redirect::Policy::custom(follow_within_origin))
            .user_agent(concat!("spanway/", env!("CARGO_PKG_VERSION")));
        if is_local {
            builder.no_proxy()
        } else {
            builder
        }
    };
    // A bare container has no certificates at all; plain HTTP must work there all the same.
    let built = builder()
        .build()
        .or_else(|_| builder().tls_certs_only([]).build());
    built.map_err(|error| error.to_string())
}

/// Follows redirects that keep the POST a POST, such as those that add a slash, within the same origin: headers
/// with credentials go nowhere else.
fn follow_within_origin(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let keeps_method = matches!(attempt.status().as_u16(), 307 | 308);
    let previous = attempt.previous();
    let same_origin = previous
        .first()
        .is_some_and(|first| first.origin() == attempt.url().origin());
    if keeps_method && same_origin && previous.len() <= REDIRECTS_MAX {
        attempt.follow()
    } else {
        attempt.stop()
    }
}
