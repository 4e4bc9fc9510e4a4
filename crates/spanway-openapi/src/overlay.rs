//! An OpenAPI Overlay (1.0): what an operator changes in a document without touching it.
//!
//! Actions are applied in order, to the document as it is written, before anything is read from it.

use serde_json::{Map, Value};
use serde_json_path::{JsonPath, NormalizedPath, PathElement};

use crate::limits::{
    DOCUMENT_DEPTH_MAX, OVERLAY_ACTIONS_MAX, OVERLAY_BYTES_MAX, OVERLAY_TARGETS_MAX,
};
use crate::pointer;
use crate::problem::Problem;

/// Why an overlay cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OverlayError {
    /// No `overlay: 1.0.x` at the root.
    #[error("not an OpenAPI Overlay 1.0: its `overlay` member does not say so")]
    NotOverlay,
    /// An action that cannot be understood.
    #[error("{pointer}: {reason}")]
    Action {
        /// Where it stands in the overlay, as a JSON Pointer.
        pointer: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// An overlay, every action understood.
#[derive(Debug, Clone)]
pub(crate) struct Overlay {
    actions: Vec<Action>,
}

#[derive(Debug, Clone)]
struct Action {
    pointer: String,
    target: JsonPath,
    change: Change,
}

#[derive(Debug, Clone)]
enum Change {
    Update(Update),
    Remove,
}

/// What is added to a document, and how much that is.
#[derive(Debug, Clone)]
struct Update {
    value: Value,
    bytes: usize,
    depth: usize,
}

/// A step into a tree, and with it where a target stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Name(String),
    Index(usize),
}

impl Overlay {
    /// Reads an overlay from a tree of values.
    pub(crate) fn from_value(root: &Value) -> Result<Self, OverlayError> {
        let version = root.get("overlay").and_then(Value::as_str);
        if !version.is_some_and(|it| it == "1.0" || it.starts_with("1.0.")) {
            return Err(OverlayError::NotOverlay);
        }
        let wrong = |reason: String| OverlayError::Action {
            pointer: "/actions".to_owned(),
            reason,
        };
        let actions = root.get("actions").and_then(Value::as_array);
        let actions = actions.ok_or_else(|| wrong("must be a list".to_owned()))?;
        if actions.len() > OVERLAY_ACTIONS_MAX {
            return Err(wrong(format!("more than {OVERLAY_ACTIONS_MAX} actions")));
        }
        let read = actions
            .iter()
            .enumerate()
            .map(|(at, it)| Action::read(it, at));
        Ok(Self {
            actions: read.collect::<Result<_, _>>()?,
        })
    }

    /// Applies every action. What changed nothing is a note, for it is rarely meant.
    pub(crate) fn apply(&self, root: &mut Value) -> Result<Vec<Problem>, OverlayError> {
        let mut notes = Vec::new();
        let mut bytes_left = OVERLAY_BYTES_MAX;
        for action in &self.actions {
            let targets = action.targets(root)?;
            if targets.is_empty() {
                let message = "the target of this action of the overlay is not in the document";
                notes.push(Problem::note(&action.pointer, message));
            }
            match &action.change {
                // From the end, so that what is left to remove stays where it is.
                Change::Remove => targets.iter().rev().for_each(|steps| remove(root, steps)),
                Change::Update(update) => {
                    for steps in &targets {
                        if steps.len() + update.depth > DOCUMENT_DEPTH_MAX {
                            return Err(action.wrong("the document would be nested too deeply"));
                        }
                        bytes_left = bytes_left
                            .checked_sub(update.bytes)
                            .ok_or_else(|| action.wrong("the overlay adds too much"))?;
                        let target = find(root, steps).ok_or_else(|| action.wrong("is gone"))?;
                        action.update(target, &update.value)?;
                    }
                }
            }
        }
        Ok(notes)
    }
}

impl Action {
    fn read(action: &Value, at: usize) -> Result<Self, OverlayError> {
        let pointer = pointer::child("/actions", at.to_string());
        let wrong = |key: &str, reason: String| OverlayError::Action {
            pointer: pointer::child(&pointer, key),
            reason,
        };
        let target = action.get("target").and_then(Value::as_str);
        let target = target.ok_or_else(|| wrong("target", "must be a JSONPath".to_owned()))?;
        let target = JsonPath::parse(target)
            .map_err(|error| wrong("target", format!("this is no JSONPath (RFC 9535): {error}")))?;
        let change = match (action.get("remove"), action.get("update")) {
            (Some(Value::Bool(true)), _) => Change::Remove,
            (None | Some(Value::Bool(false)), Some(update)) => Change::Update(Update {
                value: update.clone(),
                bytes: update.to_string().len(),
                depth: depth(update),
            }),
            (None | Some(Value::Bool(false)), None) => {
                let reason = "an action says `update` or `remove: true`";
                return Err(wrong("update", reason.to_owned()));
            }
            (Some(_), _) => return Err(wrong("remove", "must be a boolean".to_owned())),
        };
        Ok(Self {
            target,
            change,
            pointer,
        })
    }

    fn wrong(&self, reason: &str) -> OverlayError {
        OverlayError::Action {
            pointer: self.pointer.clone(),
            reason: reason.to_owned(),
        }
    }

    /// Where the target is found, each place once, in the order of names and indices.
    fn targets(&self, root: &Value) -> Result<Vec<Vec<Step>>, OverlayError> {
        let found = self.target.query_located(root);
        if found.len() > OVERLAY_TARGETS_MAX {
            return Err(self.wrong(&format!("it means more than {OVERLAY_TARGETS_MAX} places")));
        }
        let mut targets: Vec<_> = found.locations().map(steps).collect();
        targets.sort();
        targets.dedup();
        Ok(targets)
    }

    fn update(&self, target: &mut Value, update: &Value) -> Result<(), OverlayError> {
        match (target, update) {
            (Value::Object(target), Value::Object(update)) => merge(target, update),
            (Value::Array(target), entry) => target.push(entry.clone()),
            (Value::Object(_), _) => {
                return Err(self.wrong("the target is an object, so the update must be one"));
            }
            _ => return Err(self.wrong("the target must be an object or a list")),
        }
        Ok(())
    }
}

/// Objects are merged, lists joined, anything else is replaced.
fn merge(target: &mut Map<String, Value>, update: &Map<String, Value>) {
    for (key, value) in update {
        match (target.get_mut(key), value) {
            (Some(Value::Object(target)), Value::Object(update)) => merge(target, update),
            (Some(Value::Array(target)), Value::Array(more)) => target.extend(more.clone()),
            _ => {
                target.insert(key.clone(), value.clone());
            }
        }
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or_default(),
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

fn steps(path: &NormalizedPath<'_>) -> Vec<Step> {
    let each = path.iter().map(|element| match element {
        PathElement::Name(name) => Step::Name((*name).to_owned()),
        PathElement::Index(index) => Step::Index(*index),
    });
    each.collect()
}

fn find<'v>(root: &'v mut Value, steps: &[Step]) -> Option<&'v mut Value> {
    steps.iter().try_fold(root, |value, step| match step {
        Step::Name(name) => value.get_mut(name),
        Step::Index(index) => value.get_mut(*index),
    })
}

fn remove(root: &mut Value, steps: &[Step]) {
    let Some((last, parents)) = steps.split_last() else {
        return;
    };
    match (find(root, parents), last) {
        (Some(Value::Object(map)), Step::Name(name)) => {
            // The order of what is left is that of the document, and of the tools.
            map.shift_remove(name);
        }
        (Some(Value::Array(list)), Step::Index(index)) if *index < list.len() => {
            list.remove(*index);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
