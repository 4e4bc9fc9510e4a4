//! Tools: what is advertised of a function, and how a call of it is validated, run and answered.

mod arguments;
mod entry;

pub(crate) use arguments::Arguments;
pub(crate) use entry::{ToolEntry, ToolRun};

use std::fmt;

use serde_json::Value;
use spanway_protocol::schema::{Icon, TaskMode, ToolAnnotations, ToolDefinition};

use crate::error::{BuildError, is_valid_name};
use crate::handler::{
    Bind, Bound, Handler, IntoToolResult, Signature, ToolCall, input_schema, rebind,
};
use crate::principal::Principal;
use crate::section::Visibility;
use crate::task::TaskSupport;
use entry::{Compile, Reading};

/// A tool: a name, a description and the async function behind it.
///
/// Schemas come from the function's types: arguments from [`Args`](crate::Args), the result from
/// [`Json`](crate::Json). Arguments are validated against exactly the schema that clients see, before the
/// function runs.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
/// use spanway_server::{Args, Context, Json, Tool, ToolError};
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Divide {
///     dividend: f64,
///     /// Anything but zero.
///     divisor: f64,
/// }
///
/// #[derive(Serialize, JsonSchema)]
/// struct Quotient {
///     value: f64,
/// }
///
/// async fn divide(Args(args): Args<Divide>, cx: Context) -> Result<Json<Quotient>, ToolError> {
///     if args.divisor == 0.0 {
///         return Err(ToolError::new("the divisor must not be zero"));
///     }
///     cx.progress(1.0, Some(1.0), "divided");
///     Ok(Json(Quotient { value: args.dividend / args.divisor }))
/// }
///
/// let tool: Tool = Tool::new("divide", divide).title("Divide").read_only();
/// ```
pub struct Tool<S = ()> {
    definition: ToolDefinition,
    compile: Compile,
    tasks: TaskSupport,
    reading: Reading,
    visible: Option<Visibility>,
    errors: Vec<BuildError>,
    bind: Bind<S, ToolCall, ToolRun>,
}

impl<S: Send + Sync + 'static> Tool<S> {
    /// A tool that runs `handler`. It is described by the doc comment of its arguments' type until
    /// [`description`](Self::description) says better.
    pub fn new<H, M>(name: impl Into<String>, handler: H) -> Self
    where
        H: Handler<ToolCall, M, S>,
        H::Output: IntoToolResult,
        M: 'static,
    {
        let name = name.into();
        let (signature, mut errors) = (Signature::of::<ToolCall, M, S, H>(), Vec::new());
        if signature.twice {
            errors.push(BuildError::ArgumentsTwice {
                kind: "tool",
                name: name.clone(),
            });
        }
        // Without an object at its root the schema is refused when the tool is added.
        let (schema, description) = input_schema(signature.arguments).unwrap_or_default();
        let mut definition = ToolDefinition::new(name, Value::Object(schema));
        definition.description = description;
        definition.output_schema = H::Output::output_schema().map(Into::into);
        Self {
            definition,
            compile: Compile::Now,
            tasks: TaskSupport::Forbidden,
            reading: Reading::Exact,
            visible: None,
            errors,
            bind: Bound::later(handler),
        }
    }

    /// A tool described by `definition`, for tools that are only known at run time. The handler takes its
    /// arguments as a `Map<String, Value>`.
    ///
    /// The schemas are compiled at the first call, since whoever makes tools this way tends to make many.
    /// One that does not compile is then answered with an error that says so.
    ///
    /// ```
    /// use serde_json::{Map, Value, json};
    /// use spanway_protocol::schema::{CallToolResult, ToolDefinition};
    /// use spanway_server::{Context, Tool, ToolError};
    ///
    /// let definition = ToolDefinition::new("echo", json!({ "type": "object" }));
    /// let tool: Tool = Tool::from_definition(definition, async |arguments: Map<String, Value>, _: Context| {
    ///     Ok::<_, ToolError>(CallToolResult::text(Value::Object(arguments).to_string()))
    /// });
    /// ```
    pub fn from_definition<H, M>(definition: ToolDefinition, handler: H) -> Self
    where
        H: Handler<ToolCall, M, S>,
        H::Output: IntoToolResult,
        M: 'static,
    {
        let bind = Bound::later(handler);
        Self {
            definition,
            compile: Compile::AtFirstCall,
            tasks: TaskSupport::Forbidden,
            reading: Reading::Exact,
            visible: None,
            errors: Vec::new(),
            bind,
        }
    }

    /// Binds the state, so that the tool can be added where there is another one, or none.
    #[must_use]
    pub fn with_state<T>(self, state: S) -> Tool<T> {
        Tool {
            definition: self.definition,
            compile: self.compile,
            tasks: self.tasks,
            reading: self.reading,
            visible: self.visible,
            errors: self.errors,
            bind: rebind(self.bind, state),
        }
    }
}

impl<S> Tool<S> {
    /// What clients are shown of the tool.
    #[must_use]
    pub fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    /// A name for people.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.definition.title = Some(title.into());
        self
    }

    /// What it does and when to use it, for the model.
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

    /// Hints that it changes nothing.
    #[must_use]
    pub fn read_only(self) -> Self {
        self.annotate(|hints| hints.read_only = Some(true))
    }

    /// Hints that it may destroy something.
    #[must_use]
    pub fn destructive(self) -> Self {
        self.annotate(|hints| hints.destructive = Some(true))
    }

    /// Whether, and when, calls of it become tasks. Never, unless set.
    ///
    /// ```
    /// use std::time::Duration;
    /// use spanway_server::{Context, TaskSupport, Tool};
    ///
    /// async fn index(cx: Context) -> &'static str {
    ///     for page in 1..=1000 {
    ///         cx.status(format!("page {page} of 1000"));
    ///     }
    ///     "indexed"
    /// }
    ///
    /// let tool: Tool = Tool::new("index", index).tasks(TaskSupport::After(Duration::from_secs(5)));
    /// ```
    #[must_use]
    pub fn tasks(mut self, support: TaskSupport) -> Self {
        self.tasks = support;
        self.definition.tasks = match support {
            TaskSupport::Forbidden => None,
            TaskSupport::Optional | TaskSupport::After(_) => Some(TaskMode::Optional),
            TaskSupport::Required => Some(TaskMode::Required),
        };
        self
    }

    /// Hints that running it twice does no more than running it once. A task of such a tool is begun again if
    /// the node that worked on it is gone; so is one of a tool that changes nothing.
    #[must_use]
    pub fn idempotent(self) -> Self {
        self.annotate(|hints| hints.idempotent = Some(true))
    }

    /// Hints whether it reaches out to things nobody controls, such as the web.
    #[must_use]
    pub fn open_world(self, open: bool) -> Self {
        self.annotate(|hints| hints.open_world = Some(open))
    }

    fn annotate(mut self, hint: impl FnOnce(&mut ToolAnnotations)) -> Self {
        hint(self.definition.annotations.get_or_insert_default());
        self
    }

    /// Replaces the schema of the arguments. It is advertised as it is (T-2607-41).
    #[must_use]
    pub fn input_schema(mut self, schema: Value) -> Self {
        self.definition.input_schema = schema.into();
        self
    }

    /// Replaces the schema of the structured result. Every result must then have one that conforms.
    #[must_use]
    pub fn output_schema(mut self, schema: Value) -> Self {
        self.definition.output_schema = Some(schema.into());
        self
    }

    /// Reads arguments that do not conform as was probably meant: numbers, booleans and JSON inside a string, and a
    /// number or boolean where text is wanted. What the function gets conforms to the schema as ever; what has no such
    /// reading is refused as ever.
    #[must_use]
    pub fn tolerant(mut self) -> Self {
        self.reading = Reading::Tolerant;
        self
    }

    /// Adds to the tool's `_meta`.
    #[must_use]
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.definition.meta.insert(key, value);
        self
    }

    /// Shows and grants the tool only to callers for which `decide` says yes; for others there is no such
    /// tool. It must depend on the caller alone (T-2607-40).
    #[must_use]
    pub fn visible_to(
        mut self,
        decide: impl Fn(Option<&Principal>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.visible = Some(Visibility::new(decide));
        self
    }

    /// The tool with its state, or what is wrong with it.
    pub(crate) fn bind(self, state: S, errors: &mut Vec<BuildError>) -> Option<ToolEntry> {
        let before = errors.len();
        errors.extend(self.errors);
        if !is_valid_name(&self.definition.name) {
            errors.push(BuildError::InvalidName {
                kind: "tool",
                name: self.definition.name.clone(),
            });
        }
        let entry = ToolEntry::new(
            self.definition,
            self.tasks,
            self.reading,
            self.visible,
            (self.bind)(state),
        );
        entry.check(self.compile, errors);
        (errors.len() == before).then_some(entry)
    }
}

impl<S> fmt::Debug for Tool<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tool")
            .field("definition", &self.definition)
            .finish_non_exhaustive()
    }
}
