//! The glue to the server: each operation as a tool, described by its document and run by the bridge.

use std::sync::Arc;

use serde_json::{Map, Value};
use spanway_protocol::schema::{CallToolResult, ToolAnnotations, ToolDefinition};
use spanway_server::{Context, Tool, ToolError};

use crate::bridge::Bridge;
use crate::operation::Operation;
use crate::upstream::Tell;

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
        let mut definition = ToolDefinition::new(self.name.clone(), self.arguments.schema.clone())
            .with_description(self.tool_description())
            .with_annotations(annotations);
        if let Some(title) = self.title() {
            definition = definition.with_title(title);
        }
        if let Some(schema) = &self.output_schema {
            definition = definition.with_output_schema(schema.clone());
        }
        definition
    }
}

/// Tells the client of lines of an answer as progress of the call; the result has them all.
pub(crate) fn tell(context: &Context) -> Tell {
    let context = context.clone();
    Arc::new(move |so_far, line| {
        let so_far = u32::try_from(so_far).unwrap_or(u32::MAX);
        context.progress(f64::from(so_far), None, line);
    })
}

impl Bridge {
    /// Every operation as a tool, in the order of the document.
    ///
    /// Arguments are validated by the server against the schema it lists, and the bridge sees only
    /// those that conform.
    #[must_use]
    pub fn into_tools<S: Send + Sync + 'static>(self) -> Vec<Tool<S>> {
        let is_tolerant = self.is_tolerant;
        let bridge = Arc::new(self);
        let definitions = bridge
            .operations()
            .map(Operation::tool_definition)
            .enumerate();
        definitions
            .map(|(index, definition)| {
                let bridge = Arc::clone(&bridge);
                let call = move |arguments: Map<String, Value>, context: Context| {
                    let bridge = Arc::clone(&bridge);
                    async move {
                        let call = bridge.call_at(
                            index,
                            &arguments,
                            context.headers(),
                            Some(tell(&context)),
                        );
                        let result = call.await;
                        Ok::<CallToolResult, ToolError>(result)
                    }
                };
                let tool = Tool::from_definition(definition, call);
                if is_tolerant { tool.tolerant() } else { tool }
            })
            .collect()
    }
}
