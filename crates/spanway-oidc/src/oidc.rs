//! A bearer token to a principal: which issuer, which key, what it says.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::request::Parts;
use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::{Header, decode_header};
use spanway_http::auth::{Authenticate, Challenge, bearer_token};
use spanway_server::Principal;
use url::Url;

use crate::claims::Claims;
use crate::fetch::{Provider, is_local};
use crate::keyring::{KeyError, Keyring};

/// Checks JWTs of some issuers for one audience. See the crate for what is checked.
pub struct Oidc {
    audience: Box<str>,
    issuers: Vec<Issuer>,
    others: Option<Box<dyn Authenticate>>,
}

struct Issuer {
    name: Box<str>,
    keyring: Keyring,
}

/// Why tokens cannot be checked as wished.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OidcError {
    /// It cannot be the identifier of an issuer.
    #[error(
        "{0:?} is no issuer: it is an https URL without query, fragment and user; http is for this machine alone"
    )]
    Issuer(String),
    /// There is no issuer, or one stands twice.
    #[error("there is no issuer, or one stands twice")]
    Issuers,
    /// The audience is empty.
    #[error("the audience is empty")]
    Audience,
    /// The HTTP client cannot be set up on this machine.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
}

impl Oidc {
    /// Takes tokens of these issuers that are for `audience`. Nothing is fetched before the first token comes.
    ///
    /// # Errors
    /// An issuer or the audience cannot be one.
    pub fn new<I: IntoIterator<Item: AsRef<str>>>(
        audience: &str,
        issuers: I,
    ) -> Result<Self, OidcError> {
        if audience.is_empty() {
            return Err(OidcError::Audience);
        }
        let mut known: Vec<Issuer> = Vec::new();
        for name in issuers {
            let name = name.as_ref();
            if known.iter().any(|it| *it.name == *name) {
                return Err(OidcError::Issuers);
            }
            let provider = Provider::new(name, issuer_url(name)?).map_err(OidcError::Client)?;
            known.push(Issuer {
                name: name.into(),
                keyring: Keyring::new(name, provider),
            });
        }
        if known.is_empty() {
            return Err(OidcError::Issuers);
        }
        Ok(Self {
            audience: audience.into(),
            issuers: known,
            others: None,
        })
    }

    /// Leaves tokens that are no JWT, and requests without one, to `others`, such as
    /// [`BearerTokens`](spanway_http::auth::BearerTokens). Their principals must not look like `ISSUER#SUBJECT`; names of
    /// `BearerTokens` cannot.
    #[must_use]
    pub fn or(mut self, others: impl Authenticate) -> Self {
        self.others = Some(Box::new(others));
        self
    }

    /// The principal of a JWT.
    async fn judge(&self, header: &Header, token: &str) -> Result<Principal, Challenge> {
        if let Some(why) = oddity(header) {
            return refused(why);
        }
        // Nothing of this is believed before the signature is checked, but what fails here needs no key.
        let Ok(claims) = insecure_decode_claims::<Claims>(token) else {
            return refused("a claim is missing or of another form");
        };
        let Some(issuer) = self.issuers.iter().find(|it| *it.name == *claims.iss) else {
            return refused("it is of another issuer");
        };
        if let Some(why) = claims.problem(&self.audience, now()) {
            return refused(why);
        }
        let id = header.kid.as_deref();
        let key = match issuer.keyring.key(id, header.alg).await {
            Ok(key) => key,
            Err(KeyError::Unknown) => return refused("no key of the issuer fits"),
            Err(KeyError::Unavailable) => return Err(Challenge::unavailable()),
        };
        match token.rsplit_once('.') {
            Some((message, signature)) if key.verifies(header.alg, message, signature) => {
                let name = format!("{}#{}", issuer.name, claims.sub);
                Ok(Principal::new(name))
            }
            _ => refused("the signature is wrong"),
        }
    }
}

impl Authenticate for Oidc {
    fn authenticate<'a>(&'a self, head: &'a Parts) -> BoxFuture<'a, Result<Principal, Challenge>> {
        let token = bearer_token(head);
        let parsed = token.as_ref().ok().map(decode_header);
        match (token, parsed, &self.others) {
            (Ok(token), Some(Ok(header)), _) => {
                async move { self.judge(&header, token).await }.boxed()
            }
            (_, _, Some(others)) => others.authenticate(head),
            (token, _, None) => {
                let outcome = token.and_then(|_| refused("it is no JWT with a known algorithm"));
                std::future::ready(outcome).boxed()
            }
        }
    }
}

impl fmt::Debug for Oidc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.issuers.iter().map(|it| &it.name);
        f.debug_list().entries(names).finish()
    }
}

/// What of a header is not understood here. RFC 7515, section 4.1.11: what `crit` names MUST be understood.
fn oddity(header: &Header) -> Option<&'static str> {
    let kind = header.typ.as_deref().unwrap_or("JWT");
    let kind = kind.strip_prefix("application/").unwrap_or(kind);
    // Others are for other things, such as `logout+jwt` (RFC 8725, section 3.11).
    let is_known = kind.eq_ignore_ascii_case("JWT") || kind.eq_ignore_ascii_case("at+jwt");
    if header.crit.is_some() || header.zip.is_some() {
        Some("its header has extensions")
    } else if !is_known {
        Some("it is of another type")
    } else {
        None
    }
}

/// The log says why for those who look for it; the client is told only that it is not valid.
fn refused<T>(why: &'static str) -> Result<T, Challenge> {
    tracing::debug!(why, "a token was refused");
    Err(Challenge::invalid())
}

/// The URL of an issuer: OpenID Connect Discovery, section 3, wants https without query and fragment.
fn issuer_url(name: &str) -> Result<Url, OidcError> {
    let wrong = || OidcError::Issuer(name.to_owned());
    let url = Url::parse(name).map_err(|_| wrong())?;
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_local(&url));
    if is_safe && !name.contains(['?', '#', '@']) {
        Ok(url)
    } else {
        Err(wrong())
    }
}

/// Seconds since 1970, by the one clock that `exp` and `nbf` are about.
fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}
