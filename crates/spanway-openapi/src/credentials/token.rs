//! Tokens of OAuth, for clients (RFC 6749, section 4.4) and for passwords (4.3), from an endpoint that the document
//! names or that OpenID Connect discovers.

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
use crate::security::SecurityScheme;
use crate::upstream::{Reaches, Upstream, is_loopback};

/// The life of a token of which the server says nothing.
const LIFE_DEFAULT: Duration = Duration::from_secs(3600);

/// Characters shown of an error code; they are short words.
const CODE_CHARS_MAX: usize = 60;

/// Where the metadata of an issuer is (OpenID Connect Discovery, section 4).
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// A token and how long it lives.
pub(super) type Token = (Secret, Option<Duration>);

/// How those who give out tokens are reached.
pub(super) struct Tokens<'t> {
    /// What relative URLs are read against.
    pub(super) base: Option<&'t Url>,
    pub(super) reaches: &'t Reaches,
    pub(super) upstream: &'t dyn Upstream,
}

/// What a request for a token says, besides who asks.
#[derive(Debug, Clone, Default)]
pub(crate) struct TokenRequest {
    /// Further parameters, such as `audience`; one called `scope` stands in place of the document's scopes.
    pub(crate) parameters: Vec<(String, String)>,
    /// Whether a login is repeated as JSON where a form is not understood.
    pub(crate) is_json_login: bool,
}

impl TokenRequest {
    /// The scopes that an operation asks for, or none if those of all are given.
    pub(super) fn scopes<'s>(&self, declared: &'s [String]) -> &'s [String] {
        match self.parameters.iter().any(|(name, _)| name == "scope") {
            true => &[],
            false => declared,
        }
    }

    /// Why it cannot be asked for a token of this scheme.
    pub(super) fn problem(&self, scheme: &SecurityScheme) -> Option<String> {
        if !scheme.is_exchanged() {
            return Some(format!("{scheme} asks for no token"));
        }
        let is_login = matches!(scheme, SecurityScheme::Password { .. });
        if self.is_json_login && !is_login {
            return Some(format!("{scheme} is no login"));
        }
        let own = match is_login {
            true => &["grant_type", "username", "password", "client_secret"][..],
            false => &["grant_type", "client_id", "client_secret"][..],
        };
        let mut names = self.parameters.iter().map(|(name, _)| name.as_str());
        let taken = names.find(|name| own.contains(name))?;
        Some(format!("the token parameter {taken:?} is not a setting"))
    }
}

/// One request for a token.
#[derive(Clone, Copy)]
struct Ask<'a> {
    pair: (&'a str, &'a str),
    scopes: &'a [String],
    wanted: &'a TokenRequest,
}

/// What a pair of texts is to the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grant {
    /// A client's id and secret, in the header that every server has to take.
    Client,
    /// The same in the body, for servers that do not.
    ClientInBody,
    /// A user's name and password.
    Password,
    /// The same as JSON, which is no OAuth.
    PasswordAsJson,
}

impl Tokens<'_> {
    /// A token for what the operator gave, or that itself if it is one: tokens have no colon (RFC 6750, section 2.1).
    pub(super) async fn obtain(
        &self,
        scheme: &SecurityScheme,
        given: &Secret,
        scopes: &[String],
        wanted: &TokenRequest,
    ) -> Result<Token, SecretError> {
        let Some(pair) = given.expose().split_once(':') else {
            return Ok((given.clone(), Some(Duration::ZERO)));
        };
        let (grant, url) = match scheme {
            SecurityScheme::ClientCredentials { token_url } => {
                (Grant::Client, self.url(token_url)?)
            }
            SecurityScheme::Password { token_url } => (Grant::Password, self.url(token_url)?),
            SecurityScheme::OpenIdConnect { url } => (Grant::Client, self.discover(url).await?),
            other => return Err(SecretError(format!("{other} has no token endpoint"))),
        };
        let ask = Ask {
            pair,
            scopes,
            wanted,
        };
        let response = self.send(request(&url, grant, ask)?).await?;
        let is_not_understood = matches!(response.status().as_u16(), 415 | 422);
        let other = match grant {
            // RFC 6749, section 2.3.1, has every server take the header; some take the body only.
            Grant::Client if error_code(&response) == "invalid_client" => Grant::ClientInBody,
            Grant::Password if wanted.is_json_login && is_not_understood => Grant::PasswordAsJson,
            _ => return read_token(&response),
        };
        let response = self.send(request(&url, other, ask)?).await?;
        read_token(&response)
    }

    fn url(&self, declared: &str) -> Result<Url, SecretError> {
        token_url(declared, self.base)
    }

    /// The token endpoint in the metadata at `declared`.
    async fn discover(&self, declared: &str) -> Result<Url, SecretError> {
        let url = self.url(declared)?;
        let request = Request::builder()
            .uri(url.as_str())
            .header(ACCEPT, "application/json")
            .body(Bytes::new())
            .map_err(|error| SecretError(format!("the discovery URL: {error}")))?;
        let response = self.send(request).await?;
        let status = response.status();
        if !status.is_success() {
            let message = format!("the discovery endpoint answers {}", status.as_u16());
            return Err(SecretError(message));
        }
        let metadata: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        let text = |key: &str| metadata.get(key).and_then(Value::as_str);
        // Section 4.3: what says to be another issuer's MUST not be used.
        if let Some(issuer) = url.as_str().strip_suffix(WELL_KNOWN)
            && text("issuer").map(|it| it.trim_end_matches('/'))
                != Some(issuer.trim_end_matches('/'))
        {
            let message = "the metadata that was discovered is that of another issuer";
            return Err(SecretError(message.to_owned()));
        }
        match text("token_endpoint") {
            Some(endpoint) => token_url(endpoint, Some(&url)),
            None => Err(SecretError(
                "the metadata names no token endpoint".to_owned(),
            )),
        }
    }

    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, SecretError> {
        if let Ok(url) = Url::parse(&request.uri().to_string()) {
            request.extensions_mut().insert(self.reaches.of(&url));
        }
        let response = self.upstream.call(request).await;
        response.map_err(|error| SecretError(format!("the token endpoint: {error}")))
    }
}

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

/// The request for a token.
fn request(url: &Url, grant: Grant, ask: Ask<'_>) -> Result<Request<Bytes>, SecretError> {
    let fields = fields(grant, ask);
    let (media_type, body) = match grant {
        Grant::PasswordAsJson => {
            let members = fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.into()));
            (
                "application/json",
                Value::Object(members.collect()).to_string(),
            )
        }
        _ => {
            let pairs = fields.iter();
            let pairs =
                pairs.map(|(name, value)| format!("{}={}", component(name), component(value)));
            (
                "application/x-www-form-urlencoded",
                pairs.collect::<Vec<_>>().join("&"),
            )
        }
    };
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(url.as_str())
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, media_type);
    if grant == Grant::Client {
        // Both are encoded before they are joined (RFC 6749, section 2.3.1).
        let (id, secret) = ask.pair;
        let pair = STANDARD.encode(format!("{}:{}", component(id), component(secret)));
        let mut value = HeaderValue::try_from(format!("Basic {pair}"))
            .map_err(|_| SecretError("the client cannot be sent".to_owned()))?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    request
        .body(body.into())
        .map_err(|error| SecretError(format!("the token URL: {error}")))
}

/// What is said to the token endpoint, besides the header.
fn fields(grant: Grant, ask: Ask<'_>) -> Vec<(&str, String)> {
    let (name, secret) = (ask.pair.0.to_owned(), ask.pair.1.to_owned());
    let mut fields = match grant {
        Grant::Client | Grant::ClientInBody => {
            vec![("grant_type", "client_credentials".to_owned())]
        }
        Grant::Password => vec![("grant_type", "password".to_owned())],
        Grant::PasswordAsJson => Vec::new(),
    };
    match grant {
        Grant::Client => {}
        Grant::ClientInBody => fields.extend([("client_id", name), ("client_secret", secret)]),
        Grant::Password | Grant::PasswordAsJson => {
            fields.extend([("username", name), ("password", secret)]);
        }
    }
    if !ask.scopes.is_empty() {
        fields.push(("scope", ask.scopes.join(" ")));
    }
    let more = ask.wanted.parameters.iter();
    fields.extend(more.map(|(name, value)| (name.as_str(), value.clone())));
    fields
}

/// What a refusal says of itself; it goes into the log.
fn error_code(response: &Response<Bytes>) -> String {
    if response.status().is_success() {
        return String::new();
    }
    let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let code = answer.get("error").and_then(Value::as_str);
    let code = code.unwrap_or("no error code").chars();
    code.filter(|c| !c.is_control())
        .take(CODE_CHARS_MAX)
        .collect()
}

fn read_token(response: &Response<Bytes>) -> Result<Token, SecretError> {
    if !response.status().is_success() {
        let (status, code) = (response.status().as_u16(), error_code(response));
        return Err(SecretError(format!(
            "the token endpoint answers {status} ({code})"
        )));
    }
    let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let text = |key: &str| answer.get(key).and_then(Value::as_str);
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
