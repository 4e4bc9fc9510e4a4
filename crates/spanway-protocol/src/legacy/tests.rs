//! Negotiation, session names and version headers of the handshake revisions.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, Method as HttpMethod};
use proptest::prelude::*;

use super::*;
use crate::call::Client;
use crate::jsonrpc::{self, Message};
use crate::{Limits, PROTOCOL_VERSION, RawJson, SESSION_ID};

fn with_header<T>(name: http::HeaderName, value: &str, ask: impl FnOnce(&Head<'_>) -> T) -> T {
    let headers = HeaderMap::from_iter([(name, value.parse().unwrap())]);
    ask(&Head::new(&HttpMethod::POST, None, &headers))
}

#[test]
fn t_2411_11_the_asked_version_is_agreed_on_if_it_is_served() {
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        assert_eq!(negotiate(version).as_str(), version);
    }
}

#[test]
fn t_dual_12_anything_else_gets_the_latest_legacy_version() {
    for version in ["2026-07-28", "1999-01-01", "", "2027-01-01"] {
        assert_eq!(
            negotiate(version),
            ProtocolVersion::V2025_11_25,
            "{version}"
        );
    }
}

#[test]
fn t_2503_20_a_session_id_is_visible_ascii_from_128_bits() {
    let id = SessionId::from_random([0xF7; 16]);
    assert!(
        id.as_str()
            .bytes()
            .all(|byte| (0x21..=0x7e).contains(&byte))
    );
    assert_eq!(SessionId::parse(id.as_str()), Some(id.clone()));
    assert!(
        !format!("{id:?}").contains(id.as_str()),
        "Debug keeps the secret"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn an_id_is_what_128_bits_are_written_as(bits: [u8; 16], text in "[A-Za-z0-9+/_=-]{21}[AQgwBEHx=-]|.{0,24}") {
        let id = SessionId::from_random(bits);
        prop_assert_eq!(SessionId::parse(id.as_str()), Some(id));
        let decoded = URL_SAFE_NO_PAD.decode(&text).ok().filter(|bits| bits.len() == 16);
        prop_assert_eq!(SessionId::parse(&text).is_some(), decoded.is_some(), "{:?}", text);
    }
}

#[test]
fn t_2503_21_and_22_no_session_is_400_and_an_unknown_one_404() {
    let empty = HeaderMap::new();
    let missing = session_id(&Head::new(&HttpMethod::POST, None, &empty)).unwrap_err();
    assert_eq!(missing.status(Era::Legacy), 400);
    for value in ["nope", "", "../../etc", "AAAAAAAAAAAAAAAAAAAAAA=="] {
        let unknown = with_header(SESSION_ID, value, session_id).unwrap_err();
        assert_eq!(unknown.status(Era::Legacy), 404, "{value}");
    }
}

#[test]
fn t_2506_02_an_unsupported_version_header_is_400() {
    let empty = HeaderMap::new();
    assert_eq!(
        version_header(&Head::new(&HttpMethod::POST, None, &empty)),
        Ok(None)
    );
    assert_eq!(
        with_header(PROTOCOL_VERSION, "2025-06-18", version_header),
        Ok(Some(ProtocolVersion::V2025_06_18))
    );
    for value in ["v999", "2026-07-28", "2025-06-18,2025-11-25", ""] {
        let refused = with_header(PROTOCOL_VERSION, value, version_header).unwrap_err();
        assert_eq!(refused.status(Era::Legacy), 400, "{value}");
        assert!(
            refused.to_string().contains("2025-03-26"),
            "it says what would do: {refused}"
        );
    }
}

fn incoming(text: &str) -> Incoming {
    jsonrpc::parse(&Bytes::copy_from_slice(text.as_bytes()), &Limits::default()).unwrap()
}

#[test]
fn t_2503_03_and_t_2506_01_batches_belong_to_2025_03_26_alone() {
    let batch = incoming(r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#);
    for version in ProtocolVersion::ALL {
        let allowed = version == ProtocolVersion::V2025_03_26;
        assert_eq!(check_batch(&batch, version).is_ok(), allowed, "{version}");
        assert!(
            check_batch(
                &incoming(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#),
                version
            )
            .is_ok()
        );
    }
}

#[test]
fn t_2503_04_initialize_is_never_part_of_a_batch() {
    let batch = incoming(r#"[{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}]"#);
    assert!(check_batch(&batch, ProtocolVersion::V2025_03_26).is_err());
}

#[test]
fn a_session_serves_its_owner_only() {
    let session = |owner: Option<&str>| {
        Session::new(
            SessionId::from_random([1; 16]),
            ProtocolVersion::V2025_11_25,
            &Client::default(),
            owner.map(Into::into),
        )
    };
    assert!(session(Some("ann")).belongs_to(Some("ann")));
    assert!(!session(Some("ann")).belongs_to(Some("bob")));
    assert!(!session(Some("ann")).belongs_to(None));
    assert!(session(None).belongs_to(None));
    assert!(!session(None).belongs_to(Some("ann")));
}

#[test]
fn t_dual_14_a_call_is_served_under_the_negotiated_version() {
    let client = Client::new(RawJson::default(), RawJson::default());
    let session = Session::new(
        SessionId::from_random([1; 16]),
        ProtocolVersion::V2025_06_18,
        &client,
        None,
    );
    let text =
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"progressToken":7}}}"#;
    let Incoming::Single(Message::Request(request)) = incoming(text) else {
        panic!()
    };
    let call = accept(request, &session).unwrap();
    assert_eq!(call.version, ProtocolVersion::V2025_06_18);
    assert!(call.progress_token.is_some());
    for meta in [r#"{"progressToken":[]}"#, "[7]"] {
        let text = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{"_meta":{meta}}}}}"#
        );
        let Incoming::Single(Message::Request(request)) = incoming(&text) else {
            panic!()
        };
        let refusal = accept(request, &session).unwrap_err();
        assert_eq!(refusal.why.code(Era::Legacy), -32602, "{meta}");
    }
}
