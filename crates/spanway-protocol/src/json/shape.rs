//! A JSON Schema held against text in one pass, without building the values, as far as it is simple.
//!
//! It knows the keywords that types are made of. Whatever else a schema or a value has is not judged here: whoever
//! asks has a validator that builds the values, and both come to the same.

mod compile;

use serde_json::Value;

use super::scan::Kinds;
use super::{RawJson, Scanner};

/// Keys of an object that are no properties. They are compared with each other.
const OTHERS_MAX: usize = 16;

/// References that lead to another reference, one after the other.
const HOPS_MAX: usize = 8;

/// To serde_json a member with such a key is not what it seems.
const PRIVATE: &[u8] = b"$serde_json::private::";

/// Depth of values that are judged; serde_json builds deeper ones, though not much.
const DEPTH_MAX: usize = 100;

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
        compile::shape(schema)
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
