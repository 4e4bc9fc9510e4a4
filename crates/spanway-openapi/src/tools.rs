//! The glue to the server: each operation as a tool, described by its document and run by the bridge.

use std::sync::Arc;

use serde_json::{Map, Value};
use spanway_protocol::schema::{CallToolResult, ToolAnnotations, ToolDefinition};
use spanway_server::{Context, Tool, ToolError};

use crate::bridge::Bridge;
use crate::operation::Operation;
use crate::resource::Address;

/// The key under which the scopes that a caller needs are told.
const SCOPES: &str = "spanway/scopes";

impl Operation {
    /// The operation as tools/list shows it.
    #[must_use]
    pub fn tool_definition(&self) -> ToolDefinition {
        let hints = self.hints();
        let mut annotations = ToolAnnotations::default()
            .with_read_only(hints.read_only)
            .with_idempotent(hints.idempotent)
            .with_open_world(true);
        if let Some(destructive) = hints.destructive {
            annotations = annotations.with_destructive(destructive);
        }
        self.annotate(&mut annotations);
        let mut definition = ToolDefinition::new(self.name.clone(), self.arguments.schema.clone())
            .with_description(self.tool_description())
            .with_annotations(annotations);
        if let Some(title) = self.title() {
            definition = definition.with_title(title);
        }
        if let Some(schema) = &self.output_schema {
            definition = definition.with_output_schema(schema.clone());
        }
        for (key, value) in self.extra_meta() {
            definition.meta.insert(key, value);
        }
        definition
    }

    /// Hints that the document gives, over those of the method; those of the operator stand over both.
    fn annotate(&self, annotations: &mut ToolAnnotations) {
        let given = &self.marks.annotations;
        let hint = |key: &str| given.get(key).and_then(Value::as_bool);
        let own = self.hint_overrides;
        let over = |own: Option<bool>, key: &str| own.or_else(|| hint(key));
        annotations.read_only = over(own.read_only, "readOnlyHint").or(annotations.read_only);
        annotations.destructive =
            over(own.destructive, "destructiveHint").or(annotations.destructive);
        annotations.idempotent = over(own.idempotent, "idempotentHint").or(annotations.idempotent);
        annotations.open_world = hint("openWorldHint").or(annotations.open_world);
        let title = given.get("title").and_then(Value::as_str);
        annotations.title = title.map(str::to_owned);
    }

    /// What is attached to the tool, resource or prompt of the operation.
    pub(crate) fn extra_meta(&self) -> impl Iterator<Item = (String, Value)> {
        let scopes = &self.marks.scopes;
        let scopes = (!scopes.is_empty()).then(|| (SCOPES.to_owned(), scopes.clone().into()));
        let given = self.marks.meta.iter();
        let given = given.map(|(key, value)| (key.clone(), value.clone()));
        scopes.into_iter().chain(given)
    }

    /// What a model is told of the resource.
    pub(crate) fn resource_description(&self) -> String {
        match &self.marks.resource_description {
            Some(description) => self.marks.with_sections(description),
            None => self.tool_description(),
        }
    }
}

impl Bridge {
    /// Every operation as a tool, in the order of the document.
    ///
    /// Arguments are validated by the server against the schema it lists, and the bridge sees only
    /// those that conform.
    #[must_use]
    pub fn into_tools<S: Send + Sync + 'static>(self) -> Vec<Tool<S>> {
        let bridge = Arc::new(self);
        let definitions = bridge
            .operations()
            .map(Operation::tool_definition)
            .enumerate();
        definitions
            .map(|(index, definition)| tool_at(&bridge, index, definition, Vec::new()))
            .collect()
    }
}

/// The operation at `index` as the tool that `definition` describes, whose answers can be read at `addresses` too.
pub(crate) fn tool_at<S: Send + Sync + 'static>(
    bridge: &Arc<Bridge>,
    index: usize,
    definition: ToolDefinition,
    addresses: Vec<Address>,
) -> Tool<S> {
    let addresses: Arc<[Address]> = addresses.into();
    let is_tolerant = bridge.is_tolerant;
    let operation = bridge.operations().nth(index);
    let tasks = operation.and_then(|operation| operation.marks.task_support);
    let bridge = Arc::clone(bridge);
    let call = move |arguments: Map<String, Value>, context: Context| {
        let bridge = Arc::clone(&bridge);
        let uri = addresses.iter().find_map(|it| it.uri_for(&arguments));
        async move {
            let result = bridge.call_readable(index, &arguments, &context, uri).await;
            Ok::<CallToolResult, ToolError>(result)
        }
    };
    let tool = Tool::from_definition(definition, call).tasks(tasks.unwrap_or_default());
    if is_tolerant { tool.tolerant() } else { tool }
}
