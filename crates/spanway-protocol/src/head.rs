//! The headers that matter to MCP, found once.

use http::{HeaderMap, HeaderName, HeaderValue, Method as HttpMethod, header};

use crate::rejection::Rejection;
use crate::version::Era;

/// The session of a legacy request.
pub const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
/// The revision a request speaks.
pub const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
/// The method, mirrored from the body (T-HDR-01).
pub const METHOD: HeaderName = HeaderName::from_static("mcp-method");
/// The name or URI, mirrored from the body (T-HDR-02).
pub const NAME: HeaderName = HeaderName::from_static("mcp-name");
/// Where to resume a stream.
pub const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// A request without its body, seen as MCP sees it.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// The HTTP method.
    pub http_method: &'a HttpMethod,
    /// The host part of an HTTP/2 request target, which stands in for `Host`.
    pub authority: Option<&'a str>,
    headers: &'a HeaderMap,
    known: [Stands<'a>; 8],
}

/// How often a header stands in a request.
#[derive(Debug, Clone, Copy, Default)]
enum Stands<'a> {
    #[default]
    Never,
    Once(&'a HeaderValue),
    Repeatedly,
}

/// The headers that are looked at in most requests, found in one pass over all there are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Known {
    Host,
    Origin,
    ContentType,
    Accept,
    ProtocolVersion,
    SessionId,
    Method,
    Name,
}

impl Known {
    fn of(name: &HeaderName) -> Option<Self> {
        Some(match name.as_str() {
            "host" => Self::Host,
            "origin" => Self::Origin,
            "content-type" => Self::ContentType,
            "accept" => Self::Accept,
            "mcp-protocol-version" => Self::ProtocolVersion,
            "mcp-session-id" => Self::SessionId,
            "mcp-method" => Self::Method,
            "mcp-name" => Self::Name,
            _ => return None,
        })
    }

    const fn name(self) -> HeaderName {
        match self {
            Self::Host => header::HOST,
            Self::Origin => header::ORIGIN,
            Self::ContentType => header::CONTENT_TYPE,
            Self::Accept => header::ACCEPT,
            Self::ProtocolVersion => PROTOCOL_VERSION,
            Self::SessionId => SESSION_ID,
            Self::Method => METHOD,
            Self::Name => NAME,
        }
    }
}

impl<'a> Stands<'a> {
    /// The one value, white space trimmed.
    fn single(self, name: impl FnOnce() -> HeaderName) -> Result<Option<&'a str>, Rejection> {
        match self {
            Stands::Never => Ok(None),
            Stands::Once(value) => match text(value) {
                Some(text) => Ok(Some(text.trim_ascii())),
                None => Err(mismatch(format!("header {} must be plain ASCII", name()))),
            },
            Stands::Repeatedly => Err(mismatch(format!("header {} must stand only once", name()))),
        }
    }
}

/// A value that is plain ASCII; there are no control characters in a `HeaderValue` but the tab.
fn text(value: &HeaderValue) -> Option<&str> {
    let text = std::str::from_utf8(value.as_bytes()).ok();
    text.filter(|text| text.is_ascii())
}

impl<'a> Head<'a> {
    /// The head of a request. `authority` is the one of its URI, if it has one.
    #[must_use]
    pub fn new(
        http_method: &'a HttpMethod,
        authority: Option<&'a str>,
        headers: &'a HeaderMap,
    ) -> Self {
        let mut known = [Stands::Never; 8];
        for (name, value) in headers {
            if let Some(stands) = Known::of(name).and_then(|it| known.get_mut(it as usize)) {
                *stands = match stands {
                    Stands::Never => Stands::Once(value),
                    Stands::Once(_) | Stands::Repeatedly => Stands::Repeatedly,
                };
            }
        }
        Self {
            http_method,
            authority,
            headers,
            known,
        }
    }

    fn known(&self, known: Known) -> Stands<'a> {
        self.known.get(known as usize).copied().unwrap_or_default()
    }

    fn stands(&self, name: &HeaderName) -> Stands<'a> {
        if let Some(known) = Known::of(name) {
            return self.known(known);
        }
        let mut values = self.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Stands::Never,
            (Some(value), None) => Stands::Once(value),
            (Some(_), Some(_)) => Stands::Repeatedly,
        }
    }

    /// The host the client meant: `Host`, else the authority of the target.
    ///
    /// # Errors
    /// `Host` is doubled or not text.
    pub fn host(&self) -> Result<Option<&'a str>, Rejection> {
        Ok(self.one(Known::Host)?.or(self.authority))
    }

    /// The one value of a header that may stand only once, white space trimmed (T-HDR-03).
    ///
    /// # Errors
    /// The header is doubled, or its value is not visible ASCII.
    pub fn single(&self, name: &HeaderName) -> Result<Option<&'a str>, Rejection> {
        self.stands(name).single(|| name.clone())
    }

    /// The same of a header that is looked at often.
    pub(crate) fn one(&self, known: Known) -> Result<Option<&'a str>, Rejection> {
        self.known(known).single(|| known.name())
    }

    /// Whether a header stands once and is just this text, and may be: nearly always it is, and need not be read.
    pub(crate) fn says(&self, known: Known, text: &str) -> bool {
        let is_same = |value: &HeaderValue| value.as_bytes() == text.as_bytes();
        matches!(self.known(known), Stands::Once(value) if is_same(value))
            && text.is_ascii()
            && text.trim_ascii().len() == text.len()
    }

    /// All values of a list header, one string each, as they came.
    pub fn all(&self, name: &HeaderName) -> impl Iterator<Item = &'a str> + use<'a> {
        self.headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
    }

    /// Whether the header is there at all.
    #[must_use]
    pub fn has(&self, name: &HeaderName) -> bool {
        !matches!(self.stands(name), Stands::Never)
    }

    /// The names of headers that begin so, in lower case.
    pub(crate) fn names(&self, prefix: &str) -> impl Iterator<Item = &'a str> {
        let names = self.headers.keys().map(HeaderName::as_str);
        names.filter(move |name| name.starts_with(prefix))
    }

    /// The era that `MCP-Protocol-Version` claims; the legacy one if it is not there.
    #[must_use]
    pub fn era(&self) -> Era {
        if self.claims_modern() {
            Era::Modern
        } else {
            Era::Legacy
        }
    }

    /// `MCP-Protocol-Version`, if it names the modern revision or a later date: then the request is never
    /// legacy, even if this server does not know the revision (T-DUAL-06).
    #[must_use]
    pub fn claims_modern(&self) -> bool {
        let first = match self.known(Known::ProtocolVersion) {
            Stands::Never => None,
            Stands::Once(value) => Some(value),
            Stands::Repeatedly => self.headers.get(PROTOCOL_VERSION),
        };
        let version = first.and_then(text);
        version.is_some_and(is_modern_date)
    }
}

pub(crate) fn mismatch(detail: String) -> Rejection {
    Rejection::HeaderMismatch {
        detail: detail.into(),
    }
}

fn is_modern_date(version: &str) -> bool {
    let version = version.trim();
    let is_date = version.len() == 10
        && version.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    is_date && version >= crate::ProtocolVersion::V2026_07_28.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dates_from_the_modern_revision_on_claim_the_modern_era() {
        let claims = |version: &str| {
            let headers = HeaderMap::from_iter([(PROTOCOL_VERSION, version.parse().unwrap())]);
            Head::new(&HttpMethod::POST, None, &headers).claims_modern()
        };
        assert!(claims("2026-07-28") && claims(" 2027-01-01 "));
        assert!(!claims("2025-11-25") && !claims("v999.0.0") && !claims("DRAFT-2026"));
    }

    #[test]
    fn a_header_that_may_stand_once_is_refused_twice() {
        let mut headers = HeaderMap::new();
        headers.append(METHOD, "\t ping ".parse().unwrap());
        let head = |headers: &HeaderMap| {
            Head::new(&HttpMethod::POST, None, headers)
                .single(&METHOD)
                .map(|v| v.map(str::to_owned))
        };
        assert_eq!(head(&headers), Ok(Some("ping".to_owned())));
        headers.append(METHOD, "ping".parse().unwrap());
        assert!(matches!(
            head(&headers),
            Err(Rejection::HeaderMismatch { .. })
        ));
    }
}
