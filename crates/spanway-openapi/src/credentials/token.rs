//! Tokens for OAuth clients: the client credentials grant (RFC 6749, section 4.4).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response};
use serde_json::Value;
use url::Url;

use super::secret::{Secret, SecretError};
use crate::request::component;
use crate::upstream::{Upstream, is_loopback};

/// The life of a token of which the server says nothing.
const LIFE_DEFAULT: Duration = Duration::from_secs(3600);

/// Characters shown of an error code; they are short words.
const CODE_CHARS_MAX: usize = 60;

/// The token URL in full. It gets the client's secret, so it is HTTPS, on loopback, or on the API's own host.
pub(super) fn token_url(declared: &str, base: Option<&Url>) -> Result<Url, SecretError> {
    let joined = match (Url::parse(declared), base) {
        (Ok(url), _) => Some(url),
        (Err(_), Some(base)) => base.join(declared).ok(),
        (Err(_), None) => None,
    };
    let Some(url) = joined else {
        return Err(SecretError(format!("{declared:?} is no token URL")));
    };
    let same_host = base.is_some_and(|base| base.host() == url.host());
    let plain_is_fine = url.scheme() == "http" && (same_host || is_loopback(&url));
    if url.scheme() == "https" || plain_is_fine {
        return Ok(url);
    }
    Err(SecretError(format!(
        "the token URL at host {:?} is not https",
        url.host_str().unwrap_or_default()
    )))
}

/// Asks for a token; it comes with its life.
pub(super) async fn fetch(
    request: Request<Bytes>,
    upstream: &dyn Upstream,
) -> Result<(Secret, Option<Duration>), SecretError> {
    let response = upstream
        .call(request)
        .await
        .map_err(|error| SecretError(format!("the token endpoint: {error}")))?;
    read_token(&response)
}

/// The request for a token with these scopes.
pub(super) fn request(
    url: &Url,
    client: &Secret,
    scopes: &[String],
) -> Result<Request<Bytes>, SecretError> {
    let Some((id, secret)) = client.expose().split_once(':') else {
        let message = "a client is given as id:secret, and this one has no colon";
        return Err(SecretError(message.to_owned()));
    };
    let mut form = "grant_type=client_credentials".to_owned();
    if !scopes.is_empty() {
        form.push_str(&format!("&scope={}", component(&scopes.join(" "))));
    }
    // Both are encoded before they are joined (RFC 6749, section 2.3.1).
    let pair = STANDARD.encode(format!("{}:{}", component(id), component(secret)));
    let mut authorization = HeaderValue::try_from(format!("Basic {pair}"))
        .map_err(|_| SecretError("the client cannot be sent".to_owned()))?;
    authorization.set_sensitive(true);
    let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    Request::builder()
        .method(Method::POST)
        .uri(url.as_str())
        .header(AUTHORIZATION, authorization)
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, form_type)
        .body(form.into())
        .map_err(|error| SecretError(format!("the token URL: {error}")))
}

fn read_token(response: &Response<Bytes>) -> Result<(Secret, Option<Duration>), SecretError> {
    let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let text = |key: &str| answer.get(key).and_then(Value::as_str);
    if !response.status().is_success() {
        let code = text("error").unwrap_or("no error code");
        let code: String = code.chars().filter(|c| !c.is_control()).collect();
        let code: String = code.chars().take(CODE_CHARS_MAX).collect();
        let status = response.status().as_u16();
        return Err(SecretError(format!(
            "the token endpoint answers {status} ({code})"
        )));
    }
    let kind = text("token_type").unwrap_or("bearer");
    if !kind.eq_ignore_ascii_case("bearer") {
        return Err(SecretError("its tokens are not bearer tokens".to_owned()));
    }
    let Some(token) = text("access_token").filter(|it| !it.is_empty()) else {
        let message = "the token endpoint answers without an access token";
        return Err(SecretError(message.to_owned()));
    };
    // A number, though some send it as text.
    let life = answer.get("expires_in").and_then(|it| match it {
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    });
    let life = life.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    Ok((Secret::new(token), Some(life.unwrap_or(LIFE_DEFAULT))))
}
