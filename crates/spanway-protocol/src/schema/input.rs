//! What a server may ask of a client while it works on a call, and the interim answer that carries questions.

use serde::ser::{Error, SerializeMap};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::capabilities::ClientCapabilities;
use super::elicitation::FormSchema;
use super::fields::Fields;
use super::project::{Meta, Project, View};
use super::sampling::SamplingRequest;
use crate::method::Method;
use crate::version::ProtocolVersion;

/// A question to the client, neutral of revision.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum InputRequest {
    /// A form for the person to fill in. From 2025-06-18 on.
    Form {
        /// What it is about.
        message: String,
        /// Its fields.
        schema: FormSchema,
    },
    /// A URL for the person to open. From 2025-11-25 on.
    Url {
        /// What it is for.
        message: String,
        /// Where to go.
        url: String,
    },
    /// Something for the client's model to complete.
    Sampling(Box<SamplingRequest>),
    /// Which roots there are.
    Roots,
}

/// A revision has no such thing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("protocol version {version} has no {what}")]
pub struct Unsupported {
    what: &'static str,
    version: ProtocolVersion,
}

impl Unsupported {
    pub(super) fn new(what: &'static str, version: ProtocolVersion) -> Self {
        Self { what, version }
    }
}

impl InputRequest {
    /// The method of the request.
    #[must_use]
    pub fn method(&self) -> Method {
        match self {
            Self::Form { .. } | Self::Url { .. } => Method::Elicit,
            Self::Sampling(_) => Method::CreateMessage,
            Self::Roots => Method::RootsList,
        }
    }

    /// The capability a client must have declared, as it would declare it (T-MRTR-03, T-2411-19).
    #[must_use]
    pub fn capability(&self) -> Value {
        match self {
            Self::Form { .. } => json!({ "elicitation": { "form": {} } }),
            Self::Url { .. } => json!({ "elicitation": { "url": {} } }),
            Self::Sampling(request) if request.uses_tools() => {
                json!({ "sampling": { "tools": {} } })
            }
            Self::Sampling(_) => json!({ "sampling": {} }),
            Self::Roots => json!({ "roots": {} }),
        }
    }

    /// Whether a client that declared this can be asked (T-MRTR-03, T-2411-19).
    #[must_use]
    pub fn is_declared_by(&self, declared: &ClientCapabilities) -> bool {
        match self {
            Self::Form { .. } => declared.elicitation_form(),
            Self::Url { .. } => declared.elicitation_url(),
            Self::Sampling(request) if request.uses_tools() => declared.sampling_tools(),
            Self::Sampling(_) => declared.sampling(),
            Self::Roots => declared.roots(),
        }
    }

    /// The parameters as `version` wants them. `id` names the question where the revision wants a name.
    ///
    /// # Errors
    /// The revision cannot carry the question.
    pub fn params(
        &self,
        version: ProtocolVersion,
        id: Option<&str>,
    ) -> Result<Map<String, Value>, Unsupported> {
        let mut params = Map::new();
        match self {
            Self::Form { message, schema } => {
                let schema = schema.project(version)?;
                // T-2506-05: 2025-06-18 knows no modes.
                if version >= ProtocolVersion::V2025_11_25 {
                    params.insert("mode".to_owned(), "form".into());
                }
                params.insert("message".to_owned(), message.as_str().into());
                params.insert("requestedSchema".to_owned(), schema);
            }
            Self::Url { message, url } => {
                if version < ProtocolVersion::V2025_11_25 {
                    return Err(Unsupported::new("URLs to open", version));
                }
                params.insert("mode".to_owned(), "url".into());
                params.insert("message".to_owned(), message.as_str().into());
                params.insert("url".to_owned(), url.as_str().into());
                // T-2511-16 wants an id; T-MRTR-11 took it away again.
                if version == ProtocolVersion::V2025_11_25 {
                    params.insert("elicitationId".to_owned(), id.unwrap_or_default().into());
                }
            }
            Self::Sampling(request) => params = request.params(version)?,
            Self::Roots => {}
        }
        Ok(params)
    }
}

/// A question as it is sent: written for its revision, its key chosen by the handler.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Question {
    /// The name under which the answer comes back.
    pub key: String,
    /// The method.
    pub method: Method,
    /// The parameters.
    pub params: Map<String, Value>,
}

impl Question {
    /// A question under a key.
    pub fn new(key: impl Into<String>, method: Method, params: Map<String, Value>) -> Self {
        Self {
            key: key.into(),
            method,
            params,
        }
    }
}

/// The interim answer of the modern revision: what is missing, and what to bring back with it (T-MRTR-02).
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct InputRequired {
    /// The questions, each under a key of its own.
    pub questions: Vec<Question>,
    /// The sealed state.
    pub state: Option<String>,
}

impl InputRequired {
    /// An answer that asks these questions.
    #[must_use]
    pub fn new(questions: Vec<Question>, state: Option<String>) -> Self {
        Self { questions, state }
    }
}

/// Neither `resultType` nor `_meta` inside (trap 16).
pub(super) struct Requests<'a>(pub(super) &'a [Question]);

impl Serialize for Requests<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            method: &'a str,
            #[serde(skip_serializing_if = "Map::is_empty")]
            params: &'a Map<String, Value>,
        }
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for question in self.0 {
            let wire = Wire {
                method: question.method.as_str(),
                params: &question.params,
            };
            map.serialize_entry(&question.key, &wire)?;
        }
        map.end()
    }
}

impl Project for InputRequired {
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        // T-DUAL-15: no legacy client understands it.
        if !view.is_modern() {
            return Err(serde_json::Error::custom(
                "input is asked for by requests here",
            ));
        }
        if !self.questions.is_empty() {
            fields.put("inputRequests", &Requests(&self.questions))?;
        }
        fields.maybe("requestState", self.state.as_ref())?;
        fields.interim_result(view, "input_required", &Meta::default())
    }
}

/// A place the client lets the server work in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Root {
    /// Where it is.
    pub uri: String,
    /// Its name, for people.
    #[serde(default)]
    pub name: Option<String>,
}

/// The roots of a client.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ListRootsResult {
    /// All of them.
    pub roots: Vec<Root>,
}
