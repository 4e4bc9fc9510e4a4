//! Marks as documents write them, flat or in one object.

use serde_json::json;

use super::*;

fn read(operation: &Value) -> (Result<Marks, Problem>, Vec<Problem>) {
    let mut problems = Vec::new();
    let map = operation.as_object().unwrap();
    let marks = Marks::read(map, "/paths/~1a/get", &mut problems);
    (marks, problems)
}

fn marks(operation: &Value) -> Marks {
    let (marks, problems) = read(operation);
    assert!(problems.is_empty(), "{problems:?}");
    marks.unwrap()
}

#[test]
fn k3_13_every_mark_is_read() {
    let flat = marks(&json!({
        "x-mcp-tool": "find", "x-mcp-title": "Find", "x-mcp-description": "Finds.",
        "x-mcp-when-to-use": "Often.", "x-mcp-returns": "Books.", "x-mcp-agent-instructions": "Be brief.",
        "x-mcp-resource": "shop://all", "x-mcp-resource-template": "shop://{id}",
        "x-mcp-resource-description": "All.", "x-mcp-mime-type": "text/plain", "x-mcp-prompt": true,
        "x-mcp-annotations": {"readOnlyHint": true}, "x-mcp-scopes": ["a", "b"],
        "x-mcp-task-support": "optional", "x-mcp-output-schema": {"type": "object"}, "x-mcp-meta": {"k": 1},
    }));
    assert_eq!(flat.name.as_deref(), Some("find"));
    assert_eq!(flat.resource, Some(ResourceMark::At("shop://all".into())));
    assert_eq!(flat.scopes, ["a", "b"]);
    assert_eq!(flat.task_support, Some(TaskSupport::Optional));
    assert_eq!(
        flat.with_sections("Finds."),
        "Finds.\n\nWhen to use: Often.\n\nReturns: Books.\n\nInstructions: Be brief."
    );
    let nested = marks(&json!({"x-mcp": {"tool": "find", "scopes": ["a", "b"], "title": "Find"}}));
    assert_eq!((nested.name, nested.scopes), (flat.name, flat.scopes));
    assert_eq!(nested.exposed, Some(true));
}

#[test]
fn k3_13_what_is_exposed_follows_the_marks() {
    for (operation, marked, all) in [
        (json!({}), false, true),
        (json!({"x-mcp-title": "T"}), false, true),
        (json!({"x-mcp": true}), true, true),
        (json!({"x-mcp": {}}), true, true),
        (json!({"x-mcp-tool": true}), true, true),
        (json!({"x-mcp-tool": false}), false, false),
        (json!({"x-mcp": false, "x-mcp-tool": true}), false, false),
        (json!({"x-mcp-resource": true}), false, false),
        (
            json!({"x-mcp-resource": true, "x-mcp-tool": true}),
            true,
            true,
        ),
        (json!({"x-mcp-prompt": true}), false, false),
    ] {
        let read = marks(&operation);
        assert_eq!(
            (read.is_tool(false), read.is_tool(true)),
            (marked, all),
            "{operation}"
        );
    }
}

#[test]
fn d3_1_a_mark_that_cannot_be_read_exposes_nothing() {
    for operation in [
        json!({"x-mcp": "no"}),
        json!({"x-mcp-tool": 1}),
        json!({"x-mcp-scopes": "admin"}),
        json!({"x-mcp": {"scopes": [1]}}),
        json!({"x-mcp-resource": {}}),
        json!({"x-mcp-resource-template": true}),
        json!({"x-mcp-prompt": []}),
    ] {
        let (marks, _) = read(&operation);
        assert_eq!(
            marks.unwrap_err().impact,
            crate::problem::Impact::Operation,
            "{operation}"
        );
    }
}

#[test]
fn other_mistakes_cost_only_the_mark() {
    let (marks, problems) = read(&json!({
        "x-mcp-title": 7, "x-mcp-task-support": "maybe", "x-mcp-nonsense": 1, "x-mcpother": 1,
    }));
    assert_eq!(marks.unwrap(), Marks::default());
    let at: Vec<&str> = problems.iter().map(|it| it.pointer.as_str()).collect();
    assert_eq!(
        at,
        [
            "/paths/~1a/get/x-mcp-title",
            "/paths/~1a/get/x-mcp-task-support",
            "/paths/~1a/get/x-mcp-nonsense"
        ]
    );
}
