//! Whether the routing headers say what the body says (SEP-2243).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use std::borrow::Cow;

use http::HeaderName;

use crate::head::{Head, Known, METHOD, NAME, PROTOCOL_VERSION, mismatch};
use crate::jsonrpc::Request;
use crate::method::Method;
use crate::rejection::Rejection;

/// How a value begins that is not plain text.
const ENCODED: &str = "=?base64?";

/// `MCP-Protocol-Version` is there and equals the claim (T-2607-22); `Mcp-Method` is there and equals the
/// method, letter by letter (T-HDR-01).
pub(crate) fn agree(head: &Head<'_>, method: &Method, claimed: &str) -> Result<(), Rejection> {
    let method = method.as_str();
    if head.says(Known::ProtocolVersion, claimed) && head.says(Known::Method, method) {
        return Ok(());
    }
    match head.one(Known::ProtocolVersion)? {
        Some(version) if version == claimed => {}
        Some(version) => {
            return Err(mismatch(format!(
                "{PROTOCOL_VERSION} is {version:?} but _meta says {claimed:?}"
            )));
        }
        None => {
            return Err(mismatch(format!(
                "{PROTOCOL_VERSION} must be sent and equal _meta's {claimed:?}"
            )));
        }
    }
    match head.one(Known::Method)? {
        Some(named) if named == method => Ok(()),
        Some(named) => Err(mismatch(format!(
            "{METHOD} is {named:?} but the method is {method:?}"
        ))),
        None => Err(mismatch(format!(
            "{METHOD} must be sent and equal the method, {method:?}"
        ))),
    }
}

/// `Mcp-Name` is there and equals the name or URI of the body, where the method has one (T-HDR-02). With
/// tasks it may be missing: their extension demands it of clients, and not of servers to insist (trap 27).
/// A body without a usable name is left to the check of its parameters.
pub(crate) fn name_agrees(head: &Head<'_>, request: &Request) -> Result<(), Rejection> {
    let names_task = request.method.names_task();
    if !names_task && !request.method.is_named() {
        return Ok(());
    }
    let name = request.params.name.string();
    if let Some(name) = &name
        && head.says(Known::Name, name)
        && !name.starts_with(ENCODED)
    {
        return Ok(());
    }
    let header = head.one(Known::Name)?;
    let Some(name) = name else {
        return Ok(());
    };
    match header {
        Some(header) if decode(&NAME, header)? == name => Ok(()),
        Some(_) => Err(mismatch(format!(
            "{NAME} does not name what the body names, {name:?}"
        ))),
        None if names_task => Ok(()),
        None => Err(mismatch(format!("{NAME} must be sent and equal {name:?}"))),
    }
}

/// Undoes the base64 form, `=?base64?…?=`, markers exact (T-HDR-04); anything else stands for itself.
pub(super) fn decode<'a>(header: &HeaderName, value: &'a str) -> Result<Cow<'a, str>, Rejection> {
    let Some(encoded) = value
        .strip_prefix(ENCODED)
        .and_then(|rest| rest.strip_suffix("?="))
    else {
        return Ok(Cow::Borrowed(value));
    };
    let bytes = STANDARD
        .decode(encoded)
        .map_err(|_| mismatch(format!("{header} is not valid base64")))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| mismatch(format!("{header} is not UTF-8 after decoding")))?;
    Ok(Cow::Owned(text))
}
