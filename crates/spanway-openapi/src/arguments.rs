//! All an operation takes as one argument object: its schema, and where each argument goes.
//!
//! Parameters and the properties of an object body stand side by side. A body that is no plain
//! object is the one argument `body`. Arguments that want the same name all carry their place:
//! `id__path`, `id__query`, `id__header`, `id__cookie`, `id__body`. A name that some client would
//! refuse is made legal (`include[]` becomes `include`), and the description says how it is sent.

mod file;
mod flatten;

use serde_json::{Map, Value, json};

use crate::limits::INPUT_SCHEMA_BYTES_MAX;
use crate::naming::argument_names;
use crate::operation::{Body, BodyKind, Parameter};
use crate::schema::{Direction, SchemaReader, strip_annotations};
use file::as_file;
use flatten::{Flat, flatten};

/// The argument object of an operation.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Arguments {
    /// Its schema: JSON Schema 2020-12, self-contained, `type: object` at the root.
    pub schema: Value,
    /// Where each argument goes.
    pub bindings: Vec<Binding>,
    /// Whether arguments that are not declared go into the body.
    pub extras_into_body: bool,
}

/// One argument and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Binding {
    /// The name of the argument.
    pub argument: String,
    /// Where it goes.
    pub target: Target,
    /// Whether a call must give it.
    pub required: bool,
}

/// Where an argument goes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// Into the parameter with this index.
    Parameter(usize),
    /// Into a property of the body.
    Property {
        /// The name of the property.
        name: String,
        /// Whether the value stands for a file, in base64 or as a `data:` URI.
        file: bool,
    },
    /// It is the body.
    Body,
}

/// One argument before it has a name.
struct Draft {
    declared: String,
    place: &'static str,
    schema: Value,
    target: Target,
    required: bool,
}

impl Arguments {
    /// Lays out the arguments of an operation with these parameters and this body.
    pub(crate) fn new(
        schemas: &mut SchemaReader<'_>,
        parameters: &[Parameter],
        body: Option<&Body>,
    ) -> Self {
        let mut drafts: Vec<Draft> = parameters.iter().enumerate().map(parameter_draft).collect();
        let flat = body.and_then(|body| flatten(schemas, body));
        match (&flat, body) {
            (Some(flat), Some(body)) => drafts.extend(property_drafts(schemas, flat, body)),
            (None, Some(body)) => drafts.push(body_draft(body)),
            (_, None) => {}
        }
        let wanted: Vec<(&str, &str)> = drafts
            .iter()
            .map(|draft| (draft.declared.as_str(), draft.place))
            .collect();
        let names = argument_names(&wanted);
        let optional_body = body.is_some_and(|body| !body.required);
        let additional = match &flat {
            Some(flat) => flat.additional.clone(),
            None => Some(Value::Bool(false)),
        };
        let mut root = root(&names, &drafts, additional.as_ref());
        if let Some(flat) = flat.as_ref().filter(|_| optional_body) {
            require_together(&mut root, &names, &drafts, flat);
        }
        let mut schema = schemas.assemble(root, Direction::Input);
        if schema.to_string().len() > INPUT_SCHEMA_BYTES_MAX {
            shrink(&mut schema);
        }
        let bindings = names
            .into_iter()
            .zip(drafts)
            .map(|(argument, draft)| Binding {
                argument,
                target: draft.target,
                required: draft.required,
            });
        Self {
            schema,
            bindings: bindings.collect(),
            extras_into_body: additional != Some(Value::Bool(false)),
        }
    }
}

fn parameter_draft((index, parameter): (usize, &Parameter)) -> Draft {
    let mut schema = parameter.schema.clone();
    describe(&mut schema, parameter.description.as_deref());
    if let (true, Value::Object(map)) = (parameter.deprecated, &mut schema) {
        map.insert("deprecated".to_owned(), Value::Bool(true));
    }
    Draft {
        declared: parameter.name.clone(),
        place: parameter.location.as_str(),
        schema,
        target: Target::Parameter(index),
        required: parameter.required,
    }
}

fn property_drafts(schemas: &mut SchemaReader<'_>, flat: &Flat, body: &Body) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (name, schema) in &flat.properties {
        let file = match body.kind {
            BodyKind::Multipart => as_file(schemas, schema),
            _ => None,
        };
        drafts.push(Draft {
            declared: name.clone(),
            place: "body",
            target: Target::Property {
                name: name.clone(),
                file: file.is_some(),
            },
            schema: file.unwrap_or_else(|| schema.clone()),
            // An optional body may be left out as a whole, see `require_together`.
            required: body.required && flat.required.contains(name),
        });
    }
    drafts
}

fn body_draft(body: &Body) -> Draft {
    let mut schema = match body.kind {
        BodyKind::Json | BodyKind::Form | BodyKind::Multipart => body.schema.clone(),
        BodyKind::Text => json!({
            "type": "string",
            "description": format!("The request body, as {} text.", body.media_type),
        }),
        BodyKind::Binary => json!({
            "type": "string",
            "contentEncoding": "base64",
            "description": format!("The request body ({}), as base64 or a data: URI.", body.media_type),
        }),
    };
    match body.kind {
        BodyKind::Text | BodyKind::Binary => {}
        _ => describe(&mut schema, body.description.as_deref()),
    }
    Draft {
        declared: "body".to_owned(),
        place: "body",
        schema,
        target: Target::Body,
        required: body.required,
    }
}

/// Lets the words of the parameter stand before those of its schema.
fn describe(schema: &mut Value, words: Option<&str>) {
    if *schema == Value::Bool(true) {
        *schema = json!({});
    }
    if let (Some(words), Value::Object(map)) = (words, schema) {
        map.insert("description".to_owned(), words.into());
    }
}

fn root(names: &[String], drafts: &[Draft], additional: Option<&Value>) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, draft) in names.iter().zip(drafts) {
        let mut schema = draft.schema.clone();
        let plain = [
            draft.declared.clone(),
            format!("{}__{}", draft.declared, draft.place),
        ];
        if !plain.contains(name) {
            say_how_it_is_sent(&mut schema, draft);
        }
        properties.insert(name.clone(), schema);
        if draft.required {
            required.push(Value::String(name.clone()));
        }
    }
    let mut root = Map::new();
    root.insert("type".to_owned(), "object".into());
    root.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        root.insert("required".to_owned(), Value::Array(required));
    }
    if let Some(additional) = additional {
        root.insert("additionalProperties".to_owned(), additional.clone());
    }
    root
}

fn say_how_it_is_sent(schema: &mut Value, draft: &Draft) {
    if let Value::Object(map) = schema {
        let words = map
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let sent = format!("{words} (sent as `{}`)", draft.declared);
        map.insert("description".to_owned(), sent.trim_start().into());
    }
}

/// An optional body may be left out; but once a part of it is given, so must its required parts be.
fn require_together(
    root: &mut Map<String, Value>,
    names: &[String],
    drafts: &[Draft],
    flat: &Flat,
) {
    let in_body: Vec<(&String, bool)> = names
        .iter()
        .zip(drafts)
        .filter_map(|(argument, draft)| match &draft.target {
            Target::Property { name, .. } => Some((argument, flat.required.contains(name))),
            _ => None,
        })
        .collect();
    let required: Vec<&String> = in_body.iter().filter(|it| it.1).map(|it| it.0).collect();
    let mut together = Map::new();
    for (argument, _) in &in_body {
        let others: Vec<Value> = required
            .iter()
            .filter(|it| **it != *argument)
            .map(|it| Value::String((*it).clone()))
            .collect();
        if !others.is_empty() {
            together.insert((*argument).clone(), Value::Array(others));
        }
    }
    if !together.is_empty() {
        root.insert("dependentRequired".to_owned(), Value::Object(together));
    }
}

/// Leaves the words out of the definitions: what validates stays, what explains goes.
fn shrink(schema: &mut Value) {
    if let Some(Value::Object(definitions)) = schema.get_mut("$defs") {
        definitions.values_mut().for_each(strip_annotations);
    }
}

#[cfg(test)]
mod tests;
