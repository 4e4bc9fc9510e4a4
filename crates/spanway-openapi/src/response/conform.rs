//! Whether a JSON answer is what the output schema promises, forgiving the one thing most APIs do:
//! sending `null` for an optional field.

use jsonschema::Validator;
use serde_json::Value;

/// Nulls forgiven in one answer.
const NULLS_MAX: usize = 10_000;

/// What came of the check.
#[derive(Debug, PartialEq)]
pub(super) enum Conformance {
    /// The answer conforms, perhaps without some nulls.
    Conforms(Value),
    /// It does not; what is wrong first.
    Differs(String),
}

/// Checks `value`; nulls where the schema has none are left out.
pub(super) fn conform(validator: &Validator, mut value: Value) -> Conformance {
    if validator.is_valid(&value) {
        return Conformance::Conforms(value);
    }
    let nulls: Vec<String> = validator
        .iter_errors(&value)
        .take(NULLS_MAX)
        .filter(|error| error.instance().is_null())
        .map(|error| error.instance_path().as_str().to_owned())
        .collect();
    for pointer in &nulls {
        remove_member(&mut value, pointer);
    }
    match first_problem(validator, &value) {
        None => Conformance::Conforms(value),
        Some(problem) => Conformance::Differs(problem),
    }
}

/// What is wrong first, without the answer's own values: the text is logged.
fn first_problem(validator: &Validator, value: &Value) -> Option<String> {
    let error = validator.iter_errors(value).next()?;
    let at = match error.instance_path().as_str() {
        "" => "/",
        at => at,
    };
    Some(format!("at {at} {}", error.masked()))
}

/// Removes the member of an object; items of lists stay, for others would move up.
fn remove_member(value: &mut Value, pointer: &str) {
    let Some((parent, name)) = pointer.rsplit_once('/') else {
        return;
    };
    let name = name.replace("~1", "/").replace("~0", "~");
    if let Some(Value::Object(map)) = value.pointer_mut(parent) {
        map.shift_remove(&name);
    }
}
