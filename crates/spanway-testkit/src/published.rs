//! What the specification publishes to test against: where it is, and the JSON Schema of each revision.
//!
//! Nothing of it is in this repository. `SPANWAY_SPEC_DATA` names the folder; without one nothing can be
//! checked, which is said once, and is a failure where `CI=true`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use spanway_protocol::ProtocolVersion;

/// The folder with the published data; `None` where there is none and nobody insists.
///
/// # Panics
/// With `CI=true` there must be one.
pub fn folder() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER.get_or_init(find_folder).as_deref()
}

fn find_folder() -> Option<PathBuf> {
    let given = env::var_os("SPANWAY_SPEC_DATA").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let found = given.or_else(|| beside.is_dir().then_some(beside));
    if found.is_none() {
        let in_ci = env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!in_ci, "SPANWAY_SPEC_DATA must name the published schemas");
        eprintln!("unchecked: SPANWAY_SPEC_DATA names no folder with the published schemas");
    }
    found
}

/// Alternatives of one kind of message, each for its own method.
const UNIONS: [&str; 3] = ["ClientRequest", "ServerRequest", "ServerNotification"];

/// How strictly a definition is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reading {
    /// As it is published: what is not listed is allowed.
    Open,
    /// What is not listed is forbidden, so that nothing of another revision passes. Schemas and data that
    /// are open by their nature stay open.
    Closed,
}

/// The schema of one revision. Validators are made when they are first needed, once per process.
#[derive(Debug)]
pub struct Revision {
    version: ProtocolVersion,
    key: &'static str,
    open: Value,
    closed: Value,
    methods: HashMap<&'static str, BTreeMap<String, String>>,
    validators: Mutex<HashMap<(String, Reading), Arc<Validator>>>,
}

impl Revision {
    /// The schema of this revision; `None` where the published data is not at hand.
    pub fn of(version: ProtocolVersion) -> Option<&'static Self> {
        static REVISIONS: [OnceLock<Option<Revision>>; ProtocolVersion::ALL.len()] =
            [const { OnceLock::new() }; ProtocolVersion::ALL.len()];
        let index = ProtocolVersion::ALL.iter().position(|it| *it == version)?;
        REVISIONS[index]
            .get_or_init(|| Self::read(version, &format!("{version}.json")))
            .as_ref()
    }

    /// The schema of the tasks extension, which has the revision it extends in it. Its definitions are put
    /// together from others, so that they can only be read open.
    pub fn of_tasks() -> Option<&'static Self> {
        static TASKS: OnceLock<Option<Revision>> = OnceLock::new();
        let read = || Self::read(ProtocolVersion::V2026_07_28, "tasks-extension-draft.json");
        TASKS.get_or_init(read).as_ref()
    }

    fn read(version: ProtocolVersion, name: &str) -> Option<Self> {
        let file = folder()?.join("schema").join(name);
        let text = fs::read_to_string(&file);
        let text = text.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let open: Value = serde_json::from_str(&text).expect("a published schema is JSON");
        let mut closed = open.clone();
        close(&mut closed);
        let in_2020_12 = open.get("$defs").is_some();
        let key = if in_2020_12 { "$defs" } else { "definitions" };
        let methods = UNIONS.map(|union| (union, by_method(&open[key], union)));
        Some(Self {
            version,
            key,
            open,
            closed,
            methods: methods.into(),
            validators: Mutex::default(),
        })
    }

    /// The revision.
    pub fn version(&self) -> ProtocolVersion {
        self.version
    }

    /// The definition as it is published.
    pub fn definition(&self, name: &str) -> Option<&Value> {
        self.open[self.key].get(name)
    }

    /// Which definition of a union, `ClientRequest` for example, is the one for this method.
    pub fn of_method(&self, union: &str, method: &str) -> Option<&str> {
        self.methods.get(union)?.get(method).map(String::as_str)
    }

    /// What is wrong with `value` as a `name`; nothing if it is one.
    ///
    /// # Panics
    /// The revision has no such definition.
    pub fn problems(&self, name: &str, reading: Reading, value: &Value) -> Vec<String> {
        let validator = self.validator(name, reading);
        if validator.is_valid(value) {
            return Vec::new();
        }
        let problems = validator.iter_errors(value);
        problems
            .map(|problem| format!("{}: {problem}", problem.instance_path()))
            .collect()
    }

    fn validator(&self, name: &str, reading: Reading) -> Arc<Validator> {
        let mut validators = self
            .validators
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let make = || Arc::new(self.compile(name, reading));
        validators
            .entry((name.to_owned(), reading))
            .or_insert_with(make)
            .clone()
    }

    /// Only what the definition refers to goes in: that is quick to compile, the whole document is not.
    fn compile(&self, name: &str, reading: Reading) -> Validator {
        let document = match reading {
            Reading::Open => &self.open,
            Reading::Closed => &self.closed,
        };
        let mut needed = BTreeSet::new();
        let mut waiting = vec![name];
        while let Some(name) = waiting.pop() {
            let definition = document[self.key].get(name);
            let definition = definition.unwrap_or_else(|| panic!("{} has no {name}", self.version));
            if needed.insert(name) {
                references(definition, &mut waiting);
            }
        }
        let needed: Map<String, Value> = needed
            .into_iter()
            .map(|name| (name.to_owned(), document[self.key][name].clone()))
            .collect();
        let schema = json!({
            "$schema": document["$schema"],
            "$ref": format!("#/{}/{name}", self.key),
            self.key: needed,
        });
        jsonschema::validator_for(&schema).expect("a published schema is one")
    }
}

/// The definitions that a union has, by the method each is for.
fn by_method(definitions: &Value, union: &str) -> BTreeMap<String, String> {
    let alternatives = definitions[union]["anyOf"].as_array();
    let names = alternatives.into_iter().flatten().filter_map(referred);
    let with_method = names.filter_map(|name| {
        let method = definitions[name]["properties"]["method"]["const"].as_str()?;
        Some((method.to_owned(), name.to_owned()))
    });
    with_method.collect()
}

/// The name of the definition that a reference points to.
fn referred(schema: &Value) -> Option<&str> {
    let reference = schema.get("$ref")?.as_str()?;
    reference.rsplit_once('/').map(|(_, name)| name)
}

fn references<'a>(schema: &'a Value, found: &mut Vec<&'a str>) {
    found.extend(referred(schema));
    match schema {
        Value::Object(map) => map.values().for_each(|value| references(value, found)),
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
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
    properties.as_object().is_some_and(|map| !map.is_empty())
}
