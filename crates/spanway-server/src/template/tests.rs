//! Templates that match, that do not, and that no server can have.

use serde_json::json;

use super::*;

fn values(template: &str, uri: &str) -> Option<Value> {
    UriTemplate::parse(template)
        .unwrap()
        .matches(uri)
        .map(Value::Object)
}

#[test]
fn k3_10_a_variable_is_one_decoded_segment() {
    assert_eq!(
        values("book://{id}", "book://17"),
        Some(json!({ "id": "17" }))
    );
    assert_eq!(
        values("book://{id}", "book://a%20b%2Fc"),
        Some(json!({ "id": "a b/c" }))
    );
    assert_eq!(
        values("test://template/{id}/data", "test://template/123/data"),
        Some(json!({ "id": "123" }))
    );
    assert_eq!(
        values("file:///{name}.{ext}", "file:///a.tar.gz"),
        Some(json!({ "name": "a.tar", "ext": "gz" }))
    );
    for wrong in [
        "book://",
        "book://a/b",
        "book://a/",
        "books://a",
        "book:/a",
        "",
        "book://%FF",
    ] {
        assert_eq!(values("book://{id}", wrong), None, "{wrong}");
    }
}

#[test]
fn a_reserved_variable_reaches_over_slashes() {
    assert_eq!(
        values("file:///{+path}", "file:///a/b.txt"),
        Some(json!({ "path": "a/b.txt" }))
    );
    assert_eq!(
        values("x:{+path}/at/{id}", "x:a/at/b/at/c"),
        Some(json!({ "path": "a/at/b", "id": "c" }))
    );
}

#[test]
fn t_2607_43_values_that_climb_are_refused() {
    for uri in [
        "file:///../etc/passwd",
        "file:///a/%2e%2e/b",
        "file:///a%2F..%2Fb",
        "file:///..%5Cwindows",
        "file:///a%00b",
    ] {
        assert_eq!(values("file:///{+path}", uri), None, "{uri}");
    }
    assert_eq!(values("book://{id}", "book://.."), None);
    assert!(values("file:///{+path}", "file:///a..b/...").is_some());
}

#[test]
fn matching_takes_bounded_time() {
    let template = "x:{a}-{b}-{c}-{d}-{e}-{f}-{g}-{h}!";
    assert_eq!(values(template, &format!("x:{}", "-".repeat(8000))), None);
    assert_eq!(
        values("x:{a}", &format!("x:{}", "a".repeat(URI_BYTES_MAX))),
        None
    );
}

#[test]
fn impossible_templates_say_why() {
    for (template, why) in [
        ("book://{id", "not closed"),
        ("book://id}", "has no '{'"),
        ("book://{?query}", "{?query} is not one of the forms"),
        ("book://{}", "{} is not one of the forms"),
        ("book://{a}{b}", "where {b} begins"),
        ("book://{a}/{a}", "{a} is there twice"),
        ("{+anything}", "scheme"),
        ("books/{id}", "scheme"),
    ] {
        let error = UriTemplate::parse(template).unwrap_err();
        assert!(error.contains(why), "{template}: {error}");
    }
}

#[test]
fn d1_13_and_t_all_41_uris_are_absolute() {
    for uri in ["file:///a", "book:1", "x+y-z.1:"] {
        assert!(is_uri(uri), "{uri}");
    }
    for uri in ["", "a", "/a", "://a", "1x:a", "file:///a b", "x:\u{7f}"] {
        assert!(!is_uri(uri), "{uri}");
    }
}
