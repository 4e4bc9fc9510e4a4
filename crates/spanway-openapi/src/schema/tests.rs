//! OpenAPI schemas as JSON Schema 2020-12.
#![expect(
    clippy::needless_pass_by_value,
    reason = "a json! literal reads best where it is used"
)]

use serde_json::{Value, json};

use super::*;

/// The converted schema `Subject` of a 3.0 document, with `$defs`.
fn convert(version: &str, direction: Direction, schemas: Value) -> (Value, Vec<Problem>) {
    let root = json!({"openapi": version, "components": {"schemas": schemas}});
    let document = Document::from_value(root, None).unwrap();
    let mut reader = SchemaReader::new(&document);
    let pointer = "/components/schemas/Subject";
    let schema = reader.fragment(document.at(pointer).unwrap(), pointer, direction);
    let Value::Object(map) = schema else {
        panic!("not an object")
    };
    let schema = reader.assemble(map, direction);
    jsonschema::draft202012::new(&schema).unwrap();
    (schema, reader.take_problems())
}

fn input(subject: Value) -> Value {
    convert("3.0.3", Direction::Input, json!({ "Subject": subject })).0
}

#[test]
fn dialect_3_0_becomes_2020_12() {
    let schema = input(json!({
        "type": "object",
        "properties": {
            "a": {"type": "string", "nullable": true, "enum": ["x"], "example": "x"},
            "b": {"type": "integer", "minimum": 1, "exclusiveMinimum": true, "maximum": 9, "exclusiveMaximum": false},
            "c": {"nullable": true, "description": "words", "allOf": [{"type": "object"}]},
            "d": {"type": "array"},
        },
        "discriminator": {"propertyName": "a"},
        "xml": {"name": "s"},
        "x-internal": true,
        "externalDocs": {"url": "https://example.com"},
    }));
    assert_eq!(
        schema,
        json!({
            "type": "object",
            "properties": {
                "a": {"type": ["string", "null"], "enum": ["x", null], "examples": ["x"]},
                "b": {"type": "integer", "exclusiveMinimum": 1, "maximum": 9},
                "c": {"description": "words", "anyOf": [{"allOf": [{"type": "object"}]}, {"type": "null"}]},
                "d": {"type": "array", "items": {}},
            },
        })
    );
}

#[test]
fn a_nullable_reference_keeps_its_target() {
    let (schema, _) = convert(
        "3.1.0",
        Direction::Input,
        json!({
            "Subject": {"properties": {"a": {"$ref": "#/components/schemas/A", "nullable": true}}},
            "A": {"type": "string"},
        }),
    );
    assert_eq!(
        schema["properties"]["a"],
        json!({"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]})
    );
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    assert!(validator.is_valid(&json!({"a": null})));
    assert!(!validator.is_valid(&json!({"a": 1})));
}

#[test]
fn cycles_stay_references_and_only_reachable_definitions_are_added() {
    let (schema, problems) = convert(
        "3.0.0",
        Direction::Input,
        json!({
            "Subject": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Subject"}, "t": {"$ref": "#/components/schemas/Tree"}}},
            "Tree": {"type": "object", "properties": {"left": {"$ref": "#/components/schemas/Tree"}}},
            "Unused": {"type": "string"},
        }),
    );
    let names: Vec<&String> = schema["$defs"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["Subject", "Tree"]);
    assert!(problems.is_empty());
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    assert!(validator.is_valid(&json!({"next": {"t": {"left": {"left": {}}}}})));
    assert!(!validator.is_valid(&json!({"next": {"t": {"left": 5}}})));
}

#[test]
fn a_schema_that_is_only_itself_is_survived() {
    for subject in [
        json!({"$ref": "#/components/schemas/Subject"}),
        json!({"allOf": [{"$ref": "#/components/schemas/Subject"}]}),
        json!({"anyOf": [{"$ref": "#/components/schemas/Subject"}, {"type": "string"}]}),
    ] {
        let schema = input(subject);
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let _ = validator.is_valid(&json!({"a": 1}));
        let _ = validator.iter_errors(&json!(1)).count();
    }
}

#[test]
fn read_only_leaves_inputs_and_write_only_leaves_outputs() {
    let schemas = json!({
        "Subject": {
            "allOf": [
                {"$ref": "#/components/schemas/Base"},
                {"type": "object", "required": ["id", "name"], "properties": {"name": {"type": "string"}}},
            ],
        },
        "Base": {
            "type": "object",
            "required": ["id", "password"],
            "properties": {
                "id": {"type": "integer", "readOnly": true},
                "password": {"$ref": "#/components/schemas/Secret"},
            },
        },
        "Secret": {"type": "string", "writeOnly": true},
    });
    let (input, _) = convert("3.0.0", Direction::Input, schemas.clone());
    assert_eq!(input["allOf"][1]["required"], json!(["name"]));
    assert_eq!(input["$defs"]["Base"]["required"], json!(["password"]));
    assert!(input["$defs"]["Base"]["properties"].get("id").is_none());
    let (output, _) = convert("3.0.0", Direction::Output, schemas);
    assert_eq!(output["$defs"]["Base"]["required"], json!(["id"]));
    assert!(
        output["$defs"]["Base"]["properties"]
            .get("password")
            .is_none()
    );
}

#[test]
fn odd_keywords_are_left_out_and_reported() {
    let (schema, problems) = convert(
        "3.1.0",
        Direction::Input,
        json!({"Subject": {
            "type": "object",
            "required": true,
            "properties": {
                "a": {"type": "any", "minLength": -1, "maxLength": "5", "format": "unixtime", "multipleOf": 0},
                "b": {"type": "string", "pattern": "(unclosed", "enum": []},
                "c": "not a schema",
                "d": {"$ref": "other.yaml#/X"},
                "e": {"$ref": "#/components/schemas/Nowhere", "description": "gone"},
                "f": {"type": ["string", "string"], "enum": ["a", "a"], "allOf": []},
                "g": {"type": "integer", "minLength": 2.0},
                "h": {"type": "string", "pattern": "^(?!x)[\\w-]+\\/$"},
            },
        }}),
    );
    assert_eq!(
        schema["properties"],
        json!({
            "a": {"format": "unixtime"},
            "b": {"type": "string"},
            "c": {},
            "d": {},
            "e": {"description": "gone"},
            "f": {"type": ["string"], "enum": ["a"]},
            "g": {"type": "integer", "minLength": 2},
            "h": {"type": "string", "pattern": "^(?!x)[\\w-]+\\/$"},
        })
    );
    let pointers: Vec<&str> = problems.iter().map(|it| it.pointer.as_str()).collect();
    let base = "/components/schemas/Subject";
    for place in [
        "/required",
        "/properties/a/type",
        "/properties/b/pattern",
        "/properties/c",
        "/properties/d/$ref",
    ] {
        assert!(
            pointers.contains(&format!("{base}{place}").as_str()),
            "{place} in {pointers:?}"
        );
    }
}

#[test]
fn odd_names_and_places_get_names_of_their_own() {
    let (schema, _) = convert(
        "3.1.0",
        Direction::Input,
        json!({
            "Subject": {"type": "object", "properties": {
                "a": {"$ref": "#/components/schemas/List%3CPet%3E"},
                "b": {"$ref": "#/components/schemas/List_Pet_"},
                "c": {"$ref": "#/components/schemas/Deep/properties/inner"},
            }},
            "List<Pet>": {"type": "array", "items": {"type": "integer"}},
            "List_Pet_": {"type": "string"},
            "Deep": {"properties": {"inner": {"type": "boolean"}}},
        }),
    );
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    assert!(validator.is_valid(&json!({"a": [1], "b": "x", "c": true})));
    assert!(!validator.is_valid(&json!({"a": "x"})));
    assert!(!validator.is_valid(&json!({"b": [1]})));
    assert!(!validator.is_valid(&json!({"c": 1})));
}

#[test]
fn own_definitions_and_recursive_references_mean_the_schema() {
    let (schema, problems) = convert(
        "3.1.0",
        Direction::Input,
        json!({"Subject": {
            "type": "object",
            "$defs": {"Leaf": {"type": "string"}},
            "properties": {
                "leaf": {"$ref": "#/$defs/Leaf"},
                "children": {"type": "array", "items": {"$recursiveRef": "#"}},
            },
        }}),
    );
    assert!(problems.is_empty(), "{problems:?}");
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    assert!(validator.is_valid(&json!({"children": [{"leaf": "x"}]})));
    assert!(!validator.is_valid(&json!({"children": [{"leaf": 1}]})));
}

#[test]
fn outputs_are_open_to_what_is_not_described() {
    let subject =
        json!({"Subject": {"type": "object", "properties": {}, "additionalProperties": false}});
    let (output, _) = convert("3.1.0", Direction::Output, subject.clone());
    assert!(output.get("additionalProperties").is_none());
    let (input, _) = convert("3.1.0", Direction::Input, subject);
    assert_eq!(input["additionalProperties"], json!(false));
}

#[test]
fn tuples_and_words_of_old_drafts() {
    let schema = input(json!({
        "type": "object",
        "properties": {
            "pair": {"type": "array", "items": [{"type": "string"}, {"type": "integer"}]},
            "version": {"type": "string", "enum": [1.5, true, "x"]},
        },
    }));
    assert_eq!(
        schema["properties"],
        json!({
            "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]},
            "version": {"type": "string", "enum": ["1.5", "true", "x"]},
        })
    );
}
