//! Prompts: what is advertised of them, and how they are filled in.

mod entry;

pub(crate) use entry::{PromptEntry, PromptRun};

use std::fmt;

use serde_json::{Map, Value};
use spanway_protocol::schema::{Icon, PromptArgument, PromptDefinition};

use crate::completion::{BindCompleter, Completers};
use crate::error::{BuildError, is_valid_name};
use crate::handler::{
    Bind, Bound, CompletionCall, Handler, IntoCompletion, IntoPromptResult, PromptCall, Signature,
    input_schema, rebind,
};
use crate::principal::Principal;
use crate::section::Visibility;

/// A prompt: a name, a description, arguments and the async function that writes the messages.
///
/// The arguments are the fields of the function's [`Args`](crate::Args); they arrive as strings and are read
/// as numbers or booleans where a field is one.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::Deserialize;
/// use spanway_server::{Args, CompletionRequest, Prompt};
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Recommend {
///     /// What kind of book it shall be.
///     genre: String,
/// }
///
/// async fn recommend(Args(args): Args<Recommend>) -> String {
///     format!("Recommend me one {} book, and say why in two sentences.", args.genre)
/// }
///
/// async fn genres(request: CompletionRequest) -> Vec<String> {
///     let all = ["crime", "poetry", "science fiction"].into_iter();
///     all.filter(|genre| genre.starts_with(&request.value)).map(str::to_owned).collect()
/// }
///
/// let prompt: Prompt = Prompt::new("recommend", recommend)
///     .description("Asks for a recommendation")
///     .complete("genre", genres);
/// ```
pub struct Prompt<S = ()> {
    definition: PromptDefinition,
    schema: Map<String, Value>,
    visible: Option<Visibility>,
    errors: Vec<BuildError>,
    completers: Vec<(String, BindCompleter<S>)>,
    bind: Bind<S, PromptCall, PromptRun>,
}

impl<S: Send + Sync + 'static> Prompt<S> {
    /// A prompt that `handler` fills in. It is described by the doc comment of its arguments' type until
    /// [`description`](Self::description) says better.
    pub fn new<H, M>(name: impl Into<String>, handler: H) -> Self
    where
        H: Handler<PromptCall, M, S>,
        H::Output: IntoPromptResult,
        M: 'static,
    {
        let name = name.into();
        let (signature, mut errors) = (Signature::of::<PromptCall, M, S, H>(), Vec::new());
        if signature.twice {
            errors.push(BuildError::ArgumentsTwice {
                kind: "prompt",
                name: name.clone(),
            });
        }
        let (schema, description) = input_schema(signature.arguments).unwrap_or_else(|| {
            errors.push(BuildError::PromptArguments {
                prompt: name.clone(),
            });
            Default::default()
        });
        let mut definition = PromptDefinition::new(name);
        definition.description = description;
        definition.arguments = arguments(&schema);
        Self {
            definition,
            schema,
            visible: None,
            errors,
            completers: Vec::new(),
            bind: Bound::later(handler),
        }
    }

    /// Suggests values for an argument.
    #[must_use]
    pub fn complete<H, M>(mut self, argument: impl Into<String>, completer: H) -> Self
    where
        H: Handler<CompletionCall, M, S>,
        H::Output: IntoCompletion,
        M: 'static,
    {
        self.completers
            .push((argument.into(), Bound::later(completer)));
        self
    }
}

impl<S: Clone + Send + 'static> Prompt<S> {
    /// Binds the state, so that the prompt can be added where there is another one, or none.
    #[must_use]
    pub fn with_state<T>(self, state: S) -> Prompt<T> {
        let completers = self
            .completers
            .into_iter()
            .map(|(name, bind)| (name, rebind(bind, state.clone())));
        Prompt {
            definition: self.definition,
            schema: self.schema,
            visible: self.visible,
            errors: self.errors,
            completers: completers.collect(),
            bind: rebind(self.bind, state),
        }
    }
}

impl<S> Prompt<S> {
    /// Replaces the schema of the arguments, and with it the arguments that are listed: for prompts that are only
    /// known at run time. The handler then takes its arguments as a `Map<String, Value>`.
    #[must_use]
    pub fn input_schema(mut self, schema: Value) -> Self {
        match schema {
            Value::Object(schema) => {
                self.definition.arguments = arguments(&schema);
                self.schema = schema;
            }
            _ => self.errors.push(BuildError::PromptArguments {
                prompt: self.definition.name.clone(),
            }),
        }
        self
    }

    /// What clients are shown of the prompt.
    #[must_use]
    pub fn definition(&self) -> &PromptDefinition {
        &self.definition
    }

    /// A name for people.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.definition.title = Some(title.into());
        self
    }

    /// What it is for.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.definition.description = Some(description.into());
        self
    }

    /// An icon for people; several are alternatives.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.definition.icons.push(icon);
        self
    }

    /// Adds to the prompt's `_meta`.
    #[must_use]
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.definition.meta.insert(key, value);
        self
    }

    /// Shows and grants the prompt only to callers for which `decide` says yes; for others there is none.
    #[must_use]
    pub fn visible_to(
        mut self,
        decide: impl Fn(Option<&Principal>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.visible = Some(Visibility::new(decide));
        self
    }
}

impl<S: Clone> Prompt<S> {
    /// The prompt with its state, or what is wrong with it.
    pub(crate) fn bind(self, state: S, errors: &mut Vec<BuildError>) -> Option<PromptEntry> {
        let before = errors.len();
        errors.extend(self.errors);
        let name = &self.definition.name;
        if !is_valid_name(name) {
            errors.push(BuildError::InvalidName {
                kind: "prompt",
                name: name.clone(),
            });
        }
        let completers = self
            .completers
            .into_iter()
            .map(|(name, bind)| (name, bind(state.clone())));
        let completers = Completers::new(completers);
        let known = |argument: &str| {
            self.definition
                .arguments
                .iter()
                .any(|known| known.name == argument)
        };
        completers.check("prompt", name, "argument", known, errors);
        if errors.len() > before {
            return None;
        }
        let endpoint = (self.bind)(state);
        Some(PromptEntry::new(
            self.definition,
            Value::Object(self.schema),
            self.visible,
            completers,
            endpoint,
        ))
    }
}

/// The properties of the schema as a prompt lists them.
fn arguments(schema: &Map<String, Value>) -> Vec<PromptArgument> {
    let Some(Value::Object(properties)) = schema.get("properties") else {
        return Vec::new();
    };
    let required = schema.get("required").and_then(Value::as_array);
    let text =
        |schema: &Value, key: &str| schema.get(key).and_then(Value::as_str).map(str::to_owned);
    let argument = |(name, schema): (&String, &Value)| {
        let mut argument = PromptArgument::new(name.clone());
        argument.description = text(schema, "description");
        argument.required = required.is_some_and(|all| all.iter().any(|one| one == name));
        argument
    };
    properties.iter().map(argument).collect()
}

impl<S> fmt::Debug for Prompt<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prompt")
            .field("definition", &self.definition)
            .finish_non_exhaustive()
    }
}
