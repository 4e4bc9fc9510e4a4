//! The JSON Schema of a file of settings, for editors.

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use super::Settings;

/// A text or a list of texts, as [`texts`](super::texts) reads it.
#[derive(JsonSchema)]
#[schemars(inline, untagged)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) enum OneOrSeveral {
    One(String),
    Several(Vec<String>),
}

/// The schema, with a sentence for each setting.
pub(crate) fn schema() -> Value {
    let settings = SchemaSettings::draft07().with_transform(WithoutNull);
    let mut schema = settings.into_generator().into_root_schema_for::<Settings>();
    schema.insert("title".to_owned(), "spanway.toml".into());
    schema.to_value()
}

/// TOML has no null: a setting that is left open is not written, and what holds then stands in its description.
#[derive(Debug, Clone)]
struct WithoutNull;

impl Transform for WithoutNull {
    fn transform(&mut self, schema: &mut Schema) {
        schema.remove("default");
        if let Some(Value::Array(kinds)) = schema.get_mut("type") {
            kinds.retain(|kind| kind != "null");
            if let [one] = &kinds[..] {
                let one = one.clone();
                schema.insert("type".to_owned(), one);
            }
        }
        transform_subschemas(self, schema);
    }
}
