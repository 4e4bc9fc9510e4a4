//! The keywords of JSON Schema 2020-12 by the shape of their value; what is not listed is left out.
//!
//! One table serves the conversion and every walk over converted schemas.

use serde_json::{Map, Value};

/// The shape a keyword's value must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One schema.
    Schema,
    /// A list of schemas, not empty.
    Schemas,
    /// Schemas by name.
    SchemaMap,
    /// Schemas by regular expression.
    PatternMap,
    /// A type name or a list of them.
    Types,
    /// A list of any values.
    Values,
    /// Any value.
    Any,
    /// A number.
    Number,
    /// A number above zero.
    Positive,
    /// An integer from zero.
    Count,
    /// A list of names.
    Names,
    /// Lists of names by name.
    NamesMap,
    /// A string.
    Text,
    /// A regular expression.
    Pattern,
    /// `true` or `false`.
    Flag,
}

/// The shape of `keyword`; `None` for keywords that are not carried over.
pub(super) fn shape(keyword: &str) -> Option<Shape> {
    Some(match keyword {
        "items"
        | "contains"
        | "additionalProperties"
        | "propertyNames"
        | "not"
        | "if"
        | "then"
        | "else"
        | "unevaluatedItems"
        | "unevaluatedProperties" => Shape::Schema,
        "allOf" | "anyOf" | "oneOf" | "prefixItems" => Shape::Schemas,
        "properties" | "dependentSchemas" => Shape::SchemaMap,
        "patternProperties" => Shape::PatternMap,
        "type" => Shape::Types,
        "enum" | "examples" => Shape::Values,
        "const" | "default" => Shape::Any,
        "maximum" | "minimum" | "exclusiveMaximum" | "exclusiveMinimum" => Shape::Number,
        "multipleOf" => Shape::Positive,
        "maxLength" | "minLength" | "maxItems" | "minItems" | "maxProperties" | "minProperties"
        | "maxContains" | "minContains" => Shape::Count,
        "required" => Shape::Names,
        "dependentRequired" => Shape::NamesMap,
        "title" | "description" | "format" | "contentEncoding" | "contentMediaType" => Shape::Text,
        "pattern" => Shape::Pattern,
        "uniqueItems" | "deprecated" => Shape::Flag,
        _ => return None,
    })
}

/// Calls `visit` on every schema directly below the converted schema `schema`.
pub(super) fn for_each_child<'s>(schema: &'s Map<String, Value>, visit: &mut dyn FnMut(&'s Value)) {
    for (keyword, value) in schema {
        match (shape(keyword), value) {
            (Some(Shape::Schema), value) => visit(value),
            (Some(Shape::Schemas), Value::Array(list)) => list.iter().for_each(&mut *visit),
            (Some(Shape::SchemaMap | Shape::PatternMap), Value::Object(map)) => {
                map.values().for_each(&mut *visit);
            }
            _ => {}
        }
    }
}

/// As [`for_each_child`], to change them.
pub(super) fn for_each_child_mut(
    schema: &mut Map<String, Value>,
    visit: &mut dyn FnMut(&mut Value),
) {
    for (keyword, value) in schema {
        match (shape(keyword), value) {
            (Some(Shape::Schema), value) => visit(value),
            (Some(Shape::Schemas), Value::Array(list)) => list.iter_mut().for_each(&mut *visit),
            (Some(Shape::SchemaMap | Shape::PatternMap), Value::Object(map)) => {
                map.values_mut().for_each(&mut *visit);
            }
            _ => {}
        }
    }
}
