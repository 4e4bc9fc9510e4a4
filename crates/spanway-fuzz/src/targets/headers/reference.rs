//! The rules for single headers, as the RFCs and docs/requirements.md say them.

use http::{HeaderMap, HeaderName};

/// The value of a header that may stand once: visible ASCII, white space around it trimmed (T-HDR-03).
pub(super) fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ()> {
    let values: Vec<&[u8]> = headers.get_all(name).iter().map(AsRef::as_ref).collect();
    match values.as_slice() {
        [] => Ok(None),
        [value] if value.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t')) => {
            let text = std::str::from_utf8(value).unwrap();
            Ok(Some(text.trim_matches([' ', '\t'])))
        }
        _ => Err(()),
    }
}

/// Whether a host is this machine's, or one of those the endpoint was told of: on any port, but for the one
/// that was given with its port.
pub(super) fn host_is_ours(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let mut names = ["localhost", "127.0.0.1", "[::1]", super::front::HOST].into_iter();
    host == super::front::HOST_AND_PORT || names.any(|name| is_port(host.strip_prefix(name)))
}

/// Whether what follows a name is nothing, or a port.
fn is_port(rest: Option<&str>) -> bool {
    rest.is_some_and(|rest| {
        let port = rest.strip_prefix(':').unwrap_or(rest);
        (rest.is_empty() || rest.starts_with(':')) && port.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Whether a page of this origin may call this host.
pub(super) fn origin_is_ours(origin: &str, host: Option<&str>) -> bool {
    let local = |authority: &str| {
        let authority = authority.to_ascii_lowercase();
        let mut names = ["localhost", "127.0.0.1", "[::1]"].into_iter();
        names.any(|name| is_port(authority.strip_prefix(name)))
    };
    let authority = ["http://", "https://"]
        .iter()
        .find_map(|scheme| origin.strip_prefix(scheme));
    let same = authority.zip(host).is_some_and(|(page, host)| {
        page.eq_ignore_ascii_case(host) || (local(page) && local(host))
    });
    same || origin.eq_ignore_ascii_case(super::front::ORIGIN)
}

/// Whether `Accept` admits a type: the most specific range that fits decides, the later of two alike
/// (RFC 9110, 12.5.1). Values that are no text say nothing.
pub(super) fn admits(headers: &HeaderMap, kind: &str) -> bool {
    if !headers.contains_key(http::header::ACCEPT) {
        return true;
    }
    let (main, _) = kind.split_once('/').unwrap();
    let main = format!("{main}/*");
    let rank = |range: &str| {
        let mut ranges = [kind, &main, "*/*"].into_iter();
        ranges.position(|it| it.eq_ignore_ascii_case(range))
    };
    let values = headers.get_all(http::header::ACCEPT).iter();
    let ranges: Vec<(usize, bool)> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|range| {
            let (essence, parameters) = range.split_once(';').unwrap_or((range, ""));
            let refused = parameters.split(';').any(is_zero_weight);
            Some((rank(essence.trim())?, !refused))
        })
        .collect();
    let best = ranges.iter().map(|(rank, _)| *rank).min();
    let mut decisive = ranges.iter().filter(|(rank, _)| Some(*rank) == best);
    decisive.next_back().is_some_and(|(_, wanted)| *wanted)
}

fn is_zero_weight(parameter: &str) -> bool {
    let Some((name, weight)) = parameter.trim().split_once('=') else {
        return false;
    };
    name.eq_ignore_ascii_case("q") && weight.trim().parse::<f32>().is_ok_and(|it| it == 0.0)
}

/// The text a header stands for (T-HDR-04); `Err` for base64 that is none.
pub(super) fn decoded(value: &str) -> Result<String, ()> {
    let encoded = value.strip_prefix("=?base64?");
    let Some(encoded) = encoded.and_then(|rest| rest.strip_suffix("?=")) else {
        return Ok(value.to_owned());
    };
    let bytes = base64_of(encoded).ok_or(())?;
    String::from_utf8(bytes).map_err(|_| ())
}

/// RFC 4648, 4: the usual alphabet, padded, no bits left over.
fn base64_of(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let padding = text.len() - text.trim_end_matches('=').len();
    if !text.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for byte in &text.as_bytes()[..text.len() - padding] {
        let digit = ALPHABET.iter().position(|it| it == byte)?;
        bits = (bits << 6) | u32::try_from(digit).ok()?;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xFF).ok()?);
        }
    }
    (bits & ((1 << held) - 1) == 0).then_some(bytes)
}

/// How a client writes a text into a header: as it is where that can be read back, else encoded.
pub(super) fn encoded(text: &str) -> String {
    use base64::Engine;
    let visible = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let trimmed = text.trim_matches([' ', '\t']) == text;
    if visible && trimmed && decoded(text).as_deref() == Ok(text) {
        return text.to_owned();
    }
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    format!("=?base64?{encoded}?=")
}
