//! Questions declared up front: answered before the handler runs, so that its body runs exactly once.

use std::fmt;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use spanway_protocol::Rejection;

use super::form::{self, Form};
use super::{Elicited, InputError};
use crate::context::Context;
use crate::handler::{AnyCall, ExtractError, FromCall, Signature};

/// A form that handlers can declare with [`Asked`].
pub trait Question: JsonSchema + DeserializeOwned + Send + 'static {
    /// The key of the question, unique in the handler.
    const KEY: &'static str;

    /// What the form is about.
    const MESSAGE: &'static str;
}

/// What the person answered to a question that is asked before the handler runs. A handler whose only
/// questions are declared so runs exactly once, in every revision.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::Deserialize;
/// use spanway_server::{Asked, Question, Tool, ToolError};
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Confirm {
///     sure: bool,
/// }
///
/// impl Question for Confirm {
///     const KEY: &'static str = "confirm";
///     const MESSAGE: &'static str = "Delete all files?";
/// }
///
/// async fn delete_all(Asked(confirm): Asked<Confirm>) -> Result<&'static str, ToolError> {
///     Ok(if confirm.accepted()?.sure { "deleted" } else { "kept" })
/// }
///
/// let tool: Tool = Tool::new("delete_all", delete_all).destructive();
/// ```
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::exhaustive_structs,
    reason = "made to be taken apart in a parameter list"
)]
pub struct Asked<Q>(
    /// The answer.
    pub Elicited<Q>,
);

impl<S, C: AnyCall, Q: Question> FromCall<S, C> for Asked<Q> {
    fn from_call(call: &mut C, _: &S) -> Result<Self, ExtractError> {
        let context = call.context();
        let answer = form::derived::<Q>()
            .map_err(|error| InputError::form(Q::KEY, &error))
            .and_then(|schema| Form::new(Q::KEY, &schema, context.version()))
            .map_err(|error| ExtractError::refused(error.to_string()))
            .map(|form| {
                context.round().recall(Q::KEY, &|answer: Value| {
                    Elicited::read(answer, |content| {
                        Q::deserialize(form.checked(content)?).map_err(|error| error.to_string())
                    })
                })
            })?;
        // Declared questions are answered before any parameter is read.
        answer
            .map(Self)
            .ok_or_else(|| ExtractError::refused(Rejection::Internal.to_string()))
    }

    fn describe(signature: &mut Signature) {
        signature.asks(Declared {
            key: Q::KEY,
            ask: |context| {
                async move { context.elicit::<Q>(Q::KEY, Q::MESSAGE).await.map(|_| ()) }.boxed()
            },
        });
    }
}

/// A declared question, its type forgotten.
#[derive(Clone, Copy)]
pub(crate) struct Declared {
    pub(crate) key: &'static str,
    pub(crate) ask: fn(Context) -> BoxFuture<'static, Result<(), InputError>>,
}

impl fmt::Debug for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}
