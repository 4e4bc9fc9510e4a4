//! Percent-encoding: what may stand as it is in a path, a query or a form.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but RFC 3986's unreserved characters: right in every part of a URL, in forms and cookies.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What the literal parts of a path template must not hold as they are; `%` may be an escape.
const LITERAL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What `allowReserved` leaves alone, but for the characters that end a value or the query.
const RESERVED: &AsciiSet = &COMPONENT
    .remove(b':')
    .remove(b'/')
    .remove(b'?')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b';');

/// A value anywhere in a URL, a form or a cookie.
pub(crate) fn component(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

/// A value whose reserved characters stay.
pub(super) fn reserved_allowed(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// A literal part of a path template.
pub(super) fn literal_path(text: &str) -> String {
    utf8_percent_encode(text, LITERAL).to_string()
}
