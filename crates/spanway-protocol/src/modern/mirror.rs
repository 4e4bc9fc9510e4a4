//! Arguments that headers mirror: `x-mcp-header` in a tool's schema, `Mcp-Param-*` in the request (SEP-2243).

use std::collections::HashSet;

use http::{HeaderMap, HeaderName, Method};
use serde_json::{Map, Number, Value};

use super::headers::decode;
use crate::head::{Head, mismatch};
use crate::header_rules::{HeaderRules, PARAM_PREFIX, superfluous};
use crate::rejection::Rejection;

/// The keyword that asks clients to mirror a property.
const KEYWORD: &str = "x-mcp-header";

/// The arguments of one tool that headers mirror; for most tools there are none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MirroredArguments(Vec<Mirrored>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mirrored {
    header: HeaderName,
    /// The properties that lead to the argument.
    path: Vec<Box<str>>,
}

/// An annotation that conforming clients do not take; they drop the whole tool (T-HDR-08).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {problem}")]
#[non_exhaustive]
pub struct InvalidMirror {
    /// Where in the schema, as a JSON Pointer.
    pub pointer: String,
    /// What is wrong, and what it must be.
    pub problem: &'static str,
}

impl MirroredArguments {
    /// Finds the annotations of an input schema (T-HDR-08).
    ///
    /// # Errors
    /// One of them is not what the specification allows.
    pub fn of(schema: &Value) -> Result<Self, InvalidMirror> {
        let mut search = Search::default();
        search.object(schema, &mut String::new(), Some(&mut Vec::new()))?;
        Ok(Self(search.found))
    }

    /// Whether there is nothing to compare.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Compares the headers of a call with its arguments (T-HDR-06). Headers that mirror no argument of this
    /// tool are ignored (T-HDR-09), or refused by strict rules; those also want integers written in one way.
    /// The values are never trusted for anything else (T-HDR-10).
    ///
    /// # Errors
    /// A header is missing, superfluous, doubled, malformed or says something else (`-32020`).
    pub fn check(
        &self,
        headers: &HeaderMap,
        arguments: &Map<String, Value>,
        rules: HeaderRules,
    ) -> Result<(), Rejection> {
        if self.0.is_empty() && !rules.are_strict() {
            return Ok(());
        }
        let head = Head::new(&Method::POST, None, headers);
        if rules.are_strict() {
            self.check_known(&head)?;
        }
        self.0
            .iter()
            .try_for_each(|one| one.check(&head, arguments, rules))
    }

    fn check_known(&self, head: &Head<'_>) -> Result<(), Rejection> {
        let mirrors = |name: &str| self.0.iter().any(|one| one.header == name);
        match head.names(PARAM_PREFIX).find(|name| !mirrors(name)) {
            Some(name) => Err(superfluous(name, "the tool mirrors no such argument")),
            None => Ok(()),
        }
    }
}

impl Mirrored {
    fn check(
        &self,
        head: &Head<'_>,
        arguments: &Map<String, Value>,
        rules: HeaderRules,
    ) -> Result<(), Rejection> {
        let name = &self.header;
        // T-HDR-05 and trap 25: plain ASCII, and not twice.
        let header = head.single(name)?;
        let given = self.argument(arguments).filter(|value| !value.is_null());
        let Some(header) = header else {
            // What no header can say no client sends; the schema says what is wrong with it.
            return match given {
                None | Some(Value::Array(_) | Value::Object(_)) => Ok(()),
                Some(_) => Err(mismatch(format!(
                    "{name} must be sent and equal {}",
                    self.argument_name()
                ))),
            };
        };
        match given {
            None => Err(mismatch(format!(
                "{name} is sent, but there is no {}",
                self.argument_name()
            ))),
            Some(Value::Number(_)) if rules.are_strict() && !is_plain(&decode(name, header)?) => {
                Err(mismatch(format!(
                    "{name} must be a decimal without leading zeros (--strict-headers)"
                )))
            }
            Some(value) if says(&decode(name, header)?, value) => Ok(()),
            Some(_) => Err(mismatch(format!(
                "{name} does not equal {}",
                self.argument_name()
            ))),
        }
    }

    fn argument<'a>(&self, arguments: &'a Map<String, Value>) -> Option<&'a Value> {
        let (last, parents) = self.path.split_last()?;
        let mut object = arguments;
        for parent in parents {
            object = object.get(&**parent)?.as_object()?;
        }
        object.get(&**last)
    }

    fn argument_name(&self) -> String {
        format!("argument {:?}", self.path.join("."))
    }
}

/// T-HDR-07: strings as they are, integers by value, `true` and `false`.
fn says(text: &str, value: &Value) -> bool {
    match value {
        Value::String(string) => text == string,
        Value::Bool(flag) => text == if *flag { "true" } else { "false" },
        Value::Number(number) => match (integer_in(text), integer_of(number)) {
            (Some(told), Some(given)) => told == given,
            _ => text == number.to_string(),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

/// Whether an integer is written as the specification does: `42`, `-7`, and `42.0` since that counts as equal
/// to `42` (T-HDR-07).
fn is_plain(text: &str) -> bool {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    whole != "-0" && (digits == "0" || !digits.starts_with('0'))
}

/// The integer a decimal stands for: `42`, `-7`, `42.0`.
fn integer_in(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_decimal = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !is_decimal(digits) || !is_decimal(fraction) || fraction.bytes().any(|b| b != b'0') {
        return None;
    }
    whole.parse().ok()
}

/// The integer a JSON number stands for, exact as far as a double is.
fn integer_of(number: &Number) -> Option<i128> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let whole = number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from));
    whole.or_else(|| {
        let float = number.as_f64()?;
        if float.fract() != 0.0 || float.abs() > EXACT_MAX {
            return None;
        }
        // Written without a fraction, a whole double is its integer.
        format!("{float:.0}").parse().ok()
    })
}

/// A walk through a schema. Everything that could hold a schema is looked into: an annotation in the wrong
/// place spoils the tool (trap 23).
#[derive(Default)]
struct Search {
    found: Vec<Mirrored>,
    names: HashSet<HeaderName>,
}

/// The properties from the root to here; `None` where the way was not by properties alone.
type Path<'a> = Option<&'a mut Vec<Box<str>>>;

impl Search {
    /// Looks into an object schema: its properties may be annotated if `path` says how to get there.
    fn object(
        &mut self,
        schema: &Value,
        at: &mut String,
        mut path: Path<'_>,
    ) -> Result<(), InvalidMirror> {
        let Value::Object(keywords) = schema else {
            return Ok(());
        };
        if let Some(name) = keywords.get(KEYWORD) {
            self.annotation(name, keywords, at, path.as_deref())?;
        }
        for (keyword, value) in keywords {
            within(at, keyword, |at| match (keyword.as_str(), value) {
                // Data, and what an annotation itself says.
                ("const" | "enum" | "default" | "examples" | KEYWORD, _) => Ok(()),
                ("properties", Value::Object(properties)) => {
                    self.properties(properties, at, path.as_deref_mut())
                }
                (
                    "patternProperties" | "$defs" | "definitions" | "dependentSchemas",
                    Value::Object(schemas),
                ) => self.properties(schemas, at, None),
                (_, Value::Array(schemas)) => {
                    let mut numbered = schemas.iter().enumerate();
                    numbered.try_for_each(|(index, schema)| {
                        within(at, &index.to_string(), |at| self.object(schema, at, None))
                    })
                }
                (_, value) => self.object(value, at, None),
            })?;
        }
        Ok(())
    }

    /// Looks into schemas by name.
    fn properties(
        &mut self,
        schemas: &Map<String, Value>,
        at: &mut String,
        mut path: Path<'_>,
    ) -> Result<(), InvalidMirror> {
        for (name, schema) in schemas {
            if let Some(path) = path.as_deref_mut() {
                path.push(name.as_str().into());
            }
            within(at, name, |at| self.object(schema, at, path.as_deref_mut()))?;
            if let Some(path) = path.as_deref_mut() {
                path.pop();
            }
        }
        Ok(())
    }

    fn annotation(
        &mut self,
        name: &Value,
        keywords: &Map<String, Value>,
        at: &str,
        path: Option<&Vec<Box<str>>>,
    ) -> Result<(), InvalidMirror> {
        let invalid = |problem| InvalidMirror {
            pointer: format!("{at}/{KEYWORD}"),
            problem,
        };
        let Some(path) = path.filter(|path| !path.is_empty()) else {
            return Err(invalid(
                "only what is reached from the root through properties alone can be mirrored",
            ));
        };
        let header = name
            .as_str()
            .filter(|name| !name.is_empty())
            .and_then(|name| format!("{PARAM_PREFIX}{name}").parse().ok());
        let Some(header) = header else {
            return Err(invalid(
                "must be a name as headers have it: letters, digits and !#$%&'*+-.^_`|~",
            ));
        };
        let kind = keywords.get("type").and_then(Value::as_str);
        if !matches!(kind, Some("string" | "integer" | "boolean")) {
            return Err(invalid(
                "only a property of type string, integer or boolean can be mirrored",
            ));
        }
        if !self.names.insert(HeaderName::clone(&header)) {
            return Err(invalid(
                "another property has the same name; upper and lower case are the same",
            ));
        }
        self.found.push(Mirrored {
            header,
            path: path.clone(),
        });
        Ok(())
    }
}

/// Runs `look` one step further down the pointer `at`.
fn within<T>(at: &mut String, step: &str, look: impl FnOnce(&mut String) -> T) -> T {
    let length = at.len();
    at.push('/');
    at.push_str(&step.replace('~', "~0").replace('/', "~1"));
    let seen = look(at);
    at.truncate(length);
    seen
}
