//! What the document says of an operation to MCP alone: extensions that begin with `x-mcp`.
//!
//! A mark is written flat (`x-mcp-title: …`) or within one object (`x-mcp: {title: …}`). One that decides
//! what is exposed, or to whom, and cannot be read costs its operation; any other is ignored and reported.

use serde_json::{Map, Value};
use spanway_server::TaskSupport;

use crate::pointer;
use crate::problem::Problem;

/// The extension that holds all marks at once, and the beginning of the names of single ones.
pub(crate) const PREFIX: &str = "x-mcp";

/// Every mark, without its `x-mcp-`.
pub(crate) const KEYS: [&str; 17] = [
    "tool",
    "resource",
    "resource-template",
    "prompt",
    "name",
    "title",
    "description",
    "resource-description",
    "when-to-use",
    "agent-instructions",
    "returns",
    "mime-type",
    "annotations",
    "scopes",
    "task-support",
    "output-schema",
    "meta",
];

/// How the resource of an operation is found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResourceMark {
    /// By a URI made from the operation's name.
    Named,
    /// By this URI.
    At(String),
}

/// The marks of one operation.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Marks {
    /// `x-mcp: true` or `false`: exposed, or not exposed in any way.
    pub exposed: Option<bool>,
    /// `x-mcp-tool: true`, `false` or a name.
    pub tool: Option<bool>,
    /// `x-mcp-resource: true` or a URI.
    pub resource: Option<ResourceMark>,
    /// `x-mcp-resource-template`: a URI template whose variables are arguments of the operation.
    pub template: Option<String>,
    /// `x-mcp-prompt: true` or a name: what it answers is the prompt.
    pub prompt: bool,
    /// `x-mcp-name`, or the name that stands at `x-mcp-tool` or `x-mcp-prompt`.
    pub name: Option<String>,
    /// `x-mcp-title`: a name for people.
    pub title: Option<String>,
    /// `x-mcp-description`: in place of what the document says otherwise.
    pub description: Option<String>,
    /// `x-mcp-resource-description`: in place of that, for the resource.
    pub resource_description: Option<String>,
    /// `x-mcp-when-to-use`: a section of the description.
    pub when_to_use: Option<String>,
    /// `x-mcp-agent-instructions`: a section of the description.
    pub agent_instructions: Option<String>,
    /// `x-mcp-returns`: a section of the description.
    pub returns: Option<String>,
    /// `x-mcp-mime-type`: of the resource.
    pub mime_type: Option<String>,
    /// `x-mcp-annotations`: `readOnlyHint` and the like, over what the method says.
    pub annotations: Map<String, Value>,
    /// `x-mcp-scopes`: what a caller must be granted.
    pub scopes: Vec<String>,
    /// `x-mcp-task-support`: `forbidden`, `optional` or `required`.
    pub task_support: Option<TaskSupport>,
    /// `x-mcp-meta`: added to the `_meta` of what the operation becomes.
    pub meta: Map<String, Value>,
    /// `x-mcp-output-schema` as it is written, with its pointer; `false` is for none.
    pub(crate) output_schema: Option<(Value, String)>,
}

impl Marks {
    /// Reads the marks of the operation `map`, which stands at `at`.
    pub(crate) fn read(
        map: &Map<String, Value>,
        at: &str,
        problems: &mut Vec<Problem>,
    ) -> Result<Self, Problem> {
        let mut marks = Self::default();
        match map.get(PREFIX) {
            None => {}
            Some(Value::Bool(exposed)) => marks.exposed = Some(*exposed),
            Some(Value::Object(all)) => {
                marks.exposed = Some(true);
                let at = pointer::child(at, PREFIX);
                for (key, value) in all {
                    marks.put(key, value, &pointer::child(&at, key), problems)?;
                }
            }
            Some(_) => {
                let at = pointer::child(at, PREFIX);
                return Err(Problem::operation(&at, "must be a boolean or an object"));
            }
        }
        for (name, value) in map {
            let key = name
                .strip_prefix(PREFIX)
                .and_then(|it| it.strip_prefix('-'));
            if let Some(key) = key {
                marks.put(key, value, &pointer::child(at, name), problems)?;
            }
        }
        Ok(marks)
    }

    fn put(
        &mut self,
        key: &str,
        value: &Value,
        at: &str,
        problems: &mut Vec<Problem>,
    ) -> Result<(), Problem> {
        // What decides about exposure must not be misread.
        let strict = |message: &str| Problem::operation(at, message);
        match key {
            "tool" => (self.tool, self.name) = (Some(kind(value, at)?), self.named(value)),
            "prompt" => (self.prompt, self.name) = (kind(value, at)?, self.named(value)),
            "resource" => {
                self.resource = match value {
                    Value::Bool(true) => Some(ResourceMark::Named),
                    Value::Bool(false) => None,
                    Value::String(uri) => Some(ResourceMark::At(uri.clone())),
                    _ => return Err(strict("must be true or a URI")),
                }
            }
            "resource-template" => match value {
                Value::String(template) => self.template = Some(template.clone()),
                _ => return Err(strict("must be a URI template")),
            },
            "scopes" => match scopes(value) {
                Some(scopes) => self.scopes = scopes,
                None => return Err(strict("must be a list of strings")),
            },
            "output-schema" => self.output_schema = Some((value.clone(), at.to_owned())),
            _ => problems.extend(self.describe(key, value, at).err()),
        }
        Ok(())
    }

    /// A mark that only describes; what is wrong with it costs nothing else.
    fn describe(&mut self, key: &str, value: &Value, at: &str) -> Result<(), Problem> {
        let wrong = |message: &str| Problem::part(at, message);
        let text = || match value {
            Value::String(text) if !text.trim().is_empty() => Ok(Some(text.trim().to_owned())),
            _ => Err(wrong("must be text")),
        };
        let object = || {
            let map = value.as_object().cloned();
            map.ok_or_else(|| wrong("must be an object"))
        };
        match key {
            "name" => self.name = text()?,
            "title" => self.title = text()?,
            "description" => self.description = text()?,
            "resource-description" => self.resource_description = text()?,
            "when-to-use" => self.when_to_use = text()?,
            "agent-instructions" => self.agent_instructions = text()?,
            "returns" => self.returns = text()?,
            "mime-type" => self.mime_type = text()?,
            "annotations" => self.annotations = object()?,
            "meta" => self.meta = object()?,
            "task-support" => {
                self.task_support = Some(match value.as_str() {
                    Some("forbidden") => TaskSupport::Forbidden,
                    Some("optional") => TaskSupport::Optional,
                    Some("required") => TaskSupport::Required,
                    _ => return Err(wrong("must be forbidden, optional or required")),
                });
            }
            _ => return Err(Problem::note(at, "no such mark is known; it is ignored")),
        }
        Ok(())
    }

    fn named(&self, value: &Value) -> Option<String> {
        let name = value.as_str().map(|name| name.trim().to_owned());
        name.or_else(|| self.name.clone())
    }

    /// Whether the operation is to be something, by its own word.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        self.exposed == Some(true)
            || self.tool == Some(true)
            || self.prompt
            || self.resource.is_some()
            || self.template.is_some()
    }

    /// Whether the operation must not be exposed at all.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.exposed == Some(false)
    }

    /// Whether the operation is a tool, where one that says nothing is `unmarked`.
    pub(crate) fn is_tool(&self, unmarked: bool) -> bool {
        let is_other = self.prompt || self.resource.is_some() || self.template.is_some();
        match (self.exposed, self.tool) {
            (Some(false), _) => false,
            (_, Some(tool)) => tool,
            _ if is_other => false,
            (Some(true), None) => true,
            (None, None) => unmarked,
        }
    }

    /// `text` and the sections below it.
    pub(crate) fn with_sections(&self, text: &str) -> String {
        let mut text = text.to_owned();
        let sections = [
            ("When to use", &self.when_to_use),
            ("Returns", &self.returns),
            ("Instructions", &self.agent_instructions),
        ];
        for (heading, words) in sections {
            if let Some(words) = words {
                text.push_str(&format!("\n\n{heading}: {words}"));
            }
        }
        text
    }
}

/// `true`, `false`, or a name that stands for `true`.
fn kind(value: &Value, at: &str) -> Result<bool, Problem> {
    match value {
        Value::Bool(is) => Ok(*is),
        Value::String(name) if !name.trim().is_empty() => Ok(true),
        _ => Err(Problem::operation(at, "must be a boolean or a name")),
    }
}

fn scopes(value: &Value) -> Option<Vec<String>> {
    let list = value.as_array()?;
    let each = |scope: &Value| scope.as_str().map(str::to_owned);
    list.iter().map(each).collect()
}

#[cfg(test)]
mod tests;
