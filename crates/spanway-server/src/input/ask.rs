//! The questions of a handler, awaited in straight-line code.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::Write as _;
use std::future::{Future, pending, poll_fn};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use spanway_protocol::jsonrpc::RequestId;
use spanway_protocol::schema::{
    FormSchema, InputRequest, ListRootsResult, Question, Root, SamplingRequest, SamplingResult,
};
use spanway_protocol::{Era, Method, RawJson, ServerRequest};

use super::form::{self, Form};
use super::round::{Blocked, LegEnd, Round};
use super::{Elicited, InputError};
use crate::context::{ClientRequests, Context};

/// Asking the client, and remembering what was done. A key belongs to one question of the handler and must be
/// the same in every run: clients of 2026-07-28 answer by calling again, and then the handler runs from the
/// top, with every question answered so far answered at once. What must not happen twice belongs after the
/// last question, or into [`once`](Self::once).
impl Context {
    /// Asks the person to fill in a form with the fields of `T`: strings, numbers, booleans and enums without
    /// data, each of them possibly an `Option`; a `Vec` of such an enum asks for several choices.
    ///
    /// Never ask for secrets this way (T-2506-05); use [`elicit_url`](Self::elicit_url) for those.
    ///
    /// ```
    /// use schemars::JsonSchema;
    /// use serde::Deserialize;
    /// use spanway_server::{Context, ToolError};
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Address {
    ///     street: String,
    ///     /// Where letters go.
    ///     city: String,
    /// }
    ///
    /// async fn order(cx: Context) -> Result<String, ToolError> {
    ///     let address: Address = cx.elicit("address", "Where shall we send it?").await?.accepted()?;
    ///     Ok(format!("On its way to {}, {}", address.street, address.city))
    /// }
    /// ```
    ///
    /// # Errors
    /// The client cannot be asked, or did not answer with what was asked for.
    pub async fn elicit<T: JsonSchema + DeserializeOwned>(
        &self,
        key: &str,
        message: impl Into<String>,
    ) -> Result<Elicited<T>, InputError> {
        let schema = form::derived::<T>().map_err(|error| InputError::form(key, &error))?;
        let form = Form::new(key, &schema, self.version())?;
        let request = InputRequest::Form {
            message: message.into(),
            schema,
        };
        self.ask(key, request, move |answer| {
            Elicited::read(answer, |content| {
                T::deserialize(form.checked(content)?).map_err(|error| format!("/: {error}"))
            })
        })
        .await
    }

    /// Asks the person to fill in a form given as a JSON schema: a flat object of strings, numbers, booleans
    /// and choices, as the specification of elicitation describes it.
    ///
    /// # Errors
    /// The schema is no form, the client cannot be asked, or did not answer with what was asked for.
    pub async fn elicit_form(
        &self,
        key: &str,
        message: impl Into<String>,
        schema: Value,
    ) -> Result<Elicited<Map<String, Value>>, InputError> {
        let schema = FormSchema::new(&schema).map_err(|error| InputError::form(key, &error))?;
        let form = Form::new(key, &schema, self.version())?;
        let request = InputRequest::Form {
            message: message.into(),
            schema,
        };
        self.ask(key, request, move |answer| {
            Elicited::read(answer, |content| match form.checked(content)? {
                Value::Object(fields) => Ok(fields),
                _ => Err("/content: must be an object".to_owned()),
            })
        })
        .await
    }

    /// Asks the client's model.
    ///
    /// # Errors
    /// The conversation is malformed, the client cannot be asked, or did not answer with what was asked for.
    pub async fn sample(
        &self,
        key: &str,
        request: SamplingRequest,
    ) -> Result<SamplingResult, InputError> {
        if let Some(problem) = request.problem() {
            return Err(InputError::question(key, problem));
        }
        let request = request.with_declared_context(self.version(), &self.client_capabilities());
        let request = InputRequest::Sampling(Box::new(request));
        self.ask(key, request, read).await
    }

    /// Asks which roots the client lets the server work in.
    ///
    /// # Errors
    /// The client cannot be asked, or did not answer with what was asked for.
    pub async fn roots(&self, key: &str) -> Result<Vec<Root>, InputError> {
        let answer = self.ask(key, InputRequest::Roots, |answer| {
            read::<ListRootsResult>(answer)
        });
        Ok(answer.await?.roots)
    }

    /// Does `work` and remembers what came of it under `key`, so that a later run of the same call gets that
    /// instead of doing it again. An error is not remembered. While `work` is under way the handler is not
    /// dropped to ask questions.
    ///
    /// What is remembered travels with the client, sealed; keep it small. A client can use it once: one that
    /// loses its connection before the end starts the call over, and then `work` is done again. Where that
    /// must not be, give `work` an idempotency key as well.
    ///
    /// # Errors
    /// `work` failed; or its outcome cannot be written as JSON, or what was remembered not be read.
    pub async fn once<T, E>(
        &self,
        key: &str,
        work: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, Box<dyn Error + Send + Sync>>
    where
        T: Serialize + DeserializeOwned,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let unusable = |error: serde_json::Error| InputError::Outcome {
            key: key.to_owned(),
            detail: error.to_string(),
        };
        let round = self.round();
        if let Some(outcome) = round.outcome(key) {
            return Ok(serde_json::from_value(outcome).map_err(unusable)?);
        }
        let _held = round.hold();
        let done = work.await.map_err(Into::into)?;
        round.remember_outcome(key, serde_json::to_value(&done).map_err(unusable)?);
        Ok(done)
    }

    pub(super) async fn ask<A>(
        &self,
        key: &str,
        request: InputRequest,
        read: impl Fn(Value) -> Result<A, String> + Send,
    ) -> Result<A, InputError> {
        self.check_may_ask()?;
        // An array is no object with its parts in order.
        let read = |answer: Value| match answer {
            Value::Object(_) => read(answer),
            _ => Err("/: must be an object".to_owned()),
        };
        let round = self.round();
        if let Some(answer) = round.recall(key, &read) {
            return Ok(answer);
        }
        match self.version().era() {
            Era::Modern => self.pose(key, &request, round).await,
            Era::Legacy => {
                let answer = self.request(key, &request, round).await?;
                let value = answer.clone();
                let answer = read(answer).map_err(|detail| InputError::Invalid {
                    key: key.to_owned(),
                    detail,
                })?;
                round.remember(key, value);
                Ok(answer)
            }
        }
    }

    /// Registers the question and waits. Nothing ever ends the wait: the handler is dropped, or the future.
    pub(super) async fn pose<A>(
        &self,
        key: &str,
        request: &InputRequest,
        round: &Round,
    ) -> Result<A, InputError> {
        let params = request.params(self.version(), None)?;
        self.check_declared(request)?;
        let question = Question::new(key, request.method(), params);
        round
            .pose(question)
            .map_err(|blocked| blocked.explain(key))?;
        let _posed = Posed { round, key };
        self.wake();
        pending().await
    }

    /// Sends the question as a request and waits for the response.
    async fn request(
        &self,
        key: &str,
        request: &InputRequest,
        round: &Round,
    ) -> Result<Value, InputError> {
        let id = next_id()?;
        let elicitation = self.elicitation(key, request)?;
        let params = request.params(self.version(), elicitation.as_deref())?;
        // Without sessions nobody knows what the client declared, so this comes first.
        self.check_reachable()?;
        self.check_declared(request)?;
        let message = ServerRequest::new(RequestId::from(id.as_str()), request.method(), params);
        let answer = self.exchange(key, message, round).await?;
        answer.read().map_err(|error| InputError::Invalid {
            key: key.to_owned(),
            detail: error.to_string(),
        })
    }

    /// Sends a request of a handler that has its own way of asking, and waits for what the client answers;
    /// for services that host such handlers. Whether the client declared that it can answer, and whether the
    /// parameters are those of its revision, is for the caller to see to.
    ///
    /// # Errors
    /// Clients of the modern revision are sent no requests (T-MRTR-01); others cannot be reached, or did not
    /// answer with a result.
    pub async fn forward(
        &self,
        method: Method,
        params: Map<String, Value>,
    ) -> Result<RawJson, InputError> {
        if self.version().era() == Era::Modern {
            return Err(InputError::Unreachable(
                "clients of its revision are not sent requests",
            ));
        }
        self.check_reachable()?;
        let id = next_id()?;
        let message = ServerRequest::new(RequestId::from(id.as_str()), method, params);
        self.exchange(&id, message, self.round()).await
    }

    /// Puts a request on the stream of the call and waits for the response.
    async fn exchange(
        &self,
        key: &str,
        message: ServerRequest,
        round: &Round,
    ) -> Result<RawJson, InputError> {
        let id = message.id.clone();
        round
            .open(key, id.clone())
            .map_err(|blocked| blocked.explain(key))?;
        let _open = Open {
            context: self,
            id: &id,
        };
        if !self.send_request(message) {
            return Err(InputError::Unreachable("the call is over"));
        }
        match poll_fn(|cx| round.poll_leg(&id, cx)).await {
            LegEnd::Answered(Ok(result)) => Ok(result),
            LegEnd::Answered(Err(error)) => Err(InputError::Refused {
                key: key.to_owned(),
                error: Box::new(error),
            }),
            LegEnd::TimedOut => Err(InputError::TimedOut {
                key: key.to_owned(),
            }),
            LegEnd::Abandoned => Err(InputError::Unreachable("the call is over")),
        }
    }

    /// T-MRTR-01
    pub(super) fn check_may_ask(&self) -> Result<(), InputError> {
        if self.binding().is_some() {
            return Ok(());
        }
        Err(InputError::Unreachable(
            "only tools, prompts and resources can ask",
        ))
    }

    /// Trap 34: where a request cannot be sent, nobody waits for an answer.
    fn check_reachable(&self) -> Result<(), InputError> {
        match self.client_requests() {
            ClientRequests::OnStream => Ok(()),
            ClientRequests::Refused(why) => Err(InputError::Unreachable(why)),
        }
    }

    /// T-MRTR-03, T-2411-19: nothing is asked that the client did not declare.
    pub(super) fn check_declared(&self, request: &InputRequest) -> Result<(), InputError> {
        if request.is_declared_by(&self.client_capabilities()) {
            Ok(())
        } else {
            Err(InputError::Undeclared {
                required: request.capability(),
            })
        }
    }
}

fn read<A: DeserializeOwned>(answer: Value) -> Result<A, String> {
    serde_json::from_value(answer).map_err(|error| format!("/: {error}"))
}

impl Blocked {
    fn explain(self, key: &str) -> InputError {
        let detail: Cow<'static, str> = match self {
            Self::Twice => {
                "it is being asked already; every question needs a key of its own".into()
            }
            Self::TooMany => "too many questions are open".into(),
        };
        InputError::question(key, detail)
    }
}

/// A question to a modern client, as long as somebody waits for its answer.
struct Posed<'a> {
    round: &'a Round,
    key: &'a str,
}

impl Drop for Posed<'_> {
    fn drop(&mut self) {
        self.round.unpose(self.key);
    }
}

/// A question to a legacy client, taken back if nobody waits for its answer any more.
struct Open<'a> {
    context: &'a Context,
    id: &'a RequestId,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if self.context.round().forget(self.id) {
            self.context.withdraw(self.id, "no longer needed");
        }
    }
}

/// An id no other request has, of this process or of another node that serves the same session.
pub(super) fn next_id() -> Result<String, InputError> {
    static PROCESS: OnceLock<String> = OnceLock::new();
    static LAST: AtomicU64 = AtomicU64::new(0);
    let process = match PROCESS.get() {
        Some(process) => process,
        None => {
            let mut bits = [0; 8];
            getrandom::fill(&mut bits)
                .map_err(|_| InputError::Unreachable("the system gives no random numbers"))?;
            let mut name = String::with_capacity(16);
            for byte in bits {
                // Writing to a string cannot fail.
                let _ = write!(name, "{byte:02x}");
            }
            PROCESS.get_or_init(|| name)
        }
    };
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    Ok(format!("{process}-{number}"))
}
