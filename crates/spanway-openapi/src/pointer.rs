//! JSON Pointers (RFC 6901) as strings: how places in a document are written down.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The pointer of `key` below `parent`.
pub(crate) fn child(parent: &str, key: impl AsRef<str>) -> String {
    let key = key.as_ref();
    if key.contains(['~', '/']) {
        let escaped = key.replace('~', "~0").replace('/', "~1");
        format!("{parent}/{escaped}")
    } else {
        format!("{parent}/{key}")
    }
}

/// The pointer in the fragment of a local reference (`#/components/…`), percent-decoded.
pub(crate) fn from_reference(reference: &str) -> Option<Cow<'_, str>> {
    let fragment = reference.strip_prefix('#')?;
    percent_decode_str(fragment).decode_utf8().ok()
}

/// The last segment of a pointer, unescaped.
pub(crate) fn last(pointer: &str) -> String {
    let segment = pointer.rsplit('/').next().unwrap_or_default();
    segment.replace("~1", "/").replace("~0", "~")
}
