//! What helps a model find its way in an API: two tools that say what there is, and prompts that say how to use it.
//!
//! All of it is made from the document. Nobody is told of an operation that is not a tool for them.

mod words;

use std::collections::HashSet;
use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value, json};
use spanway_protocol::schema::{CallToolResult, ToolAnnotations, ToolDefinition};
use spanway_server::{Context, Principal, Prompt, Tool, ToolError};

use crate::catalog::Catalog;
use crate::features::{Exposure, Features};
use crate::operation::Operation;
use words::{noun, sentence, singular};

/// Says whether a caller is told of an operation.
type Decision = Box<dyn Fn(Option<&Principal>) -> bool + Send + Sync>;

/// What is told of the operations that are tools.
struct Guide {
    title: String,
    version: String,
    description: Option<String>,
    entries: Vec<Entry>,
}

/// One operation, for those who may know of it.
struct Entry {
    listed: Value,
    line: String,
    decision: Option<Decision>,
}

impl Catalog {
    /// The tools `server_info` and `list_operations`, the prompt `usage`, and for each kind of thing in the API
    /// prompts such as `list_books`, `get_book` and `create_book`. `exposure` is that of the operations.
    ///
    /// All these names have the prefix of the API, if it has one. Where it has a tool or prompt of such a name
    /// itself, that one stands alone.
    #[must_use]
    pub fn guide<S: Send + Sync + 'static>(&self, exposure: &Exposure) -> Features<S> {
        let tools = || {
            self.operations()
                .iter()
                .filter(|it| exposure.exposed(it).tool)
        };
        let guide = Arc::new(Guide {
            title: self.title().unwrap_or("api").to_owned(),
            version: self.version().unwrap_or("0").to_owned(),
            description: self.description().map(str::to_owned),
            entries: tools().map(|it| Entry::new(it, exposure)).collect(),
        });
        let mut taken: HashSet<String> = tools().map(|it| it.name.clone()).collect();
        let mut free = |name: &str| Some(self.own_name(name)).filter(|it| taken.insert(it.clone()));
        let mut features = Features::default();
        let info = free("server_info").map(|name| guide.clone().server_info(name));
        let list = free("list_operations").map(|name| guide.clone().list_operations(name));
        features.tools.extend(info.into_iter().chain(list));
        let all = self.operations().iter();
        let prompts = all.filter(|it| exposure.exposed(it).prompt);
        let mut taken: HashSet<String> = prompts.map(|it| it.name.clone()).collect();
        let mut free = |name: &str| Some(self.own_name(name)).filter(|it| taken.insert(it.clone()));
        features
            .prompts
            .extend(free("usage").map(|name| guide.usage(name)));
        for operation in tools() {
            // Of several paths that end alike the first has the name.
            let prompt = example(operation, &mut free);
            features
                .prompts
                .extend(prompt.map(|it| exposure.guarded_prompt(it, operation)));
        }
        features
    }
}

impl Entry {
    fn new(operation: &Operation, exposure: &Exposure) -> Self {
        let decision = exposure.decision(&operation.marks.scopes);
        let title = operation.title().unwrap_or_default();
        Self {
            listed: json!({
                "name": operation.name,
                "method": operation.method.as_str(),
                "path": operation.path,
                "title": title,
                "tags": operation.tags,
            }),
            line: format!("- {}: {}", operation.name, sentence(operation)),
            decision: decision.map(|it| Box::new(it) as Decision),
        }
    }
}

impl Guide {
    fn visible(&self, context: &Context) -> impl Iterator<Item = &Entry> {
        let principal = context.principal();
        self.entries
            .iter()
            .filter(move |it| it.decision.as_ref().is_none_or(|decide| decide(principal)))
    }

    fn server_info<S: Send + Sync + 'static>(self: Arc<Self>, name: String) -> Tool<S> {
        let definition = definition(name, "Says which API this is.");
        Tool::from_definition(definition, move |_: Map<String, Value>, cx: Context| {
            let info = json!({
                "name": self.title,
                "version": self.version,
                "description": self.description,
                "operations": self.visible(&cx).count(),
            });
            std::future::ready(Ok::<_, ToolError>(structured(info)))
        })
    }

    fn list_operations<S: Send + Sync + 'static>(self: Arc<Self>, name: String) -> Tool<S> {
        let words = "Lists the operations of this API, each of which is a tool.";
        let definition = definition(name, words);
        Tool::from_definition(definition, move |_: Map<String, Value>, cx: Context| {
            let all: Vec<&Value> = self.visible(&cx).map(|it| &it.listed).collect();
            std::future::ready(Ok::<_, ToolError>(structured(json!({ "operations": all }))))
        })
    }

    fn usage<S: Send + Sync + 'static>(self: Arc<Self>, name: String) -> Prompt<S> {
        let description = format!("How to use {}", self.title);
        let prompt = Prompt::new(name, move |cx: Context| {
            let mut text = format!("These tools call {}.", self.title);
            if let Some(description) = &self.description {
                text.push_str(&format!(" {description}"));
            }
            for entry in self.visible(&cx) {
                text.push_str(&format!("\n{}", entry.line));
            }
            std::future::ready(text)
        });
        prompt.description(description)
    }
}

fn definition(name: String, words: &str) -> ToolDefinition {
    let annotations = ToolAnnotations::default()
        .with_read_only(true)
        .with_open_world(false);
    let schema = json!({"type": "object", "additionalProperties": false});
    ToolDefinition::new(name, schema)
        .with_description(words)
        .with_annotations(annotations)
}

fn structured(value: Value) -> CallToolResult {
    CallToolResult::text(value.to_string()).with_structured_content(value)
}

/// A prompt that shows how one operation on a kind of thing is used; for those that list, get or create one.
fn example<S: Send + Sync + 'static>(
    operation: &Operation,
    free: &mut impl FnMut(&str) -> Option<String>,
) -> Option<Prompt<S>> {
    let (things, is_one) = noun(&operation.path)?;
    let (verb, things) = match (&operation.method, is_one) {
        (&Method::GET, false) => ("list", things),
        (&Method::GET, true) => ("get", singular(&things)),
        (&Method::POST, false) => ("create", singular(&things)),
        _ => return None,
    };
    let name = free(&format!("{verb}_{things}"))?;
    let required = operation.arguments.schema.get("required");
    let required = required.and_then(Value::as_array).into_iter().flatten();
    let required: Vec<&str> = required.filter_map(Value::as_str).collect();
    let mut text = format!(
        "{} Use the tool {} for it.",
        sentence(operation),
        operation.name
    );
    if !required.is_empty() {
        text.push_str(&format!(" It needs: {}.", required.join(", ")));
    }
    let prompt = Prompt::new(name, move || std::future::ready(text.clone()));
    Some(prompt.description(format!("How to {verb} {}", things.replace('_', " "))))
}
