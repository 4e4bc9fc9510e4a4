//! Schemas of a document as self-contained JSON Schema 2020-12: references become `#/$defs/…`.
//!
//! A referenced schema is converted once per direction; [`SchemaReader::assemble`] adds the
//! definitions a root reaches, cycles included, and no others.

mod convert;
mod keyword;
mod visibility;

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use serde_json::{Map, Value, json};

use crate::document::Document;
use crate::hash::short_hash;
use crate::limits::REFERENCE_HOPS_MAX;
use crate::pointer;
use crate::problem::Problem;

/// Levels of `allOf`, `anyOf`, `oneOf` and `$ref` looked into to tell whether a schema means an object.
const COMPOSITION_DEPTH_MAX: usize = 6;

/// Which way the values of a schema travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Direction {
    /// To the API: `readOnly` properties are not sent.
    Input,
    /// From the API: `writeOnly` properties are not received, and what is not described is allowed.
    Output,
}

impl Direction {
    fn hidden_mark(self) -> &'static str {
        match self {
            Self::Input => "readOnly",
            Self::Output => "writeOnly",
        }
    }
}

/// Converts the schemas of one document, and remembers what it has converted.
#[derive(Debug)]
pub(crate) struct SchemaReader<'d> {
    document: &'d Document,
    /// The `$defs` name of each pointer that is referred to.
    names: HashMap<String, String>,
    /// The pointer of each `$defs` name.
    pointers: HashMap<String, String>,
    definitions: HashMap<(Direction, String), Rc<Definition>>,
    patterns: HashMap<String, bool>,
    problems: Vec<Problem>,
}

/// A converted schema that others refer to.
#[derive(Debug)]
pub(crate) struct Definition {
    /// The schema.
    pub(crate) schema: Value,
    /// The names of the definitions it refers to.
    references: Vec<String>,
}

impl<'d> SchemaReader<'d> {
    pub(crate) fn new(document: &'d Document) -> Self {
        Self {
            document,
            names: HashMap::new(),
            pointers: HashMap::new(),
            definitions: HashMap::new(),
            patterns: HashMap::new(),
            problems: Vec::new(),
        }
    }

    /// Converts the schema at `pointer`; its references point into `$defs`, which are not there yet.
    pub(crate) fn fragment(
        &mut self,
        schema: &Value,
        pointer: &str,
        direction: Direction,
    ) -> Value {
        convert::convert(self, schema, pointer, direction)
    }

    /// A converted schema as a root: the definition itself in place of a bare reference to it.
    pub(crate) fn root(&mut self, schema: &Value, direction: Direction) -> Map<String, Value> {
        const WORDS: [&str; 5] = ["$ref", "title", "description", "default", "deprecated"];
        let mut root = schema.as_object().cloned().unwrap_or_default();
        for _ in 0..REFERENCE_HOPS_MAX {
            let is_bare = root.keys().all(|key| WORDS.contains(&key.as_str()));
            let Some(definition) = self.target(&root, direction).filter(|_| is_bare) else {
                break;
            };
            let Value::Object(map) = &definition.schema else {
                break;
            };
            let mut words = std::mem::replace(&mut root, map.clone());
            words.remove("$ref");
            root.extend(words);
        }
        root
    }

    /// Whether a converted schema allows only objects, as far as its composition shows it.
    pub(crate) fn is_object(&mut self, schema: &Map<String, Value>, direction: Direction) -> bool {
        self.is_object_within(schema, direction, COMPOSITION_DEPTH_MAX)
    }

    fn is_object_within(
        &mut self,
        schema: &Map<String, Value>,
        direction: Direction,
        depth: usize,
    ) -> bool {
        match schema.get("type") {
            Some(types) => return types == "object",
            None if schema.contains_key("properties") => return true,
            None if depth == 0 => return false,
            None => {}
        }
        let mut is_object = |part: &Value| {
            part.as_object()
                .is_some_and(|part| self.is_object_within(part, direction, depth - 1))
        };
        let list = |keyword| schema.get(keyword).and_then(Value::as_array);
        let composed = list("allOf").is_some_and(|list| list.iter().any(&mut is_object))
            || ["anyOf", "oneOf"]
                .into_iter()
                .filter_map(list)
                .any(|list| list.iter().all(&mut is_object));
        composed
            || self.target(schema, direction).is_some_and(|definition| {
                let schema = definition.schema.as_object();
                schema.is_some_and(|schema| self.is_object_within(schema, direction, depth - 1))
            })
    }

    /// The definition a converted `{"$ref": "#/$defs/…"}` means.
    pub(crate) fn target(
        &mut self,
        schema: &Map<String, Value>,
        direction: Direction,
    ) -> Option<Rc<Definition>> {
        let name = schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?;
        Some(self.definition(name, direction))
    }

    /// `root` with the `$defs` it reaches.
    pub(crate) fn assemble(&mut self, mut root: Map<String, Value>, direction: Direction) -> Value {
        let mut definitions: BTreeMap<String, Rc<Definition>> = BTreeMap::new();
        let mut queue = Vec::new();
        references_in_map(&root, &mut queue);
        while let Some(name) = queue.pop() {
            if definitions.contains_key(&name) {
                continue;
            }
            let definition = self.definition(&name, direction);
            queue.extend(definition.references.iter().cloned());
            definitions.insert(name, definition);
        }
        if !definitions.is_empty() {
            let definitions: Map<String, Value> = definitions
                .into_iter()
                .map(|(name, definition)| (name, definition.schema.clone()))
                .collect();
            root.insert("$defs".to_owned(), Value::Object(definitions));
        }
        Value::Object(root)
    }

    /// What was odd in the schemas read so far.
    pub(crate) fn take_problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }

    fn definition(&mut self, name: &str, direction: Direction) -> Rc<Definition> {
        let key = (direction, name.to_owned());
        if let Some(definition) = self.definitions.get(&key) {
            return Rc::clone(definition);
        }
        let document = self.document;
        let pointer = self.pointers.get(name).cloned().unwrap_or_default();
        // A name is only given to a pointer that leads somewhere.
        let schema = document.at(&pointer).map_or_else(
            || json!({}),
            |schema| self.fragment(schema, &pointer, direction),
        );
        let mut references = Vec::new();
        references_in(&schema, &mut references);
        references.sort_unstable();
        references.dedup();
        let definition = Rc::new(Definition { schema, references });
        self.definitions.insert(key, Rc::clone(&definition));
        definition
    }

    /// The `$defs` name of the schema at `pointer`: its own name if it is a component, else with a hash.
    fn name_of(&mut self, pointer: &str) -> String {
        if let Some(name) = self.names.get(pointer) {
            return name.clone();
        }
        let last = pointer::last(pointer);
        let legal: String = last
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || "._-".contains(c) {
                    c
                } else {
                    '_'
                }
            })
            .collect();
        let own = pointer
            .strip_prefix("/components/schemas/")
            .is_some_and(|rest| rest == legal);
        let mut name = if own {
            legal
        } else {
            format!("{legal}_{}", short_hash(pointer))
        };
        while self.pointers.contains_key(&name) {
            name.push('_');
        }
        self.names.insert(pointer.to_owned(), name.clone());
        self.pointers.insert(name.clone(), pointer.to_owned());
        name
    }

    /// Whether the validator takes `pattern`; the server compiles every schema with the same one.
    fn compiles(&mut self, pattern: &str) -> bool {
        if let Some(known) = self.patterns.get(pattern) {
            return *known;
        }
        let compiles = jsonschema::draft202012::new(&json!({ "pattern": pattern })).is_ok();
        self.patterns.insert(pattern.to_owned(), compiles);
        compiles
    }
}

/// Removes titles, descriptions and examples below a converted schema, to make it small.
pub(crate) fn strip_annotations(schema: &mut Value) {
    let Value::Object(map) = schema else { return };
    for keyword in ["title", "description", "examples"] {
        map.remove(keyword);
    }
    keyword::for_each_child_mut(map, &mut strip_annotations);
}

fn references_in(schema: &Value, found: &mut Vec<String>) {
    if let Value::Object(map) = schema {
        references_in_map(map, found);
    }
}

fn references_in_map(map: &Map<String, Value>, found: &mut Vec<String>) {
    if let Some(name) = map.get("$ref").and_then(Value::as_str) {
        found.extend(name.strip_prefix("#/$defs/").map(str::to_owned));
    }
    keyword::for_each_child(map, &mut |child| references_in(child, found));
}

#[cfg(test)]
mod tests;
