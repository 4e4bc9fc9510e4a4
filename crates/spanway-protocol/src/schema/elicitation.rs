//! Asking a person: forms of flat fields, and URLs to open.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::input::Unsupported;
use crate::version::ProtocolVersion;

/// Why a schema cannot be shown as a form (T-2506-05: a flat object of primitives).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {detail}")]
pub struct FormError {
    at: String,
    detail: String,
}

impl FormError {
    fn new(at: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            detail: detail.into(),
        }
    }
}

/// What a form asks for: an object whose fields are strings, numbers, booleans or choices.
#[derive(Debug, Clone, PartialEq)]
pub struct FormSchema(Value);

/// Keywords of every field.
const COMMON: [&str; 4] = ["type", "title", "description", "default"];

impl FormSchema {
    /// Checks that `schema` is a form in the sense of 2025-11-25, the richest revision.
    ///
    /// # Errors
    /// The root is no object, or a field is nested or uses a keyword that forms do not have.
    pub fn new(schema: &Value) -> Result<Self, FormError> {
        if schema.get("type") != Some(&Value::from("object")) {
            return Err(FormError::new("form", "the root must be an object"));
        }
        let none = Map::new();
        let fields = match schema.get("properties") {
            None => &none,
            Some(Value::Object(fields)) => fields,
            Some(_) => return Err(FormError::new("properties", "must be an object")),
        };
        for (name, field) in fields {
            let field = field.as_object().ok_or("must be an object".to_owned());
            field
                .and_then(check_field)
                .map_err(|detail| FormError::new(format!("field {name:?}"), detail))?;
        }
        let mut form = json!({ "type": "object", "properties": fields });
        if let Some(required) = schema.get("required") {
            let names = required.as_array().map(Vec::as_slice).unwrap_or_default();
            if let Some(unknown) = names
                .iter()
                .find(|name| !name.as_str().is_some_and(|name| fields.contains_key(name)))
            {
                return Err(FormError::new("required", format!("{unknown} is no field")));
            }
            if !names.is_empty() {
                form["required"] = Value::from(names);
            }
        }
        Ok(Self(form))
    }

    /// The form as `version` knows it; what is shown is what answers are held against.
    ///
    /// # Errors
    /// The revision cannot show it: no forms before 2025-06-18, and no choice of several there.
    pub fn project(&self, version: ProtocolVersion) -> Result<Value, Unsupported> {
        if version >= ProtocolVersion::V2025_11_25 {
            return Ok(self.0.clone());
        }
        if version < ProtocolVersion::V2025_06_18 {
            return Err(Unsupported::new("forms", version));
        }
        let mut form = self.0.clone();
        if let Some(Value::Object(fields)) = form.get_mut("properties") {
            for field in fields.values_mut().filter_map(Value::as_object_mut) {
                project_field(field, version)?;
            }
        }
        Ok(form)
    }
}

/// 2025-06-18 has defaults for booleans only, titles of choices beside them, and no choice of several.
fn project_field(
    field: &mut Map<String, Value>,
    version: ProtocolVersion,
) -> Result<(), Unsupported> {
    if field.get("type") == Some(&Value::from("array")) {
        return Err(Unsupported::new("choices of several in a form", version));
    }
    if field.get("type") != Some(&Value::from("boolean")) {
        field.remove("default");
    }
    if let Some(Value::Array(choices)) = field.remove("oneOf") {
        let all = |key: &str| -> Vec<Value> {
            choices
                .iter()
                .filter_map(|choice| choice.get(key).cloned())
                .collect()
        };
        field.insert("enum".to_owned(), all("const").into());
        field.insert("enumNames".to_owned(), all("title").into());
    }
    Ok(())
}

fn check_field(field: &Map<String, Value>) -> Result<(), String> {
    let kind = field.get("type").and_then(Value::as_str);
    let own: &[&str] = match kind {
        Some("string") if field.contains_key("oneOf") => {
            check_choices(&field["oneOf"])?;
            &["oneOf"]
        }
        Some("string") if field.contains_key("enum") => {
            check_strings("enum", &field["enum"])?;
            check_names(field)?;
            &["enum", "enumNames"]
        }
        Some("string") => {
            check_format(field)?;
            &["minLength", "maxLength", "format"]
        }
        Some("number" | "integer") => &["minimum", "maximum"],
        Some("boolean") => &[],
        Some("array") => {
            check_items(field.get("items"))?;
            &["items", "minItems", "maxItems"]
        }
        _ => return Err("must be a string, number, integer, boolean or choice".to_owned()),
    };
    let foreign = field
        .keys()
        .find(|key| !COMMON.contains(&key.as_str()) && !own.contains(&key.as_str()));
    match foreign {
        Some(key) => Err(format!("{key} is not a keyword of such a field")),
        None => Ok(()),
    }
}

fn check_format(field: &Map<String, Value>) -> Result<(), String> {
    match field.get("format") {
        None => Ok(()),
        Some(Value::String(format))
            if ["date", "date-time", "email", "uri"].contains(&format.as_str()) =>
        {
            Ok(())
        }
        Some(_) => Err("format must be date, date-time, email or uri".to_owned()),
    }
}

fn check_items(items: Option<&Value>) -> Result<(), String> {
    let items = items
        .and_then(Value::as_object)
        .ok_or("an array must have items to choose from")?;
    match (items.get("enum"), items.get("anyOf")) {
        (Some(choices), None) => check_strings("items/enum", choices),
        (None, Some(choices)) => check_choices(choices),
        _ => Err("items must have either enum or anyOf".to_owned()),
    }
}

fn check_strings(at: &str, choices: &Value) -> Result<(), String> {
    match choices.as_array() {
        Some(choices) if !choices.is_empty() && choices.iter().all(Value::is_string) => Ok(()),
        _ => Err(format!("{at} must be a list of strings")),
    }
}

fn check_names(field: &Map<String, Value>) -> Result<(), String> {
    let Some(names) = field.get("enumNames") else {
        return Ok(());
    };
    check_strings("enumNames", names)?;
    let count = |list: &Value| list.as_array().map(Vec::len);
    if count(names) == count(&field["enum"]) {
        Ok(())
    } else {
        Err("enumNames must have one name for each choice".to_owned())
    }
}

fn check_choices(choices: &Value) -> Result<(), String> {
    let titled = |choice: &Value| {
        choice.get("const").is_some_and(Value::is_string)
            && choice.get("title").is_some_and(Value::is_string)
    };
    match choices.as_array() {
        Some(choices) if !choices.is_empty() && choices.iter().all(titled) => Ok(()),
        _ => Err("choices must each have a const and a title, both strings".to_owned()),
    }
}

/// What became of a question to a person.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ElicitResult {
    /// What the person did.
    pub action: ElicitAction,
    /// The fields of the form, if it was filled in.
    #[serde(default)]
    pub content: Option<Value>,
}

/// What a person did with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(
    clippy::exhaustive_enums,
    reason = "the specification knows these three"
)]
pub enum ElicitAction {
    /// Said yes; for a URL that means consent to open it, not that anything is done there (T-MRTR-11).
    Accept,
    /// Said no.
    Decline,
    /// Left it unanswered.
    Cancel,
}
