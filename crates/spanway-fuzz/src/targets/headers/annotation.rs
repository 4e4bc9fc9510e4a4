//! Schemas that say which arguments headers mirror: taken where conforming clients take them, and refused
//! where those would drop the tool (T-HDR-08).

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use spanway_protocol::modern::MirroredArguments;

const KEYWORD: &str = "x-mcp-header";
/// Under these stands data, or nothing that is looked into.
const DATA: [&str; 5] = ["const", "enum", "default", "examples", KEYWORD];
/// Under these stand schemas by name.
const NAMED: [&str; 4] = [
    "patternProperties",
    "$defs",
    "definitions",
    "dependentSchemas",
];

pub(super) fn schema() -> impl Strategy<Value = Value> {
    let name = || {
        let odd = [
            json!(""),
            json!("a b"),
            json!(1),
            json!(null),
            json!("ü"),
            json!("a:"),
        ];
        prop_oneof![
            4 => "[a-cA-C]{1,2}|[!#$%&'*+.^_`|~-]{1,3}".prop_map(Value::from),
            1 => select(odd.to_vec()),
        ]
    };
    let kind = || {
        select(vec![
            json!("string"),
            json!("integer"),
            json!("boolean"),
            json!("number"),
            json!(["string"]),
            json!(null),
        ])
    };
    let leaf = prop_oneof![
        3 => (name(), kind()).prop_map(|(name, kind)| json!({ KEYWORD: name, "type": kind })),
        2 => kind().prop_map(|kind| json!({ "type": kind })),
        1 => Just(json!(true)),
        1 => Just(json!({ "default": { KEYWORD: "" }, "enum": [{ KEYWORD: 1 }] })),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let keyword = select(
            &[
                "items",
                "not",
                "anyOf",
                "$defs",
                "x-own",
                "properties",
                "default",
            ][..],
        );
        let by_name = prop::collection::hash_map("[a-c]|x-mcp-header", inner.clone(), 0..4);
        let properties = by_name.prop_map(|schemas| {
            let schemas: Map<String, Value> = schemas.into_iter().collect();
            json!({ "type": "object", "properties": schemas })
        });
        let other = (keyword, inner).prop_map(|(keyword, inner)| match keyword {
            "anyOf" => json!({ "anyOf": [true, inner] }),
            "$defs" | "properties" => json!({ keyword: { "name": inner } }),
            _ => json!({ keyword: inner }),
        });
        prop_oneof![3 => properties, 2 => other]
    })
}

pub(super) fn check(schema: &Value) {
    let mut annotations = Vec::new();
    collect(schema, Some(0), &mut annotations);
    let mut names = HashSet::new();
    let valid = annotations.iter().all(|annotation| {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let name = annotation.name.as_str().unwrap_or_default();
        let typed = ["string", "integer", "boolean"]
            .map(Value::from)
            .contains(&annotation.kind);
        let reached = annotation.depth.is_some_and(|depth| depth > 0);
        let is_name = !name.is_empty() && name.bytes().all(token);
        reached && typed && is_name && names.insert(name.to_ascii_lowercase())
    });
    let read = MirroredArguments::of(schema);
    assert_eq!(read.is_ok(), valid, "{read:?}");
    match read {
        Ok(mirrored) => assert_eq!(mirrored.is_empty(), annotations.is_empty()),
        Err(invalid) => {
            let found = schema.pointer(&invalid.pointer);
            assert!(found.is_some(), "{} is nowhere", invalid.pointer);
        }
    }
}

struct Annotation {
    name: Value,
    kind: Value,
    /// How many properties lead there; `None` if not by properties alone.
    depth: Option<usize>,
}

fn collect(schema: &Value, depth: Option<usize>, found: &mut Vec<Annotation>) {
    let Value::Object(keywords) = schema else {
        return;
    };
    if let Some(name) = keywords.get(KEYWORD) {
        let kind = keywords.get("type").cloned().unwrap_or_default();
        found.push(Annotation {
            name: name.clone(),
            kind,
            depth,
        });
    }
    for (keyword, value) in keywords {
        match (keyword.as_str(), value) {
            (data, _) if DATA.contains(&data) => {}
            ("properties", Value::Object(schemas)) => {
                let deeper = depth.map(|depth| depth + 1);
                schemas
                    .values()
                    .for_each(|schema| collect(schema, deeper, found));
            }
            (named, Value::Object(schemas)) if NAMED.contains(&named) => {
                schemas
                    .values()
                    .for_each(|schema| collect(schema, None, found));
            }
            (_, Value::Array(schemas)) => {
                schemas
                    .iter()
                    .for_each(|schema| collect(schema, None, found));
            }
            (_, schema) => collect(schema, None, found),
        }
    }
}
