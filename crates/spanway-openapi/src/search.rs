//! Three tools in place of hundreds: find an operation, have it described, call it.
//!
//! What can be found is what the bridges hold, so that a filter on the catalog is one here too.

mod index;

use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value, json};
use spanway_protocol::schema::{CallToolResult, ToolAnnotations, ToolDefinition};
use spanway_server::{Context, SchemaCheck, Tool, ToolError};

use crate::bridge::Bridge;
use crate::features::{Exposure, Features};
use crate::operation::Operation;
use index::Index;

/// Operations listed by a search that does not say how many.
const FOUND_DEFAULT: usize = 10;

/// The most operations that a search lists.
const FOUND_MAX: usize = 50;

/// Characters of a summary in a list.
const SUMMARY_CHARS_MAX: usize = 200;

/// Operations above which a server is better given [`search_tools`] than a tool each.
pub const SEARCH_THRESHOLD: usize = 128;

/// The tools `search_operations`, `describe_operation` and `call_operation` over all operations of `bridges`.
///
/// Use these where there are so many operations that their schemas would fill a model's context
/// ([`SEARCH_THRESHOLD`]). Arguments of `call_operation` are held against the schema that `describe_operation` shows.
#[must_use]
pub fn search_tools<S: Send + Sync + 'static>(bridges: Vec<Bridge>) -> Vec<Tool<S>> {
    let all = bridges.into_iter();
    tools(all.map(|it| (Arc::new(it), Exposure::all())).collect())
}

/// The same tools over the operations that are tools by the exposure beside their bridge, and what is a resource or a
/// prompt as such.
#[must_use]
pub fn search_features<S: Send + Sync + 'static>(bridges: Vec<(Bridge, Exposure)>) -> Features<S> {
    let bridges = bridges.into_iter();
    let bridges: Vec<_> = bridges
        .map(|(it, exposure)| (Arc::new(it), exposure))
        .collect();
    let mut features = Features::default();
    for (bridge, exposure) in &bridges {
        features.extend(Features::of(bridge, exposure));
    }
    features.tools = tools(bridges);
    features
}

fn tools<S: Send + Sync + 'static>(bridges: Vec<(Arc<Bridge>, Exposure)>) -> Vec<Tool<S>> {
    let is_tolerant = bridges.iter().any(|(it, _)| it.is_tolerant);
    let operations = Arc::new(Operations::new(bridges));
    let (search, describe, call) = (
        Arc::clone(&operations),
        Arc::clone(&operations),
        Arc::clone(&operations),
    );
    let tools = [
        Tool::from_definition(
            search_definition(&operations),
            move |arguments: Map<String, Value>| {
                let search = Arc::clone(&search);
                async move { Ok::<_, ToolError>(search.search(&arguments)) }
            },
        ),
        Tool::from_definition(
            describe_definition(),
            move |arguments: Map<String, Value>| {
                let describe = Arc::clone(&describe);
                async move { Ok::<_, ToolError>(describe.describe(&arguments)) }
            },
        ),
        Tool::from_definition(
            call_definition(),
            move |arguments: Map<String, Value>, context: Context| {
                let call = Arc::clone(&call);
                async move { Ok::<_, ToolError>(call.call(&arguments, &context).await) }
            },
        ),
    ];
    let reading = |it: Tool<S>| if is_tolerant { it.tolerant() } else { it };
    tools.map(reading).into()
}

/// What the three tools work on.
struct Operations {
    bridges: Vec<Arc<Bridge>>,
    entries: Vec<Entry>,
    index: Index,
}

/// Where an operation is, and what holds arguments against its schema, made at its first call.
struct Entry {
    bridge: usize,
    operation: usize,
    name: String,
    check: OnceLock<SchemaCheck>,
}

impl Operations {
    fn new(bridges: Vec<(Arc<Bridge>, Exposure)>) -> Self {
        let mut entries = Vec::new();
        for (bridge, (of, exposure)) in bridges.iter().enumerate() {
            let tools = of.operations().enumerate();
            let tools = tools.filter(|(_, it)| exposure.exposed(it).tool);
            entries.extend(tools.map(|(operation, it)| Entry {
                bridge,
                operation,
                name: it.name.clone(),
                check: OnceLock::new(),
            }));
        }
        let all = bridges.iter().flat_map(|(bridge, exposure)| {
            let all = bridge.operations();
            all.filter(|it| exposure.exposed(it).tool)
        });
        let index = Index::new(all);
        Self {
            bridges: bridges.into_iter().map(|(bridge, _)| bridge).collect(),
            entries,
            index,
        }
    }

    fn operation(&self, entry: &Entry) -> Option<&Operation> {
        self.bridges
            .get(entry.bridge)?
            .operations()
            .nth(entry.operation)
    }

    fn search(&self, arguments: &Map<String, Value>) -> CallToolResult {
        let query = text(arguments, "query");
        let limit = arguments.get("limit").and_then(Value::as_u64);
        let limit = limit.and_then(|it| usize::try_from(it).ok());
        let limit = limit.unwrap_or(FOUND_DEFAULT).min(FOUND_MAX);
        let found = self.index.find(query);
        let shown = found.iter().take(limit).filter_map(|at| {
            let operation = self.operation(self.entries.get(*at)?)?;
            Some(in_short(operation))
        });
        let shown: Vec<Value> = shown.collect();
        structured(json!({ "found": found.len(), "operations": shown }))
    }

    fn describe(&self, arguments: &Map<String, Value>) -> CallToolResult {
        let name = text(arguments, "name");
        let found = self.entries.iter().find(|it| it.name == name);
        match found.and_then(|entry| self.operation(entry)) {
            Some(operation) => structured(in_full(operation)),
            None => self.unknown(name),
        }
    }

    async fn call(&self, arguments: &Map<String, Value>, context: &Context) -> CallToolResult {
        let name = text(arguments, "name");
        let Some(entry) = self.entries.iter().find(|it| it.name == name) else {
            return self.unknown(name);
        };
        let (Some(operation), Some(bridge)) =
            (self.operation(entry), self.bridges.get(entry.bridge))
        else {
            return self.unknown(name);
        };
        let none = Value::Object(Map::new());
        let given = arguments.get("arguments").unwrap_or(&none);
        let check = || SchemaCheck::new(operation.arguments.schema.clone());
        let check = entry.check.get_or_init(check);
        let reread = match check.problems(given) {
            Some(_) if bridge.is_tolerant => check.reread(given),
            _ => None,
        };
        let given = reread.as_ref().unwrap_or(given);
        if let Some(problems) = check.problems(given) {
            return CallToolResult::error(format!(
                "the arguments are not what {name} takes (describe_operation shows it):\n{problems}"
            ));
        }
        let empty = Map::new();
        let given = given.as_object().unwrap_or(&empty);
        bridge.call_at(entry.operation, given, context).await
    }

    fn unknown(&self, name: &str) -> CallToolResult {
        let near = self.index.find(name);
        let near = near.iter().take(3).filter_map(|at| self.entries.get(*at));
        let near: Vec<&str> = near.map(|it| it.name.as_str()).collect();
        let hint = if near.is_empty() {
            "search_operations finds those that there are".to_owned()
        } else {
            format!("near to it are: {}", near.join(", "))
        };
        CallToolResult::error(format!("there is no operation {name:?}; {hint}"))
    }
}

fn text<'a>(arguments: &'a Map<String, Value>, name: &str) -> &'a str {
    arguments
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn structured(value: Value) -> CallToolResult {
    CallToolResult::text(value.to_string()).with_structured_content(value)
}

fn in_short(operation: &Operation) -> Value {
    let words = operation.tool_description();
    let line = operation
        .title()
        .or(words.lines().next())
        .unwrap_or_default();
    let summary: String = line.chars().take(SUMMARY_CHARS_MAX).collect();
    without_nothing(json!({
        "name": operation.name,
        "method": operation.method.as_str(),
        "path": operation.path,
        "summary": summary,
        "tags": operation.tags,
        "deprecated": operation.deprecated.then_some(true),
    }))
}

fn in_full(operation: &Operation) -> Value {
    let definition = operation.tool_definition();
    without_nothing(json!({
        "name": definition.name,
        "method": operation.method.as_str(),
        "path": operation.path,
        "description": definition.description,
        "annotations": definition.annotations,
        "inputSchema": *definition.input_schema,
        "outputSchema": definition.output_schema.as_deref(),
    }))
}

fn without_nothing(mut value: Value) -> Value {
    if let Value::Object(map) = &mut value {
        map.retain(|_, it| !it.is_null() && it.as_array().is_none_or(|it| !it.is_empty()));
    }
    value
}

fn search_definition(operations: &Operations) -> ToolDefinition {
    let schema = json!({
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "What the operation should do, in a few words; parts of names, paths and tags count too. Empty: all."},
            "limit": {"type": "integer", "minimum": 1, "maximum": FOUND_MAX, "description": format!("How many to list; {FOUND_DEFAULT} if not said.")},
        },
        "required": ["query"],
        "additionalProperties": false,
    });
    let output = json!({
        "type": "object",
        "properties": {
            "found": {"type": "integer", "description": "How many match; the best are listed first."},
            "operations": {"type": "array", "items": {"type": "object", "properties": {
                "name": {"type": "string"}, "method": {"type": "string"}, "path": {"type": "string"},
                "summary": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}},
                "deprecated": {"type": "boolean"},
            }, "required": ["name", "method", "path"]}},
        },
        "required": ["found", "operations"],
    });
    let words = format!(
        "Finds operations among the {} of this API. Then describe_operation says what one takes, and call_operation calls it.",
        operations.entries.len()
    );
    let annotations = ToolAnnotations::default()
        .with_read_only(true)
        .with_open_world(false);
    ToolDefinition::new("search_operations", schema)
        .with_output_schema(output)
        .with_description(words)
        .with_annotations(annotations)
}

fn describe_definition() -> ToolDefinition {
    let annotations = ToolAnnotations::default()
        .with_read_only(true)
        .with_open_world(false);
    ToolDefinition::new("describe_operation", named(json!({})))
        .with_description("Says what an operation does, and the JSON Schema of its arguments.")
        .with_annotations(annotations)
}

fn call_definition() -> ToolDefinition {
    let schema = named(json!({
        "arguments": {"type": "object", "description": "Its arguments, as the inputSchema of describe_operation says."},
    }));
    ToolDefinition::new("call_operation", schema)
        .with_description(
            "Calls an operation of the API. It may change things there; describe_operation tells.",
        )
        .with_annotations(ToolAnnotations::default().with_open_world(true))
}

/// The schema of a tool that takes the name of an operation and more.
fn named(more: Value) -> Value {
    let mut properties = Map::new();
    let name = json!({"type": "string", "description": "Its name, from search_operations."});
    properties.insert("name".to_owned(), name);
    if let Value::Object(more) = more {
        properties.extend(more);
    }
    json!({"type": "object", "properties": properties, "required": ["name"], "additionalProperties": false})
}

#[cfg(test)]
mod tests;
