//! Compiles the schemas that are advertised, and says in words what is wrong with a value.

use std::fmt::Write as _;
use std::sync::OnceLock;

use jsonschema::error::{ValidationError, ValidationErrorKind};
use jsonschema::{PatternOptions, Validator};
use serde_json::Value;
use spanway_protocol::{RawJson, Shape};

use crate::coerce::coerced;

/// Problems that are listed; more are only counted.
const PROBLEMS_MAX: usize = 20;

/// Problems that are looked for before the value is given up on.
const PROBLEMS_SOUGHT: usize = 200;

/// Characters of a value that are quoted in a problem.
const QUOTED_MAX: usize = 60;

/// Steps a regular expression may take on one value (T-2607-42).
const BACKTRACK_MAX: usize = 100_000;

/// A compiled schema, or the reason why there is none. Compiled when first needed.
#[derive(Debug, Default)]
pub(crate) struct Compiled {
    validator: OnceLock<Result<Validator, String>>,
    shape: OnceLock<Shape>,
    formats: Formats,
}

/// What `format` means. In JSON Schema 2020-12 it says something about a value and forbids none, unless it was
/// agreed on otherwise, as it is for forms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Formats {
    #[default]
    Annotate,
    Assert,
}

impl Compiled {
    /// For a schema whose formats are held against values.
    pub(crate) fn with_formats() -> Self {
        Self {
            formats: Formats::Assert,
            ..Self::default()
        }
    }

    /// The validator for `schema`, which must be the same one at every call.
    pub(crate) fn of(&self, schema: &Value) -> Result<&Validator, &str> {
        self.validator
            .get_or_init(|| compile(schema, self.formats))
            .as_ref()
            .map_err(String::as_str)
    }

    /// Whether `schema`, the same as ever, admits the value beyond doubt; if not, [`of`](Self::of) decides.
    pub(crate) fn admits(&self, schema: &Value, value: &RawJson) -> bool {
        let shape = || Shape::of(schema);
        self.formats == Formats::Annotate && self.shape.get_or_init(shape).admits(value)
    }
}

/// A schema to hold values against as the server does with arguments; compiled when first needed.
#[derive(Debug)]
pub struct SchemaCheck {
    schema: Value,
    compiled: Compiled,
}

impl SchemaCheck {
    /// A check against `schema`.
    #[must_use]
    pub fn new(schema: Value) -> Self {
        Self {
            schema,
            compiled: Compiled::default(),
        }
    }

    /// `value` read as was probably meant (see [`Tool::tolerant`](crate::Tool::tolerant)); `None` if no such reading
    /// conforms.
    #[must_use]
    pub fn reread(&self, value: &Value) -> Option<Value> {
        coerced(self.compiled.of(&self.schema).ok()?, value)
    }

    /// What is wrong with `value`, a line for each problem with its JSON Pointer; `None` if nothing is. A schema that
    /// does not compile is a problem too.
    #[must_use]
    pub fn problems(&self, value: &Value) -> Option<String> {
        match self.compiled.of(&self.schema) {
            Ok(validator) => problems(validator, value),
            Err(reason) => Some(format!("the schema does not compile: {reason}")),
        }
    }
}

/// Compiles a schema by its declared dialect, by 2020-12 if it declares none (T-2511-12). Nothing outside
/// the schema is ever fetched (T-2607-42).
fn compile(schema: &Value, formats: Formats) -> Result<Validator, String> {
    jsonschema::options()
        .offline()
        .should_validate_formats(formats == Formats::Assert)
        .with_pattern_options(PatternOptions::fancy_regex().backtrack_limit(BACKTRACK_MAX))
        .build(schema)
        .map_err(|error| match error.schema_path().as_str() {
            "" => error.masked().to_string(),
            path => format!("{path}: {}", error.masked()),
        })
}

/// What is wrong with `value`: one line per problem, led by a JSON Pointer, sorted, bounded. None if nothing
/// is.
pub(crate) fn problems(validator: &Validator, value: &Value) -> Option<String> {
    if validator.is_valid(value) {
        return None;
    }
    let mut lines = Vec::new();
    for error in validator.iter_errors(value).take(PROBLEMS_SOUGHT) {
        describe(&error, value, &mut lines);
    }
    lines.sort_unstable();
    lines.dedup();
    let more = lines.len().saturating_sub(PROBLEMS_MAX);
    lines.truncate(PROBLEMS_MAX);
    let mut text = lines.join("\n");
    if more > 0 {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n… and {more} more");
    }
    Some(text)
}

/// Points at what is missing or unexpected itself, not at the object around it.
fn describe(error: &ValidationError<'_>, value: &Value, lines: &mut Vec<String>) {
    let at = error.instance_path().as_str();
    let not_expected = |property: &String| format!("{at}/{}: is not expected", escape(property));
    match error.kind() {
        ValidationErrorKind::Required {
            property: Value::String(property),
        } => {
            lines.push(format!("{at}/{}: is required", escape(property)));
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            lines.extend(unexpected.iter().take(PROBLEMS_SOUGHT).map(not_expected));
        }
        // An object that may have no properties at all; the error is about one of them, but not at it.
        ValidationErrorKind::FalseSchema
            if error
                .schema_path()
                .as_str()
                .ends_with("/additionalProperties")
                && let Some(Value::Object(object)) = value.pointer(at) =>
        {
            lines.extend(object.keys().take(PROBLEMS_SOUGHT).map(not_expected));
        }
        _ => {
            let at = if at.is_empty() { "/" } else { at };
            lines.push(format!("{at}: {}", sentence(error)));
        }
    }
}

/// The validator's own sentence; a value that is long or has parts is not repeated in it.
fn sentence(error: &ValidationError<'_>) -> String {
    let short = match &**error.instance() {
        Value::String(text) => text.len() <= QUOTED_MAX,
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::Array(_) | Value::Object(_) => false,
    };
    if short {
        error.to_string()
    } else {
        error.masked_with("the value").to_string()
    }
}

/// A property's name as a segment of a JSON Pointer (RFC 6901), without what would break the line.
fn escape(property: &str) -> String {
    let bounded: String = property
        .chars()
        .filter(|c| !c.is_control())
        .take(QUOTED_MAX)
        .collect();
    bounded.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(schema: &Value, value: &Value) -> Option<String> {
        problems(Compiled::default().of(schema).unwrap(), value)
    }

    #[test]
    fn k3_8_problems_carry_pointers_sorted() {
        let schema = json!({
            "type": "object",
            "properties": {
                "limit": { "type": "integer", "maximum": 100 },
                "query": { "type": "string" },
                "a/b": { "type": "object", "required": ["deep"] },
            },
            "required": ["query"],
            "additionalProperties": false,
        });
        let text = check(&schema, &json!({ "limit": 300, "a/b": {}, "x~y": 1 })).unwrap();
        assert_eq!(
            text.lines().collect::<Vec<_>>(),
            [
                "/a~1b/deep: is required",
                "/limit: 300 is greater than the maximum of 100",
                "/query: is required",
                "/x~0y: is not expected",
            ]
        );
        assert_eq!(check(&schema, &json!({ "query": "x" })), None);
    }

    #[test]
    fn problems_are_bounded_and_do_not_repeat_long_values() {
        let schema = json!({ "type": "array", "items": { "type": "integer" } });
        let text = check(&schema, &json!(vec!["z".repeat(1000); 100])).unwrap();
        assert_eq!(text.lines().count(), PROBLEMS_MAX + 1);
        assert!(text.ends_with("… and 80 more"), "{text}");
        assert!(!text.contains("zzz"), "{text}");
    }

    #[test]
    fn t_2607_42_nothing_outside_the_schema_is_fetched() {
        for reference in ["https://example.com/schema.json", "file:///etc/passwd"] {
            let error = compile(&json!({ "$ref": reference }), Formats::Annotate).unwrap_err();
            assert!(error.contains(reference), "{error}");
        }
    }

    #[test]
    fn t_2511_12_the_declared_dialect_decides_and_an_unknown_one_is_an_error() {
        let draft7 = json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "items": [{ "type": "string" }],
        });
        assert!(check(&draft7, &json!([1])).is_some());
        let none = json!({ "prefixItems": [{ "type": "string" }] });
        assert!(check(&none, &json!([1])).is_some());
        let refused = |schema| compile(&schema, Formats::Annotate).is_err();
        assert!(refused(
            json!({ "$schema": "https://example.com/own-dialect" })
        ));
        assert!(refused(json!({ "type": "nonsense" })));
    }

    #[test]
    fn formats_forbid_something_only_where_that_was_agreed_on() {
        let schema = json!({ "type": "string", "format": "email" });
        let (annotated, asserted) = (Compiled::default(), Compiled::with_formats());
        let value = json!("nobody");
        assert_eq!(problems(annotated.of(&schema).unwrap(), &value), None);
        let problem = problems(asserted.of(&schema).unwrap(), &value).unwrap();
        assert!(
            problem.starts_with("/: ") && problem.contains("email"),
            "{problem}"
        );
    }

    #[test]
    fn t_2607_42_expensive_patterns_end() {
        let schema = json!({ "type": "string", "pattern": "^(?=(a+)+$)(a+)+\\1$" });
        assert!(check(&schema, &json!(format!("{}b", "a".repeat(60)))).is_some());
    }

    #[test]
    fn t_2607_42_schemas_that_refer_to_themselves_end() {
        for schema in [
            json!({ "type": "object", "$ref": "#" }),
            json!({ "allOf": [{ "$ref": "#" }] }),
            json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }),
            json!({ "anyOf": [{ "$ref": "#" }, { "not": { "$ref": "#" } }] }),
        ] {
            if let Ok(validator) = compile(&schema, Formats::Annotate) {
                problems(&validator, &json!({ "a": 1 }));
            }
        }
    }
}
