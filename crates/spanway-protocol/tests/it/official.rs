//! The published data of the specification: JSON Schemas by revision and example messages.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use spanway_protocol::ProtocolVersion;
use spanway_protocol::schema::Project;

use crate::samples::write;

/// The folder with the published data; `None` where there is none and nobody insists.
pub(crate) fn folder() -> Option<PathBuf> {
    let given = env::var_os("SPANWAY_SPEC_DATA").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let found = given.or_else(|| beside.is_dir().then_some(beside));
    if found.is_none() {
        let in_ci = env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!in_ci, "SPANWAY_SPEC_DATA must name the published schemas");
        eprintln!("skipped: SPANWAY_SPEC_DATA names no folder with the published schemas");
    }
    found
}

/// One definition of one revision: as it is published, and closed, so that nothing of another revision
/// passes.
pub(crate) struct Definition {
    version: ProtocolVersion,
    name: &'static str,
    validators: [Validator; 2],
}

impl Definition {
    /// The definition of that name; `None` where the published schemas are not at hand.
    pub(crate) fn find(version: ProtocolVersion, name: &'static str) -> Option<Self> {
        let documents = &documents()?[&version];
        let validator = |document| jsonschema::validator_for(&pointing_to(document, name)).unwrap();
        Some(Self {
            version,
            name,
            validators: documents.each_ref().map(validator),
        })
    }

    /// Checks what is written of `value` for the revision.
    pub(crate) fn check<T: Project>(&self, value: &T) {
        self.check_json(&write(self.version, value));
    }

    /// Checks a message that is written already.
    pub(crate) fn check_json(&self, written: &Value) {
        assert_no_null(written);
        for (kind, validator) in ["published", "closed"].iter().zip(&self.validators) {
            let problems = validator.iter_errors(written);
            let problems: Vec<_> = problems
                .map(|problem| format!("{}: {problem}", problem.instance_path()))
                .collect();
            let (version, name) = (self.version, self.name);
            assert!(
                problems.is_empty(),
                "{version} {kind} {name}: {problems:#?}\n{written:#}"
            );
        }
    }
}

type Documents = HashMap<ProtocolVersion, [Value; 2]>;

fn documents() -> Option<&'static Documents> {
    static DOCUMENTS: OnceLock<Option<Documents>> = OnceLock::new();
    let read = || {
        let folder = folder()?.join("schema");
        let read = |version: ProtocolVersion| {
            let text = fs::read_to_string(folder.join(format!("{version}.json"))).unwrap();
            let published: Value = serde_json::from_str(&text).unwrap();
            let mut closed = published.clone();
            close(&mut closed);
            (version, [published, closed])
        };
        Some(ProtocolVersion::ALL.into_iter().map(read).collect())
    };
    DOCUMENTS.get_or_init(read).as_ref()
}

fn pointing_to(document: &Value, definition: &str) -> Value {
    let key = if document.get("$defs").is_some() {
        "$defs"
    } else {
        "definitions"
    };
    assert!(
        document[key].get(definition).is_some(),
        "{definition} is not in this revision"
    );
    json!({
        "$schema": document["$schema"],
        "$ref": format!("#/{key}/{definition}"),
        key: document[key],
    })
}

/// Forbids what is not listed, but for schemas and data that are open by their nature.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            let listed = map.get("properties").is_some_and(is_not_empty);
            if listed && map.get("type") == Some(&json!("object")) {
                map.entry("additionalProperties").or_insert(json!(false));
            }
            let open = |key: &str| {
                key.ends_with("MetaObject") || ["inputSchema", "outputSchema"].contains(&key)
            };
            map.iter_mut()
                .filter(|(key, _)| !open(key))
                .for_each(|(_, value)| close(value));
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

fn is_not_empty(properties: &Value) -> bool {
    properties
        .as_object()
        .is_some_and(|map: &Map<_, _>| !map.is_empty())
}

/// Trap 44: an optional field is left out, never `null`.
fn assert_no_null(value: &Value) {
    match value {
        Value::Null => panic!("an optional field is written as null"),
        Value::Array(items) => items.iter().for_each(assert_no_null),
        Value::Object(map) => map.values().for_each(assert_no_null),
        _ => {}
    }
}
