//! A document as a tree of JSON values, its version, and where its local references lead.
//!
//! Nothing here knows operations or schemas; an odd field is found by whoever reads it.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;
use url::Url;

use crate::external::External;
use crate::limits::REFERENCE_HOPS_MAX;
use crate::pointer;
use crate::problem::Problem;
use crate::server::server_url;
use crate::swagger;

/// The revision of OpenAPI a document is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum OpenApiVersion {
    /// Swagger 2.0, converted to the shape of 3.0 when it is read.
    V2_0,
    /// 3.0.x, with its own dialect of JSON Schema.
    V3_0,
    /// 3.1.x and 3.2.x, with JSON Schema 2020-12.
    V3_1,
}

/// Why a tree of values is not a document this crate reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// No `openapi` member at the root.
    #[error("not an OpenAPI document: it has no `openapi` member")]
    NotOpenApi,
    /// A revision of OpenAPI this crate does not know.
    #[error("OpenAPI version {0:?} is not supported; 2.0, 3.0, 3.1 and 3.2 are")]
    Version(String),
}

/// An OpenAPI document, read but not yet judged.
#[derive(Debug, Clone)]
pub struct Document {
    root: Value,
    version: OpenApiVersion,
    origin: Option<Url>,
    external: External,
    variables: BTreeMap<String, String>,
    /// What was odd before it was read.
    notes: Vec<Problem>,
}

/// A value of a document together with its own JSON Pointer, after references were followed.
#[derive(Debug, Clone)]
pub(crate) struct Located<'d> {
    /// The value.
    pub(crate) value: &'d Value,
    /// Where it stands.
    pub(crate) pointer: String,
}

impl Document {
    /// Takes a tree of values as a document; `origin` is the URL it came from, if any.
    ///
    /// # Errors
    /// The root names no supported version of OpenAPI.
    pub fn from_value(root: Value, origin: Option<Url>) -> Result<Self, DocumentError> {
        let version = read_version(&root)?;
        let root = match version {
            OpenApiVersion::V2_0 => swagger::convert(root, origin.as_ref()),
            _ => root,
        };
        Ok(Self {
            root,
            version,
            origin,
            external: External::default(),
            variables: BTreeMap::new(),
            notes: Vec::new(),
        })
    }

    pub(crate) fn with_external(mut self, external: External) -> Self {
        self.external = external;
        self
    }

    pub(crate) fn with_variables(mut self, variables: BTreeMap<String, String>) -> Self {
        self.variables = variables;
        self
    }

    pub(crate) fn with_notes(mut self, notes: Vec<Problem>) -> Self {
        self.notes = notes;
        self
    }

    /// What was odd before it was read, each with its place.
    pub(crate) fn notes(&self) -> &[Problem] {
        &self.notes
    }

    /// The first usable server of a `servers` list, with the operator's values for its variables.
    pub(crate) fn server_url(&self, servers: &Value) -> Option<String> {
        server_url(servers, &self.variables)
    }

    /// The revision the document is written in.
    #[must_use]
    pub fn version(&self) -> OpenApiVersion {
        self.version
    }

    /// The URL the document came from.
    #[must_use]
    pub fn origin(&self) -> Option<&Url> {
        self.origin.as_ref()
    }

    /// The title of the API.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.root.pointer("/info/title")?.as_str()
    }

    /// The version of the API (not of OpenAPI).
    #[must_use]
    pub fn api_version(&self) -> Option<&str> {
        self.root.pointer("/info/version")?.as_str()
    }

    /// What the API says of itself.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.root.pointer("/info/description")?.as_str()
    }

    /// A place as whoever wrote the document knows it: some parts are moved when it is read.
    pub(crate) fn written_pointer(&self, pointer: &str) -> String {
        if let Some(there) = self.external.written_pointer(pointer) {
            return there;
        }
        match self.version {
            OpenApiVersion::V2_0 => swagger::original_pointer(pointer),
            _ => pointer.to_owned(),
        }
    }

    /// A number that differs if anything in the document does, or in those it refers to: it tells whether a document
    /// loaded again is another one. It is of use within this process only.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.root.to_string().hash(&mut hasher);
        self.origin.hash(&mut hasher);
        self.variables.hash(&mut hasher);
        hasher.finish()
    }

    /// The value at a JSON Pointer.
    pub(crate) fn at(&self, pointer: &str) -> Option<&Value> {
        self.root.pointer(pointer)
    }

    /// Follows `$ref` from `value` (which stands at `pointer`) until something else is found.
    ///
    /// A chain that is too long, cyclic ones included, leads nowhere, as does a reference to a document that
    /// could not be loaded.
    pub(crate) fn resolve<'d>(
        &'d self,
        value: &'d Value,
        pointer: &str,
    ) -> Result<Located<'d>, String> {
        let mut place = Located {
            value,
            pointer: pointer.to_owned(),
        };
        for _ in 0..REFERENCE_HOPS_MAX {
            let Some(reference) = place.value.get("$ref").and_then(Value::as_str) else {
                return Ok(place);
            };
            place = self.follow(reference)?;
        }
        Err(format!(
            "the chain of references from here has more than {REFERENCE_HOPS_MAX} links or goes round in a circle"
        ))
    }

    /// Follows one reference.
    pub(crate) fn follow(&self, reference: &str) -> Result<Located<'_>, String> {
        let Some(target) = pointer::from_reference(reference) else {
            let reason = self.external.failure(reference);
            let reason = reason.unwrap_or("only local ones are followed");
            return Err(format!(
                "reference {reference:?} leads out of the document: {reason}"
            ));
        };
        match self.at(&target) {
            Some(value) => Ok(Located {
                value,
                pointer: target.into_owned(),
            }),
            None => Err(format!("reference {reference:?} leads nowhere")),
        }
    }
}

fn read_version(root: &Value) -> Result<OpenApiVersion, DocumentError> {
    // YAML without quotes turns `openapi: 3.1` and `swagger: 2.0` into numbers.
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    if let Some(version) = root.get("openapi").and_then(text) {
        return match version.split('.').take(2).collect::<Vec<_>>().as_slice() {
            ["3", "0"] | ["3"] => Ok(OpenApiVersion::V3_0),
            ["3", "1" | "2"] => Ok(OpenApiVersion::V3_1),
            _ => Err(DocumentError::Version(version)),
        };
    }
    match root.get("swagger").and_then(text) {
        // `swagger: 2.0` without quotes may come as the number 2.
        Some(version) if version.starts_with("2.0") || version == "2" => Ok(OpenApiVersion::V2_0),
        Some(version) => Err(DocumentError::Version(version)),
        None => Err(DocumentError::NotOpenApi),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(root: Value) -> Document {
        Document::from_value(root, None).unwrap()
    }

    #[test]
    fn versions_are_told_apart() {
        let version = |root| Document::from_value(root, None).map(|it| it.version());
        assert_eq!(
            version(json!({"openapi": "3.0.4"})),
            Ok(OpenApiVersion::V3_0)
        );
        assert_eq!(version(json!({"openapi": 3.1})), Ok(OpenApiVersion::V3_1));
        assert_eq!(
            version(json!({"openapi": "3.2.0"})),
            Ok(OpenApiVersion::V3_1)
        );
        assert_eq!(version(json!({"swagger": "2.0"})), Ok(OpenApiVersion::V2_0));
        assert_eq!(version(json!({"swagger": 2.0})), Ok(OpenApiVersion::V2_0));
        assert_eq!(
            version(json!({"swagger": "1.2"})),
            Err(DocumentError::Version("1.2".into()))
        );
        assert_eq!(
            version(json!({"openapi": "4.0.0"})),
            Err(DocumentError::Version("4.0.0".into()))
        );
        assert_eq!(version(json!({"a": 1})), Err(DocumentError::NotOpenApi));
        assert_eq!(version(json!([])), Err(DocumentError::NotOpenApi));
    }

    #[test]
    fn references_are_followed_and_escapes_undone() {
        let document = document(json!({
            "openapi": "3.1.0",
            "a": {"$ref": "#/b"},
            "b": {"$ref": "#/c~1d%20e"},
            "c/d e": {"found": true},
        }));
        let place = document.resolve(document.at("/a").unwrap(), "/a").unwrap();
        assert_eq!(place.value, &json!({"found": true}));
        assert_eq!(place.pointer, "/c~1d e");
    }

    #[test]
    fn a_circle_of_references_leads_nowhere() {
        let document = document(json!({
            "openapi": "3.1.0", "a": {"$ref": "#/b"}, "b": {"$ref": "#/a"},
        }));
        let error = document
            .resolve(document.at("/a").unwrap(), "/a")
            .unwrap_err();
        assert!(error.contains("circle"), "{error}");
    }

    #[test]
    fn external_and_dangling_references_are_named() {
        let document = document(json!({"openapi": "3.1.0"}));
        assert!(
            document
                .follow("other.yaml#/a")
                .unwrap_err()
                .contains("other.yaml")
        );
        assert!(
            document
                .follow("#/nowhere")
                .unwrap_err()
                .contains("nowhere")
        );
    }
}
