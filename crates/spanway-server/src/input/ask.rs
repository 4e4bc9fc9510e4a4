//! The questions of a handler, awaited in straight-line code.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::Write as _;
use std::future::{Future, poll_fn};
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
        let outcome = serde_json::to_value(&done).map_err(unusable)?;
        round.remember_outcome(key, outcome.clone());
        self.keep_outcome(key, outcome).await;
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
        // Legacy clients are sent requests where there is a stream to send them on; all else is told.
        let answer = if self.version().era() == Era::Legacy && !self.is_task() {
            self.request(key, &request, round).await?
        } else {
            self.pose(key, &request, round).await?
        };
        let invalid = |detail| InputError::Invalid {
            key: key.to_owned(),
            detail,
        };
        let value: Value = answer.read().map_err(|error| invalid(error.to_string()))?;
        let answer = read(value.clone()).map_err(invalid)?;
        round.remember(key, value);
        Ok(answer)
    }

    /// Notes the question and waits. Only in a task does an answer end the wait: else the handler is dropped,
    /// and the client brings the answer to its next run.
    pub(super) async fn pose(
        &self,
        key: &str,
        request: &InputRequest,
        round: &Round,
    ) -> Result<RawJson, InputError> {
        let elicitation = match self.version().era() {
            Era::Modern => None,
            Era::Legacy => self.elicitation(key, request)?,
        };
        let params = request.params(self.version(), elicitation.as_deref())?;
        self.check_declared(request)?;
        let question = Question::new(key, request.method(), params);
        round
            .pose(question)
            .map_err(|blocked| blocked.explain(key))?;
        let _asked = Outstanding { context: self, key };
        self.wake();
        round.answered(key).await
    }

    /// Sends the question as a request and waits for the response.
    async fn request(
        &self,
        key: &str,
        request: &InputRequest,
        round: &Round,
    ) -> Result<RawJson, InputError> {
        let id = next_id()?;
        let elicitation = self.elicitation(key, request)?;
        let params = request.params(self.version(), elicitation.as_deref())?;
        // Without sessions nobody knows what the client declared, so this comes first.
        self.check_reachable()?;
        self.check_declared(request)?;
        let message = ServerRequest::new(RequestId::from(id.as_str()), request.method(), params);
        self.exchange(key, message, round).await
    }

    /// Sends a question that a task of this client asks on the stream of this call, and waits for the
    /// response (T-LTASK-09).
    pub(crate) async fn relay_question(&self, question: Question) -> Result<RawJson, InputError> {
        self.check_reachable()?;
        let id = next_id()?;
        let id = RequestId::from(id.as_str());
        let message = ServerRequest::new(id, question.method, question.params);
        self.exchange(&question.key, message, self.round()).await
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
        round
            .send(key, message.id.clone())
            .map_err(|blocked| blocked.explain(key))?;
        let _asked = Outstanding { context: self, key };
        if !self.send_request(message) {
            return Err(InputError::Unreachable("the call is over"));
        }
        round.answered(key).await
    }

    /// T-MRTR-01
    pub(super) fn check_may_ask(&self) -> Result<(), InputError> {
        if self.may_ask() {
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

impl Round {
    /// Waits for the answer to a question that was noted.
    async fn answered(&self, key: &str) -> Result<RawJson, InputError> {
        match poll_fn(|cx| self.poll_leg(key, cx)).await {
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

/// A question, as long as somebody waits for its answer. What was sent is then taken back, what was posed no
/// longer told.
struct Outstanding<'a> {
    context: &'a Context,
    key: &'a str,
}

impl Drop for Outstanding<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.context.round().forget(self.key) {
            self.context.withdraw(&id, "no longer needed");
        }
        self.context.wake();
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
