//! A prompt as it is served: its arguments read from strings, validated, and what becomes of its messages.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};
use spanway_protocol::schema::{GetPromptResult, PromptDefinition};
use spanway_protocol::{Answer, Rejection, Reply};

use crate::completion::Completers;
use crate::context::Context;
use crate::handler::{
    Endpoint, ExtractError, Failure, Finish, IntoPromptResult, Outcome, PromptCall, PromptOutput,
};
use crate::page::ListKind;
use crate::router::invalid;
use crate::section::{Entry, Visibility};
use crate::validate::{Compiled, problems};

/// A prompt ready to be filled in.
pub(crate) struct PromptEntry {
    definition: PromptDefinition,
    schema: Value,
    compiled: Compiled,
    visible: Option<Visibility>,
    completers: Completers,
    endpoint: Box<dyn Endpoint<PromptCall, PromptRun>>,
}

impl PromptEntry {
    pub(super) fn new(
        definition: PromptDefinition,
        schema: Value,
        visible: Option<Visibility>,
        completers: Completers,
        endpoint: Box<dyn Endpoint<PromptCall, PromptRun>>,
    ) -> Self {
        Self {
            definition,
            schema,
            compiled: Compiled::default(),
            visible,
            completers,
            endpoint,
        }
    }

    /// Validates the arguments (T-ALL-31, T-ALL-33), then fills in the prompt.
    pub(crate) fn get(
        self: &Arc<Self>,
        mut arguments: Map<String, Value>,
        context: Context,
    ) -> Result<BoxFuture<'static, Reply>, Reply> {
        let Ok(validator) = self.compiled.of(&self.schema) else {
            return Err(Rejection::Internal.into());
        };
        for (name, value) in &mut arguments {
            self.coerce(name, value);
        }
        let arguments = Value::Object(arguments);
        if let Some(problems) = problems(validator, &arguments) {
            return Err(invalid(format!(
                "the prompt's arguments are not valid:\n{problems}"
            )));
        }
        let arguments = match arguments {
            Value::Object(arguments) => arguments,
            _ => Map::new(),
        };
        let call = PromptCall { context, arguments };
        Ok(self.endpoint.run(call, PromptRun(self.clone())))
    }

    /// Arguments of prompts are strings on the wire; one whose schema wants a number or a boolean and no
    /// string is read as such, if it can be.
    fn coerce(&self, name: &str, value: &mut Value) {
        let Value::String(text) = value else { return };
        let kinds = self.kinds(name).unwrap_or_default();
        let wants = |kind: &str| kinds.contains(&kind);
        if kinds.is_empty() || wants("string") {
            return;
        }
        match serde_json::from_str(text) {
            Ok(number @ Value::Number(_)) if wants("integer") || wants("number") => *value = number,
            Ok(boolean @ Value::Bool(_)) if wants("boolean") => *value = boolean,
            _ => {}
        }
    }

    /// The types that the schema gives an argument, itself or through a local reference.
    fn kinds(&self, name: &str) -> Option<Vec<&str>> {
        let mut schema = self.schema.get("properties")?.get(name)?;
        if let Some(reference) = schema.get("$ref") {
            schema = self
                .schema
                .pointer(reference.as_str()?.strip_prefix('#')?)?;
        }
        match schema.get("type")? {
            Value::String(kind) => Some(vec![kind]),
            Value::Array(kinds) => Some(kinds.iter().filter_map(Value::as_str).collect()),
            _ => None,
        }
    }

    pub(crate) fn asks(&self) -> bool {
        self.endpoint.asks()
    }

    pub(crate) fn completes(&self) -> bool {
        !self.completers.is_empty()
    }

    pub(crate) fn completers(&self) -> &Completers {
        &self.completers
    }

    pub(crate) fn has_argument(&self, name: &str) -> bool {
        self.definition
            .arguments
            .iter()
            .any(|argument| argument.name == name)
    }
}

impl Entry for PromptEntry {
    type Definition = PromptDefinition;

    const LIST: ListKind = ListKind::Prompts;

    fn key(&self) -> &str {
        &self.definition.name
    }

    fn definition(&self) -> &PromptDefinition {
        &self.definition
    }

    fn visibility(&self) -> Option<&Visibility> {
        self.visible.as_ref()
    }
}

impl fmt::Debug for PromptEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PromptEntry")
            .field("definition", &self.definition)
            .finish_non_exhaustive()
    }
}

/// One request for a prompt.
pub(crate) struct PromptRun(Arc<PromptEntry>);

impl Outcome for PromptRun {
    fn feature(&self) -> &str {
        self.0.key()
    }

    fn refuse(&self, error: ExtractError) -> Reply {
        error.into_reply()
    }

    fn fail(&self, failure: Failure) -> Reply {
        failure.into_reply(self.feature(), || Rejection::Internal)
    }
}

impl<O: IntoPromptResult> Finish<O> for PromptRun {
    fn finish(&self, output: O) -> Reply {
        match output.into_prompt_result() {
            Ok(PromptOutput::Result(result)) => Answer::GetPrompt(result).into(),
            Ok(PromptOutput::Messages(messages)) => {
                let mut result = GetPromptResult::new(messages);
                result.description = self.0.definition.description.clone();
                Answer::GetPrompt(result).into()
            }
            Err(error) => self.fail(error.0),
        }
    }
}
