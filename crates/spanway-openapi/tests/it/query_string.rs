//! A query string that is one parameter (OpenAPI 3.2).

use http::HeaderMap;
use serde_json::{Map, Value, json};
use spanway_openapi::{Catalog, Document, Impact, build_request};

#[expect(
    clippy::needless_pass_by_value,
    reason = "a json! literal reads best where it is used"
)]
fn read(parameters: Value) -> Catalog {
    let root = json!({"openapi": "3.2.0", "paths": {"/a": {"get": {"parameters": parameters}}}});
    Catalog::read(&Document::from_value(root, None).unwrap())
}

/// The query that a value makes.
#[expect(
    clippy::needless_pass_by_value,
    reason = "a json! literal reads best where it is used"
)]
fn query(content: Value, value: Value) -> Option<String> {
    let parameter =
        json!([{"name": "all", "in": "querystring", "required": true, "content": content}]);
    let catalog = read(parameter);
    assert!(catalog.problems().is_empty(), "{:?}", catalog.problems());
    let operation = &catalog.operations()[0];
    let arguments = Map::from_iter([("all".to_owned(), value)]);
    let base = "http://h/".parse().unwrap();
    let request = build_request(operation, &base, &arguments, &HeaderMap::new()).unwrap();
    request.uri().query().map(str::to_owned)
}

#[test]
fn it_is_put_together_as_its_media_type_says() {
    let form = json!({"application/x-www-form-urlencoded": {
        "schema": {"type": "object"},
        "encoding": {"list": {"style": "form", "explode": false}},
    }});
    let value = json!({"foo": "a + b&", "bar": true, "list": [1, 2], "none": null});
    let sent = query(form.clone(), value).unwrap();
    assert_eq!(sent, "foo=a%20%2B%20b%26&bar=true&list=1,2");
    assert_eq!(query(form, json!({})), None);
    let sent = query(
        json!({"application/json": {}}),
        json!({"numbers": [1, 2], "flag": null}),
    );
    let expected = "%7B%22numbers%22%3A%5B1%2C2%5D%2C%22flag%22%3Anull%7D";
    assert_eq!(sent.as_deref(), Some(expected));
    let sent = query(
        json!({"application/jsonpath": {"schema": {"type": "string"}}}),
        json!("$.a.b[1:1]"),
    );
    assert_eq!(sent.as_deref(), Some("%24.a.b%5B1%3A1%5D"));
}

#[test]
fn its_schema_is_that_of_the_argument() {
    let schema = json!({"type": "object", "properties": {"foo": {"type": "integer"}}});
    let content = json!({"application/x-www-form-urlencoded": {"schema": schema}});
    let catalog = read(json!([{"name": "all", "in": "querystring", "content": content}]));
    let arguments = &catalog.operations()[0].arguments;
    assert_eq!(
        arguments.schema["properties"]["all"]["properties"],
        schema["properties"]
    );
    assert!(!arguments.bindings[0].required);
}

#[test]
fn it_stands_alone_and_says_what_it_is() {
    let whole = json!({"name": "all", "in": "querystring", "content": {"application/json": {}}});
    let catalog = read(json!([whole, {"name": "page", "in": "query"}]));
    assert_eq!(catalog.operations()[0].parameters.len(), 1);
    assert_eq!(catalog.problems()[0].impact, Impact::Part);
    assert!(catalog.problems()[0].message.contains("\"page\""));
    let catalog = read(json!([{"name": "all", "in": "querystring", "schema": {"type": "object"}}]));
    assert!(catalog.operations()[0].parameters.is_empty());
    assert!(catalog.problems()[0].message.contains("content"));
    let catalog = read(json!([{"name": "all", "in": "querystring", "required": true}]));
    assert!(catalog.operations().is_empty());
}
