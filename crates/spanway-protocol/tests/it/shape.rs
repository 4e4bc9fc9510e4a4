//! Schemas held against text, beside a validator that builds the values.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use spanway_protocol::{RawJson, Shape};

fn raw(text: &str) -> RawJson {
    serde_json::from_str(text).unwrap()
}

fn admits(schema: &Value, text: &str) -> bool {
    Shape::of(schema).admits(&raw(text))
}

/// A schema of the kind that Rust types and OpenAPI documents give.
fn book() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "description": "A book.",
        "properties": {
            "title": { "type": "string", "minLength": 1, "maxLength": 5 },
            "year": { "type": "integer", "format": "uint16", "minimum": 0, "maximum": 65535, "x-mcp-header": "Year" },
            "price": { "type": "number" },
            "tags": { "type": "array", "items": { "type": "string" }, "maxItems": 2 },
            "lent": { "type": ["boolean", "null"] },
            "kind": { "$ref": "#/$defs/Kind" },
            "shelf": { "anyOf": [{ "$ref": "#/$defs/Shelf" }, { "type": "null" }] },
            "state": { "type": ["string", "null"], "enum": ["new", "used", null] },
            "rest": true,
            "none": false,
        },
        "required": ["title", "year"],
        "additionalProperties": false,
        "$defs": {
            "Kind": { "oneOf": [
                { "type": "string", "enum": ["novel", "poem"] },
                { "type": "string", "const": "play", "description": "For a stage." },
            ] },
            "Shelf": {
                "type": "object",
                "properties": { "row": { "type": "integer" }, "within": { "$ref": "#/$defs/Shelf" } },
                "additionalProperties": { "type": "integer" },
            },
        },
    })
}

#[test]
fn what_types_are_made_of_is_admitted() {
    let whole = json!({
        "title": "émile", "year": 1762, "price": 12.5, "tags": ["a", "\"b\"\n"], "lent": null, "kind": "play",
        "shelf": { "row": -1, "within": { "within": {}, "more": 5 } }, "state": null,
        "rest": [{ "anything": [1.5, "é", null, true, {}] }],
    });
    let validator = jsonschema::validator_for(&book()).unwrap();
    assert!(validator.is_valid(&whole));
    assert!(admits(&book(), &whole.to_string()));
    assert!(admits(
        &book(),
        &serde_json::to_string_pretty(&whole).unwrap()
    ));
    assert!(admits(
        &book(),
        r#" { "year" : 0 , "tags":[ ],"kind":"poem","title":"a","lent":false} "#
    ));
}

#[test]
fn what_is_wrong_or_unsure_is_not_admitted() {
    let with = |member: &str| format!(r#"{{"title":"a","year":1,{member}}}"#);
    assert!(admits(&book(), &with(r#""price":1"#)));
    assert!(admits(
        &book(),
        &with(&format!(r#""rest":{}"#, many_members(16)))
    ));
    for text in [
        r#"{"title":"a"}"#.to_owned(),
        "[]".to_owned(),
        r#"{"title":"a","year":"1"}"#.to_owned(),
        r#"{"title":"","year":1}"#.to_owned(),
        r#"{"title":"abcdef","year":1}"#.to_owned(),
        r#"{"title":"a","year":65536}"#.to_owned(),
        r#"{"title":"a","year":-1}"#.to_owned(),
        with(r#""other":1"#),
        with(r#""tags":["a","b","c"]"#),
        with(r#""tags":["a",1]"#),
        with(r#""lent":0"#),
        with(r#""kind":"opera""#),
        with(r#""shelf":[]"#),
        with(r#""shelf":{"within":{"more":"5"}}"#),
        with(r#""state":"old""#),
        with(r#""none":1"#),
        // Valid, or perhaps, but not known to be.
        r#"{"title":"a","year":1.0}"#.to_owned(),
        r#"{"title":"\u0061","year":1}"#.to_owned(),
        with(r#""price":1e400"#),
        with(r#""price":12345678901234567890"#),
        with(r#""rest":1e400"#),
        with(r#""rest":"\ud800""#),
        with(r#""rest":{"\ud800":1}"#),
        with(r#""pri\u0063e":1"#),
        // A member twice: some types take the last, others none.
        with(r#""year":2"#),
        with(r#""rest":{"a":1,"a":2}"#),
        with(r#""shelf":{"more":1,"more":2}"#),
        // More members than are compared with each other.
        with(&format!(r#""rest":{}"#, many_members(17))),
        // What serde_json would take for something else.
        with(r#""rest":{"$serde_json::private::RawValue":"5"}"#),
        with(r#""shelf":{"$serde_json::private::RawValue":"5"}"#),
        with(r#""rest":[{"$serde_json::private::Number":"5"}]"#),
        with(&format!(r#""rest":{}{}"#, "[".repeat(120), "]".repeat(120))),
    ] {
        assert!(!admits(&book(), &text), "{text}");
    }
}

fn many_members(count: usize) -> String {
    let members = (0..count).map(|number| (number.to_string(), json!(1)));
    Value::Object(members.collect()).to_string()
}

#[test]
fn references_may_lead_on_for_long_and_schemas_be_wide_and_deep() {
    let chain = |link: &dyn Fn(String) -> Value| {
        let definitions = (0..20_000).map(|number| {
            let next = json!({ "$ref": format!("#/$defs/{}", number + 1) });
            (number.to_string(), link(next.to_string()))
        });
        let definitions: Map<_, _> = definitions.collect();
        json!({ "$ref": "#/$defs/0", "$defs": definitions })
    };
    let parse = |text: String| -> Value { serde_json::from_str(&text).unwrap() };
    let objects = chain(&|next| json!({ "properties": { "next": parse(next) } }));
    assert!(admits(&objects, r#"{"next":{"next":{}}}"#));
    assert!(!admits(&objects, r#"{"next":{"next":[1e400]}}"#));
    let aliases = chain(&parse);
    assert!(!admits(&aliases, "{}"), "too far away to be looked for");

    let words: Vec<String> = (0..5_000).map(|number| format!("{number:05}")).collect();
    let one_of_many =
        json!({ "items": { "$ref": "#/$defs/word" }, "$defs": { "word": { "enum": words } } });
    assert!(admits(&one_of_many, r#"["00000","04999"]"#));
    assert!(!admits(&one_of_many, r#"["00000","05000"]"#));
    let choices = |count: usize| json!({ "oneOf": vec![json!({ "type": "null" }); count] });
    assert!(admits(&choices(1), "null"));
    assert!(!admits(&choices(2), "null") && !admits(&choices(20_000), "null"));

    let deep = |depth: usize| {
        let inner = json!({ "type": "integer" });
        (0..depth).fold(inner, |schema, _| json!({ "items": schema }))
    };
    let value = |depth: usize| format!("{}5{}", "[".repeat(depth), "]".repeat(depth));
    assert!(admits(&deep(60), &value(60)) && !admits(&deep(70), &value(70)));
    let wide = |count: usize| {
        let properties = (0..count).map(|number| (number.to_string(), json!(true)));
        json!({ "properties": Value::Object(properties.collect()), "required": ["7"] })
    };
    assert!(admits(&wide(128), r#"{"7":1,"127":2}"#) && !admits(&wide(128), r#"{"127":2}"#));
    assert!(!admits(&wide(129), r#"{"7":1}"#));
}

#[test]
fn a_keyword_that_is_not_known_makes_no_value_admitted() {
    for (keyword, value) in [
        ("pattern", json!("a")),
        ("multipleOf", json!(2)),
        ("not", json!(false)),
        ("allOf", json!([true])),
        ("if", json!(true)),
        ("prefixItems", json!([true])),
        ("contains", json!(true)),
        ("uniqueItems", json!(true)),
        ("minProperties", json!(0)),
        ("patternProperties", json!({})),
        ("unevaluatedProperties", json!(false)),
        ("dependentRequired", json!({})),
        ("exclusiveMinimum", json!(0)),
        ("minimum", json!(0.5)),
        ("$id", json!("https://example.com/a")),
        ("$schema", json!("http://json-schema.org/draft-07/schema#")),
        ("$ref", json!("https://example.com/b")),
        ("$ref", json!("#/properties/a")),
        ("$dynamicRef", json!("#a")),
        ("anyOf", json!([{ "type": "object" }])),
        ("required", json!(["unheard-of"])),
        ("enum", json!([{}])),
    ] {
        let known = json!({ "type": "object" });
        assert!(admits(&known, "{}"));
        let mut schema = known.clone();
        schema[keyword] = value;
        assert!(!admits(&schema, "{}"), "{schema}");
        let within = json!({ "properties": { "a": schema } });
        assert!(admits(&within, "{}") && !admits(&within, r#"{"a":{}}"#));
    }
}

#[test]
fn a_key_of_serde_json_is_admitted_no_more_where_a_schema_names_it() {
    let name = "$serde_json::private::RawValue";
    let schema = json!({ "properties": { "a": { "properties": { name: { "type": "string" } } } } });
    assert!(admits(&schema, r#"{"a":{"b":"5"}}"#));
    assert!(!admits(&schema, &json!({ "a": { name: "5" } }).to_string()));
}

#[test]
fn schemas_that_refer_to_themselves_alone_end() {
    for schema in [
        json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/a" } } }),
        json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }),
        json!({ "$ref": "#/$defs/a", "$defs": { "a": { "anyOf": [{ "$ref": "#/$defs/a" }] } } }),
        json!({ "$ref": "#/$defs/a", "$defs": { "a": { "oneOf": [{ "$ref": "#/$defs/a" }, { "type": "null" }] } } }),
    ] {
        assert!(!admits(&schema, "{}"), "{schema}");
    }
}

const NAMES: [&str; 4] = ["a", "b", "c", "é\"\\"];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..4).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec![0.0, -0.0, 1.0, 2.5, -3.0, 1e300, 1e-7]).prop_map(Value::from),
        prop::sample::select(NAMES.to_vec()).prop_map(Value::from),
        "[a-cé\"\u{1}\u{10000}]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(NAMES.to_vec()), inner), 0..4).prop_map(
                |members| {
                    let members = members.into_iter().map(|(name, it)| (name.to_owned(), it));
                    Value::Object(members.collect())
                }
            ),
        ]
    })
}

fn schema() -> impl Strategy<Value = Value> {
    let kinds = || {
        prop::sample::select(vec![
            "null", "boolean", "integer", "number", "string", "array", "object",
        ])
    };
    let bound = -2_i64..4;
    let keyword = prop_oneof![
        kinds().prop_map(|kind| ("type", json!(kind))),
        prop::collection::vec(kinds(), 1..4).prop_map(|mut kinds| {
            kinds.sort_unstable();
            kinds.dedup();
            ("type", json!(kinds))
        }),
        (prop::sample::select(vec!["minimum", "maximum"]), bound)
            .prop_map(|(keyword, bound)| (keyword, json!(bound))),
        (
            prop::sample::select(vec!["minLength", "maxLength", "minItems", "maxItems"]),
            0..4
        )
            .prop_map(|(keyword, bound)| (keyword, json!(bound))),
        prop::collection::btree_set(prop::sample::select(NAMES.to_vec()), 1..3)
            .prop_map(|texts| ("enum", json!(texts))),
        Just(("enum", json!(["a", null]))),
        prop::sample::select(NAMES.to_vec()).prop_map(|text| ("const", json!(text))),
        prop::sample::select(vec!["#/$defs/x", "#/$defs/y"])
            .prop_map(|reference| ("$ref", json!(reference))),
        Just(("title", json!("A"))),
        Just(("pattern", json!("a"))),
    ];
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        prop::collection::vec(keyword.clone(), 0..3).prop_map(object),
    ];
    leaf.prop_recursive(3, 24, 4, move |inner| {
        let properties =
            prop::collection::btree_map(prop::sample::select(NAMES.to_vec()), inner.clone(), 0..4);
        let required = prop::collection::btree_set(prop::sample::select(NAMES.to_vec()), 0..2);
        let several = || prop::collection::vec(inner.clone(), 1..4);
        let nesting = prop_oneof![
            inner
                .clone()
                .prop_map(|items| object(vec![("items", items)])),
            (properties, required).prop_map(|(properties, required)| {
                let known = properties.contains_key(*required.iter().next().unwrap_or(&""));
                let required = if known { json!(required) } else { json!([]) };
                object(vec![
                    ("properties", json!(properties)),
                    ("required", required),
                ])
            }),
            inner
                .clone()
                .prop_map(|others| object(vec![("additionalProperties", others)])),
            several().prop_map(|several| object(vec![("anyOf", json!(several))])),
            several().prop_map(|several| object(vec![("oneOf", json!(several))])),
        ];
        (nesting, prop::option::of(keyword.clone())).prop_map(|(mut schema, keyword)| {
            if let Some((keyword, value)) = keyword {
                schema[keyword] = value;
            }
            schema
        })
    })
}

fn object(members: Vec<(&str, Value)>) -> Value {
    let members = members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    Value::Object(members.collect::<Map<_, _>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn what_is_admitted_is_valid_and_can_be_built(
        schema in schema(), x in schema(), y in schema(), values in prop::collection::vec(value(), 1..8),
    ) {
        let schema = json!({ "properties": { "it": schema }, "$defs": { "x": x, "y": y } });
        let validator = jsonschema::validator_for(&schema).unwrap();
        let shape = Shape::of(&schema);
        for value in values {
            let text = json!({ "it": value }).to_string();
            if shape.admits(&raw(&text)) {
                let built: Value = serde_json::from_str(&text).unwrap();
                prop_assert!(validator.is_valid(&built), "{} {}", schema, text);
            }
        }
    }
}
