//! `x-mcp-header` and `Mcp-Param-*` (SEP-2243).

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use spanway_protocol::modern::MirroredArguments;
use spanway_protocol::{HeaderRules, Rejection};

fn annotated(kind: &str, name: &str) -> Value {
    json!({ "type": kind, "x-mcp-header": name })
}

fn with(properties: &Value) -> Value {
    json!({ "type": "object", "properties": properties })
}

#[test]
fn t_hdr_08_valid_annotations_are_found_along_properties() {
    let none = with(
        &json!({ "x-mcp-header": { "type": "string" }, "a": { "default": annotated("string", "A") } }),
    );
    assert!(MirroredArguments::of(&none).unwrap().is_empty());
    assert!(MirroredArguments::of(&json!(true)).unwrap().is_empty());
    for property in [
        annotated("string", "Region"),
        annotated("integer", "!#$%&'*+-.^_`|~09azAZ"),
        annotated("boolean", "b"),
        with(&json!({ "deep": with(&json!({ "er": annotated("string", "Er") })) })),
    ] {
        let schema = with(&json!({ "a": property }));
        assert!(
            !MirroredArguments::of(&schema).unwrap().is_empty(),
            "{schema}"
        );
    }
}

fn invalid(schema: &Value, pointer: &str) {
    let invalid = MirroredArguments::of(schema).unwrap_err();
    assert_eq!(invalid.pointer, pointer, "{schema}: {invalid}");
}

#[test]
fn t_hdr_08_names_and_types_that_clients_refuse() {
    for property in [
        annotated("string", ""),
        annotated("string", "My Region"),
        annotated("string", "Region:1"),
        annotated("string", "Région"),
        annotated("string", "a\t1"),
        json!({ "type": "string", "x-mcp-header": 1 }),
        annotated("number", "A"),
        annotated("object", "A"),
        annotated("array", "A"),
        annotated("null", "A"),
        json!({ "type": ["string", "null"], "x-mcp-header": "A" }),
        json!({ "x-mcp-header": "A" }),
    ] {
        invalid(
            &with(&json!({ "a/b": property })),
            "/properties/a~1b/x-mcp-header",
        );
    }
    let twice = json!({ "a": annotated("string", "A"), "b": annotated("string", "a") });
    invalid(&with(&twice), "/properties/b/x-mcp-header");
}

#[test]
fn t_hdr_08_places_that_properties_alone_do_not_lead_to() {
    let good = annotated("string", "A");
    let inner = with(&json!({ "a": good }));
    let root = json!({ "type": "object", "x-mcp-header": "Root" });
    invalid(&root, "/x-mcp-header");
    for (place, found) in [
        (json!({ "$defs": { "a": good } }), "/$defs/a"),
        (
            json!({ "additionalProperties": good }),
            "/additionalProperties",
        ),
        (
            json!({ "patternProperties": { "^a": good } }),
            "/patternProperties/^a",
        ),
        (
            json!({ "properties": { "a": { "items": good } } }),
            "/properties/a/items",
        ),
        (json!({ "allOf": [{}, inner] }), "/allOf/1/properties/a"),
        (json!({ "oneOf": [inner] }), "/oneOf/0/properties/a"),
        (json!({ "anyOf": [inner] }), "/anyOf/0/properties/a"),
        (json!({ "if": inner }), "/if/properties/a"),
        (json!({ "then": inner }), "/then/properties/a"),
        (json!({ "not": inner }), "/not/properties/a"),
    ] {
        invalid(&place, &format!("{found}/x-mcp-header"));
    }
}

/// Checks headers against `arguments` of a tool that mirrors a string, an integer, a boolean and a nested one.
fn check(headers: &[(&str, &[u8])], arguments: &Value) -> Result<(), Rejection> {
    let schema = with(&json!({
        "text": annotated("string", "Text"),
        "count": annotated("integer", "Count"),
        "flag": annotated("boolean", "Flag"),
        "in": with(&json!({ "ner": annotated("string", "Inner") })),
        "plain": { "type": "string" },
    }));
    let map: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_bytes(value).unwrap())
        })
        .fold(HeaderMap::new(), |mut map, (name, value)| {
            map.append(name, value);
            map
        });
    let mirrored = MirroredArguments::of(&schema).unwrap();
    mirrored.check(&map, arguments.as_object().unwrap(), HeaderRules::Lenient)
}

fn accepted(headers: &[(&str, &[u8])], arguments: &Value) {
    assert_eq!(check(headers, arguments), Ok(()), "{arguments}");
}

fn refused(headers: &[(&str, &[u8])], arguments: &Value) {
    let outcome = check(headers, arguments);
    assert!(
        matches!(outcome, Err(Rejection::HeaderMismatch { .. })),
        "{headers:?} {arguments}"
    );
}

#[test]
fn t_hdr_03_04_strings_are_trimmed_then_decoded_then_compared() {
    for (header, text) in [
        ("Hello", "Hello"),
        ("\t Hello ", "Hello"),
        ("", ""),
        ("two words", "two words"),
        ("=?base64?SGVsbG8=?=", "Hello"),
        ("=?base64?IMOpIA==?=", " é "),
        ("=?base64??=", ""),
        ("SGVsbG8=", "SGVsbG8="),
        ("=?base64?SGVsbG8=", "=?base64?SGVsbG8="),
        ("=?BASE64?SGVsbG8=?=", "=?BASE64?SGVsbG8=?="),
    ] {
        accepted(
            &[("Mcp-Param-TEXT", header.as_bytes())],
            &json!({ "text": text }),
        );
    }
    for header in [
        "hello",
        "=?base64?SGVsbG8?=",
        "=?base64?SGVs!!!bG8=?=",
        "=?base64?SGVsbG9=?=",
        "=?base64?/w==?=",
        "SGVsbG8=",
    ] {
        refused(
            &[("mcp-param-text", header.as_bytes())],
            &json!({ "text": "Hello" }),
        );
    }
}

#[test]
fn t_hdr_05_only_plain_ascii_is_taken() {
    refused(
        &[("mcp-param-text", "é".as_bytes())],
        &json!({ "text": "é" }),
    );
    refused(&[("mcp-param-text", b"\xff")], &json!({ "text": "a" }));
}

#[test]
fn t_hdr_06_a_header_is_there_exactly_if_its_argument_is() {
    refused(&[], &json!({ "text": "a" }));
    refused(&[], &json!({ "text": "" }));
    refused(&[], &json!({ "in": { "ner": "a" } }));
    accepted(
        &[("mcp-param-inner", b"a")],
        &json!({ "in": { "ner": "a" } }),
    );
    for arguments in [
        json!({}),
        json!({ "text": null }),
        json!({ "in": {} }),
        json!({ "in": { "ner": null } }),
        json!({ "in": 3 }),
    ] {
        accepted(&[], &arguments);
        refused(
            &[("mcp-param-text", b"null"), ("mcp-param-inner", b"")],
            &arguments,
        );
    }
    // Twice is refused even if both say the same (trap 25).
    refused(
        &[("mcp-param-text", b"a"), ("Mcp-Param-Text", b"a")],
        &json!({ "text": "a" }),
    );
    // What no header can say is left to the check of the schema.
    accepted(&[], &json!({ "text": ["a"] }));
    refused(&[("mcp-param-text", b"[\"a\"]")], &json!({ "text": ["a"] }));
}

#[test]
fn rmcp_2a_7_and_t_hdr_07_integers_are_compared_by_value_and_booleans_by_name() {
    for (header, count) in [
        ("42", json!(42)),
        ("42.0", json!(42)),
        ("42", json!(42.0)),
        ("-7", json!(-7)),
        ("0", json!(-0.0)),
        ("9007199254740991", json!(9_007_199_254_740_991_i64)),
        ("18446744073709551615", json!(u64::MAX)),
    ] {
        accepted(
            &[("mcp-param-count", header.as_bytes())],
            &json!({ "count": count }),
        );
    }
    for header in [
        "43",
        "42.5",
        "42.",
        ".0",
        "4 2",
        "+42",
        "0x2a",
        "forty-two",
        "",
        "-",
        "true",
        "4.2e1",
    ] {
        refused(
            &[("mcp-param-count", header.as_bytes())],
            &json!({ "count": 42 }),
        );
    }
    refused(
        &[("mcp-param-count", b"9007199254740992")],
        &json!({ "count": 9_007_199_254_740_993_i64 }),
    );
    accepted(&[("mcp-param-flag", b"true")], &json!({ "flag": true }));
    accepted(&[("mcp-param-flag", b"false")], &json!({ "flag": false }));
    for header in ["True", "1", "false", ""] {
        refused(
            &[("mcp-param-flag", header.as_bytes())],
            &json!({ "flag": true }),
        );
    }
}

#[test]
fn t_hdr_09_headers_that_mirror_nothing_are_ignored() {
    accepted(
        &[("mcp-param-other", b"\xff"), ("mcp-param-plain", b"x")],
        &json!({ "plain": "y" }),
    );
}
