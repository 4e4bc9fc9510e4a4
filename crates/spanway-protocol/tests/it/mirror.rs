//! `x-mcp-header` and `Mcp-Param-*` (SEP-2243).

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use spanway_protocol::Rejection;
use spanway_protocol::modern::MirroredArguments;

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

#[test]
fn t_hdr_08_invalid_annotations_are_named_by_pointer() {
    let good = annotated("string", "A");
    for (schema, pointer) in [
        (
            json!({ "type": "object", "x-mcp-header": "Root" }),
            "/x-mcp-header",
        ),
        (
            with(&json!({ "a": annotated("string", "") })),
            "/properties/a/x-mcp-header",
        ),
        (
            with(&json!({ "a": annotated("string", "My Region") })),
            "/properties/a/x-mcp-header",
        ),
        (
            with(&json!({ "a": annotated("string", "Region:1") })),
            "/properties/a/x-mcp-header",
        ),
        (
            with(&json!({ "a": annotated("string", "Région") })),
            "/properties/a/x-mcp-header",
        ),
        (
            with(&json!({ "a": annotated("string", "a\t1") })),
            "/properties/a/x-mcp-header",
        ),
        (
            with(&json!({ "a": { "type": "string", "x-mcp-header": 1 } })),
            "/properties/a/x-mcp-header",
        ),
        (
            with(&json!({ "a/b": annotated("number", "A") })),
            "/properties/a~1b/x-mcp-header",
        ),
        (
            with(&json!({ "a": annotated("object", "A") })),
            "/properties/a/x-mcp-header",
        ),
        (
            with(&json!({ "a": annotated("array", "A") })),
            "/properties/a/x-mcp-header",
        ),
        (
            with(&json!({ "a": annotated("null", "A") })),
            "/properties/a/x-mcp-header",
        ),
        (
            with(&json!({ "a": { "type": ["string", "null"], "x-mcp-header": "A" } })),
            "/properties/a/x-mcp-header",
        ),
        (
            with(&json!({ "a": { "x-mcp-header": "A" } })),
            "/properties/a/x-mcp-header",
        ),
        (
            with(&json!({ "a": good, "b": annotated("string", "a") })),
            "/properties/b/x-mcp-header",
        ),
        (
            with(&json!({ "a": { "type": "array", "items": good } })),
            "/properties/a/items/x-mcp-header",
        ),
        (json!({ "$defs": { "a": good } }), "/$defs/a/x-mcp-header"),
        (
            json!({ "additionalProperties": good }),
            "/additionalProperties/x-mcp-header",
        ),
        (
            json!({ "patternProperties": { "^a": good } }),
            "/patternProperties/^a/x-mcp-header",
        ),
        (
            json!({ "allOf": [{}, with(&json!({ "a": good }))] }),
            "/allOf/1/properties/a/x-mcp-header",
        ),
        (
            json!({ "if": with(&json!({ "a": good })) }),
            "/if/properties/a/x-mcp-header",
        ),
        (
            json!({ "not": with(&json!({ "a": good })) }),
            "/not/properties/a/x-mcp-header",
        ),
    ] {
        let invalid = MirroredArguments::of(&schema).unwrap_err();
        assert_eq!(invalid.pointer, pointer, "{schema}: {invalid}");
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
    mirrored.check(&map, arguments.as_object().unwrap())
}

fn accepted(headers: &[(&str, &[u8])], arguments: Value) {
    assert_eq!(check(headers, &arguments), Ok(()), "{arguments}");
}

fn refused(headers: &[(&str, &[u8])], arguments: Value) {
    let outcome = check(headers, &arguments);
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
            json!({ "text": text }),
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
            json!({ "text": "Hello" }),
        );
    }
}

#[test]
fn t_hdr_05_only_plain_ascii_is_taken() {
    refused(
        &[("mcp-param-text", "é".as_bytes())],
        json!({ "text": "é" }),
    );
    refused(&[("mcp-param-text", b"\xff")], json!({ "text": "a" }));
}

#[test]
fn t_hdr_06_a_header_is_there_exactly_if_its_argument_is() {
    refused(&[], json!({ "text": "a" }));
    refused(&[], json!({ "text": "" }));
    refused(&[], json!({ "in": { "ner": "a" } }));
    accepted(
        &[("mcp-param-inner", b"a")],
        json!({ "in": { "ner": "a" } }),
    );
    for arguments in [
        json!({}),
        json!({ "text": null }),
        json!({ "in": {} }),
        json!({ "in": { "ner": null } }),
        json!({ "in": 3 }),
    ] {
        accepted(&[], arguments.clone());
        refused(
            &[("mcp-param-text", b"null"), ("mcp-param-inner", b"")],
            arguments,
        );
    }
    // Twice is refused even if both say the same (trap 25).
    refused(
        &[("mcp-param-text", b"a"), ("Mcp-Param-Text", b"a")],
        json!({ "text": "a" }),
    );
    // What no header can say is left to the check of the schema.
    accepted(&[], json!({ "text": ["a"] }));
    refused(&[("mcp-param-text", b"[\"a\"]")], json!({ "text": ["a"] }));
}

#[test]
fn t_hdr_07_integers_are_compared_by_value_and_booleans_by_name() {
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
            json!({ "count": count }),
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
            json!({ "count": 42 }),
        );
    }
    refused(
        &[("mcp-param-count", b"9007199254740992")],
        json!({ "count": 9_007_199_254_740_993_i64 }),
    );
    accepted(&[("mcp-param-flag", b"true")], json!({ "flag": true }));
    accepted(&[("mcp-param-flag", b"false")], json!({ "flag": false }));
    for header in ["True", "1", "false", ""] {
        refused(
            &[("mcp-param-flag", header.as_bytes())],
            json!({ "flag": true }),
        );
    }
}

#[test]
fn t_hdr_09_headers_that_mirror_nothing_are_ignored() {
    accepted(
        &[("mcp-param-other", b"\xff"), ("mcp-param-plain", b"x")],
        json!({ "plain": "y" }),
    );
}
