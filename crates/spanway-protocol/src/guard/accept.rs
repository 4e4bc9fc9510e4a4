//! Which forms of answer a client takes.

use http::header;

use crate::head::{Head, Known};
use crate::rejection::Rejection;

/// How nearly every client says that it takes both, so that reading it costs next to nothing.
const BOTH: [&str; 4] = [
    "application/json, text/event-stream",
    "text/event-stream, application/json",
    "application/json,text/event-stream",
    "*/*",
];

/// The forms of answer an `Accept` header admits. Clients should list both (T-2503-02); one is enough here,
/// since many real clients send less, and then only that form is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accepts {
    /// A single JSON body.
    pub json: bool,
    /// An event stream.
    pub sse: bool,
}

impl Accepts {
    /// What the request admits. No `Accept` header admits everything (RFC 9110, 12.5.1).
    #[must_use]
    pub fn of(head: &Head<'_>) -> Self {
        let says_both = || BOTH.iter().any(|both| head.says(Known::Accept, both));
        if says_both() || !head.has(&header::ACCEPT) {
            return Self {
                json: true,
                sse: true,
            };
        }
        Self {
            json: admits(head, "application", "json"),
            sse: admits(head, "text", "event-stream"),
        }
    }

    /// What a POST admits.
    ///
    /// # Errors
    /// 406 if neither form is admitted.
    pub fn for_post(head: &Head<'_>) -> Result<Self, Rejection> {
        let accepts = Self::of(head);
        if accepts.json || accepts.sse {
            Ok(accepts)
        } else {
            Err(Rejection::NotAcceptable {
                need: "application/json or text/event-stream",
            })
        }
    }

    /// Checks a GET, which can only be answered with a stream (T-2503-10).
    ///
    /// # Errors
    /// 406 if event streams are not admitted.
    pub fn for_get(head: &Head<'_>) -> Result<(), Rejection> {
        if Self::of(head).sse {
            Ok(())
        } else {
            Err(Rejection::NotAcceptable {
                need: "text/event-stream",
            })
        }
    }
}

/// The most specific range that matches decides; `q=0` means "not this" (RFC 9110, 12.5.1).
fn admits(head: &Head<'_>, kind: &str, subtype: &str) -> bool {
    let mut best: Option<(u8, bool)> = None;
    for range in head.all(&header::ACCEPT).flat_map(|value| value.split(',')) {
        let mut parts = range.split(';');
        let essence = parts.next().unwrap_or_default().trim();
        let Some((range_kind, range_subtype)) = essence.split_once('/') else {
            continue;
        };
        let specificity = match (range_kind, range_subtype) {
            ("*", "*") => 0,
            (same, "*") if same.eq_ignore_ascii_case(kind) => 1,
            (same, sub) if same.eq_ignore_ascii_case(kind) && sub.eq_ignore_ascii_case(subtype) => {
                2
            }
            _ => continue,
        };
        let wanted = !parts.any(|parameter| is_zero_weight(parameter.trim()));
        if best.is_none_or(|(known, _)| specificity >= known) {
            best = Some((specificity, wanted));
        }
    }
    best.is_some_and(|(_, wanted)| wanted)
}

fn is_zero_weight(parameter: &str) -> bool {
    let weight = parameter
        .strip_prefix("q=")
        .or_else(|| parameter.strip_prefix("Q="));
    weight.is_some_and(|weight| {
        weight
            .trim()
            .parse::<f32>()
            .is_ok_and(|weight| weight == 0.0)
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;

    #[test]
    fn what_is_known_by_heart_means_what_it_says() {
        for value in BOTH {
            let headers = HeaderMap::from_iter([(header::ACCEPT, value.parse().unwrap())]);
            let head = Head::new(&Method::POST, None, &headers);
            assert!(admits(&head, "application", "json") && admits(&head, "text", "event-stream"));
        }
    }

    #[test]
    fn a_second_header_counts_too() {
        let mut headers = HeaderMap::from_iter([(header::ACCEPT, "*/*".parse().unwrap())]);
        headers.append(header::ACCEPT, "text/event-stream;q=0".parse().unwrap());
        let accepts = Accepts::of(&Head::new(&Method::POST, None, &headers));
        assert!(accepts.json && !accepts.sse);
    }
}
