//! From a JSON Schema to what is held against text. Schemas come from others: whatever they hold, this ends.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{Index, Kinds, Node, Others, Property, Rules, Shape};

/// The only dialect of which something is known here; it is that of a schema that declares none (T-2511-12).
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Properties of an object; each has a bit.
const PROPERTIES_MAX: usize = 128;

/// Schemas to choose from. Each is looked at for every value.
const CHOICES_MAX: usize = 16;

/// Depth of schemas within a schema, references not followed.
const SCHEMA_DEPTH_MAX: usize = 64;

/// Keywords that forbid nothing. `$defs` is read where something refers to it.
const ANNOTATIONS: [&str; 11] = [
    "$comment",
    "$defs",
    "default",
    "definitions",
    "deprecated",
    "description",
    "examples",
    "format",
    "readOnly",
    "title",
    "writeOnly",
];

/// Compiles the schemas within a schema.
struct Compiler<'a> {
    schema: &'a Value,
    nodes: Vec<Node>,
    /// Where something refers to, compiled or awaited.
    definitions: HashMap<&'a str, Index>,
    /// What is still to be compiled, and where it belongs.
    awaited: Vec<(Index, &'a Value)>,
}

/// Compiles a schema: one reference after the other, however long a way of them is.
pub(super) fn shape(schema: &Value) -> Shape {
    let mut compiler = Compiler {
        schema,
        nodes: Vec::new(),
        definitions: HashMap::new(),
        awaited: Vec::new(),
    };
    let root = compiler.node(schema, 0);
    while let Some((index, definition)) = compiler.awaited.pop() {
        let compiled = compiler.node(definition, 0);
        compiler.nodes[index] = Node::Same(compiled);
    }
    let nodes = compiler.nodes;
    Shape { nodes, root }
}

impl<'a> Compiler<'a> {
    fn push(&mut self, node: Node) -> Index {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn node(&mut self, schema: &'a Value, depth: usize) -> Index {
        let node = match schema {
            _ if depth > SCHEMA_DEPTH_MAX => None,
            Value::Bool(true) => Some(Node::Rules(Box::default())),
            Value::Bool(false) => Some(Node::Rules(Box::new(Rules {
                kinds: Kinds::NONE,
                ..Rules::default()
            }))),
            Value::Object(keywords) => {
                let mut telling = keywords
                    .iter()
                    .filter(|(keyword, value)| !forbids_nothing(keyword, value));
                match (telling.next(), telling.next()) {
                    (Some((keyword, reference)), None) if keyword == "$ref" => {
                        return self.referred(reference);
                    }
                    (Some((keyword, Value::Array(schemas))), None)
                        if keyword == "anyOf" || keyword == "oneOf" =>
                    {
                        self.choice(schemas, depth)
                    }
                    _ => self
                        .rules(keywords, depth)
                        .map(|rules| Node::Rules(Box::new(rules))),
                }
            }
            _ => None,
        };
        self.push(node.unwrap_or(Node::Unknown))
    }

    /// The definition that `reference` is to.
    fn referred(&mut self, reference: &'a Value) -> Index {
        let named = |schema: &'a Value, reference: &'a str| {
            let (place, name) = reference.strip_prefix("#/")?.split_once('/')?;
            let is_plain = !name.contains(['/', '~', '%']);
            let is_place = place == "$defs" || place == "definitions";
            (is_plain && is_place).then(|| schema.get(place)?.get(name))?
        };
        let Some(reference) = reference.as_str() else {
            return self.push(Node::Unknown);
        };
        if let Some(index) = self.definitions.get(reference) {
            return *index;
        }
        let index = self.push(Node::Unknown);
        self.definitions.insert(reference, index);
        let definition = named(self.schema, reference);
        self.awaited
            .extend(definition.map(|schema| (index, schema)));
        index
    }

    fn choice(&mut self, schemas: &'a [Value], depth: usize) -> Option<Node> {
        if let Some(rules) = listed(schemas) {
            return Some(Node::Rules(Box::new(rules)));
        }
        if schemas.len() > CHOICES_MAX {
            return None;
        }
        let nodes = schemas.iter().map(|schema| self.node(schema, depth + 1));
        Some(Node::Choice(nodes.collect()))
    }

    fn rules(&mut self, keywords: &'a Map<String, Value>, depth: usize) -> Option<Rules> {
        let mut rules = Rules::default();
        let mut required: &[Value] = &[];
        for (keyword, value) in keywords {
            match keyword.as_str() {
                "type" => rules.kinds = rules.kinds.and(Kinds::named(value)?),
                "enum" => rules.list(value.as_array()?)?,
                "const" => rules.list(std::slice::from_ref(value))?,
                "minLength" => rules.length.0 = number(value)?,
                "maxLength" => rules.length.1 = number(value)?,
                "minimum" => rules.range.0 = value.as_i64()?,
                "maximum" => rules.range.1 = value.as_i64()?,
                "minItems" => rules.count.0 = number(value)?,
                "maxItems" => rules.count.1 = number(value)?,
                "items" => rules.items = Some(self.node(value, depth + 1)),
                "properties" => {
                    for (name, schema) in value.as_object()? {
                        let (name, schema) = (name.as_str().into(), self.node(schema, depth + 1));
                        rules.properties.push(Property { name, schema });
                    }
                }
                "required" => required = value.as_array()?,
                "additionalProperties" => {
                    rules.others = match value {
                        Value::Bool(true) => Others::Anything,
                        Value::Bool(false) => Others::Nothing,
                        schema => Others::Each(self.node(schema, depth + 1)),
                    };
                }
                other if forbids_nothing(other, value) => {}
                _ => return None,
            }
        }
        if rules.properties.len() > PROPERTIES_MAX {
            return None;
        }
        rules
            .properties
            .sort_unstable_by(|a, b| a.name.cmp(&b.name));
        for name in required {
            let (name, properties) = (name.as_str()?, &rules.properties);
            let known = properties.binary_search_by(|it| (*it.name).cmp(name));
            rules.required |= 1 << known.ok()?;
        }
        Some(rules)
    }
}

impl Rules {
    /// Admits only what is listed: strings, and perhaps null.
    fn list(&mut self, values: &[Value]) -> Option<()> {
        if self.texts.is_some() {
            return None;
        }
        let mut kinds = Kinds::STRING;
        let mut texts = Vec::with_capacity(values.len());
        for value in values {
            match value {
                Value::String(text) => texts.push(text.as_str().into()),
                Value::Null => kinds = kinds.or(Kinds::NULL),
                _ => return None,
            }
        }
        texts.sort_unstable();
        self.kinds = self.kinds.and(kinds);
        self.texts = Some(texts);
        Some(())
    }
}

/// The rules of a choice between lists of strings, as enumerations are written whose values are described. None is in
/// two lists.
fn listed(schemas: &[Value]) -> Option<Rules> {
    let mut texts: Vec<Box<str>> = Vec::new();
    for schema in schemas {
        let mut rules = Rules::default();
        for (keyword, value) in schema.as_object()? {
            match keyword.as_str() {
                "type" => rules.kinds = rules.kinds.and(Kinds::named(value)?),
                "enum" => rules.list(value.as_array()?)?,
                "const" => rules.list(std::slice::from_ref(value))?,
                other if forbids_nothing(other, value) => {}
                _ => return None,
            }
        }
        if rules.kinds != Kinds::STRING {
            return None;
        }
        texts.extend(rules.texts?);
    }
    let count = texts.len();
    texts.sort_unstable();
    texts.dedup();
    (texts.len() == count && count > 0).then(|| Rules {
        kinds: Kinds::STRING,
        texts: Some(texts),
        ..Rules::default()
    })
}

/// Whether a keyword may be passed over. JSON Schema has none that begins with `x-`, and lets pass what it does not
/// have.
fn forbids_nothing(keyword: &str, value: &Value) -> bool {
    ANNOTATIONS.contains(&keyword)
        || keyword.starts_with("x-")
        || (keyword == "$schema" && value == DIALECT)
}

fn number(value: &Value) -> Option<usize> {
    value.as_u64()?.try_into().ok()
}
