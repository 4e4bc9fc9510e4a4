//! Several APIs under one server: prefixes for their tools, and what happens when two want the same name.

use std::collections::HashMap;

use crate::catalog::Catalog;
use crate::hash::{short_hash, shorten};
use crate::limits::TOOL_NAME_BYTES_MAX;
use crate::problem::Problem;

/// What to do with tools of different APIs that have the same name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClashPolicy {
    /// Refuse to go on.
    #[default]
    Refuse,
    /// Keep that of the first API, and leave the others out.
    First,
    /// Keep that of the first API, and add to the others a hash of their API and operation.
    Rename,
}

/// Two APIs have a tool of the same name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{first:?} and {second:?} both have a tool {name:?}")]
pub struct NameClash {
    /// The name.
    pub name: String,
    /// The title of the API that had it first.
    pub first: String,
    /// The title of the other.
    pub second: String,
}

impl Catalog {
    /// Puts `prefix` and an underscore before every tool's name, and before what [`guide`](Self::guide) adds.
    #[must_use]
    pub fn prefixed(mut self, prefix: &str) -> Self {
        self.set_prefix(prefix);
        for operation in self.operations_mut() {
            let identity = format!("{} {}", operation.method, operation.path);
            let name = format!("{prefix}_{}", operation.name);
            operation.name = shorten(&name, &identity, TOOL_NAME_BYTES_MAX);
        }
        self
    }
}

/// Makes the tool names of several APIs unique.
///
/// # Errors
/// Two are the same, and `policy` refuses that.
pub fn settle_clashes(catalogs: &mut [Catalog], policy: ClashPolicy) -> Result<(), NameClash> {
    let title = |catalog: &Catalog| catalog.title().unwrap_or("untitled").to_owned();
    let mut taken: HashMap<String, String> = HashMap::new();
    for catalog in catalogs {
        let api = title(catalog);
        let mut lost = Vec::new();
        let mut clash = None;
        catalog.operations_mut().retain_mut(|operation| {
            let Some(first) = taken.get(&operation.name) else {
                taken.insert(operation.name.clone(), api.clone());
                return true;
            };
            match policy {
                ClashPolicy::Refuse => {
                    clash.get_or_insert_with(|| NameClash {
                        name: operation.name.clone(),
                        first: first.clone(),
                        second: api.clone(),
                    });
                    true
                }
                ClashPolicy::First => {
                    let message = format!("{first:?} has a tool {:?} too", operation.name);
                    lost.push(Problem::operation(&operation.pointer, message));
                    false
                }
                ClashPolicy::Rename => {
                    let identity = format!("{api} {} {}", operation.method, operation.path);
                    operation.name = free_name(&operation.name, identity, &taken);
                    taken.insert(operation.name.clone(), api.clone());
                    true
                }
            }
        });
        if let Some(clash) = clash {
            return Err(clash);
        }
        catalog.add_problems(lost);
    }
    Ok(())
}

fn free_name(name: &str, mut identity: String, taken: &HashMap<String, String>) -> String {
    loop {
        let kept: String = name.chars().take(TOOL_NAME_BYTES_MAX - 9).collect();
        let candidate = format!("{}_{}", kept.trim_end_matches('_'), short_hash(&identity));
        if !taken.contains_key(&candidate) {
            return candidate;
        }
        identity.push('+');
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::document::Document;

    fn api(title: &str, ids: &[&str]) -> Catalog {
        let paths = ids
            .iter()
            .map(|id| (format!("/{id}"), json!({"get": {"operationId": id}})));
        let paths: serde_json::Map<_, _> = paths.collect();
        let root = json!({"openapi": "3.1.0", "info": {"title": title}, "paths": paths});
        Catalog::read(&Document::from_value(root, None).unwrap())
    }

    fn names(catalogs: &[Catalog]) -> Vec<Vec<&str>> {
        let mut all = Vec::new();
        for catalog in catalogs {
            all.push(
                catalog
                    .operations()
                    .iter()
                    .map(|it| it.name.as_str())
                    .collect(),
            );
        }
        all
    }

    #[test]
    fn prefixes_keep_names_legal_and_apart() {
        let catalogs = [
            api("A", &["list", &"x".repeat(64)]).prefixed("pets"),
            api("B", &["list"]).prefixed("shop"),
        ];
        let names = names(&catalogs);
        assert_eq!(names[0][0], "pets_list");
        assert_eq!(names[0][1].len(), 64);
        assert_eq!(names[1], ["shop_list"]);
    }

    #[test]
    fn a_clash_is_refused_lost_or_renamed() {
        let two = || [api("A", &["list", "a"]), api("B", &["list", "b"])];
        let error = settle_clashes(&mut two(), ClashPolicy::Refuse).unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"A\" and \"B\" both have a tool \"list\""
        );
        let mut first = two();
        settle_clashes(&mut first, ClashPolicy::First).unwrap();
        assert_eq!(names(&first), [vec!["list", "a"], vec!["b"]]);
        assert_eq!(first[1].problems()[0].pointer, "/paths/~1list/get");
        let mut renamed = two();
        settle_clashes(&mut renamed, ClashPolicy::Rename).unwrap();
        let found = names(&renamed);
        assert_eq!(found[0], ["list", "a"]);
        assert!(
            found[1][0].starts_with("list_") && found[1][0].len() == 13,
            "{found:?}"
        );
    }
}
