//! What a document says of credentials: its security schemes, and which of them an operation needs.
//!
//! Nothing here holds a secret; `credentials` does, and applies them.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::document::Document;
use crate::operation::Location;
use crate::pointer;
use crate::problem::Problem;

/// One way to authenticate that a document declares.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecurityScheme {
    /// A key in a header, in the query or in a cookie.
    ApiKey {
        /// Where it travels.
        location: Location,
        /// Its name there.
        name: String,
    },
    /// `Authorization: Basic …`.
    Basic,
    /// `Authorization: Bearer …`.
    Bearer,
    /// OAuth 2.0 with the client credentials flow.
    ClientCredentials {
        /// Where tokens are given out; it may be relative.
        token_url: String,
    },
    /// OAuth 2.0 with the password flow.
    Password {
        /// Where tokens are given out; it may be relative.
        token_url: String,
    },
    /// OpenID Connect.
    OpenIdConnect {
        /// Where its metadata is; it may be relative.
        url: String,
    },
    /// OAuth 2.0 with flows that need a person: a token from elsewhere is sent.
    OutsideToken,
    /// What this crate cannot do, in the words of the document.
    Unsupported(String),
}

/// One scheme an operation needs, with the OAuth scopes it needs there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct SecurityNeed {
    /// The scheme's name in the document.
    pub scheme: String,
    /// The scopes, for OAuth.
    pub scopes: Vec<String>,
}

impl SecurityScheme {
    /// Whether what the operator gives may be exchanged for a token.
    pub(crate) fn is_exchanged(&self) -> bool {
        matches!(
            self,
            Self::ClientCredentials { .. } | Self::Password { .. } | Self::OpenIdConnect { .. }
        )
    }
}

/// The schemes of a document by name.
pub(crate) type Schemes = BTreeMap<String, SecurityScheme>;

impl fmt::Display for SecurityScheme {
    /// What a person must have to satisfy it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApiKey { location, name } => {
                write!(f, "an API key, {} {name:?}", location.as_str())
            }
            Self::Basic => f.write_str("HTTP basic, given as user:password"),
            Self::Bearer => f.write_str("a bearer token"),
            Self::ClientCredentials { .. } => {
                f.write_str("OAuth 2.0 client credentials, given as id:secret")
            }
            Self::Password { .. } => f.write_str("an OAuth 2.0 login, given as user:password"),
            Self::OpenIdConnect { .. } => {
                f.write_str("OpenID Connect, given as a client's id:secret or an access token")
            }
            Self::OutsideToken => f.write_str("an OAuth access token, sent as a bearer token"),
            Self::Unsupported(what) => write!(f, "{what}, which is not supported"),
        }
    }
}

/// Reads `components/securitySchemes`; an odd one is unsupported and costs nothing else.
pub(crate) fn read_schemes(document: &Document, problems: &mut Vec<Problem>) -> Schemes {
    let at = "/components/securitySchemes";
    let Some(Value::Object(sources)) = document.at(at) else {
        return Schemes::new();
    };
    let mut schemes = Schemes::new();
    for (name, source) in sources {
        let at = pointer::child(at, name);
        let scheme = match document.resolve(source, &at) {
            Ok(place) => read_scheme(place.value),
            Err(message) => Err(message),
        };
        let scheme = scheme.unwrap_or_else(|what| {
            problems.push(Problem::note(&at, format!("security scheme: {what}")));
            SecurityScheme::Unsupported(what)
        });
        schemes.insert(name.clone(), scheme);
    }
    schemes
}

fn read_scheme(source: &Value) -> Result<SecurityScheme, String> {
    let text = |key: &str| source.get(key).and_then(Value::as_str).map(str::trim);
    match text("type")
        .unwrap_or_default()
        .to_ascii_lowercase()
        .as_str()
    {
        "apikey" => {
            let place = text("in").unwrap_or_default();
            let is_whole = |it: &Location| matches!(it, Location::Path | Location::QueryString);
            let location = Location::parse(place).filter(|it| !is_whole(it));
            match (location, text("name").filter(|it| !it.is_empty())) {
                (Some(location), Some(name)) => Ok(SecurityScheme::ApiKey {
                    location,
                    name: name.to_owned(),
                }),
                (None, _) => Err(format!("an API key in {place:?}")),
                (_, None) => Err("an API key without a name".to_owned()),
            }
        }
        "http" => {
            let scheme = text("scheme").unwrap_or_default();
            // Authentication schemes have no case (RFC 9110, section 11.1).
            match scheme.to_ascii_lowercase().as_str() {
                "basic" => Ok(SecurityScheme::Basic),
                "bearer" => Ok(SecurityScheme::Bearer),
                _ => Err(format!("HTTP authentication {scheme:?}")),
            }
        }
        "oauth2" => {
            let token_url = |flow: &str| {
                let url = source.get("flows")?.get(flow)?.get("tokenUrl")?;
                Some(url.as_str()?.trim().to_owned())
            };
            Ok(
                match (token_url("clientCredentials"), token_url("password")) {
                    (Some(token_url), _) => SecurityScheme::ClientCredentials { token_url },
                    (None, Some(token_url)) => SecurityScheme::Password { token_url },
                    (None, None) => SecurityScheme::OutsideToken,
                },
            )
        }
        "openidconnect" => Ok(match text("openIdConnectUrl") {
            Some(url) => SecurityScheme::OpenIdConnect {
                url: url.to_owned(),
            },
            None => SecurityScheme::OutsideToken,
        }),
        other => Err(format!("a scheme of type {other:?}")),
    }
}

/// The alternatives of a `security` list, each all that is needed together. No alternative: nothing is needed.
pub(crate) fn read_needs(
    source: &Value,
    at: &str,
    problems: &mut Vec<Problem>,
) -> Vec<Vec<SecurityNeed>> {
    let Some(list) = source.as_array() else {
        problems.push(Problem::note(at, "security must be a list; it is ignored"));
        return Vec::new();
    };
    let alternatives = list.iter().filter_map(Value::as_object);
    let needs = alternatives.map(|alternative| {
        let needs = alternative.iter().map(|(scheme, scopes)| {
            let scopes = scopes.as_array().into_iter().flatten();
            let scopes = scopes.filter_map(Value::as_str).map(str::to_owned);
            SecurityNeed {
                scheme: scheme.clone(),
                scopes: scopes.collect(),
            }
        });
        needs.collect()
    });
    needs.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(
        clippy::needless_pass_by_value,
        reason = "a json! literal reads best where it is used"
    )]
    fn read(source: Value) -> String {
        match read_scheme(&source) {
            Ok(scheme) => scheme.to_string(),
            Err(what) => format!("no: {what}"),
        }
    }

    #[test]
    fn every_kind_of_scheme_is_told_apart() {
        assert_eq!(
            read(json!({"type": "apiKey", "in": "query", "name": "key"})),
            "an API key, query \"key\""
        );
        assert!(read(json!({"type": "http", "scheme": "Basic"})).contains("user:password"));
        assert!(read(json!({"type": "http", "scheme": "BEARER"})).contains("bearer"));
        let flows = json!({"clientCredentials": {"tokenUrl": "/token"}});
        assert!(read(json!({"type": "oauth2", "flows": flows})).contains("id:secret"));
        assert!(read(json!({"type": "oauth2", "flows": {"implicit": {}}})).contains("token"));
        let flows = json!({"password": {"tokenUrl": "/token"}});
        assert!(read(json!({"type": "oauth2", "flows": flows})).contains("user:password"));
        assert!(read(json!({"type": "openIdConnect"})).contains("token"));
        let discovered = json!({"type": "openIdConnect", "openIdConnectUrl": "https://a/"});
        assert!(read(discovered).contains("id:secret"));
    }

    #[test]
    fn what_cannot_be_done_is_named() {
        assert!(read(json!({"type": "http", "scheme": "digest"})).contains("digest"));
        assert!(read(json!({"type": "mutualTLS"})).contains("mutualtls"));
        assert!(read(json!({"type": "apiKey", "in": "path", "name": "k"})).contains("path"));
        assert!(read(json!({})).starts_with("no:"));
    }
}
