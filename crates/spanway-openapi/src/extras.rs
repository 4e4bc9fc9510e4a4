//! The document itself, and its component schemas, as resources.

use serde_json::Value;
use spanway_server::Resource;

use crate::document::Document;

/// Where component schemas stand in a document.
const SCHEMAS: &str = "/components/schemas";

impl Document {
    /// The whole document as the resource `SCHEME://openapi`.
    #[must_use]
    pub fn resource<S: Send + Sync + 'static>(&self, scheme: &str) -> Resource<S> {
        let text = self.at("").map(Value::to_string).unwrap_or_default();
        Resource::text(format!("{scheme}://openapi"), "openapi", text)
            .mime_type("application/json")
            .description("The OpenAPI document of this API")
    }

    /// Each component schema as a resource `SCHEME://schemas/NAME`; where one refers to another, it does so by such
    /// a URI.
    #[must_use]
    pub fn schema_resources<S: Send + Sync + 'static>(&self, scheme: &str) -> Vec<Resource<S>> {
        let schemas = self.at(SCHEMAS).and_then(Value::as_object);
        let legal = |name: &str| {
            name.chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        };
        let named = schemas
            .into_iter()
            .flatten()
            .filter(|(name, _)| legal(name));
        let resources = named.map(|(name, schema)| {
            let mut schema = schema.clone();
            refer(&mut schema, scheme);
            let uri = format!("{scheme}://schemas/{name}");
            Resource::text(uri, name, schema.to_string())
                .mime_type("application/schema+json")
                .description(format!("The schema {name} of this API"))
        });
        resources.collect()
    }
}

/// Lets references to component schemas lead to their resources.
fn refer(value: &mut Value, scheme: &str) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|it| refer(it, scheme)),
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get_mut("$ref") {
                let rest = reference.strip_prefix('#');
                let rest = rest.and_then(|it| it.strip_prefix(SCHEMAS)?.strip_prefix('/'));
                if let Some(rest) = rest {
                    *reference = match rest.split_once('/') {
                        Some((name, inner)) => format!("{scheme}://schemas/{name}#/{inner}"),
                        None => format!("{scheme}://schemas/{rest}"),
                    };
                }
            }
            map.values_mut().for_each(|it| refer(it, scheme));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn k1b_8_references_between_schemas_lead_from_resource_to_resource() {
        let mut schema = json!({"properties": {
            "author": {"$ref": "#/components/schemas/Author"},
            "name": {"$ref": "#/components/schemas/Author/properties/name"},
            "other": {"$ref": "#/paths/~1books"},
        }});
        refer(&mut schema, "shop");
        let targets = ["author", "name", "other"].map(|it| schema["properties"][it]["$ref"].take());
        assert_eq!(
            targets,
            [
                "shop://schemas/Author",
                "shop://schemas/Author#/properties/name",
                "#/paths/~1books"
            ]
        );
    }
}
