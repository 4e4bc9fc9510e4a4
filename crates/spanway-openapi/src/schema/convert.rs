//! One schema of OpenAPI 3.0 or 3.1 to JSON Schema 2020-12, keyword by keyword.
//!
//! What has the wrong shape is left out and reported, so that the result always compiles.

use std::collections::HashSet;

use serde_json::{Map, Number, Value, json};

use super::keyword::{Shape, shape};
use super::visibility::hidden_properties;
use super::{Direction, SchemaReader};
use crate::document::OpenApiVersion;
use crate::limits::EXAMPLE_BYTES_MAX;
use crate::pointer;
use crate::problem::Problem;

const TYPES: [&str; 7] = [
    "string", "number", "integer", "boolean", "object", "array", "null",
];

/// Converts `schema`, which stands at `pointer`.
pub(super) fn convert(
    reader: &mut SchemaReader<'_>,
    schema: &Value,
    pointer: &str,
    direction: Direction,
) -> Value {
    let mut converter = Converter {
        reader,
        base: pointer,
        direction,
    };
    converter.schema(schema, pointer, &HashSet::new())
}

struct Converter<'r, 'd, 'p> {
    reader: &'r mut SchemaReader<'d>,
    /// Where the schema as a whole starts: what `$recursiveRef` and a schema's own `$defs` mean.
    base: &'p str,
    direction: Direction,
}

impl Converter<'_, '_, '_> {
    /// Converts one schema; `inherited` are the properties hidden in the schema it is a part of.
    fn schema(&mut self, schema: &Value, pointer: &str, inherited: &HashSet<String>) -> Value {
        let source = match schema {
            Value::Object(source) => source,
            Value::Bool(true) => return json!({}),
            Value::Bool(false) => return Value::Bool(false),
            _ => {
                self.odd(pointer, "a schema must be an object");
                return json!({});
            }
        };
        let mut hidden = hidden_properties(self.reader.document, schema, self.direction);
        hidden.extend(inherited.iter().cloned());
        let mut out = Map::new();
        self.reference(source, pointer, &mut out);
        for (name, value) in source {
            if self.is_ignored(source, name) {
                continue;
            }
            if let Some(shape) = shape(name) {
                let place = pointer::child(pointer, name);
                if let Some(value) = self.keyword(name, shape, value, &place, &hidden) {
                    out.insert(name.clone(), value);
                }
            }
        }
        self.finish(source, pointer, &mut out);
        Value::Object(out)
    }

    /// In 3.0 what stands beside a `$ref` does not count, except where it only adds words.
    fn is_ignored(&self, source: &Map<String, Value>, name: &str) -> bool {
        self.reader.document.version() < OpenApiVersion::V3_1
            && source.contains_key("$ref")
            && !matches!(name, "description" | "title" | "default" | "deprecated")
    }

    fn reference(
        &mut self,
        source: &Map<String, Value>,
        pointer: &str,
        out: &mut Map<String, Value>,
    ) {
        let Some((name, value)) = ["$ref", "$recursiveRef", "$dynamicRef"]
            .into_iter()
            .find_map(|name| Some((name, source.get(name)?)))
        else {
            return;
        };
        let place = pointer::child(pointer, name);
        let Some(reference) = value.as_str() else {
            self.odd(&place, "a reference must be a string");
            return;
        };
        match self.locate(reference) {
            Ok(target) => {
                let name = self.reader.name_of(&target);
                out.insert("$ref".to_owned(), format!("#/$defs/{name}").into());
            }
            Err(message) => {
                self.odd(&place, message);
            }
        }
    }

    /// The pointer a reference means, if there is a schema.
    fn locate(&self, reference: &str) -> Result<String, String> {
        let document = self.reader.document;
        let own_anchor = document
            .at(self.base)
            .and_then(|base| base.get("$dynamicAnchor").or_else(|| base.get("$anchor")))
            .and_then(Value::as_str);
        let is_own = |fragment: &str| own_anchor.is_some() && own_anchor == Some(fragment);
        if reference == "#" || reference.strip_prefix('#').is_some_and(is_own) {
            return Ok(self.base.to_owned());
        }
        let failed = match document.follow(reference) {
            Ok(place) => return Ok(place.pointer),
            Err(message) => message,
        };
        // Generators often mean the `$defs` of the schema itself, not of the document.
        pointer::from_reference(reference)
            .filter(|it| it.starts_with("/$defs/") || it.starts_with("/definitions/"))
            .map(|it| format!("{}{it}", self.base))
            .filter(|it| document.at(it).is_some())
            .ok_or(failed)
    }

    /// The value of one keyword, if it has the right shape and counts in this direction.
    fn keyword(
        &mut self,
        name: &str,
        shape: Shape,
        value: &Value,
        place: &str,
        hidden: &HashSet<String>,
    ) -> Option<Value> {
        match shape {
            Shape::Schema => self.single(name, value, place),
            Shape::Schemas => self.list(name, value, place, hidden),
            Shape::SchemaMap | Shape::PatternMap => self.map(shape, value, place, hidden),
            Shape::Types => self.types(value, place),
            Shape::Values => self.values(name, value, place),
            Shape::Any => Some(value.clone()),
            Shape::Number | Shape::Positive | Shape::Count => {
                self.number(name, shape, value, place)
            }
            Shape::Names => self.names(value, place, hidden),
            Shape::NamesMap => self.names_map(value, place, hidden),
            Shape::Text | Shape::Pattern => self.text(shape, value, place),
            Shape::Flag => match value {
                Value::Bool(false) => None,
                Value::Bool(true) => Some(Value::Bool(true)),
                _ => self.odd(place, "must be true or false"),
            },
        }
    }

    fn single(&mut self, name: &str, value: &Value, place: &str) -> Option<Value> {
        let closed = matches!(name, "additionalProperties" | "unevaluatedProperties");
        match value {
            // An API may add fields at any time; that must not turn its answers into errors.
            Value::Bool(false) if closed && self.direction == Direction::Output => None,
            Value::Bool(_) => Some(value.clone()),
            Value::Array(_) if name == "items" => None, // the old form of `prefixItems`, see `finish`
            Value::Object(_) => Some(self.schema(value, place, &HashSet::new())),
            _ => self.odd(place, "must be a schema"),
        }
    }

    fn list(
        &mut self,
        name: &str,
        value: &Value,
        place: &str,
        hidden: &HashSet<String>,
    ) -> Option<Value> {
        let Some(list) = value.as_array().filter(|list| !list.is_empty()) else {
            return self.odd(place, "must be a list of schemas that is not empty");
        };
        let none = HashSet::new();
        let inherited = if name == "prefixItems" { &none } else { hidden };
        let converted = list.iter().enumerate().map(|(index, schema)| {
            self.schema(schema, &pointer::child(place, index.to_string()), inherited)
        });
        Some(Value::Array(converted.collect()))
    }

    fn map(
        &mut self,
        shape: Shape,
        value: &Value,
        place: &str,
        hidden: &HashSet<String>,
    ) -> Option<Value> {
        let Some(map) = value.as_object() else {
            return self.odd(place, "must be an object of schemas");
        };
        let mut out = Map::new();
        for (name, schema) in map {
            let place = pointer::child(place, name);
            if shape == Shape::PatternMap && !self.reader.compiles(name) {
                self.odd(&place, "not a regular expression this server can run");
            } else if shape == Shape::PatternMap || !hidden.contains(name) {
                out.insert(name.clone(), self.schema(schema, &place, &HashSet::new()));
            }
        }
        Some(Value::Object(out))
    }

    fn types(&mut self, value: &Value, place: &str) -> Option<Value> {
        let is_known = |value: &Value| value.as_str().is_some_and(|name| TYPES.contains(&name));
        match value {
            Value::String(name) if name == "file" => Some("string".into()),
            Value::String(_) if is_known(value) => Some(value.clone()),
            Value::Array(list) if !list.is_empty() && list.iter().all(is_known) => {
                Some(Value::Array(distinct(list)))
            }
            _ => self.odd(place, format!("{value} is not a type of JSON Schema")),
        }
    }

    fn values(&mut self, name: &str, value: &Value, place: &str) -> Option<Value> {
        match value {
            Value::Array(list) if !list.is_empty() => {
                let list = distinct(list);
                let keep = name == "enum" || value.to_string().len() <= EXAMPLE_BYTES_MAX;
                keep.then_some(Value::Array(list))
            }
            // Media types have an object of examples; some documents put one into a schema.
            _ if name == "examples" => None,
            _ => self.odd(place, "must be a list that is not empty"),
        }
    }

    fn number(&mut self, name: &str, shape: Shape, value: &Value, place: &str) -> Option<Value> {
        let Some(number) = value.as_f64() else {
            let is_flag = name.starts_with("exclusive") && value.is_boolean(); // 3.0, see `finish`
            return if is_flag {
                None
            } else {
                self.odd(place, "must be a number")
            };
        };
        match shape {
            Shape::Positive if number <= 0.0 => self.odd(place, "must be above zero"),
            Shape::Count => match count(value, number) {
                Some(count) => Some(Value::Number(count)),
                None => self.odd(place, "must be an integer from zero"),
            },
            _ => Some(value.clone()),
        }
    }

    fn names(&mut self, value: &Value, place: &str, hidden: &HashSet<String>) -> Option<Value> {
        let Some(list) = value.as_array() else {
            return self.odd(place, "must be a list of names");
        };
        if !list.iter().all(Value::is_string) {
            self.odd(place, "must hold names only");
        }
        let visible = |name: &&Value| name.as_str().is_some_and(|name| !hidden.contains(name));
        let names: Vec<Value> = list.iter().filter(visible).cloned().collect();
        let names = distinct(&names);
        (!names.is_empty()).then_some(Value::Array(names))
    }

    fn names_map(&mut self, value: &Value, place: &str, hidden: &HashSet<String>) -> Option<Value> {
        let Some(map) = value.as_object() else {
            return self.odd(place, "must be an object of lists of names");
        };
        let mut out = Map::new();
        for (name, names) in map.iter().filter(|(name, _)| !hidden.contains(*name)) {
            if let Some(names) = self.names(names, &pointer::child(place, name), hidden) {
                out.insert(name.clone(), names);
            }
        }
        Some(Value::Object(out))
    }

    fn text(&mut self, shape: Shape, value: &Value, place: &str) -> Option<Value> {
        let Some(text) = value.as_str() else {
            return self.odd(place, "must be a string");
        };
        if shape == Shape::Pattern && !self.reader.compiles(text) {
            return self.odd(place, "not a regular expression this server can run");
        }
        (!text.is_empty()).then(|| value.clone())
    }

    /// What OpenAPI 3.0 and older drafts say with other words, and what the keywords say together.
    fn finish(&mut self, source: &Map<String, Value>, pointer: &str, out: &mut Map<String, Value>) {
        exclusive_bound(source, out, "exclusiveMinimum", "minimum");
        exclusive_bound(source, out, "exclusiveMaximum", "maximum");
        if let Some(tuple @ Value::Array(list)) = source.get("items")
            && !list.is_empty()
            && !out.contains_key("prefixItems")
        {
            let place = pointer::child(pointer, "items");
            if let Some(items) = self.list("prefixItems", tuple, &place, &HashSet::new()) {
                out.insert("prefixItems".to_owned(), items);
            }
        }
        if let Some(example) = source.get("example")
            && !out.contains_key("examples")
            && example.to_string().len() <= EXAMPLE_BYTES_MAX
        {
            out.insert("examples".to_owned(), json!([example]));
        }
        spell_enum_as_text(out);
        // Some models' tool APIs refuse a whole list of tools for one array without `items`.
        let is_array = out.get("type").is_some_and(|it| names_type(it, "array"));
        if is_array && !out.contains_key("items") && !out.contains_key("prefixItems") {
            out.insert("items".to_owned(), json!({}));
        }
        if source.get("nullable") == Some(&Value::Bool(true)) {
            allow_null(out);
        }
    }

    /// Reports that something is left out; always `None`, to be returned.
    fn odd(&mut self, place: &str, message: impl Into<String>) -> Option<Value> {
        self.reader.problems.push(Problem::part(place, message));
        None
    }
}

/// 3.0 says `exclusiveMinimum: true` beside `minimum`; 2020-12 says `exclusiveMinimum: <number>`.
fn exclusive_bound(
    source: &Map<String, Value>,
    out: &mut Map<String, Value>,
    exclusive: &str,
    bound: &str,
) {
    if source.get(exclusive) == Some(&Value::Bool(true))
        && let Some(value) = out.remove(bound)
    {
        out.insert(exclusive.to_owned(), value);
    }
}

/// In YAML `enum: [1.0, 2.0]` beside `type: string` means the words, not the numbers.
fn spell_enum_as_text(out: &mut Map<String, Value>) {
    if out.get("type").and_then(Value::as_str) != Some("string") {
        return;
    }
    if let Some(Value::Array(list)) = out.get_mut("enum") {
        for value in list.iter_mut() {
            if value.is_number() || value.is_boolean() {
                *value = Value::String(value.to_string());
            }
        }
        *list = distinct(list);
    }
}

/// 3.0 says `nullable: true`; 2020-12 has a type for it.
fn allow_null(out: &mut Map<String, Value>) {
    if let Some(Value::Array(list)) = out.get_mut("enum")
        && !list.contains(&Value::Null)
    {
        list.push(Value::Null);
    }
    match out.get_mut("type") {
        Some(Value::Array(types)) => {
            types.retain(|it| it != "null");
            types.push("null".into());
        }
        Some(name) => *name = json!([name.take(), "null"]),
        None => {}
    }
    let composed = ["$ref", "allOf", "anyOf", "oneOf", "const"];
    if composed.iter().any(|keyword| out.contains_key(*keyword)) {
        let words: Map<String, Value> = ["title", "description", "default", "deprecated"]
            .into_iter()
            .filter_map(|keyword| out.remove_entry(keyword))
            .collect();
        let inner = std::mem::replace(out, words);
        out.insert("anyOf".to_owned(), json!([inner, {"type": "null"}]));
    }
}

fn names_type(types: &Value, name: &str) -> bool {
    match types {
        Value::String(it) => it == name,
        Value::Array(list) => list.iter().any(|it| it == name),
        _ => false,
    }
}

fn count(value: &Value, number: f64) -> Option<Number> {
    if let Some(count) = value.as_u64() {
        return Some(count.into());
    }
    // `3.0` is an integer for JSON Schema, but not for every reader of it.
    let is_whole = (0.0..9.0e15).contains(&number) && number.fract() == 0.0;
    is_whole
        .then(|| format!("{number:.0}").parse().ok())
        .flatten()
}

/// `values` without repetitions, in order.
fn distinct(values: &[Value]) -> Vec<Value> {
    let mut seen = HashSet::new();
    values
        .iter()
        .filter(|value| seen.insert(value.to_string()))
        .cloned()
        .collect()
}
