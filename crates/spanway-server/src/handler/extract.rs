//! What a handler may ask of a call: one trait, the kinds of calls, and the extractors they share.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{ExtractError, Signature};
use crate::completion::CompletionRequest;
use crate::context::Context;
use crate::principal::Principal;
use crate::tool::Arguments;

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
    ToolCall { arguments: Arguments }
    /// A prompt to fill in, its arguments already validated.
    PromptCall { arguments: Map<String, Value> }
    /// A resource to read.
    ResourceCall { uri: String, variables: Map<String, Value> }
    /// An argument to suggest values for.
    CompletionCall { request: CompletionRequest }
}

/// A call that carries arguments.
pub trait CallWithArguments {
    /// Takes them as values; the second to ask finds none.
    ///
    /// # Errors
    /// They cannot be had as values.
    fn take_values(&mut self) -> Result<Map<String, Value>, ExtractError>;

    /// Takes them as a `T`; the second to ask finds none.
    ///
    /// # Errors
    /// They are not what a `T` is read from.
    fn take_arguments<T: DeserializeOwned>(&mut self) -> Result<T, ExtractError>;
}

impl CallWithArguments for ToolCall {
    fn take_values(&mut self) -> Result<Map<String, Value>, ExtractError> {
        std::mem::take(&mut self.arguments)
            .into_values()
            .map_err(|error| unread(&error))
    }

    fn take_arguments<T: DeserializeOwned>(&mut self) -> Result<T, ExtractError> {
        std::mem::take(&mut self.arguments)
            .read()
            .map_err(|error| unread(&error))
    }
}

impl CallWithArguments for PromptCall {
    fn take_values(&mut self) -> Result<Map<String, Value>, ExtractError> {
        Ok(std::mem::take(&mut self.arguments))
    }

    fn take_arguments<T: DeserializeOwned>(&mut self) -> Result<T, ExtractError> {
        T::deserialize(Value::Object(self.take_values()?)).map_err(|error| unread(&error))
    }
}

fn unread(error: &serde_json::Error) -> ExtractError {
    ExtractError::arguments(format!("/: {error}"))
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
        call.take_values()
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
