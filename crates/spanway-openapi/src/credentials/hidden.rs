//! What went to the API with a call and must not come back from it: credentials, taken out of what is shown.
//!
//! Some APIs repeat in an answer what they were sent. An error loses every header of the operator and every credential;
//! of a success only what is a credential and too long to stand there by chance, for it is data. Bytes that are no
//! text are left as they are.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use serde_json::Value;

use super::secret::Secret;

/// Bytes of a text that is taken out of errors; shorter ones would take words apart, and are no secrets.
const ERROR_BYTES_MIN: usize = 4;

/// Bytes of a credential that is taken out of successes.
const SUCCESS_BYTES_MIN: usize = 8;

/// What stands in its place.
const MARK: &str = "[redacted]";

/// Words in the name of a header that carries a credential.
const CREDENTIAL_WORDS: [&str; 9] = [
    "auth",
    "cookie",
    "credential",
    "key",
    "password",
    "secret",
    "session",
    "signature",
    "token",
];

/// In what something is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    Failure,
}

/// What is hidden, longest first: a whole value goes before the token that it ends with, which may stand alone.
#[derive(Clone, Default)]
pub(crate) struct Hidden(Vec<Entry>);

#[derive(Clone, PartialEq, Eq)]
struct Entry {
    text: Secret,
    is_credential: bool,
}

impl Hidden {
    /// What the sensitive ones of these headers say; `is_credential` names more headers that carry credentials.
    pub(crate) fn of_headers(
        headers: &HeaderMap,
        is_credential: impl Fn(&HeaderName) -> bool,
    ) -> Self {
        let mut hidden = Self::default();
        for (name, value) in headers.iter().filter(|(_, value)| value.is_sensitive()) {
            let Ok(value) = value.to_str() else { continue };
            let words = CREDENTIAL_WORDS.iter();
            let is_credential =
                words.clone().any(|it| name.as_str().contains(it)) || is_credential(name);
            let parts: Vec<&str> = match *name {
                header::COOKIE => value
                    .split(';')
                    .filter_map(|it| it.split_once('='))
                    .map(|it| it.1)
                    .collect(),
                _ => value.split_once(' ').map(|it| it.1).into_iter().collect(),
            };
            for text in std::iter::once(value).chain(parts) {
                hidden.insert(Secret::new(text.trim()), is_credential);
            }
        }
        hidden
    }

    /// Hides these credentials too.
    pub(crate) fn extend(&mut self, credentials: impl IntoIterator<Item = Secret>) {
        for text in credentials {
            self.insert(text, true);
        }
    }

    fn insert(&mut self, text: Secret, is_credential: bool) {
        let entry = Entry {
            text,
            is_credential,
        };
        if !self.0.contains(&entry) {
            let length = entry.text.expose().len();
            let at = self
                .0
                .partition_point(|it| it.text.expose().len() >= length);
            self.0.insert(at, entry);
        }
    }

    /// What is looked for, as it is and as it stands in a string of JSON.
    fn texts(&self, outcome: Outcome) -> Vec<Cow<'_, str>> {
        let is_meant = |it: &&Entry| match outcome {
            Outcome::Success => it.is_credential && it.text.expose().len() >= SUCCESS_BYTES_MIN,
            Outcome::Failure => it.text.expose().len() >= ERROR_BYTES_MIN,
        };
        let all = self.0.iter().filter(is_meant);
        let mut texts = Vec::new();
        for text in all.map(|it| it.text.expose()) {
            let quoted = Value::from(text).to_string();
            let escaped = quoted.get(1..quoted.len() - 1).unwrap_or_default();
            texts.push(Cow::Borrowed(text));
            if escaped != text {
                texts.push(Cow::Owned(escaped.to_owned()));
            }
        }
        texts
    }

    /// Whether nothing is taken out of successes.
    pub(crate) fn is_empty(&self) -> bool {
        self.texts(Outcome::Success).is_empty()
    }

    /// A text without what is hidden.
    pub(crate) fn scrub(&self, text: &str, outcome: Outcome) -> String {
        without(&self.texts(outcome), text).unwrap_or_else(|| text.to_owned())
    }

    /// A response without what is hidden, in its headers and in its body as far as that is text.
    pub(crate) fn scrub_response(
        &self,
        response: Response<Bytes>,
        outcome: Outcome,
        is_json: bool,
    ) -> Response<Bytes> {
        let texts = self.texts(outcome);
        if texts.is_empty() {
            return response;
        }
        let (mut head, mut body) = response.into_parts();
        for value in head.headers.values_mut() {
            let clean = value.to_str().ok().and_then(|it| without(&texts, it));
            if let Some(clean) = clean.and_then(|it| HeaderValue::from_str(&it).ok()) {
                *value = clean;
            }
        }
        let clean = match is_json {
            true => json_without(&texts, &body),
            false => None,
        };
        let clean = clean.or_else(|| without(&texts, &as_text(&body)?));
        if let Some(clean) = clean {
            body = clean.into();
        }
        Response::from_parts(head, body)
    }
}

/// The body as text, unless it is bytes of something else.
fn as_text(body: &Bytes) -> Option<Cow<'_, str>> {
    match std::str::from_utf8(body) {
        Ok(text) => Some(text.into()),
        // One byte of another encoding does not make a file of a page.
        Err(_) if !body.contains(&0) => Some(String::from_utf8_lossy(body)),
        Err(_) => None,
    }
}

/// The text without these; `None` if none of them is there.
fn without(texts: &[Cow<'_, str>], text: &str) -> Option<String> {
    let mut clean: Option<String> = None;
    for hidden in texts {
        let current = clean.as_deref().unwrap_or(text);
        if current.contains(hidden.as_ref()) {
            clean = Some(current.replace(hidden.as_ref(), MARK));
        }
    }
    clean
}

/// JSON without these in its strings and names; `None` if none of them is there.
fn json_without(texts: &[Cow<'_, str>], body: &[u8]) -> Option<String> {
    let raw = std::str::from_utf8(body).ok()?;
    // Nobody escapes letters and digits, so most answers need not be read for this.
    let is_plain = |it: &Cow<'_, str>| {
        it.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte))
    };
    let may_be_escaped = raw.contains('\\') && !texts.iter().all(is_plain);
    if !may_be_escaped && !texts.iter().any(|it| raw.contains(it.as_ref())) {
        return None;
    }
    let mut value = serde_json::from_str(raw).ok()?;
    scrub_value(texts, &mut value).then(|| value.to_string())
}

/// Whether anything was taken out.
fn scrub_value(texts: &[Cow<'_, str>], value: &mut Value) -> bool {
    match value {
        Value::String(text) => match without(texts, text) {
            Some(clean) => {
                *text = clean;
                true
            }
            None => false,
        },
        Value::Array(items) => items
            .iter_mut()
            .fold(false, |any, it| scrub_value(texts, it) | any),
        Value::Object(map) => {
            let mut any = map
                .values_mut()
                .fold(false, |any, it| scrub_value(texts, it) | any);
            // A name that only contains one is a word of the API.
            if texts.iter().any(|it| map.contains_key(it.as_ref())) {
                let members = std::mem::take(map).into_iter();
                let is_hidden = |key: &str| texts.iter().any(|it| it == key);
                let renamed = members.map(|(key, value)| match is_hidden(&key) {
                    true => (MARK.to_owned(), value),
                    false => (key, value),
                });
                *map = renamed.collect();
                any = true;
            }
            any
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hidden").field(&self.0.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn hidden(credentials: &[&str]) -> Hidden {
        let mut hidden = Hidden::default();
        hidden.extend(credentials.iter().map(|it| Secret::new(*it)));
        hidden
    }

    fn scrubbed(hidden: &Hidden, body: impl Into<Bytes>, is_json: bool) -> Bytes {
        let response = Response::new(body.into());
        hidden
            .scrub_response(response, Outcome::Success, is_json)
            .into_body()
    }

    #[test]
    fn credentials_are_taken_out_of_json_however_it_is_escaped() {
        let hidden = hidden(&["ab/cd+ef\"gh", "plain-token"]);
        let body =
            r#"{"a": ["x ab\/cd\u002Bef\"gh"], "plain-token": 1.50, "plain": "Plain-Token"}"#;
        let clean: Value = serde_json::from_slice(&scrubbed(&hidden, body, true)).unwrap();
        assert_eq!(
            clean,
            json!({"a": ["x [redacted]"], "[redacted]": 1.5, "plain": "Plain-Token"})
        );
        // What is not there costs nothing: not a byte changes.
        let body = Bytes::from(r#"{"a":  "\n", "n": 1.50}"#);
        assert_eq!(scrubbed(&hidden, body.clone(), true), body);
        let lines = scrubbed(&hidden, "data: {\"a\": \"ab/cd+ef\\\"gh\"}\n\n", false);
        assert_eq!(lines, "data: {\"a\": \"[redacted]\"}\n\n");
    }

    #[test]
    fn what_is_short_or_no_credential_stays_in_a_success() {
        let mut hidden = hidden(&["pin4711"]);
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-api-version", "2026-11-21"),
            ("authorization", "Token long-enough"),
            ("cookie", "a=cookie-of-one; b=2"),
        ] {
            let mut value = HeaderValue::from_static(value);
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        hidden.0.extend(Hidden::of_headers(&headers, |_| false).0);
        let text = "pin4711 2026-11-21 long-enough cookie-of-one";
        let clean = scrubbed(&hidden, text, false);
        assert_eq!(clean, "pin4711 2026-11-21 [redacted] [redacted]");
        let clean = hidden.scrub(text, Outcome::Failure);
        assert_eq!(clean, "[redacted] [redacted] [redacted] [redacted]");
    }

    #[test]
    fn files_are_left_as_they_are() {
        let file = Bytes::from_static(b"\x00\xffplain-token");
        assert_eq!(
            scrubbed(&hidden(&["plain-token"]), file.clone(), false),
            file
        );
    }
}
