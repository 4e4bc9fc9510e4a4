//! Suggestions for the arguments of prompts and the variables of resource templates.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture};
use spanway_protocol::schema::{CompleteParams, Completion, CompletionReference};
use spanway_protocol::{Answer, Reply};

use crate::context::Context;
use crate::error::BuildError;
use crate::handler::{
    Bind, CompletionCall, Endpoint, ExtractError, Failure, Finish, IntoCompletion, Outcome,
};
use crate::registry::Registry;
use crate::router::invalid;

/// What a completer is asked for.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CompletionRequest {
    /// The argument or variable.
    pub argument: String,
    /// What was typed so far; it may be empty.
    pub value: String,
    /// The arguments that are already chosen, where the revision tells (2025-06-18 and later).
    pub chosen: BTreeMap<String, String>,
}

/// A completer that waits for its state.
pub(crate) type BindCompleter<S> = Bind<S, CompletionCall, CompletionRun>;

/// The completers of one prompt or template, by argument.
pub(crate) struct Completers(HashMap<String, Box<dyn Endpoint<CompletionCall, CompletionRun>>>);

impl Completers {
    pub(crate) fn new(
        completers: impl Iterator<Item = (String, Box<dyn Endpoint<CompletionCall, CompletionRun>>)>,
    ) -> Self {
        Self(completers.collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Finds completers for arguments that do not exist.
    pub(crate) fn check(
        &self,
        kind: &'static str,
        name: &str,
        what: &'static str,
        known: impl Fn(&str) -> bool,
        errors: &mut Vec<BuildError>,
    ) {
        let mut unknown: Vec<_> = self.0.keys().filter(|argument| !known(argument)).collect();
        unknown.sort_unstable();
        errors.extend(
            unknown
                .into_iter()
                .map(|argument| BuildError::UnknownArgument {
                    kind,
                    name: name.to_owned(),
                    argument: argument.clone(),
                    what,
                }),
        );
    }

    fn run(
        &self,
        name: &str,
        params: CompleteParams,
        context: Context,
    ) -> BoxFuture<'static, Reply> {
        let Some(completer) = self.0.get(&params.argument.name) else {
            return nothing();
        };
        let request = CompletionRequest {
            argument: params.argument.name,
            value: params.argument.value,
            chosen: params.context.arguments,
        };
        completer.run(
            CompletionCall { context, request },
            CompletionRun(name.into()),
        )
    }
}

impl fmt::Debug for Completers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Asks the completer of the argument that `params` names; without one there is nothing to suggest.
pub(crate) fn complete(
    registry: &Registry,
    params: CompleteParams,
    context: Context,
) -> Result<BoxFuture<'static, Reply>, Reply> {
    let principal = context.principal();
    let argument = &params.argument.name;
    let unknown =
        |kind: &str, name: &str| invalid(format!("{kind} {name:?} has no argument {argument:?}"));
    match &params.reference {
        CompletionReference::Prompt { name } => {
            let prompt = registry.prompts.find(name, principal);
            let prompt = prompt
                .ok_or_else(|| invalid(format!("unknown prompt: {name:?}")))?
                .clone();
            if !prompt.has_argument(argument) {
                return Err(unknown("prompt", name));
            }
            Ok(prompt.completers().run(&name.clone(), params, context))
        }
        CompletionReference::Resource { uri } => {
            if let Some(template) = registry.templates.find(uri, principal).cloned() {
                if !template.has_variable(argument) {
                    return Err(unknown("resource template", uri));
                }
                return Ok(template.completers().run(&uri.clone(), params, context));
            }
            match registry.resources.find(uri, principal) {
                Some(_) => Ok(nothing()),
                None => Err(invalid(format!("unknown resource template: {uri:?}"))),
            }
        }
        _ => Err(invalid("ref must be of type ref/prompt or ref/resource")),
    }
}

fn nothing() -> BoxFuture<'static, Reply> {
    future::ready(Answer::Complete(Completion::default()).into()).boxed()
}

/// One request for suggestions: the prompt or template it is for.
pub(crate) struct CompletionRun(Arc<str>);

impl Outcome for CompletionRun {
    fn feature(&self) -> &str {
        &self.0
    }

    fn refuse(&self, error: ExtractError) -> Reply {
        error.into_reply()
    }

    fn fail(&self, failure: Failure) -> Reply {
        failure.into_reply(&self.0, || spanway_protocol::Rejection::Internal)
    }
}

impl<O: IntoCompletion> Finish<O> for CompletionRun {
    fn finish(&self, output: O) -> Reply {
        match output.into_completion() {
            // Written with no more than 100 values (T-ALL-51).
            Ok(completion) => Answer::Complete(completion).into(),
            Err(error) => self.fail(error.0),
        }
    }
}
