//! The normalised model: what one operation of any OpenAPI version takes, sends and gives.
//!
//! Plain data; `read` fills it in, `arguments`, `request` and `response` work from it.

mod body;
mod parameter;
mod read;
mod response;

use http::Method;
use serde_json::Value;

pub use body::{Body, BodyKind};
pub(crate) use body::{essence, is_json};
pub(crate) use parameter::ParameterForm;
pub(crate) use parameter::is_reserved_header;
pub use parameter::{Location, Parameter, Style};
pub(crate) use read::{placeholders, read_operations};
pub use response::{Response, StatusPattern};

use crate::arguments::Arguments;
use crate::marks::Marks;
use crate::overrides::HintOverrides;
use crate::security::SecurityNeed;

/// One operation of an API, ready to be called.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Operation {
    /// The name of its tool: legal, unique and stable.
    pub name: String,
    /// The HTTP method.
    pub method: Method,
    /// The path template, such as `/pets/{petId}`.
    pub path: String,
    /// Where it stands in the document, as a JSON Pointer.
    pub pointer: String,
    /// Its `operationId`, as declared.
    pub operation_id: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether the document advises against it.
    pub deprecated: bool,
    /// Hints that the operator gives, over those of the method.
    pub hint_overrides: HintOverrides,
    /// One line about it.
    pub summary: Option<String>,
    /// More about it.
    pub description: Option<String>,
    /// The server declared for it alone or for its path, variables filled in.
    pub server: Option<String>,
    /// The alternatives of credentials it needs, each all of its schemes together; none: it needs nothing.
    pub security: Vec<Vec<SecurityNeed>>,
    /// Path, query, header and cookie parameters.
    pub parameters: Vec<Parameter>,
    /// The request body, in the one media type that will be sent.
    pub body: Option<Body>,
    /// The responses, in the order of the document.
    pub responses: Vec<Response>,
    /// All that it takes, as one argument object.
    pub arguments: Arguments,
    /// The schema of its successful answer, self-contained, if it always answers with such JSON.
    pub output_schema: Option<Value>,
    /// What the document says of it to MCP alone.
    pub marks: Marks,
}

/// What a client may assume of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hints {
    /// It changes nothing.
    pub read_only: bool,
    /// It may destroy or overwrite; `None` where the method does not say, which clients take as yes.
    pub destructive: Option<bool>,
    /// Calling it again with the same arguments changes nothing more.
    pub idempotent: bool,
}

impl Operation {
    /// What its method promises (RFC 9110, section 9.2), or the operator in its place.
    ///
    /// GET, HEAD, OPTIONS, TRACE, QUERY, PROPFIND, REPORT and SEARCH are safe; PUT and DELETE are idempotent and destroy what
    /// was there; of POST, PATCH and other methods nothing is said, so the defaults of MCP stand (not read-only,
    /// not idempotent, possibly destructive).
    #[must_use]
    pub fn hints(&self) -> Hints {
        let (safe, replaces) = self.promises();
        let destructive = match (safe, replaces) {
            (true, _) => Some(false),
            (_, true) => Some(true),
            _ => None,
        };
        let given = self.hint_overrides;
        Hints {
            read_only: given.read_only.unwrap_or(safe),
            destructive: given.destructive.or(destructive),
            idempotent: given.idempotent.unwrap_or(safe || replaces),
        }
    }

    /// Whether it may be called again when it is not known whether it was: its method has to promise it, and the
    /// operator not deny it.
    pub(crate) fn may_be_repeated(&self) -> bool {
        let (safe, replaces) = self.promises();
        (safe || replaces) && self.hints().idempotent
    }

    /// Whether the method is safe, and whether it replaces or deletes what was there.
    fn promises(&self) -> (bool, bool) {
        let safe = [
            "GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "PROPFIND", "REPORT", "SEARCH",
        ];
        let method = self.method.as_str();
        (safe.contains(&method), matches!(method, "PUT" | "DELETE"))
    }

    /// A short name for people, if the document has one.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        const TITLE_CHARS_MAX: usize = 100;
        if let Some(title) = &self.marks.title {
            return Some(title);
        }
        let summary = self.summary.as_deref()?;
        (summary.chars().count() <= TITLE_CHARS_MAX && !summary.contains('\n')).then_some(summary)
    }

    /// What a model is told of the tool: summary, description and whether it is deprecated; or what
    /// `x-mcp-description` says instead, and the sections that are marked.
    #[must_use]
    pub fn tool_description(&self) -> String {
        match &self.marks.description {
            Some(description) => self.marks.with_sections(description),
            None => self.marks.with_sections(&self.plain_description()),
        }
    }

    fn plain_description(&self) -> String {
        let mut parts: Vec<&str> = Vec::new();
        if self.deprecated {
            parts.push("Deprecated.");
        }
        let summary = self.summary.as_deref();
        let description = self.description.as_deref();
        match (summary, description) {
            (Some(summary), Some(description)) if description.starts_with(summary) => {
                parts.push(description);
            }
            _ => parts.extend([summary, description].into_iter().flatten()),
        }
        let call = format!("{} {}", self.method, self.path);
        if summary.or(description).is_none() {
            parts.push(&call);
        }
        let stream = self.streams().next();
        let stream = stream.map(|it| format!("Answers with a stream of items ({it})."));
        parts.extend(stream.as_deref());
        parts.join("\n\n")
    }

    /// Media types of successes that are streams of items.
    pub(crate) fn streams(&self) -> impl Iterator<Item = &str> {
        let successes = self.responses.iter().filter(|it| it.status.is_success());
        successes.flat_map(|it| &it.streams).map(String::as_str)
    }

    /// The `Accept` header: JSON as declared, JSON in general, then anything.
    pub(crate) fn accept(&self) -> String {
        let declared = self
            .responses
            .iter()
            .filter(|response| response.status.is_success())
            .flat_map(|response| &response.json)
            .map(|(media_type, _)| media_type.as_str())
            .find(|media_type| *media_type != "application/json" && !media_type.contains('*'));
        match declared {
            Some(media_type) => format!("{media_type}, application/json;q=0.9, */*;q=0.8"),
            None => "application/json, */*;q=0.8".to_owned(),
        }
    }
}
