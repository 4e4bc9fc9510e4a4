//! The validation ladder, step by step and in its order.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method as HttpMethod};

use super::*;
use crate::jsonrpc::{self, Incoming, RequestId};
use crate::{Limits, Selected};

const VERSION: &str = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28""#;
const CAPABILITIES: &str = r#""io.modelcontextprotocol/clientCapabilities":{}"#;

fn run(
    headers: &[(&'static str, &str)],
    method: &str,
    meta: &str,
    params: &str,
) -> Result<Call, (u16, i64, String)> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), value.parse().unwrap());
    }
    let comma = if params.is_empty() { "" } else { "," };
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":"q","method":"{method}","params":{{"_meta":{{{meta}}}{comma}{params}}}}}"#
    );
    let head = Head::new(&HttpMethod::POST, None, &map);
    let incoming: Incoming = jsonrpc::parse(&Bytes::from(body), &Limits::default()).unwrap();
    let outcome = match Selected::decide(&head, incoming) {
        Ok(Selected::ModernRequest(request, claims)) => accept(&head, request, claims),
        Ok(other) => panic!("not modern: {other:?}"),
        Err((refusal, _)) => Err(refusal),
    };
    outcome.map_err(|refusal| {
        assert_eq!(
            refusal.id,
            Some(RequestId::from("q")),
            "every answer carries the id"
        );
        (
            refusal.why.status(Era::Modern),
            refusal.why.code(Era::Modern),
            refusal.why.to_string(),
        )
    })
}

fn good_headers(method: &'static str) -> Vec<(&'static str, &'static str)> {
    vec![
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", method),
    ]
}

fn good_meta() -> String {
    format!("{VERSION},{CAPABILITIES}")
}

fn fails(outcome: Result<Call, (u16, i64, String)>) -> (u16, i64) {
    let (status, code, _) = outcome.expect_err("must be refused");
    (status, code)
}

#[test]
fn t_2607_20_metadata_is_required_and_comes_before_the_headers() {
    let only_version = [("mcp-protocol-version", "2026-07-28")];
    for meta in [
        "",
        VERSION,
        CAPABILITIES,
        r#""io.modelcontextprotocol/protocolVersion":3"#,
    ] {
        assert_eq!(
            fails(run(&only_version, "tools/list", meta, "")),
            (400, -32602),
            "{meta}"
        );
    }
    let wrong_type = format!(r#"{VERSION},"io.modelcontextprotocol/clientCapabilities":[]"#);
    assert_eq!(
        fails(run(
            &good_headers("tools/list"),
            "tools/list",
            &wrong_type,
            ""
        )),
        (400, -32602)
    );
    let (_, _, text) = run(&only_version, "tools/list", VERSION, "").unwrap_err();
    assert!(
        text.contains("io.modelcontextprotocol/clientCapabilities"),
        "{text}"
    );
}

#[test]
fn t_2607_21_client_info_is_optional() {
    assert!(run(&good_headers("tools/list"), "tools/list", &good_meta(), "").is_ok());
}

#[test]
fn t_2607_22_the_version_header_is_there_and_equals_the_claim() {
    let meta = good_meta();
    assert_eq!(
        fails(run(
            &[("mcp-method", "tools/list")],
            "tools/list",
            &meta,
            ""
        )),
        (400, -32020)
    );
    let other = format!(r#""io.modelcontextprotocol/protocolVersion":"v999.0.0",{CAPABILITIES}"#);
    // The mismatch is found before the version is judged.
    assert_eq!(
        fails(run(&good_headers("tools/list"), "tools/list", &other, "")),
        (400, -32020)
    );
    let doubled = [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/list"),
    ];
    assert_eq!(fails(run(&doubled, "tools/list", &meta, "")), (400, -32020));
}

#[test]
fn t_2607_23_a_version_nobody_serves_is_named_with_those_that_are() {
    for version in ["v999.0.0", "2025-11-25", "2099-01-01"] {
        let meta =
            format!(r#""io.modelcontextprotocol/protocolVersion":"{version}",{CAPABILITIES}"#);
        let headers = [
            ("mcp-protocol-version", version),
            ("mcp-method", "server/discover"),
        ];
        assert_eq!(
            fails(run(&headers, "server/discover", &meta, "")),
            (400, -32022),
            "{version}"
        );
    }
}

#[test]
fn t_2607_24_and_t_2607_47_unknown_and_retired_methods_are_404() {
    for method in [
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        "no/such",
    ] {
        let headers = [
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", method),
        ];
        assert_eq!(
            fails(run(&headers, method, &good_meta(), "")),
            (404, -32601),
            "{method}"
        );
    }
}

#[test]
fn t_hdr_01_the_method_header_is_there_and_equal_letter_by_letter() {
    let version = ("mcp-protocol-version", "2026-07-28");
    let meta = good_meta();
    assert_eq!(
        fails(run(&[version], "tools/list", &meta, "")),
        (400, -32020)
    );
    for wrong in ["Tools/List", "tools/call", ""] {
        assert_eq!(
            fails(run(
                &[version, ("mcp-method", wrong)],
                "tools/list",
                &meta,
                ""
            )),
            (400, -32020),
            "{wrong}"
        );
    }
}

#[test]
fn t_hdr_02_and_04_the_name_header_is_compared_after_decoding() {
    let call = |name_header: Option<&str>, name: &str| {
        let mut headers = vec![
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
        ];
        if let Some(value) = name_header {
            headers.push(("mcp-name", value));
        }
        run(
            &headers,
            "tools/call",
            &good_meta(),
            &format!(r#""name":"{name}","arguments":{{}}"#),
        )
    };
    assert!(call(Some("echo"), "echo").is_ok());
    assert!(
        call(Some(" echo\t"), "echo").is_ok(),
        "T-HDR-03: white space around values is trimmed"
    );
    assert!(call(Some("=?base64?w7xiZXI=?="), "über").is_ok());
    assert!(
        call(Some("=?BASE64?w7xiZXI=?="), "=?BASE64?w7xiZXI=?=").is_ok(),
        "markers are exact"
    );
    for (header, name) in [
        (None, "echo"),
        (Some("Echo"), "echo"),
        (Some("=?base64?w7xiZXI?="), "über"),
        (Some("=?base64?!!?="), "x"),
        // The same bytes, but not what they say, or not what a header may hold.
        (Some("=?base64?aGk=?="), "=?base64?aGk=?="),
        (Some("über"), "über"),
        (Some(" echo"), " echo"),
    ] {
        assert_eq!(fails(call(header, name)), (400, -32020), "{header:?}");
    }
    let read = [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "resources/read"),
        ("mcp-name", "a://b"),
    ];
    assert!(run(&read, "resources/read", &good_meta(), r#""uri":"a://b""#).is_ok());
    assert_eq!(
        fails(run(
            &read,
            "resources/read",
            &good_meta(),
            r#""uri":"a://c""#
        )),
        (400, -32020)
    );
}

#[test]
fn t_2607_45_a_log_level_nobody_knows_is_refused() {
    let meta = format!(
        r#"{},"io.modelcontextprotocol/logLevel":"loud""#,
        good_meta()
    );
    assert_eq!(
        fails(run(&good_headers("tools/list"), "tools/list", &meta, "")).1,
        -32602
    );
    let meta = format!(
        r#"{},"io.modelcontextprotocol/logLevel":"warning","progressToken":"p""#,
        good_meta()
    );
    let call = run(&good_headers("tools/list"), "tools/list", &meta, "").unwrap();
    assert_eq!(call.log_level, Some(crate::schema::LoggingLevel::Warning));
    assert!(call.progress_token.is_some());
}
