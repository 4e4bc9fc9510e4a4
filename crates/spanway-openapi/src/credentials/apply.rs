//! A secret into a request, where its scheme wants it, and whether something is there already.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue};
use http::{Request, Uri};

use super::secret::{Secret, SecretError};
use crate::operation::Location;
use crate::request::component;
use crate::security::SecurityScheme;

/// Whether the operator's static headers, or those of the caller that are passed on, do what the scheme wants.
pub(super) fn is_present(scheme: &SecurityScheme, request: &Request<Bytes>) -> bool {
    let (location, name) = match scheme {
        SecurityScheme::ApiKey { location, name } => (*location, name.as_str()),
        _ => return request.headers().contains_key(AUTHORIZATION),
    };
    match location {
        Location::Header => request.headers().contains_key(name),
        Location::Cookie => cookies(request).any(|pair| is_named(pair, name)),
        Location::Query => {
            let query = request.uri().query().unwrap_or_default();
            query
                .split('&')
                .any(|pair| is_named(pair, &component(name)))
        }
        Location::Path | Location::QueryString => false,
    }
}

/// Puts `secret` into `request`; gives every form in which it could be repeated.
pub(super) fn put(
    scheme: &SecurityScheme,
    secret: &Secret,
    request: &mut Request<Bytes>,
) -> Result<Vec<Secret>, SecretError> {
    let text = secret.expose();
    let mut forms = vec![secret.clone()];
    match scheme {
        SecurityScheme::Basic => {
            let Some((_, password)) = text.split_once(':') else {
                let message = "HTTP basic wants user:password, and this has no colon";
                return Err(SecretError(message.to_owned()));
            };
            let pair = STANDARD.encode(text);
            header(AUTHORIZATION, &format!("Basic {pair}"), request)?;
            forms.extend([Secret::new(pair), Secret::new(password)]);
        }
        SecurityScheme::ApiKey { location, name } => match location {
            Location::Header => {
                let name = HeaderName::from_bytes(name.as_bytes())
                    .map_err(|_| SecretError(format!("{name:?} is no header name")))?;
                header(name, text, request)?;
            }
            Location::Cookie => cookie(name, text, request)?,
            Location::Query => {
                let value = component(text);
                query(name, &value, request)?;
                forms.push(Secret::new(value));
            }
            Location::Path | Location::QueryString => {
                return Err(SecretError(format!(
                    "{} is no place for a key",
                    location.as_str()
                )));
            }
        },
        SecurityScheme::Unsupported(what) => {
            return Err(SecretError(format!("{what} is not supported")));
        }
        _ => header(AUTHORIZATION, &format!("Bearer {text}"), request)?,
    }
    Ok(forms)
}

fn header(name: HeaderName, text: &str, request: &mut Request<Bytes>) -> Result<(), SecretError> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| SecretError("it holds characters that a header cannot carry".to_owned()))?;
    value.set_sensitive(true);
    request.headers_mut().insert(name, value);
    Ok(())
}

fn cookie(name: &str, text: &str, request: &mut Request<Bytes>) -> Result<(), SecretError> {
    let ends_a_value = |c: char| c.is_whitespace() || "\";,\\".contains(c);
    let value = if text.contains(ends_a_value) {
        component(text)
    } else {
        text.to_owned()
    };
    let others = cookies(request).filter(|pair| !is_named(pair, name));
    let mut pairs: Vec<String> = others.map(str::to_owned).collect();
    pairs.push(format!("{name}={value}"));
    header(COOKIE, &pairs.join("; "), request)
}

fn query(name: &str, value: &str, request: &mut Request<Bytes>) -> Result<(), SecretError> {
    let name = component(name);
    let uri = request.uri();
    let query = uri.query().unwrap_or_default();
    let others = query
        .split('&')
        .filter(|it| !it.is_empty() && !is_named(it, &name));
    let mut pairs: Vec<String> = others.map(str::to_owned).collect();
    pairs.push(format!("{name}={value}"));
    let mut parts = uri.clone().into_parts();
    let whole = format!("{}?{}", uri.path(), pairs.join("&"));
    // What the URI would say of itself in an error could hold the secret.
    let failed = |()| SecretError("it does not make a URL".to_owned());
    parts.path_and_query = Some(whole.try_into().map_err(|_| failed(()))?);
    *request.uri_mut() = Uri::from_parts(parts).map_err(|_| failed(()))?;
    Ok(())
}

fn cookies(request: &Request<Bytes>) -> impl Iterator<Item = &str> {
    let lines = request.headers().get_all(COOKIE).into_iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).map(str::trim)
}

fn is_named(pair: &str, name: &str) -> bool {
    pair.split('=').next() == Some(name)
}
