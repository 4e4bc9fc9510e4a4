//! The three tools, through a server's own bridge.

use bytes::Bytes;
use http::{Request, Response};

use super::*;
use crate::catalog::Catalog;
use crate::document::Document;
use crate::upstream::{ResponseFuture, Upstream};

struct Echo;

impl Upstream for Echo {
    fn call(&self, request: Request<Bytes>) -> ResponseFuture<'_> {
        let shown = format!("{} {}", request.method(), request.uri());
        Box::pin(async { Ok(Response::new(shown.into())) })
    }
}

fn operations() -> Operations {
    let root = json!({"openapi": "3.1.0", "servers": [{"url": "http://api/"}], "paths": {
        "/pets": {
            "get": {"operationId": "listPets", "summary": "List all pets", "tags": ["animals"]},
            "post": {"operationId": "createPet", "summary": "Add one", "description": "The owner is told by mail."},
        },
        "/pets/{id}": {
            "get": {"operationId": "showPet", "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}]},
        },
        "/owners": {"get": {"operationId": "listOwners", "summary": "List all owners", "deprecated": true}},
    }});
    let document = Document::from_value(root, None).unwrap();
    let bridge = Bridge::builder(Catalog::read(&document), Echo)
        .build()
        .unwrap();
    Operations::new(vec![(bridge.into(), Exposure::all())])
}

fn arguments(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => panic!("not an object"),
    }
}

fn found(query: &str) -> Vec<String> {
    let result = operations().search(&arguments(json!({"query": query})));
    let content = result.structured_content.unwrap();
    let list = content["operations"].as_array().unwrap();
    list.iter()
        .map(|it| it["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn words_of_names_summaries_tags_and_descriptions_find_operations_the_best_first() {
    assert_eq!(found("owner"), ["listOwners", "createPet"]);
    assert_eq!(found("list pets")[0], "listPets");
    assert_eq!(found("animals"), ["listPets"]);
    assert_eq!(
        found("anim"),
        ["listPets"],
        "the beginning of a word is enough"
    );
    assert_eq!(found("mail"), ["createPet"]);
    assert!(found("spaceship").is_empty());
    assert_eq!(found("").len(), 4, "all");
    let result = operations().search(&arguments(json!({"query": "pet", "limit": 1})));
    let content = result.structured_content.unwrap();
    assert_eq!(content["found"], 3);
    assert_eq!(content["operations"].as_array().unwrap().len(), 1);
}

#[test]
fn a_description_has_what_a_tool_would_have() {
    let result = operations().describe(&arguments(json!({"name": "showPet"})));
    let content = result.structured_content.unwrap();
    assert_eq!(content["path"], "/pets/{id}");
    assert_eq!(
        content["inputSchema"]["properties"]["id"]["type"],
        "integer"
    );
    assert_eq!(content["annotations"]["readOnlyHint"], true);
    let result = operations().describe(&arguments(json!({"name": "showPets"})));
    let text = result.content[0].as_text().unwrap().to_owned();
    assert!(result.is_error && text.contains("showPet"), "{text}");
}
