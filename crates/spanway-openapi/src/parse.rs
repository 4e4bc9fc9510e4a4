//! Bytes to a tree of JSON values: JSON if they read as JSON, YAML otherwise, with bounds on both.

use serde_json::Value;
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};

use crate::limits::{ALIASED_NODES_MAX, DOCUMENT_DEPTH_MAX, DOCUMENT_NODES_MAX};

/// Enough for [`DOCUMENT_DEPTH_MAX`] levels in a debug build; pages are only used when touched.
const STACK_BYTES: usize = 32 * 1024 * 1024;

/// Why bytes are neither JSON nor YAML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", place(*line, *column))]
pub struct SyntaxError {
    /// The line, from 1; 0 if it is not known.
    pub line: u64,
    /// The column, from 1.
    pub column: u64,
    /// What is wrong.
    pub message: String,
}

fn place(line: u64, column: u64) -> String {
    match line {
        0 => String::new(),
        _ => format!(":{line}:{column}"),
    }
}

/// Parses `bytes` as JSON or YAML; the content decides, never a file name.
pub(crate) fn parse_tree(bytes: &[u8]) -> Result<Value, SyntaxError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(unplaced("neither JSON nor YAML: not UTF-8 text"));
    };
    if !text.trim_start().starts_with(['{', '[']) {
        return parse_yaml(text);
    }
    // YAML may start with a brace too (a flow mapping), so JSON's error counts only if YAML fails.
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(error) => parse_yaml(text).map_err(|_| SyntaxError {
            line: u64::try_from(error.line()).unwrap_or_default(),
            column: u64::try_from(error.column()).unwrap_or_default(),
            message: strip_place(&error.to_string()),
        }),
    }
}

/// Parses YAML on a thread of its own: the reader recurses, and the caller's stack may be small.
fn parse_yaml(text: &str) -> Result<Value, SyntaxError> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("spanway-yaml".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || parse_yaml_here(text))
            .map_err(|error| unplaced(&format!("no thread to read YAML on: {error}")))?
            .join()
            .unwrap_or_else(|_| Err(unplaced("not YAML: the reader gave up")))
    })
}

fn parse_yaml_here(text: &str) -> Result<Value, SyntaxError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: DOCUMENT_NODES_MAX * 2,
            max_nodes: DOCUMENT_NODES_MAX,
            max_depth: DOCUMENT_DEPTH_MAX,
            max_documents: 1,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: ALIASED_NODES_MAX,
        },
        // Country codes and the like: `no`, `on` and `y` are words, as in YAML 1.2.
        strict_booleans: true,
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        ignore_binary_tag_for_string: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let location = error.location();
        SyntaxError {
            line: location.map_or(0, |it| it.line()),
            column: location.map_or(0, |it| it.column()),
            message: format!("not YAML: {}", strip_place(&error.to_string())),
        }
    })
}

fn unplaced(message: &str) -> SyntaxError {
    SyntaxError {
        line: 0,
        column: 0,
        message: message.to_owned(),
    }
}

/// One line, and without the place, which is shown in front.
fn strip_place(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let end = line.rfind(" at line ").unwrap_or(line.len());
    line[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(text: &str) -> Value {
        parse_tree(text.as_bytes()).unwrap()
    }

    #[test]
    fn yaml_words_stay_words() {
        let value = parsed("enum: [no, NO, on, off, y, yes, true, ~, '1', 1.5]");
        assert_eq!(
            value,
            json!({"enum": ["no", "NO", "on", "off", "y", "yes", true, null, "1", 1.5]})
        );
    }

    #[test]
    fn keys_become_strings() {
        let value = parsed("responses:\n  200: ok\n  404: no\n  true: odd\n  0x10: hex\n");
        assert_eq!(
            value,
            json!({"responses": {"200": "ok", "404": "no", "true": "odd", "0x10": "hex"}})
        );
    }

    #[test]
    fn numbers_beyond_64_bits_cost_nothing() {
        let value = parsed("a: 99999999999999999999999\nb: .inf\nc: 18446744073709551615\n");
        assert_eq!(value["c"], json!(18_446_744_073_709_551_615_u64));
        assert!(value["a"].is_number());
        assert_eq!(value["b"], json!(".inf"));
    }

    #[test]
    fn a_byte_order_mark_and_flow_style_are_fine() {
        assert_eq!(parsed("\u{feff}{\"a\": 1}"), json!({"a": 1}));
        assert_eq!(
            parsed("{a: 1, b: [x, y]}"),
            json!({"a": 1, "b": ["x", "y"]})
        );
    }

    #[test]
    fn anchors_and_merges_are_expanded() {
        let value = parsed("a: &x {k: 1}\nb: *x\nc:\n  <<: *x\n  l: 2\n");
        assert_eq!(
            value,
            json!({"a": {"k": 1}, "b": {"k": 1}, "c": {"k": 1, "l": 2}})
        );
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..10 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
        }
        assert!(parse_tree(text.as_bytes()).is_err());
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(parse_tree("[".repeat(100_000).as_bytes()).is_err());
        assert!(parse_tree("- ".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn errors_name_line_and_column() {
        let error = parse_tree(b"{\n  \"a\": 1,\n  \"b\" 2\n}").unwrap_err();
        assert_eq!(error.line, 3);
        assert!(!error.message.contains("line"), "{error}");
        let error = parse_tree(b"a: 1\nb: [1, 2\nc: 3\n").unwrap_err();
        assert!(error.line >= 2, "{error}");
        assert!(parse_tree(&[0xff, 0xfe, 0x00]).is_err());
    }
}
