//! Typed arguments, and the schema they are advertised and validated with.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::extract::CallWithArguments;
use super::{ExtractError, FromCall, Signature};

/// The arguments of a tool or a prompt as a `T`, whose fields and doc comments are the advertised schema.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::Deserialize;
/// use spanway_server::Args;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Search {
///     /// Words to look for in title and author.
///     query: String,
///     limit: Option<u32>,
/// }
///
/// async fn search(Args(search): Args<Search>) -> String {
///     format!("nothing found for {}", search.query)
/// }
/// ```
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::exhaustive_structs,
    reason = "made to be taken apart in a parameter list"
)]
pub struct Args<T>(
    /// The arguments.
    pub T,
);

impl<S, C: CallWithArguments, T: DeserializeOwned + JsonSchema + Send> FromCall<S, C> for Args<T> {
    fn from_call(call: &mut C, _: &S) -> Result<Self, ExtractError> {
        call.take_arguments().map(Self)
    }

    fn describe(signature: &mut Signature) {
        signature.takes_arguments(schema_of::<T>());
    }
}

/// The schema of a value that is read.
fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_deserialize();
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    tidy(&mut schema);
    schema
}

/// The schema of a value that is written.
pub(super) fn output_schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    tidy(&mut schema);
    schema
}

/// Leaves out what says nothing to a client: 2020-12 is the default dialect (T-2511-12), and the name of a
/// Rust type is no title.
fn tidy(schema: &mut Value) {
    if let Value::Object(schema) = schema {
        schema.remove("$schema");
        schema.remove("title");
    }
}

/// The schema of a tool without arguments (T-2511-12).
fn closed_object() -> Value {
    json!({ "type": "object", "additionalProperties": false })
}

/// The schema as `inputSchema` wants it, with an object at the root (T-2607-41), and the doc comment of the
/// type. None if it admits no object.
pub(crate) fn input_schema(schema: Option<Value>) -> Option<(Map<String, Value>, Option<String>)> {
    let mut schema = match schema.unwrap_or_else(closed_object) {
        Value::Bool(true) => Map::new(),
        Value::Object(schema) => schema,
        _ => return None,
    };
    let admits_object = match schema.get("type") {
        None => true,
        Some(Value::String(kind)) => kind == "object",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
        Some(_) => false,
    };
    if !admits_object {
        return None;
    }
    schema.insert("type".to_owned(), json!("object"));
    let description = schema.remove("description");
    Some((
        schema,
        description.and_then(|text| text.as_str().map(str::to_owned)),
    ))
}
