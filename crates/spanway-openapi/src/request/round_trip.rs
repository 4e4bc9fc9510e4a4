//! Parameter styles against the table of examples in the OpenAPI specification, and back again: what a reader that
//! follows the table finds in a request is what was put in.

use percent_encoding::percent_decode_str;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::json;

use super::tests::parameter;
use super::*;

/// What the table's `color` is sent as. The header and path styles come with their place in the URL taken off.
fn color(style: &str, explode: bool, value: &Value) -> String {
    let location = match style {
        "matrix" | "label" | "simple" => "path",
        _ => "query",
    };
    let fields = json!({"name": "color", "style": style, "explode": explode});
    let sent = parameter(location, fields, value.clone());
    let prefix = if location == "path" { "/x/" } else { "/x" };
    let rest = sent.strip_prefix(prefix).unwrap();
    rest.strip_prefix('?').unwrap_or(rest).to_owned()
}

#[test]
fn the_table_of_the_specification() {
    let (empty, string) = (json!(""), json!("blue"));
    let array = json!(["blue", "black", "brown"]);
    let object = json!({"R": 100, "G": 200, "B": 150});
    for (style, explode, value, expected) in [
        ("matrix", false, &empty, ";color"),
        ("matrix", false, &string, ";color=blue"),
        ("matrix", false, &array, ";color=blue,black,brown"),
        ("matrix", false, &object, ";color=R,100,G,200,B,150"),
        ("matrix", true, &empty, ";color"),
        ("matrix", true, &string, ";color=blue"),
        (
            "matrix",
            true,
            &array,
            ";color=blue;color=black;color=brown",
        ),
        ("matrix", true, &object, ";R=100;G=200;B=150"),
        ("label", false, &string, ".blue"),
        ("label", false, &array, ".blue,black,brown"),
        ("label", false, &object, ".R,100,G,200,B,150"),
        ("label", true, &string, ".blue"),
        ("label", true, &array, ".blue.black.brown"),
        ("label", true, &object, ".R=100.G=200.B=150"),
        ("simple", false, &string, "blue"),
        ("simple", false, &array, "blue,black,brown"),
        ("simple", false, &object, "R,100,G,200,B,150"),
        ("simple", true, &string, "blue"),
        ("simple", true, &array, "blue,black,brown"),
        ("simple", true, &object, "R=100,G=200,B=150"),
        ("form", false, &empty, "color="),
        ("form", false, &string, "color=blue"),
        ("form", false, &array, "color=blue,black,brown"),
        ("form", false, &object, "color=R,100,G,200,B,150"),
        ("form", true, &empty, "color="),
        ("form", true, &string, "color=blue"),
        ("form", true, &array, "color=blue&color=black&color=brown"),
        ("form", true, &object, "R=100&G=200&B=150"),
        (
            "spaceDelimited",
            false,
            &array,
            "color=blue%20black%20brown",
        ),
        (
            "spaceDelimited",
            false,
            &object,
            "color=R%20100%20G%20200%20B%20150",
        ),
        ("pipeDelimited", false, &array, "color=blue%7Cblack%7Cbrown"),
        (
            "pipeDelimited",
            false,
            &object,
            "color=R%7C100%7CG%7C200%7CB%7C150",
        ),
        (
            "deepObject",
            true,
            &object,
            "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150",
        ),
    ] {
        assert_eq!(
            color(style, explode, value),
            expected,
            "{style} {explode} {value}"
        );
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8().unwrap().into_owned()
}

fn items(text: &str, separator: &str) -> Vec<String> {
    text.split(separator).map(decoded).collect()
}

/// Reads a list as a server that knows the style does.
fn read_list(style: &str, explode: bool, sent: &str) -> Vec<String> {
    let after = |prefix: &str| sent.strip_prefix(prefix).unwrap().to_owned();
    match (style, explode) {
        ("simple", _) => items(sent, ","),
        ("label", false) => items(&after("."), ","),
        ("label", true) => items(&after("."), "."),
        ("matrix", false) => items(&after(";color="), ","),
        ("matrix", true) => {
            let each = sent.split(';').skip(1);
            each.map(|it| decoded(it.strip_prefix("color=").unwrap_or_default()))
                .collect()
        }
        (_, true) => {
            let each = sent.split('&');
            each.map(|it| decoded(it.strip_prefix("color=").unwrap()))
                .collect()
        }
        ("spaceDelimited", _) => items(&after("color="), "%20"),
        ("pipeDelimited", _) => items(&after("color="), "%7C"),
        _ => items(&after("color="), ","),
    }
}

/// Reads an object as a server that knows the style does.
fn read_object(style: &str, explode: bool, sent: &str) -> Vec<(String, String)> {
    let members = |separator: &str, text: &str| -> Vec<(String, String)> {
        let each = text.split(separator);
        let pair = |it: &str| {
            let (name, value) = it.split_once('=').unwrap_or((it, ""));
            (decoded(name), decoded(value))
        };
        each.map(pair).collect()
    };
    if explode {
        return match style {
            "simple" => members(",", sent),
            "label" => members(".", &sent[1..]),
            "matrix" => members(";", &sent[1..]),
            "deepObject" => {
                let inner = |name: String| {
                    let inner = name
                        .strip_prefix("color[")
                        .and_then(|it| it.strip_suffix(']'));
                    inner.unwrap().to_owned()
                };
                let all = members("&", sent).into_iter();
                all.map(|(name, value)| (inner(name), value)).collect()
            }
            _ => members("&", sent),
        };
    }
    let flat = read_list(style, false, sent);
    flat.chunks(2)
        .map(|it| (it[0].clone(), it[1].clone()))
        .collect()
}

/// Text with everything in it that a URL has a meaning for.
fn word() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 &=,;.|/?#%+:@!$'()*~_\\[\\]{}\"ü日-]{1,8}"
}

/// What the style itself cannot tell apart from its separator, as the specification warns.
fn is_ambiguous(style: &str, text: &str) -> bool {
    match style {
        "spaceDelimited" => text.contains(' '),
        "pipeDelimited" => text.contains('|'),
        "label" => text.contains('.'),
        // A path segment of dots is refused, see the tests of requests.
        "simple" => text.chars().all(|c| c == '.'),
        _ => false,
    }
}

const LISTS: [(&str, bool); 9] = [
    ("simple", false),
    ("simple", true),
    ("label", false),
    ("label", true),
    ("matrix", false),
    ("matrix", true),
    ("form", false),
    ("form", true),
    ("spaceDelimited", false),
];

proptest! {
    #[test]
    fn a_list_comes_out_as_it_went_in(words in vec(word(), 1..5), which in 0..LISTS.len() + 1) {
        let (style, explode) = LISTS.get(which).copied().unwrap_or(("pipeDelimited", false));
        prop_assume!(!words.iter().any(|it| is_ambiguous(style, it)));
        let sent = color(style, explode, &json!(words));
        prop_assert_eq!(read_list(style, explode, &sent), words, "{} {}: {}", style, explode, sent);
    }

    #[test]
    fn an_object_comes_out_as_it_went_in(members in btree_map("[a-zA-Zü%&=,]{1,4}", word(), 1..4), which in 0..LISTS.len() + 2) {
        let (style, explode) = match which.checked_sub(LISTS.len()) {
            Some(0) => ("pipeDelimited", false),
            Some(_) => ("deepObject", true),
            None => LISTS[which],
        };
        prop_assume!(!members.values().any(|it| is_ambiguous(style, it)));
        let sent = color(style, explode, &json!(members));
        let expected: Vec<(String, String)> = members.into_iter().collect();
        prop_assert_eq!(read_object(style, explode, &sent), expected, "{} {}: {}", style, explode, sent);
    }
}
