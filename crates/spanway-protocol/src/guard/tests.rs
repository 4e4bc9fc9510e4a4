//! Who is let in.

use http::{HeaderMap, HeaderName, Method};

use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
        .collect()
}

fn check(guard: &Guard, pairs: &[(&'static str, &str)]) -> Option<u16> {
    let headers = headers(pairs);
    let head = Head::new(&Method::POST, None, &headers);
    guard
        .check(&head)
        .err()
        .map(|rejection| rejection.status(crate::Era::Legacy))
}

#[test]
fn t_all_13_hosts_other_than_loopback_are_refused_unless_listed() {
    let guard = Guard::default();
    for host in [
        "localhost",
        "localhost:8000",
        "127.0.0.1:1",
        "[::1]:8000",
        "[::1]",
        "LOCALHOST:3",
    ] {
        assert_eq!(check(&guard, &[("host", host)]), None, "{host}");
    }
    for host in [
        "evil.example.com",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.2",
        "::1",
        "",
    ] {
        assert_eq!(check(&guard, &[("host", host)]), Some(403), "{host}");
    }
    let guard = Guard {
        hosts: AllowedHosts::new(["mcp.example", "other.example:8443"]),
        ..Guard::default()
    };
    assert_eq!(check(&guard, &[("host", "MCP.example:99")]), None);
    assert_eq!(check(&guard, &[("host", "other.example:8443")]), None);
    assert_eq!(check(&guard, &[("host", "other.example:1")]), Some(403));
}

#[test]
fn t_all_10_a_foreign_origin_is_refused_and_an_absent_one_is_not_invalid() {
    let guard = Guard::default();
    assert_eq!(check(&guard, &[("host", "localhost:8000")]), None);
    for origin in [
        "http://localhost:3000",
        "http://127.0.0.1:8000",
        "https://[::1]:1",
    ] {
        assert_eq!(
            check(&guard, &[("host", "localhost:8000"), ("origin", origin)]),
            None,
            "{origin}"
        );
    }
    for origin in [
        "http://evil.example.com",
        "null",
        "http://localhost.evil.example",
        "file://",
        "",
        "http://localhost@evil.example",
    ] {
        assert_eq!(
            check(&guard, &[("host", "localhost:8000"), ("origin", origin)]),
            Some(403),
            "{origin}"
        );
    }
}

#[test]
fn a_loopback_page_may_not_call_a_public_host_but_its_own_page_may() {
    let guard = Guard {
        hosts: AllowedHosts::new(["mcp.example"]),
        origins: AllowedOrigins::new(["https://app.example/"]),
    };
    assert_eq!(
        check(
            &guard,
            &[("host", "mcp.example"), ("origin", "http://localhost:3000")]
        ),
        Some(403)
    );
    assert_eq!(
        check(
            &guard,
            &[("host", "mcp.example"), ("origin", "https://mcp.example")]
        ),
        None
    );
    assert_eq!(
        check(
            &guard,
            &[("host", "mcp.example"), ("origin", "https://app.example")]
        ),
        None
    );
}

#[test]
fn t_2503_02_either_form_of_answer_is_enough() {
    let accepts = |value: &str| {
        let headers = headers(&[("accept", value)]);
        Accepts::for_post(&Head::new(&Method::POST, None, &headers))
            .ok()
            .map(|found| (found.json, found.sse))
    };
    assert_eq!(
        accepts("application/json, text/event-stream"),
        Some((true, true))
    );
    assert_eq!(
        accepts("text/event-stream,application/json;q=0.5"),
        Some((true, true))
    );
    assert_eq!(accepts("*/*"), Some((true, true)));
    assert_eq!(accepts("application/*"), Some((true, false)));
    assert_eq!(accepts("Text/Event-Stream"), Some((false, true)));
    assert_eq!(accepts("*/*, text/event-stream;q=0"), Some((true, false)));
    assert_eq!(accepts("text/html"), None);
    assert_eq!(accepts("application/jsonp"), None);
}

#[test]
fn only_json_bodies_are_read() {
    let takes = |value: &str| {
        content_type(&Head::new(
            &Method::POST,
            None,
            &headers(&[("content-type", value)]),
        ))
        .is_ok()
    };
    assert!(takes("application/json") && takes("Application/JSON; charset=utf-8"));
    assert!(!takes("text/plain") && !takes("application/jsonx") && !takes(""));
    assert!(content_type(&Head::new(&Method::POST, None, &HeaderMap::new())).is_err());
}
