//! Answers in another shape, as the operator wants them: a JMESPath expression, or fields that are left out.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jmespath::Expression;
use serde_json::Value;

/// What is done to the JSON of a successful answer before anyone sees it.
///
/// [`FromStr`] reads a [JMESPath](https://jmespath.org) expression: `items[].{id: id, name: name}`.
#[derive(Clone)]
pub struct Shape(Step);

#[derive(Clone)]
enum Step {
    Search(Arc<Expression<'static>>),
    /// Paths of names.
    Drop(Vec<Vec<String>>),
}

/// A text that is no JMESPath expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{expression:?} is no JMESPath expression: {reason} at character {column}")]
pub struct ShapeError {
    expression: String,
    reason: String,
    column: usize,
}

impl FromStr for Shape {
    type Err = ShapeError;

    fn from_str(text: &str) -> Result<Self, ShapeError> {
        let compiled = jmespath::compile(text).map_err(|error| ShapeError {
            expression: text.to_owned(),
            reason: error.reason.to_string().to_lowercase(),
            column: error.column,
        })?;
        Ok(Self(Step::Search(Arc::new(compiled))))
    }
}

impl Shape {
    /// Leaves fields out, each given by its path: `owner.email`. Lists are gone into by themselves.
    #[must_use]
    pub fn without(fields: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let path = |field: &str| field.split('.').map(|it| it.trim().to_owned()).collect();
        let fields = fields.into_iter().map(|field| path(field.as_ref()));
        Self(Step::Drop(fields.collect()))
    }

    /// The value in this shape; `None` if the expression cannot be evaluated on it.
    pub(super) fn apply(&self, mut value: Value) -> Option<Value> {
        match &self.0 {
            Step::Search(expression) => {
                let found = expression.search(value);
                // The answer's own values stay out of the log.
                let found = found.inspect_err(
                    |_| tracing::warn!(expression = %expression, "does not apply to the answer"),
                );
                serde_json::to_value(&*found.ok()?).ok()
            }
            Step::Drop(fields) => {
                fields.iter().for_each(|field| leave_out(&mut value, field));
                Some(value)
            }
        }
    }
}

fn leave_out(value: &mut Value, path: &[String]) {
    match (value, path) {
        (Value::Array(items), _) => items.iter_mut().for_each(|item| leave_out(item, path)),
        (Value::Object(map), [last]) => {
            map.shift_remove(last);
        }
        (Value::Object(map), [first, rest @ ..]) => {
            if let Some(member) = map.get_mut(first) {
                leave_out(member, rest);
            }
        }
        _ => {}
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Step::Search(expression) => f.debug_tuple("Shape").field(&expression.as_str()).finish(),
            Step::Drop(fields) => f.debug_tuple("Shape").field(fields).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn expressions_pick() {
        let shape: Shape = "items[?stock > `0`].{id: id, by: author.name} | [:2]"
            .parse()
            .unwrap();
        let book =
            |id: u64, stock| json!({"id": id, "stock": stock, "author": {"name": "A", "age": 7}});
        let list = json!({"items": [book(u64::MAX, 1), book(2, 0), book(3, 2), book(4, 1)]});
        let picked = json!([{"id": u64::MAX, "by": "A"}, {"id": 3, "by": "A"}]);
        assert_eq!(shape.apply(list), Some(picked));
        assert_eq!(
            "sum(@)".parse::<Shape>().unwrap().apply(json!("secret")),
            None
        );
    }

    #[test]
    fn fields_are_left_out_wherever_lists_lead() {
        let shape = Shape::without(["items.owner.email", "total", "nothing.here"]);
        let list = json!({"total": 2, "items": [[{"owner": {"email": 1, "id": 2}}], {"owner": 3}]});
        let left = json!({"items": [[{"owner": {"id": 2}}], {"owner": 3}]});
        assert_eq!(shape.apply(list), Some(left));
    }

    #[test]
    fn what_is_no_expression_is_said_with_its_place() {
        let error = "items[".parse::<Shape>().unwrap_err().to_string();
        assert!(error.contains("is no JMESPath expression"), "{error}");
    }
}
