//! What a handler may ask of a call: one trait, the kinds of calls, and the extractors they share.

use serde_json::{Map, Value};

use super::{ExtractError, Signature};
use crate::completion::CompletionRequest;
use crate::context::Context;
use crate::principal::Principal;

/// A parameter of a handler: had from a call of kind `C` and the server's state `S`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be had from a `{C}` with state `{S}`",
    label = "not an extractor for this kind of call",
    note = "`Args` goes with tools and prompts, `Params` and `Uri` with resources, `CompletionRequest` with completers; `State`, `Context`, `Principal` and `Option<Principal>` with all"
)]
pub trait FromCall<S, C = ToolCall>: Sized + Send {
    /// Takes it from the call.
    ///
    /// # Errors
    /// The call does not have it.
    fn from_call(call: &mut C, state: &S) -> Result<Self, ExtractError>;

    /// Writes down what it says of the call; nothing, for most.
    fn describe(signature: &mut Signature) {
        let _ = signature;
    }
}

/// A call of any kind.
pub trait AnyCall: Send {
    /// Its surroundings.
    fn context(&self) -> &Context;
}

macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty),* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $name {
                pub(crate) context: Context,
                $(pub(crate) $field: $kind,)*
            }

            impl AnyCall for $name {
                fn context(&self) -> &Context {
                    &self.context
                }
            }
        )*
    };
}

calls! {
    /// A call of a tool, its arguments already validated.
    ToolCall { arguments: Map<String, Value> }
    /// A prompt to fill in, its arguments already validated.
    PromptCall { arguments: Map<String, Value> }
    /// A resource to read.
    ResourceCall { uri: String, variables: Map<String, Value> }
    /// An argument to suggest values for.
    CompletionCall { request: CompletionRequest }
}

/// A call that carries arguments.
pub trait CallWithArguments {
    /// Takes them; the second to ask finds none.
    fn take_arguments(&mut self) -> Map<String, Value>;
}

impl CallWithArguments for ToolCall {
    fn take_arguments(&mut self) -> Map<String, Value> {
        std::mem::take(&mut self.arguments)
    }
}

impl CallWithArguments for PromptCall {
    fn take_arguments(&mut self) -> Map<String, Value> {
        std::mem::take(&mut self.arguments)
    }
}

/// The state given to the builder, or a part of it ([`FromRef`]).
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::exhaustive_structs,
    reason = "made to be taken apart in a parameter list"
)]
pub struct State<T>(
    /// The state.
    pub T,
);

/// A part that can be had from the server's state. Every state gives itself.
///
/// ```
/// use spanway_server::FromRef;
///
/// #[derive(Clone)]
/// struct Pool;
/// struct App {
///     pool: Pool,
/// }
/// impl FromRef<App> for Pool {
///     fn from_ref(app: &App) -> Self {
///         app.pool.clone()
///     }
/// }
/// ```
pub trait FromRef<S> {
    /// The part.
    fn from_ref(state: &S) -> Self;
}

impl<S: Clone> FromRef<S> for S {
    fn from_ref(state: &S) -> Self {
        state.clone()
    }
}

impl<S, C, T: FromRef<S> + Send> FromCall<S, C> for State<T> {
    fn from_call(_: &mut C, state: &S) -> Result<Self, ExtractError> {
        Ok(Self(T::from_ref(state)))
    }
}

impl<S, C: AnyCall> FromCall<S, C> for Context {
    fn from_call(call: &mut C, _: &S) -> Result<Self, ExtractError> {
        Ok(call.context().clone())
    }
}

impl<S, C: AnyCall> FromCall<S, C> for Option<Principal> {
    fn from_call(call: &mut C, _: &S) -> Result<Self, ExtractError> {
        Ok(call.context().principal().cloned())
    }
}

impl<S, C: AnyCall> FromCall<S, C> for Principal {
    fn from_call(call: &mut C, _: &S) -> Result<Self, ExtractError> {
        let principal = call.context().principal().cloned();
        principal.ok_or_else(|| ExtractError::refused("this needs an authenticated caller"))
    }
}

/// All arguments as they came, for tools whose schema is only known at run time.
impl<S, C: CallWithArguments> FromCall<S, C> for Map<String, Value> {
    fn from_call(call: &mut C, _: &S) -> Result<Self, ExtractError> {
        Ok(call.take_arguments())
    }

    fn describe(signature: &mut Signature) {
        signature.takes_arguments(serde_json::json!({ "type": "object" }));
    }
}

/// The URI of the resource that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "made to be taken apart in a parameter list"
)]
pub struct Uri(
    /// As the client sent it.
    pub String,
);

impl<S> FromCall<S, ResourceCall> for Uri {
    fn from_call(call: &mut ResourceCall, _: &S) -> Result<Self, ExtractError> {
        Ok(Self(call.uri.clone()))
    }
}

impl<S> FromCall<S, CompletionCall> for CompletionRequest {
    fn from_call(call: &mut CompletionCall, _: &S) -> Result<Self, ExtractError> {
        Ok(call.request.clone())
    }
}
