//! A document as a tree of JSON values, its version, and where its local references lead.
//!
//! Nothing here knows operations or schemas; an odd field is found by whoever reads it.

use serde_json::Value;
use url::Url;

use crate::limits::REFERENCE_HOPS_MAX;
use crate::pointer;

/// The revision of OpenAPI a document is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum OpenApiVersion {
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
    /// Swagger 2.0, the ancestor of OpenAPI 3.
    #[error("swagger {0} is not supported yet; convert the document to OpenAPI 3")]
    Swagger(String),
    /// A revision of OpenAPI this crate does not know.
    #[error("OpenAPI version {0:?} is not supported; 3.0, 3.1 and 3.2 are")]
    Version(String),
}

/// An OpenAPI document, read but not yet judged.
#[derive(Debug, Clone)]
pub struct Document {
    root: Value,
    version: OpenApiVersion,
    origin: Option<Url>,
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
        Ok(Self {
            root,
            version,
            origin,
        })
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

    /// The value at a JSON Pointer.
    pub(crate) fn at(&self, pointer: &str) -> Option<&Value> {
        self.root.pointer(pointer)
    }

    /// Follows `$ref` from `value` (which stands at `pointer`) until something else is found.
    ///
    /// A chain that is too long, cyclic ones included, leads nowhere, as does an external reference.
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
            return Err(format!(
                "reference {reference:?} leads out of the document; only local ones are followed"
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
        Some(version) => Err(DocumentError::Swagger(version)),
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
        assert_eq!(
            version(json!({"swagger": "2.0"})),
            Err(DocumentError::Swagger("2.0".into()))
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
