//! Which crate may depend on which: the arrows of ARCHITECTURE.md, checked against the manifests.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Each crate and the crates of this workspace it may depend on.
const ALLOWED: &[(&str, &[&str])] = &[
    ("spanway-protocol", &[]),
    ("spanway-store", &["spanway-protocol"]),
    // Tasks: the work of the server, kept by a store.
    ("spanway-server", &["spanway-protocol", "spanway-store"]),
    (
        "spanway-http",
        &["spanway-protocol", "spanway-server", "spanway-store"],
    ),
    ("spanway-oidc", &["spanway-http", "spanway-server"]),
    ("spanway-openapi", &["spanway-protocol", "spanway-server"]),
    ("spanway-rmcp", &["spanway-protocol", "spanway-server"]),
    ("spanway-stdio", &["spanway-protocol", "spanway-server"]),
    ("spanway-store-file", &["spanway-protocol", "spanway-store"]),
    (
        "spanway-store-redis",
        &["spanway-protocol", "spanway-store"],
    ),
    ("spanway", LIBRARIES),
    ("spanway-cli", &["spanway"]),
];
/// What the facade may re-export.
const LIBRARIES: &[&str] = &[
    "spanway-http",
    "spanway-oidc",
    "spanway-openapi",
    "spanway-protocol",
    "spanway-server",
    "spanway-stdio",
    "spanway-store",
    "spanway-store-file",
    "spanway-store-redis",
];
/// Never published, so they may depend on anything, and nothing published may depend on them.
const UNPUBLISHED: &[&str] = &[
    "spanway-bench",
    "spanway-faults",
    "spanway-fuzz",
    "spanway-testkit",
    "xtask",
];

/// The names of the workspace's crates.
pub(crate) fn crates(metadata: &Value) -> Vec<&str> {
    packages(metadata)
        .filter_map(|package| package["name"].as_str())
        .collect()
}

/// One sentence for each edge that the table does not allow.
pub(crate) fn violations(metadata: &Value) -> Vec<String> {
    let members: BTreeSet<&str> = crates(metadata).into_iter().collect();
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut found = Vec::new();
    for package in packages(metadata) {
        let name = package["name"].as_str().unwrap_or_default();
        if UNPUBLISHED.contains(&name) {
            continue;
        }
        let Some(may) = allowed.get(name) else {
            found.push(format!(
                "{name} has no line in the table of crate edges (xtask/src/edges.rs)"
            ));
            continue;
        };
        let edges = normal_dependencies(package).filter(|on| members.contains(on));
        found.extend(
            edges
                .filter(|on| !may.contains(on))
                .map(|on| format!("{name} may not depend on {on}")),
        );
    }
    found
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().into_iter().flatten()
}

/// Development and build dependencies do not reach users; cargo gives those a kind.
fn normal_dependencies(package: &Value) -> impl Iterator<Item = &str> {
    package["dependencies"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|dependency| dependency["kind"].is_null())
        .filter_map(|dependency| dependency["name"].as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn workspace(dependency: &Value) -> Value {
        json!({"packages": [
            {"name": "spanway-protocol", "dependencies": [dependency]},
            {"name": "spanway-http", "dependencies": []},
        ]})
    }

    #[test]
    fn an_edge_against_the_arrows_is_found() {
        let against = workspace(&json!({"name": "spanway-http", "kind": null}));
        assert_eq!(
            violations(&against),
            ["spanway-protocol may not depend on spanway-http"]
        );
    }

    #[test]
    fn tests_may_use_what_they_like() {
        let in_tests = workspace(&json!({"name": "spanway-http", "kind": "dev"}));
        assert_eq!(violations(&in_tests), Vec::<String>::new());
    }

    #[test]
    fn a_new_crate_must_enter_the_table() {
        let unknown = json!({"packages": [{"name": "spanway-utils", "dependencies": []}]});
        assert_eq!(violations(&unknown).len(), 1);
    }
}
