//! What OpenAPI 3.2 adds to paths and answers: methods of one's own, and streams of items.

use serde_json::{Value, json};
use spanway_openapi::{Bridge, Catalog, Document, Impact, ServiceUpstream};

#[expect(
    clippy::needless_pass_by_value,
    reason = "a json! literal reads best where it is used"
)]
fn catalog(paths: Value) -> Catalog {
    let root = json!({"openapi": "3.2.0", "paths": paths});
    Catalog::read(&Document::from_value(root, None).unwrap())
}

#[tokio::test]
async fn methods_of_their_own_are_sent_as_they_are_written() {
    let catalog = catalog(json!({"/a/{id}": {
        "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
        "query": {"operationId": "ask", "requestBody": {"content": {"text/plain": {}}}},
        "additionalOperations": {
            "COPY": {"operationId": "copy"},
            "REPORT": {"operationId": "report"},
            "x-note": {},
        },
    }}));
    assert!(catalog.problems().is_empty(), "{:?}", catalog.problems());
    let hints: Vec<_> = catalog.operations().iter().map(|it| it.hints()).collect();
    // Of COPY nothing is known, so clients take the worst.
    let promised: Vec<_> = hints
        .iter()
        .map(|it| (it.read_only, it.destructive))
        .collect();
    let safe = (true, Some(false));
    assert_eq!(promised, [safe, (false, None), safe]);
    let app = axum::Router::new().fallback(async |request: axum::extract::Request| {
        format!("{} {}", request.method(), request.uri().path())
    });
    let bridge = Bridge::builder(catalog, ServiceUpstream::new(app));
    let bridge = bridge.build().unwrap();
    for (name, expected) in [("ask", "QUERY /a/7"), ("copy", "COPY /a/7")] {
        let arguments = json!({"id": "7"});
        let result = bridge.call(name, arguments.as_object().unwrap()).await;
        assert_eq!(result.unwrap().content[0].as_text(), Some(expected));
    }
}

#[test]
fn methods_that_are_taken_or_cannot_be_sent_cost_their_operation() {
    let catalog = catalog(json!({"/a": {
        "get": {"operationId": "read"},
        "additionalOperations": {"GET": {}, "CONNECT": {}, "NO WAY": {}, "PURGE": 7},
    }}));
    assert_eq!(catalog.operations().len(), 1);
    let problems = catalog.problems().iter();
    let lost: Vec<&str> = problems
        .filter(|it| it.impact == Impact::Operation)
        .map(|it| it.pointer.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(lost, ["GET", "CONNECT", "NO WAY", "PURGE"]);
}

#[test]
fn a_stream_of_items_is_said_to_be_one_and_promises_no_whole() {
    let schema = json!({"type": "object", "properties": {"id": {"type": "integer"}}});
    let answers = |content: Value| json!({"get": {"summary": "Logs", "responses": {"200": {"content": content}}}});
    let catalog = catalog(json!({
        "/stream": answers(json!({"application/jsonl": {"itemSchema": schema}})),
        "/either": answers(json!({
            "application/json": {"schema": schema},
            "application/json-seq": {"itemSchema": schema},
        })),
        "/whole": answers(json!({"application/json": {"schema": schema}})),
    }));
    let told: Vec<_> = catalog
        .operations()
        .iter()
        .map(|it| (it.tool_description(), it.output_schema.is_some()))
        .collect();
    let stream = |of: &str| format!("Logs\n\nAnswers with a stream of items ({of}).");
    assert_eq!(
        told,
        [
            (stream("application/jsonl"), false),
            (stream("application/json-seq"), false),
            ("Logs".to_owned(), true),
        ]
    );
}
