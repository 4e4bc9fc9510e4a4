//! The dual-era rules T-DUAL-01 to T-DUAL-15 of docs/requirements.md.

use bytes::Bytes;
use http::{HeaderMap, Method as HttpMethod};

use super::*;
use crate::head::{METHOD, NAME};
use crate::{Limits, jsonrpc};

const CLAIM: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

fn decide(version: Option<&str>, body: &str) -> Result<Selected, (i64, Era)> {
    let mut headers = HeaderMap::new();
    if let Some(version) = version {
        headers.insert(PROTOCOL_VERSION, version.parse().unwrap());
    }
    let incoming =
        jsonrpc::parse(&Bytes::copy_from_slice(body.as_bytes()), &Limits::default()).unwrap();
    let head = Head::new(&HttpMethod::POST, None, &headers);
    Selected::decide(&head, incoming).map_err(|(refusal, era)| (refusal.why.code(era), era))
}

fn request(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{params}}}}}"#)
}

#[test]
fn t_dual_03_a_batch_must_not_hide_a_modern_request() {
    let batch = format!("[{}]", request("tools/list", CLAIM));
    assert_eq!(decide(None, &batch), Err((-32600, Era::Legacy)));
    let batch = format!("[{}]", request("tools/list", ""));
    assert!(matches!(
        decide(None, &batch),
        Ok(Selected::Legacy(Incoming::Batch(_)))
    ));
    assert_eq!(
        decide(Some("2026-07-28"), &batch),
        Err((-32600, Era::Legacy))
    );
}

#[test]
fn t_dual_04_a_posted_response_is_legacy_traffic() {
    let response = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
    assert!(matches!(decide(None, response), Ok(Selected::Legacy(_))));
    assert_eq!(
        decide(Some("2026-07-28"), response),
        Err((-32600, Era::Modern))
    );
}

#[test]
fn t_dual_05_a_claim_is_modern_whatever_the_method() {
    for method in ["initialize", "tools/list", "ping", "nope"] {
        for version in [None, Some("2026-07-28"), Some("2025-11-25")] {
            let decided = decide(version, &request(method, CLAIM));
            assert!(
                matches!(decided, Ok(Selected::ModernRequest(..))),
                "{method} {version:?}"
            );
        }
    }
}

#[test]
fn t_dual_06_a_modern_header_without_a_claim_is_never_legacy() {
    assert_eq!(
        decide(Some("2026-07-28"), &request("tools/list", "")),
        Err((-32602, Era::Modern))
    );
    assert_eq!(
        decide(Some("2027-01-01"), &request("tools/list", "")),
        Err((-32602, Era::Modern))
    );
    assert_eq!(
        decide(Some("2026-07-28"), &request("initialize", "")),
        Err((-32020, Era::Modern))
    );
}

#[test]
fn t_dual_07_and_08_no_claim_is_legacy() {
    assert!(matches!(
        decide(None, &request("initialize", "")),
        Ok(Selected::Legacy(_))
    ));
    assert!(matches!(
        decide(Some("2025-06-18"), &request("tools/list", "")),
        Ok(Selected::Legacy(_))
    ));
}

#[test]
fn t_dual_09_a_notification_with_a_claim_or_a_modern_header_is_modern() {
    let bare = r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#;
    assert!(matches!(
        decide(Some("2026-07-28"), bare),
        Ok(Selected::ModernNotification(_))
    ));
    assert!(matches!(decide(None, bare), Ok(Selected::Legacy(_))));
    let claimed = format!(r#"{{"jsonrpc":"2.0","method":"notifications/x","params":{{{CLAIM}}}}}"#);
    assert!(matches!(
        decide(None, &claimed),
        Ok(Selected::ModernNotification(_))
    ));
}

#[test]
fn t_dual_10_only_the_exact_key_is_a_claim() {
    for meta in [
        r#""_meta":{"io.modelcontextprotocol/related-task":{"taskId":"1"}}"#,
        r#""_meta":{"traceparent":"00-0-0-00"}"#,
        r#""_meta":{"protocolVersion":"2026-07-28"}"#,
        r#""_meta":{"IO.modelcontextprotocol/protocolVersion":"2026-07-28"}"#,
    ] {
        assert!(
            matches!(
                decide(None, &request("tools/list", meta)),
                Ok(Selected::Legacy(_))
            ),
            "{meta}"
        );
    }
    let array = request("ping", r#""_meta":["2026-07-28",{},{}]"#);
    assert_eq!(decide(None, &array), Err((-32602, Era::Legacy)));
    let array = r#"{"jsonrpc":"2.0","method":"ping","params":{"_meta":["2026-07-28"]}}"#;
    assert!(matches!(decide(None, array), Ok(Selected::Legacy(_))));
    let null = r#""_meta":{"io.modelcontextprotocol/protocolVersion":null}"#;
    assert!(matches!(
        decide(None, &request("tools/list", null)),
        Ok(Selected::ModernRequest(..))
    ));
}

#[test]
fn headers_of_the_new_revision_alone_do_not_make_a_request_modern() {
    // mcp-remote sends them on legacy requests, `initialize` included.
    let headers = HeaderMap::from_iter([
        (METHOD, "initialize".parse().unwrap()),
        (NAME, "x".parse().unwrap()),
    ]);
    let body = Bytes::from(request("initialize", ""));
    let incoming = jsonrpc::parse(&body, &Limits::default()).unwrap();
    let decided = Selected::decide(&Head::new(&HttpMethod::POST, None, &headers), incoming);
    assert!(matches!(decided, Ok(Selected::Legacy(_))));
}
