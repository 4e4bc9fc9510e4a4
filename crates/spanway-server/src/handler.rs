//! Plain async functions as handlers: what they may take, and how a call reaches them.

mod args;
mod endpoint;
mod error;
mod extract;
mod params;
mod result;

pub use args::Args;
pub use error::{ExtractError, PromptError, ResourceError, ToolError};
pub use extract::{
    AnyCall, CallWithArguments, CompletionCall, FromCall, FromRef, PromptCall, ResourceCall, State,
    ToolCall, Uri,
};
pub use params::Params;
pub use result::{
    IntoCompletion, IntoPromptResult, IntoReadResult, IntoToolResult, Json, PromptOutput,
    ResourceOutput,
};

pub(crate) use args::input_schema;
pub(crate) use endpoint::{Bind, Bound, Endpoint, Finish, Outcome, rebind};
pub(crate) use error::{ExtractErrorKind, Failure, Sources};

use serde_json::Value;

use crate::input::Declared;

/// An async function that answers calls of kind `C` with state `S`. Implemented for every
/// `async fn(…) -> Output` that takes up to six extractors ([`FromCall`]), in any order.
///
/// `M` tells functions of different parameter lists apart; leave it to the compiler.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot handle a `{C}`",
    label = "not a handler for this kind of call",
    note = "a handler is an async function whose future is `Send` and whose parameters, six at most, are extractors: `State`, `Args` (tools, prompts), `Params` and `Uri` (resources), `Context`, `Principal` or `Option<Principal>`",
    note = "`State<T>` wants the state given to the builder to be a `T`, or to give one through `FromRef`"
)]
pub trait Handler<C, M, S>: Send + Sync + 'static {
    /// What it returns.
    type Output;
    /// The future of one call.
    type Future: Future<Output = Self::Output> + Send + 'static;

    /// Takes apart the call and starts the function.
    ///
    /// # Errors
    /// A parameter cannot be had from this call.
    fn call(&self, call: C, state: &S) -> Result<Self::Future, ExtractError>;

    /// Writes down what the parameters say of the call.
    fn describe(signature: &mut Signature);
}

/// What the parameters of a handler say of the calls it takes.
#[derive(Debug, Default)]
pub struct Signature {
    pub(crate) arguments: Option<Value>,
    pub(crate) twice: bool,
    pub(crate) questions: Vec<Declared>,
}

impl Signature {
    /// Says that a parameter takes the arguments, and their schema. Only one parameter can.
    pub fn takes_arguments(&mut self, schema: Value) {
        self.twice |= self.arguments.replace(schema).is_some();
    }

    /// Says that a question is to be answered before the handler runs.
    pub(crate) fn asks(&mut self, question: Declared) {
        if self.questions.iter().all(|other| other.key != question.key) {
            self.questions.push(question);
        }
    }

    /// What the parameters of `H` say.
    pub(crate) fn of<C, M, S, H: Handler<C, M, S>>() -> Self {
        let mut signature = Self::default();
        H::describe(&mut signature);
        signature
    }
}

macro_rules! impl_handler {
    ($($extractor:ident $value:ident),*) => {
        impl<F, Fut, S, C, $($extractor,)*> Handler<C, ($($extractor,)*), S> for F
        where
            F: Fn($($extractor,)*) -> Fut + Send + Sync + 'static,
            Fut: Future + Send + 'static,
            $($extractor: FromCall<S, C>,)*
        {
            type Output = Fut::Output;
            type Future = Fut;

            fn call(&self, mut call: C, state: &S) -> Result<Fut, ExtractError> {
                // A function without parameters needs neither.
                let _ = (&mut call, state);
                $(let $value = $extractor::from_call(&mut call, state)?;)*
                Ok(self($($value,)*))
            }

            fn describe(signature: &mut Signature) {
                let _ = &signature;
                $(<$extractor as FromCall<S, C>>::describe(signature);)*
            }
        }
    };
}

impl_handler!();
impl_handler!(A1 a1);
impl_handler!(A1 a1, A2 a2);
impl_handler!(A1 a1, A2 a2, A3 a3);
impl_handler!(A1 a1, A2 a2, A3 a3, A4 a4);
impl_handler!(A1 a1, A2 a2, A3 a3, A4 a4, A5 a5);
impl_handler!(A1 a1, A2 a2, A3 a3, A4 a4, A5 a5, A6 a6);
