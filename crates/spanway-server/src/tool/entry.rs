//! A tool as it is served: its compiled schemas, and what becomes of arguments and results.

use std::fmt;
use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};
use spanway_protocol::modern::{InvalidMirror, MirroredArguments};
use spanway_protocol::schema::{CallToolResult, ToolDefinition, wraps_output};
use spanway_protocol::{Answer, Era, Reply};

use super::arguments::{Arguments, malformed};
use crate::coerce::coerced;
use crate::context::Context;
use crate::error::BuildError;
use crate::handler::{
    Endpoint, ExtractError, ExtractErrorKind, Failure, Finish, IntoToolResult, Outcome, Sources,
    ToolCall,
};
use crate::page::ListKind;
use crate::section::{Entry, Visibility};
use crate::task::TaskSupport;
use crate::validate::{Compiled, problems};

/// When schemas are compiled, and with that when they are found to be unusable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compile {
    Now,
    AtFirstCall,
}

/// How arguments are read that do not conform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    Exact,
    Tolerant,
}

/// A tool ready to be called.
pub(crate) struct ToolEntry {
    definition: ToolDefinition,
    input: Compiled,
    output: Compiled,
    /// The arguments that headers mirror; found when they are first needed.
    mirrored: OnceLock<Result<MirroredArguments, InvalidMirror>>,
    /// What the output schema promises is no object.
    wraps_output: bool,
    tasks: TaskSupport,
    reading: Reading,
    visible: Option<Visibility>,
    endpoint: Box<dyn Endpoint<ToolCall, ToolRun>>,
}

impl ToolEntry {
    pub(super) fn new(
        definition: ToolDefinition,
        tasks: TaskSupport,
        reading: Reading,
        visible: Option<Visibility>,
        endpoint: Box<dyn Endpoint<ToolCall, ToolRun>>,
    ) -> Self {
        let wraps_output = definition
            .output_schema
            .as_deref()
            .is_some_and(wraps_output);
        let (input, output) = (Compiled::default(), Compiled::default());
        Self {
            definition,
            input,
            output,
            mirrored: OnceLock::new(),
            wraps_output,
            tasks,
            reading,
            visible,
            endpoint,
        }
    }

    /// Finds unusable schemas.
    pub(super) fn check(&self, compile: Compile, errors: &mut Vec<BuildError>) {
        let tool = || self.definition.name.clone();
        // T-2607-41, T-ALL-22
        if self.definition.input_schema.get("type") != Some(&Value::from("object")) {
            errors.push(BuildError::InputNotObject { tool: tool() });
        }
        if compile == Compile::Now
            && let Err((which, detail)) = self.compiled()
        {
            errors.push(BuildError::Schema {
                tool: tool(),
                which,
                detail: detail.to_owned(),
            });
        }
        if compile == Compile::Now
            && let Err(invalid) = self.mirrored()
        {
            errors.push(BuildError::MirrorHeader {
                tool: tool(),
                pointer: invalid.pointer.clone(),
                detail: invalid.problem,
            });
        }
    }

    /// What headers mirror, or what is wrong with an annotation (T-HDR-08).
    fn mirrored(&self) -> Result<&MirroredArguments, &InvalidMirror> {
        let found = || MirroredArguments::of(&self.definition.input_schema);
        self.mirrored.get_or_init(found).as_ref()
    }

    /// Step 10 of the validation ladder: headers say what the arguments say (T-HDR-06). Before 2026-07-28
    /// nothing is mirrored.
    fn check_headers(&self, arguments: &mut Arguments, context: &Context) -> Result<(), Reply> {
        if context.version().era() == Era::Legacy {
            return Ok(());
        }
        let rules = context.header_rules();
        match self.mirrored() {
            Ok(mirrored) if mirrored.is_empty() && !rules.are_strict() => Ok(()),
            Ok(mirrored) => mirrored
                .check(context.headers(), arguments.values()?, rules)
                .map_err(Reply::from),
            Err(invalid) => Err(self.unusable("input", &invalid.to_string())),
        }
    }

    /// What a call gets while a schema is not usable.
    fn unusable(&self, which: &str, detail: &str) -> Reply {
        let name = &self.definition.name;
        tracing::error!(tool = name, which, detail, "a tool has an unusable schema");
        failed(format!(
            "tool {name:?} cannot be called: its {which} schema is not usable: {detail}"
        ))
    }

    /// Which schema does not compile, and why.
    fn compiled(&self) -> Result<(), (&'static str, &str)> {
        self.input
            .of(&self.definition.input_schema)
            .map_err(|why| ("input", why))?;
        if let Some(schema) = &self.definition.output_schema {
            self.output.of(schema).map_err(|why| ("output", why))?;
        }
        Ok(())
    }

    pub(crate) fn name(&self) -> &str {
        &self.definition.name
    }

    pub(crate) fn tasks(&self) -> TaskSupport {
        self.tasks
    }

    /// Whether running it twice does no more than running it once.
    pub(crate) fn is_idempotent(&self) -> bool {
        let hints = self.definition.annotations.as_ref();
        hints.is_some_and(|hints| hints.idempotent == Some(true) || hints.read_only == Some(true))
    }

    /// Checks a call, then runs the tool.
    pub(crate) fn call(
        self: &Arc<Self>,
        arguments: Arguments,
        context: Context,
    ) -> Result<BoxFuture<'static, Reply>, Reply> {
        let arguments = self.check_call(arguments, &context)?;
        Ok(self.run(arguments, context))
    }

    /// The arguments of a call, if they and the headers that mirror them are right.
    pub(crate) fn check_call(
        &self,
        mut arguments: Arguments,
        context: &Context,
    ) -> Result<Arguments, Reply> {
        self.check_headers(&mut arguments, context)?;
        self.check_arguments(arguments)
    }

    /// Validates the arguments against exactly what is advertised (ARCHITECTURE.md, invariant 14).
    pub(crate) fn check_arguments(&self, arguments: Arguments) -> Result<Arguments, Reply> {
        if let Err((which, detail)) = self.compiled() {
            return Err(self.unusable(which, detail));
        }
        let schema = &self.definition.input_schema;
        match arguments {
            Arguments::Text(text) if self.input.admits(schema, &text) => Ok(Arguments::Text(text)),
            arguments => {
                let values = arguments.into_values().map_err(|_| malformed())?;
                let values = self.validated(values).map_err(failed)?;
                Ok(Arguments::Values(values))
            }
        }
    }

    /// Runs the tool with arguments that were checked.
    pub(crate) fn run(
        self: &Arc<Self>,
        arguments: Arguments,
        context: Context,
    ) -> BoxFuture<'static, Reply> {
        let call = ToolCall { context, arguments };
        self.endpoint.run(call, ToolRun(self.clone()))
    }

    /// Asks what the tool asks up front; what to answer instead, if that has to be answered first.
    pub(crate) async fn prepare(self: &Arc<Self>, context: &Context) -> Result<(), Reply> {
        let run = ToolRun(self.clone());
        self.endpoint.prepare(context.clone(), run).await
    }

    pub(crate) fn asks(&self) -> bool {
        self.endpoint.asks()
    }

    /// The arguments, or what is wrong with them (T-2511-13).
    fn validated(&self, arguments: Map<String, Value>) -> Result<Map<String, Value>, String> {
        let Ok(validator) = self.input.of(&self.definition.input_schema) else {
            return Ok(arguments);
        };
        let arguments = Value::Object(arguments);
        let arguments = match problems(validator, &arguments) {
            None => arguments,
            Some(problems) => match self.reading {
                Reading::Exact => None,
                Reading::Tolerant => coerced(validator, &arguments),
            }
            .ok_or_else(|| format!("the arguments are not valid:\n{problems}"))?,
        };
        match arguments {
            Value::Object(arguments) => Ok(arguments),
            _ => Ok(Map::new()),
        }
    }

    /// What the output schema has against the result, if anything.
    fn mismatch(&self, result: &CallToolResult) -> Option<String> {
        let schema = self.definition.output_schema.as_ref()?;
        if result.is_error {
            return None;
        }
        let validator = self.output.of(schema).ok()?;
        match &result.structured_content {
            Some(content) => problems(validator, content),
            None => Some("/: there is no structured content".to_owned()),
        }
    }
}

impl Entry for ToolEntry {
    type Definition = ToolDefinition;

    const LIST: ListKind = ListKind::Tools;

    fn key(&self) -> &str {
        &self.definition.name
    }

    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    fn visibility(&self) -> Option<&Visibility> {
        self.visible.as_ref()
    }
}

impl fmt::Debug for ToolEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolEntry")
            .field("definition", &self.definition)
            .finish_non_exhaustive()
    }
}

/// One run of a tool.
pub(crate) struct ToolRun(Arc<ToolEntry>);

impl Outcome for ToolRun {
    fn feature(&self) -> &str {
        self.0.key()
    }

    fn refuse(&self, error: ExtractError) -> Reply {
        failed(match error.kind {
            ExtractErrorKind::Arguments => format!("the arguments are not valid:\n{}", error.text),
            ExtractErrorKind::Refused => error.text,
        })
    }

    fn fail(&self, failure: Failure) -> Reply {
        match failure {
            Failure::Text(text) => failed(text),
            Failure::Source(error) => {
                tracing::debug!(tool = self.feature(), error = %Sources(&*error), "tool failed");
                failed(error.to_string())
            }
            other => other.into_reply(self.feature(), || spanway_protocol::Rejection::Internal),
        }
    }
}

impl<O: IntoToolResult> Finish<O> for ToolRun {
    fn finish(&self, output: O) -> Reply {
        let mut result = match output.into_tool_result() {
            Ok(result) => result,
            Err(error) => return self.fail(error.0),
        };
        if let Some(problems) = self.0.mismatch(&result) {
            // T-2607-41: structured content MUST conform to the output schema.
            tracing::error!(
                tool = self.feature(),
                "the result does not match the tool's output schema"
            );
            return failed(format!(
                "the tool's result does not match its output schema:\n{problems}"
            ));
        }
        result.wrap_structured = self.0.wraps_output;
        Answer::CallTool(result).into()
    }
}

/// A result that tells the model what went wrong (T-ALL-23).
fn failed(text: impl Into<String>) -> Reply {
    Answer::CallTool(CallToolResult::error(text.into())).into()
}
