//! What is written here is what `serde_json` writes.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{json_text, write_text};

fn written(text: &str) -> String {
    let mut out = Vec::new();
    write_text(&mut out, text);
    String::from_utf8(out).unwrap()
}

#[test]
fn strings_are_what_serde_json_writes() {
    let every_ascii: String = ('\0'..='\x7f').collect();
    let others = [
        "",
        "\"",
        "1234567",
        "12345678",
        "1234567\n",
        "12345678\\",
        "\u{7f}\u{80}\u{a2}\u{dc}\u{ff}",
        "line\u{2028}and paragraph\u{2029}",
        "snow \u{2603} and clef \u{1d11e}, \"quoted\", \\escaped\\\r\n\t\u{8}\u{c}\u{1b}\0",
    ];
    // An odd byte at each place of a word, beside bytes that are near it.
    let near = [
        "!\"#[\\]\u{1f} ",
        "\"\"!!\\\\]]",
        "\u{1f}\u{20}\u{a0}\"\u{100}",
    ];
    let shifted = (0..24).flat_map(|at| near.map(|text| "a".repeat(at) + text + "and on"));
    let all = others.iter().map(|&text| text.to_owned());
    for text in all.chain(shifted).chain([every_ascii]) {
        assert_eq!(written(&text), serde_json::to_string(&text).unwrap());
    }
}

#[test]
fn values_are_what_serde_json_writes() {
    for value in [
        json!({}),
        json!([[], {}, [{}], null, true, false, ""]),
        json!({ "a\"b\n": { "": [1, -2, 1.5, 1e300, 0.1, u64::MAX, i64::MIN, -0.0] } }),
        json!({ "z": "\u{2028}", "a": ["\u{0}", "é"] }),
        json!("text"),
    ] {
        assert_eq!(json_text(&value).unwrap(), value.to_string());
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 5, |inner| {
        let map = proptest::collection::vec((".*", inner.clone()), 0..5);
        prop_oneof![
            proptest::collection::vec(inner, 0..5).prop_map(Value::from),
            map.prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_string_is_what_serde_json_writes(
        text in proptest::collection::vec(
            prop_oneof![any::<char>(), proptest::char::range('\0', '\x7f'), Just('"')],
            0..60,
        )
    ) {
        let text: String = text.into_iter().collect();
        prop_assert_eq!(written(&text), serde_json::to_string(&text).unwrap());
    }

    #[test]
    fn any_value_is_what_serde_json_writes(value in any_json()) {
        prop_assert_eq!(json_text(&value).unwrap(), value.to_string());
    }
}
