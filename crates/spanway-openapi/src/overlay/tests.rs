//! Overlays laid over small trees: what changes, what is refused and how much may be added.

use serde_json::json;

use super::*;

fn overlay(actions: &Value) -> Result<Overlay, OverlayError> {
    Overlay::from_value(
        &json!({"overlay": "1.0.0", "info": {"title": "t", "version": "1"}, "actions": actions}),
    )
}

fn applied(actions: &Value, mut root: Value) -> (Value, usize) {
    let notes = overlay(actions).unwrap().apply(&mut root).unwrap();
    (root, notes.len())
}

#[test]
fn objects_are_merged_lists_joined_and_the_rest_replaced() {
    let actions =
        json!([{"target": "$.a", "update": {"b": {"d": 2}, "tags": ["y"], "x": null, "n": [1]}}]);
    let root = json!({"a": {"b": {"c": 1, "d": 1}, "tags": ["x"], "x": {"deep": true}}});
    let wanted = json!({"a": {"b": {"c": 1, "d": 2}, "tags": ["x", "y"], "x": null, "n": [1]}});
    assert_eq!(applied(&actions, root), (wanted, 0));
}

#[test]
fn what_is_laid_over_a_list_is_an_entry_more() {
    let actions =
        json!([{"target": "$.a", "update": {"name": "q"}}, {"target": "$.a", "update": [1]}]);
    let wanted = json!({"a": [{"name": "p"}, {"name": "q"}, [1]]});
    assert_eq!(
        applied(&actions, json!({"a": [{"name": "p"}]})),
        (wanted, 0)
    );
}

#[test]
fn every_place_that_is_meant_is_removed() {
    let actions = json!([
        {"target": "$.list[?@ > 1]", "remove": true, "update": {"ignored": 1}},
        {"target": "$..['x-internal', 'x-internal']", "remove": true},
        {"target": "$.paths[?@.get.deprecated == true]", "remove": true},
    ]);
    let root = json!({
        "list": [0, 2, 1, 3, 4],
        "x-internal": {"x-internal": 1},
        "paths": {"/a": {"get": {"deprecated": true}}, "/b": {"get": {"x-internal": true}}, "/c": {}},
    });
    let wanted = json!({"list": [0, 1], "paths": {"/b": {"get": {}}, "/c": {}}});
    let (found, notes) = applied(&actions, root);
    assert_eq!((found.clone(), notes), (wanted, 0));
    let paths = found["paths"].as_object().unwrap();
    assert!(
        paths.keys().eq(["/b", "/c"]),
        "the order is that of the document"
    );
}

#[test]
fn actions_go_one_after_another_and_those_that_meet_nothing_are_noted() {
    let actions = json!([
        {"target": "$.a", "update": {"b": {}}},
        {"target": "$.a.b", "update": {"c": 1}},
        {"target": "$.nowhere.at.all", "remove": true},
    ]);
    let mut root = json!({"a": {}});
    let notes = overlay(&actions).unwrap().apply(&mut root).unwrap();
    assert_eq!(root, json!({"a": {"b": {"c": 1}}}));
    assert_eq!(notes.len(), 1);
    assert_eq!(notes[0].pointer, "/actions/2");
}

#[test]
fn what_is_no_overlay_is_told_by_its_place() {
    for (root, wanted) in [
        (json!({"openapi": "3.1.0"}), "not an OpenAPI Overlay"),
        (
            json!({"overlay": "2.0.0", "actions": []}),
            "not an OpenAPI Overlay",
        ),
        (json!({"overlay": "1.0.0"}), "/actions: must be a list"),
        (
            json!({"overlay": "1.0.0", "actions": [{}]}),
            "/actions/0/target",
        ),
        (
            json!({"overlay": "1.0.0", "actions": [{"target": "$[", "remove": true}]}),
            "/actions/0/target: this is no JSONPath",
        ),
        (
            json!({"overlay": "1.0.0", "actions": [{"target": "$"}]}),
            "/actions/0/update",
        ),
        (
            json!({"overlay": "1.0.0", "actions": [{"target": "$", "remove": 1}]}),
            "/actions/0/remove",
        ),
    ] {
        let error = Overlay::from_value(&root).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
    for update in [json!([1]), json!("text")] {
        let actions = json!([{"target": "$.a", "update": update}]);
        let applied = overlay(&actions).unwrap().apply(&mut json!({"a": {}}));
        assert!(applied.unwrap_err().to_string().starts_with("/actions/0: "));
    }
    let on_text = overlay(&json!([{"target": "$.a", "update": {}}])).unwrap();
    assert!(on_text.apply(&mut json!({"a": "text"})).is_err());
}

#[test]
fn an_overlay_adds_within_bounds() {
    let actions = vec![json!({"target": "$..a", "update": {"a": {}}}); 200];
    let deep = overlay(&json!(actions)).unwrap();
    let error = deep.apply(&mut json!({"a": {}})).unwrap_err();
    assert!(error.to_string().contains("nested"), "{error}");
    let text = "x".repeat(OVERLAY_BYTES_MAX / 100);
    let wide = overlay(&json!([{"target": "$[*]", "update": {"text": text}}])).unwrap();
    let error = wide.apply(&mut json!(vec![json!({}); 101])).unwrap_err();
    assert!(error.to_string().contains("too much"), "{error}");
}
