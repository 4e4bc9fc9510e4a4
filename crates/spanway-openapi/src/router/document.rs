//! The document of routes as a tree: marks under other names, and parts of it as resources.

use serde_json::{Map, Value};
use spanway_server::Resource;

use crate::document::Document;

/// Parts of the document that are resources too.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extras {
    pub(super) document: bool,
    pub(super) schemas: bool,
    pub(super) guide: bool,
}

impl Extras {
    pub(super) fn resources<S: Send + Sync + 'static>(
        self,
        document: &Document,
        scheme: &str,
    ) -> Vec<Resource<S>> {
        let mut resources = Vec::new();
        if let Some(root) = document.at("").filter(|_| self.document) {
            let uri = format!("{scheme}://openapi");
            let resource = Resource::text(uri, "openapi", root.to_string())
                .mime_type("application/json")
                .description("The OpenAPI document of this API");
            resources.push(resource);
        }
        let schemas = document.at("/components/schemas");
        let schemas = schemas.and_then(Value::as_object).filter(|_| self.schemas);
        let legal = |name: &str| {
            name.chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        };
        for (name, schema) in schemas
            .into_iter()
            .flatten()
            .filter(|(name, _)| legal(name))
        {
            let uri = format!("{scheme}://schemas/{name}");
            let resource = Resource::text(uri, name, schema.to_string())
                .mime_type("application/schema+json")
                .description(format!("The schema {name} of this API"));
            resources.push(resource);
        }
        resources
    }
}

/// Gives the extension `theirs` of every operation the name `ours`, unless that is there too.
pub(super) fn rename(root: &mut Value, theirs: &str, ours: &str) {
    for place in ["/paths", "/components/pathItems"] {
        let items = root.pointer_mut(place).and_then(Value::as_object_mut);
        for item in items.into_iter().flat_map(Map::values_mut) {
            let operations = item.as_object_mut();
            for operation in operations.into_iter().flat_map(Map::values_mut) {
                let Some(operation) = operation.as_object_mut() else {
                    continue;
                };
                if let Some(value) = operation.get(theirs).cloned() {
                    operation.entry(ours).or_insert(value);
                }
            }
        }
    }
}
