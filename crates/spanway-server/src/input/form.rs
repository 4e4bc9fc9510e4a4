//! Forms out of Rust types, and what people filled in held against what was shown.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use spanway_protocol::ProtocolVersion;
use spanway_protocol::schema::{FormError, FormSchema};

use super::InputError;
use crate::validate::{Compiled, problems};

/// A form as it is shown, and the validator for exactly that, formats included.
pub(super) struct Form {
    shown: Value,
    compiled: Compiled,
}

impl Form {
    pub(super) fn new(
        key: &str,
        schema: &FormSchema,
        version: ProtocolVersion,
    ) -> Result<Self, InputError> {
        let form = Self {
            shown: schema.project(version)?,
            compiled: Compiled::with_formats(),
        };
        form.compiled
            .of(&form.shown)
            .map_err(|detail| InputError::question(key, detail.to_owned()))?;
        Ok(form)
    }

    /// The fields, or what is wrong with them (T-MRTR-12).
    pub(super) fn checked(&self, content: Option<Value>) -> Result<Value, String> {
        let content = content.unwrap_or_else(|| json!({}));
        let validator = self.compiled.of(&self.shown)?;
        match problems(validator, &content) {
            Some(problems) => Err(problems),
            None => Ok(content),
        }
    }
}

/// The form of a type.
pub(super) fn derived<T: JsonSchema>() -> Result<FormSchema, FormError> {
    let settings = SchemaSettings::draft2020_12()
        .for_deserialize()
        .with(|settings| settings.inline_subschemas = true);
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    if let Some(Value::Object(fields)) = schema.get_mut("properties") {
        fields.values_mut().for_each(simplify);
    }
    FormSchema::new(&schema)
}

/// Says what Rust types say in many words in the few that forms have: an optional field is one that is not
/// required, an enum without data is a choice, and the width of a number is its bounds.
fn simplify(field: &mut Value) {
    unwrap_optional(field);
    let Value::Object(field) = field else { return };
    if field.get("type").and_then(Value::as_str) == Some("array") {
        simplify_items(field);
        field.remove("uniqueItems");
    } else {
        simplify_choices(field, "oneOf");
    }
    if field.get("type").and_then(Value::as_str) != Some("string") {
        field.remove("format");
    }
    if field.get("default").is_some_and(Value::is_null) {
        field.remove("default");
    }
}

/// Takes `null` out of what a field may be.
fn unwrap_optional(field: &mut Value) {
    let Value::Object(outer) = field else { return };
    if let Some(Value::Array(kinds)) = outer.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [kind] = kinds.as_slice() {
            let kind = kind.clone();
            outer.insert("type".to_owned(), kind);
        }
    }
    if let Some(Value::Array(choices)) = outer.get_mut("enum") {
        choices.retain(|choice| !choice.is_null());
    }
    let Some(Value::Array(variants)) = outer.get("anyOf") else {
        return;
    };
    let mut some = variants
        .iter()
        .filter(|variant| variant.get("type") != Some(&Value::from("null")));
    if let (Some(Value::Object(inner)), None) = (some.next(), some.next()) {
        let mut merged = inner.clone();
        outer.remove("anyOf");
        merged.extend(std::mem::take(outer));
        *outer = merged;
    }
}

/// Variants with doc comments come as one schema each: their comments become titles.
fn simplify_choices(field: &mut Map<String, Value>, titled: &str) {
    let Some(Value::Array(variants)) = field.get("oneOf") else {
        return;
    };
    let mut choices = Vec::new();
    for variant in variants {
        let title = variant.get("title").or_else(|| variant.get("description"));
        match (variant.get("const"), variant.get("enum")) {
            (Some(value), _) => choices.push((value, title.unwrap_or(value))),
            (None, Some(Value::Array(values))) => {
                choices.extend(values.iter().map(|value| (value, value)));
            }
            _ => return,
        }
    }
    let choices: Vec<Value> = choices
        .into_iter()
        .map(|(value, title)| json!({ "const": value, "title": title }))
        .collect();
    field.remove("oneOf");
    field.insert(titled.to_owned(), choices.into());
    field.insert("type".to_owned(), "string".into());
}

fn simplify_items(field: &mut Map<String, Value>) {
    if let Some(Value::Object(items)) = field.get_mut("items") {
        simplify_choices(items, "anyOf");
        if items.contains_key("anyOf") {
            items.remove("type");
        }
        items.remove("description");
    }
}
