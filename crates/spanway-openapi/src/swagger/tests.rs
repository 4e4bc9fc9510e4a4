//! Swagger 2.0 documents, read as operations.

use http::HeaderMap;

use super::*;
use crate::catalog::Catalog;
use crate::document::Document;
use crate::operation::Operation;
use crate::request::build_request;

fn document() -> Value {
    json!({
        "swagger": "2.0",
        "info": {"title": "Old", "version": "1"},
        "host": "api.example.com", "basePath": "v1", "schemes": ["http", "https", "wss"],
        "consumes": ["application/json"], "produces": ["application/json"],
        "securityDefinitions": {
            "basic": {"type": "basic"},
            "app": {"type": "oauth2", "flow": "application", "tokenUrl": "https://x/token", "scopes": {}},
            "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
        },
        "security": [{"key": []}],
        "parameters": {
            "limit": {"name": "limit", "in": "query", "type": "integer", "maximum": 50},
            "pet": {"name": "pet", "in": "body", "required": true, "schema": {"$ref": "#/definitions/Pet"}},
        },
        "responses": {"pets": {"description": "Pets.", "schema": {"type": "array", "items": {"$ref": "#/definitions/Pet"}}}},
        "definitions": {
            "Pet": {"type": "object", "discriminator": "kind", "required": ["kind"], "properties": {
                "kind": {"type": "string"}, "note": {"type": "string", "x-nullable": true},
                "discriminator": {"type": "string"},
            }},
        },
        "paths": {
            "/pets": {
                "parameters": [{"$ref": "#/parameters/limit"}],
                "get": {"operationId": "list", "parameters": [
                    {"name": "multi", "in": "query", "type": "array", "items": {"type": "string"}, "collectionFormat": "multi"},
                    {"name": "csv", "in": "query", "type": "array", "items": {"type": "string"}},
                    {"name": "pipes", "in": "query", "type": "array", "items": {"type": "string"}, "collectionFormat": "pipes"},
                ], "responses": {"200": {"$ref": "#/responses/pets"}}},
                "post": {"operationId": "add", "parameters": [{"$ref": "#/parameters/pet"}],
                    "responses": {"201": {"description": "Made.", "schema": {"$ref": "#/definitions/Pet"}}}},
            },
            "/files": {"post": {"operationId": "upload", "consumes": ["multipart/form-data"], "parameters": [
                {"name": "file", "in": "formData", "type": "file", "required": true},
                {"name": "tags", "in": "formData", "type": "array", "items": {"type": "string"}},
            ]}},
            "/form": {"post": {"operationId": "form", "consumes": ["application/x-www-form-urlencoded"], "parameters": [
                {"name": "a", "in": "formData", "type": "string", "description": "An a."},
                {"name": "l", "in": "formData", "type": "array", "items": {"type": "string"}, "collectionFormat": "csv"},
            ]}},
            "/odd": {"get": {"operationId": "odd", "parameters": 3}},
        },
    })
}

fn catalog() -> Catalog {
    Catalog::read(&Document::from_value(document(), None).unwrap())
}

fn find<'a>(catalog: &'a Catalog, name: &str) -> &'a Operation {
    let mut all = catalog.operations().iter();
    all.find(|it| it.name == name).unwrap()
}

fn sent(name: &str, arguments: Value) -> (String, String) {
    let Value::Object(arguments) = arguments else {
        panic!("not an object")
    };
    let catalog = catalog();
    let base = Url::parse(catalog.server().unwrap()).unwrap();
    let operation = find(&catalog, name);
    let request = build_request(operation, &base, &arguments, &HeaderMap::new()).unwrap();
    let body = String::from_utf8_lossy(request.body()).into_owned();
    (request.uri().to_string(), body)
}

#[test]
fn parameters_become_schemas_and_styles() {
    let (uri, _) = sent(
        "list",
        json!({"limit": 3, "multi": ["a", "b"], "csv": ["a", "b"], "pipes": ["a", "b"]}),
    );
    let expected = "https://api.example.com/v1/pets?limit=3&multi=a&multi=b&csv=a,b&pipes=a%7Cb";
    assert_eq!(uri, expected);
    let catalog = catalog();
    let limit = &find(&catalog, "list").arguments.schema["properties"]["limit"];
    assert_eq!(limit["maximum"], 50);
}

#[test]
fn bodies_and_forms_leave_the_parameters() {
    let (_, body) = sent("add", json!({"kind": "cat", "note": null}));
    assert_eq!(body, r#"{"kind":"cat","note":null}"#);
    let (_, body) = sent("form", json!({"a": "x y", "l": ["1", "2"]}));
    assert_eq!(body, "a=x%20y&l=1,2");
    let (_, body) = sent("upload", json!({"file": "aGk=", "tags": ["t"]}));
    assert!(
        body.contains("filename=") && body.contains("\r\nhi\r\n"),
        "{body}"
    );
}

#[test]
fn answers_get_their_media_type_and_schema() {
    let catalog = catalog();
    let schema = find(&catalog, "list").output_schema.as_ref().unwrap();
    assert_eq!(schema["type"], "array");
    let schema = find(&catalog, "add").output_schema.as_ref().unwrap();
    assert_eq!(
        schema["properties"]["note"]["type"],
        json!(["string", "null"])
    );
    assert_eq!(schema["properties"]["discriminator"]["type"], "string");
}

#[test]
fn security_is_carried_over() {
    let catalog = catalog();
    let schemes: Vec<String> = catalog
        .security_schemes()
        .map(|(name, scheme)| format!("{name}: {scheme}"))
        .collect();
    assert!(schemes[0].contains("id:secret"), "{schemes:?}");
    assert!(schemes[1].contains("user:password"), "{schemes:?}");
    assert!(schemes[2].contains("X-Key"), "{schemes:?}");
    assert_eq!(find(&catalog, "add").security[0][0].scheme, "key");
}

#[test]
fn problems_are_told_in_the_words_of_the_document() {
    let mut root = document();
    root["definitions"]["Pet"]["properties"]["kind"]["type"] = json!(7);
    let catalog = Catalog::read(&Document::from_value(root, None).unwrap());
    let pointers: Vec<&str> = catalog
        .problems()
        .iter()
        .map(|it| it.pointer.as_str())
        .collect();
    assert!(
        pointers.contains(&"/definitions/Pet/properties/kind/type"),
        "{pointers:?}"
    );
    assert!(
        pointers.contains(&"/paths/~1odd/get/parameters"),
        "{pointers:?}"
    );
    assert_eq!(catalog.operations().len(), 4);
}

#[test]
fn servers_come_from_host_base_path_and_schemes() {
    let origin = Url::parse("http://docs.example.com/api.json").unwrap();
    let server = |source: Value| {
        let url = servers(source.as_object().unwrap(), Some(&origin))?;
        Some(url[0]["url"].as_str().unwrap().to_owned())
    };
    assert_eq!(server(json!({"host": "a:1"})).unwrap(), "http://a:1");
    assert_eq!(server(json!({"basePath": "/x"})).unwrap(), "/x");
    assert_eq!(
        server(json!({"host": "a", "schemes": ["https", "http"]})).unwrap(),
        "https://a"
    );
    assert_eq!(server(json!({})), None);
}
