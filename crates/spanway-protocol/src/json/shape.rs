//! A JSON Schema held against text in one pass, without building the values, as far as it is simple.
//!
//! It knows the keywords that types are made of. Whatever else a schema or a value has is not judged here: whoever
//! asks has a validator that builds the values, and both come to the same.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::scan::Kinds;
use super::{RawJson, Scanner};

/// The only dialect of which something is known here; it is that of a schema that declares none (T-2511-12).
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Properties of an object; each has a bit.
const PROPERTIES_MAX: usize = 128;

/// Keys of an object that are no properties. They are compared with each other.
const OTHERS_MAX: usize = 16;

/// Schemas to choose from. Each is looked at for every value.
const CHOICES_MAX: usize = 16;

/// Depth of schemas within a schema, references not followed.
const SCHEMA_DEPTH_MAX: usize = 64;

/// References that lead to another reference, one after the other.
const HOPS_MAX: usize = 8;

/// To serde_json a member with such a key is not what it seems.
const PRIVATE: &[u8] = b"$serde_json::private::";

/// Depth of values that are judged; serde_json builds deeper ones, though not much.
const DEPTH_MAX: usize = 100;

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

/// Of strings and arrays about which nothing is said.
const ANY_LENGTH: (usize, usize) = (0, usize::MAX);

/// Of numbers about which nothing is said.
const ANY_RANGE: (i64, i64) = (i64::MIN, i64::MAX);

/// A JSON Schema 2020-12, compiled to be held against text. `format` is an annotation.
///
/// ```
/// use serde_json::json;
/// use spanway_protocol::{RawJson, Shape};
///
/// # fn main() -> Result<(), serde_json::Error> {
/// let shape = Shape::of(&json!({
///     "type": "object",
///     "properties": { "limit": { "type": "integer", "minimum": 1 } },
/// }));
/// assert!(shape.admits(&RawJson::from_serialize(&json!({ "limit": 5 }))?));
/// assert!(!shape.admits(&RawJson::from_serialize(&json!({ "limit": 0 }))?));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Shape {
    nodes: Vec<Node>,
    root: Index,
}

type Index = usize;

/// A schema within the schema.
#[derive(Debug)]
enum Node {
    /// Judged by its keywords.
    Rules(Box<Rules>),
    /// One of these, told apart by the kind of the value.
    Choice(Vec<Index>),
    /// What something refers to.
    Same(Index),
    /// Nothing is known of it.
    Unknown,
}

/// What the keywords of a schema say, of every kind of value that it admits.
#[derive(Debug)]
struct Rules {
    kinds: Kinds,
    /// The strings there are, if they are listed; sorted.
    texts: Option<Vec<Box<str>>>,
    /// The least and most characters of a string.
    length: (usize, usize),
    /// The least and greatest integer.
    range: (i64, i64),
    /// The fewest and most elements of an array.
    count: (usize, usize),
    /// What the elements of an array are; anything, if nothing is said.
    items: Option<Index>,
    /// By name, sorted.
    properties: Vec<Property>,
    /// A bit for each property that is required, by its place.
    required: u128,
    others: Others,
}

#[derive(Debug)]
struct Property {
    name: Box<str>,
    schema: Index,
}

/// What an object may have besides its properties.
#[derive(Debug, Clone, Copy)]
enum Others {
    Anything,
    Nothing,
    Each(Index),
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            kinds: Kinds::ALL,
            texts: None,
            length: ANY_LENGTH,
            range: ANY_RANGE,
            count: ANY_LENGTH,
            items: None,
            properties: Vec::new(),
            required: 0,
            others: Others::Anything,
        }
    }
}

impl Shape {
    /// Compiles a schema. What is not known of it makes fewer values judged.
    #[must_use]
    pub fn of(schema: &Value) -> Self {
        let mut compiler = Compiler {
            schema,
            nodes: Vec::new(),
            definitions: HashMap::new(),
            awaited: Vec::new(),
        };
        let root = compiler.node(schema, 0);
        // One after the other, however long a way of references is.
        while let Some((index, definition)) = compiler.awaited.pop() {
            let compiled = compiler.node(definition, 0);
            compiler.nodes[index] = Node::Same(compiled);
        }
        Self {
            nodes: compiler.nodes,
            root,
        }
    }

    /// Whether the schema admits the value beyond doubt, and serde_json can build it. `false` says nothing.
    #[must_use]
    pub fn admits(&self, value: &RawJson) -> bool {
        let mut scanner = Scanner::new(value.as_bytes(), DEPTH_MAX);
        self.goes_over(self.root, &mut scanner).is_some() && scanner.is_over()
    }

    /// Goes over a value; `None` if it is not admitted, or not known to be.
    fn goes_over(&self, node: Index, scanner: &mut Scanner<'_>) -> Option<()> {
        let kind = scanner.kind()?;
        let rules = self.rules(node, kind)?;
        match kind {
            Kinds::STRING => rules.string(scanner),
            Kinds::NUMBER => rules.number(scanner),
            Kinds::OBJECT => self.object(rules, scanner),
            Kinds::ARRAY => self.array(rules, scanner),
            _ => scanner.skip(),
        }
    }

    /// The rules for a value of this kind, if it is admitted.
    fn rules(&self, node: Index, kind: Kinds) -> Option<&Rules> {
        let admitting = |node: &Index| match self.referred(*node) {
            Node::Rules(rules) => rules.kinds.has(kind).then_some(Some(rules)),
            Node::Choice(_) | Node::Same(_) | Node::Unknown => Some(None),
        };
        match self.referred(node) {
            Node::Choice(nodes) => {
                let mut admitting = nodes.iter().filter_map(admitting);
                let first = admitting.next()?;
                admitting.next().is_none().then_some(first)?
            }
            _ => admitting(&node)?,
        }
        .map(|rules| &**rules)
    }

    /// The node itself, or the one it refers to.
    fn referred(&self, mut node: Index) -> &Node {
        for _ in 0..HOPS_MAX {
            match self.nodes.get(node) {
                Some(Node::Same(other)) => node = *other,
                Some(found) => return found,
                None => break,
            }
        }
        &Node::Unknown
    }

    fn object(&self, rules: &Rules, scanner: &mut Scanner<'_>) -> Option<()> {
        let (mut seen, mut others) = (0, Keys::default());
        scanner.object(|scanner, key| {
            let name = key.plain().filter(|name| !name.starts_with(PRIVATE))?;
            let properties = &rules.properties;
            let known = properties.binary_search_by(|it| it.name.as_bytes().cmp(name));
            if let Ok(at) = known {
                let bit = 1 << at;
                let is_new = seen & bit == 0;
                seen |= bit;
                let property = properties.get(at).filter(|_| is_new)?;
                return self.goes_over(property.schema, scanner);
            }
            others.take(name)?;
            match rules.others {
                Others::Anything => self.anything(scanner),
                Others::Nothing => None,
                Others::Each(schema) => self.goes_over(schema, scanner),
            }
        })?;
        (rules.required & !seen == 0).then_some(())
    }

    fn array(&self, rules: &Rules, scanner: &mut Scanner<'_>) -> Option<()> {
        let mut count = 0;
        scanner.array(|scanner| {
            count += 1;
            match rules.items {
                Some(schema) => self.goes_over(schema, scanner),
                None => self.anything(scanner),
            }
        })?;
        within(rules.count, &count)
    }

    /// Goes over what may be anything, so long as it can be built.
    fn anything(&self, scanner: &mut Scanner<'_>) -> Option<()> {
        match scanner.kind()? {
            Kinds::STRING => scanner.unicode().map(drop),
            Kinds::NUMBER => scanner.small_number().map(drop),
            Kinds::OBJECT => {
                let mut keys = Keys::default();
                scanner.object(|scanner, key| {
                    keys.take(key.plain()?)?;
                    self.anything(scanner)
                })
            }
            Kinds::ARRAY => scanner.array(|scanner| self.anything(scanner)),
            _ => scanner.skip(),
        }
    }
}

/// Keys of one object. None may come twice: what that means depends on who reads it.
#[derive(Default)]
struct Keys<'a> {
    taken: [&'a [u8]; OTHERS_MAX],
    count: usize,
}

impl<'a> Keys<'a> {
    fn take(&mut self, key: &'a [u8]) -> Option<()> {
        let mut taken = self.taken.iter().take(self.count);
        let is_new = taken.all(|other| *other != key);
        *self.taken.get_mut(self.count)? = key;
        self.count += 1;
        (is_new && !key.starts_with(PRIVATE)).then_some(())
    }
}

impl Rules {
    fn string(&self, scanner: &mut Scanner<'_>) -> Option<()> {
        let text = scanner.unicode()?;
        if let Some(texts) = &self.texts {
            let text = text.plain()?;
            texts
                .binary_search_by(|one| one.as_bytes().cmp(text))
                .ok()?;
        }
        if self.length == ANY_LENGTH {
            return Some(());
        }
        let text = std::str::from_utf8(text.plain()?).ok()?;
        within(self.length, &text.chars().count())
    }

    fn number(&self, scanner: &mut Scanner<'_>) -> Option<()> {
        let text = scanner.small_number()?;
        let is_bounded = self.range != ANY_RANGE;
        // What is written as a fraction, such as 1.0, may be an integer; serde_json takes -0 for a fraction.
        let is_fraction = text.contains(&b'.') || text == b"-0";
        match (is_fraction, is_bounded) {
            (true, _) => (self.kinds.has(Kinds::FRACTION) && !is_bounded).then_some(()),
            (false, false) => Some(()),
            (false, true) => within(self.range, &std::str::from_utf8(text).ok()?.parse().ok()?),
        }
    }
}

fn within<T: PartialOrd>((least, most): (T, T), value: &T) -> Option<()> {
    (least <= *value && *value <= most).then_some(())
}

/// Compiles the schemas within a schema.
struct Compiler<'a> {
    schema: &'a Value,
    nodes: Vec<Node>,
    /// Where something refers to, compiled or awaited.
    definitions: HashMap<&'a str, Index>,
    /// What is still to be compiled, and where it belongs.
    awaited: Vec<(Index, &'a Value)>,
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
