//! ARCHITECTURE.md, invariant 5: one table, and every variant stands in it.

use super::*;

/// HTTP status and JSON-RPC code.
type Told = (u16, i64);

/// Every variant once, with what is told of it in the legacy and in the modern era.
#[expect(clippy::too_many_lines, reason = "a table with a line a variant")]
fn table() -> Vec<(Rejection, Told, Told)> {
    let both = |rejection, status, code| (rejection, (status, code), (status, code));
    vec![
        both(Rejection::HostForbidden { host: "h".into() }, 403, -32600),
        both(
            Rejection::OriginForbidden { origin: "o".into() },
            403,
            -32600,
        ),
        both(Rejection::Unauthorized { detail: "d".into() }, 401, -32600),
        both(Rejection::CredentialsUnchecked, 503, -32603),
        both(Rejection::MethodNotAllowed { allow: "POST" }, 405, -32600),
        both(Rejection::BodyTooLarge { limit: 1 }, 413, -32600),
        both(Rejection::BodyTimeout, 408, -32600),
        both(Rejection::BodyUnreadable, 400, -32600),
        both(Rejection::UnsupportedMediaType, 415, -32600),
        both(Rejection::NotAcceptable { need: "n" }, 406, -32600),
        both(Rejection::NotJson { detail: "d".into() }, 400, -32700),
        both(Rejection::TooDeep { limit: 1 }, 400, -32700),
        both(
            Rejection::InvalidRequest { detail: "d".into() },
            400,
            -32600,
        ),
        both(Rejection::BatchNotAllowed, 400, -32600),
        both(Rejection::BatchTooLarge { limit: 1 }, 400, -32600),
        both(Rejection::InvalidMeta { detail: "d".into() }, 400, -32602),
        (
            Rejection::HeaderMismatch { detail: "d".into() },
            (400, -32600),
            (400, -32020),
        ),
        (
            Rejection::UnsupportedVersion {
                requested: "v".into(),
                supported: vec![],
            },
            (400, -32600),
            (400, -32022),
        ),
        both(
            Rejection::UnsupportedVersionHeader {
                requested: "v".into(),
                supported: String::new(),
            },
            400,
            -32600,
        ),
        (
            Rejection::MethodNotFound { method: "m".into() },
            (200, -32601),
            (404, -32601),
        ),
        both(Rejection::InvalidParams { detail: "d".into() }, 200, -32602),
        both(Rejection::InvalidState, 200, -32602),
        both(Rejection::TooManyStates, 503, -32603),
        both(Rejection::TaskNotFound, 200, -32602),
        both(
            Rejection::TooManyTasks {
                what: "tasks",
                limit: 1,
            },
            503,
            -32603,
        ),
        (
            Rejection::ResourceNotFound { uri: "u".into() },
            (200, -32002),
            (200, -32602),
        ),
        (
            Rejection::MissingCapability {
                required: json!({}),
            },
            (200, -32600),
            (400, -32021),
        ),
        both(Rejection::SessionRequired, 400, -32600),
        both(Rejection::SessionNotFound, 404, -32600),
        both(Rejection::NodeLost, 200, -32603),
        both(Rejection::EventGone, 410, -32600),
        both(Rejection::StreamOver, 405, -32600),
        both(Rejection::TooManySessions, 503, -32600),
        both(Rejection::ConnectionRequired, 400, -32600),
        both(Rejection::TooManyStreams, 503, -32600),
        both(Rejection::TooManyCalls, 503, -32600),
        both(
            Rejection::SessionBusy {
                what: "w",
                limit: 1,
            },
            429,
            -32600,
        ),
        both(
            Rejection::DuplicateId {
                id: RequestId::Integer(1),
            },
            400,
            -32600,
        ),
        both(Rejection::CallTimeout { seconds: 1 }, 200, -32603),
        both(Rejection::ShuttingDown, 503, -32603),
        both(Rejection::StoreUnavailable, 503, -32603),
        both(Rejection::Internal, 200, -32603),
    ]
}

#[test]
fn invariant_5_every_rejection_has_its_status_and_code() {
    for (rejection, legacy, modern) in table() {
        assert_eq!(
            (rejection.status(Era::Legacy), rejection.code(Era::Legacy)),
            legacy,
            "{rejection:?}"
        );
        assert_eq!(
            (rejection.status(Era::Modern), rejection.code(Era::Modern)),
            modern,
            "{rejection:?}"
        );
        assert!(!rejection.to_string().is_empty());
    }
    let variants = include_str!("../rejection.rs").matches("#[error(").count();
    assert_eq!(
        table().len(),
        variants,
        "a variant is missing from the table"
    );
}

#[test]
fn no_modern_code_on_a_legacy_path() {
    for (rejection, (_, legacy_code), _) in table() {
        assert!(!(-32099..=-32020).contains(&legacy_code), "{rejection:?}");
    }
}

#[test]
fn t_2607_30_no_retired_or_reserved_code_on_a_modern_path() {
    for (rejection, _, (_, code)) in table() {
        let reserved = (-32019..=-32000).contains(&code) || (-32099..=-32023).contains(&code);
        assert!(!reserved, "{rejection:?} gives {code}");
    }
}

#[test]
fn t_2607_23_the_error_names_what_is_supported_and_what_was_asked() {
    let rejection = Rejection::UnsupportedVersion {
        requested: "v9".into(),
        supported: vec![ProtocolVersion::V2026_07_28],
    };
    let data = rejection.to_error(Era::Modern).data.unwrap();
    assert_eq!(
        data,
        json!({ "supported": ["2026-07-28"], "requested": "v9" })
    );
}
