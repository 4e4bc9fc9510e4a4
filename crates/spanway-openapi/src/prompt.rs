//! An operation as a prompt: its arguments are the prompt's, and what it answers are the messages.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value};
use spanway_protocol::schema::PromptMessage;
use spanway_server::{CompletionRequest, Context, Prompt, PromptError};

use crate::bridge::{Bridge, Unread};
use crate::operation::Operation;
use crate::resource::starting_with;
use crate::value::choices;

/// The operation at `index` as a prompt.
pub(crate) fn prompt<S: Send + Sync + 'static>(
    bridge: &Arc<Bridge>,
    index: usize,
    operation: &Operation,
) -> Prompt<S> {
    let bridge = Arc::clone(bridge);
    let fill = move |arguments: Map<String, Value>, context: Context| {
        let bridge = Arc::clone(&bridge);
        async move {
            match bridge.read_at(index, &arguments, &context).await {
                Ok(response) => Ok(messages(&response)),
                Err(Unread::Missing) => Err(PromptError::invalid(
                    "the API knows nothing of what the arguments name",
                )),
                Err(Unread::Failed(text)) => Err(PromptError::new(text)),
            }
        }
    };
    let schema = &operation.arguments.schema;
    let mut prompt = Prompt::new(operation.name.clone(), fill)
        .input_schema(schema.clone())
        .description(operation.tool_description());
    if let Some(title) = operation.title() {
        prompt = prompt.title(title);
    }
    for (key, value) in operation.extra_meta() {
        prompt = prompt.meta(key, value);
    }
    for binding in &operation.arguments.bindings {
        let all = choices(schema, &binding.argument);
        if !all.is_empty() {
            let argument = binding.argument.clone();
            prompt = prompt.complete(argument, move |request: CompletionRequest| {
                std::future::ready(starting_with(&all, &request.value))
            });
        }
    }
    prompt
}

/// The messages of a body `{"messages": [{"role": …, "content": …}]}`; any other body is one message of the user.
fn messages(response: &Response<Bytes>) -> Vec<PromptMessage> {
    let body = String::from_utf8_lossy(response.body());
    let parsed: Option<Value> = serde_json::from_str(&body).ok();
    if let Some(Value::String(text)) = &parsed {
        return vec![PromptMessage::user(text.clone())];
    }
    let listed = parsed.as_ref().and_then(|it| it.get("messages"));
    let listed = listed.and_then(Value::as_array);
    let read: Option<Vec<PromptMessage>> = listed.and_then(|all| all.iter().map(message).collect());
    read.unwrap_or_else(|| vec![PromptMessage::user(body.into_owned())])
}

fn message(value: &Value) -> Option<PromptMessage> {
    let content = value.get("content")?;
    let text = content.as_str().or_else(|| content.get("text")?.as_str())?;
    match value.get("role").and_then(Value::as_str) {
        Some("assistant") => Some(PromptMessage::assistant(text)),
        Some("user") | None => Some(PromptMessage::user(text)),
        Some(_) => None,
    }
}
