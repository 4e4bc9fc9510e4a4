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
        let whole = self.document.then(|| document.resource(scheme));
        let mut resources: Vec<Resource<S>> = whole.into_iter().collect();
        if self.schemas {
            resources.extend(document.schema_resources(scheme));
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
