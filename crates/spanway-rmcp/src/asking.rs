//! A handler asks its client: by a request where the revision has such, by an interim answer where it does not.
#![expect(
    deprecated,
    reason = "sampling and roots are deprecated, and still asked for"
)]

use rmcp::model::{
    self, ClientResult, CreateMessageResult, CustomResult, ElicitResult, EmptyResult, ErrorCode,
    ErrorData, InputRequiredResult, ListRootsResult, ServerRequest,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use spanway_protocol::schema::{InputRequest, InputRequired, Question};
use spanway_protocol::{Answer, Method, RawJson, Rejection, Reply};
use spanway_server::{Context, InputError};

use crate::convert::question;

/// Puts a request of a handler on the stream of its call, and brings back what the client answered.
pub(crate) async fn request(
    context: &Context,
    own: ServerRequest,
) -> Result<ClientResult, ErrorData> {
    match own {
        ServerRequest::ElicitRequest(own) => {
            let (asked, id) = question::elicitation(own.params)?;
            let answer = ask(context, &asked, id.as_deref()).await?;
            Ok(ClientResult::ElicitResult(read::<ElicitResult>(&answer)?))
        }
        ServerRequest::CreateMessageRequest(own) => {
            let declared = context.client_capabilities();
            let asked = question::sampling(own.params, context.version(), &declared)?;
            let answer = read::<CreateMessageResult>(&ask(context, &asked, None).await?)?;
            Ok(ClientResult::CreateMessageResult(Box::new(answer)))
        }
        ServerRequest::ListRootsRequest(_) => {
            let answer = ask(context, &InputRequest::Roots, None).await?;
            Ok(ClientResult::ListRootsResult(read::<ListRootsResult>(
                &answer,
            )?))
        }
        ServerRequest::PingRequest(_) => {
            forward(context, Method::Ping, Map::new()).await?;
            Ok(ClientResult::EmptyResult(EmptyResult {}))
        }
        ServerRequest::CustomRequest(own) => {
            let answer = custom(context, own.method, own.params).await?;
            Ok(ClientResult::CustomResult(CustomResult(read(&answer)?)))
        }
        _ => Err(question::malformed("this request is not known here")),
    }
}

/// What the protocol knows is not asked past the checks above.
async fn custom(
    context: &Context,
    method: String,
    params: Option<Value>,
) -> Result<RawJson, ErrorData> {
    let method = Method::from(&*method);
    if !matches!(method, Method::Other(_)) {
        return Err(question::malformed(format!(
            "{method} is no method of its own making"
        )));
    }
    let params = match params {
        None => Map::new(),
        Some(Value::Object(params)) => params,
        Some(_) => return Err(question::malformed("params must be an object")),
    };
    forward(context, method, params).await
}

async fn ask(
    context: &Context,
    asked: &InputRequest,
    id: Option<&str>,
) -> Result<RawJson, ErrorData> {
    // T-2411-19: nothing is asked that the client did not declare.
    if !asked.is_declared_by(&context.client_capabilities()) {
        let required = asked.capability();
        return Err(ErrorData::new(
            ErrorCode::METHOD_NOT_FOUND,
            format!("the client did not declare the capability this needs: {required}"),
            None,
        ));
    }
    let params = asked
        .params(context.version(), id)
        .map_err(|error| ErrorData::new(ErrorCode::METHOD_NOT_FOUND, error.to_string(), None))?;
    forward(context, asked.method(), params).await
}

async fn forward(
    context: &Context,
    method: Method,
    params: Map<String, Value>,
) -> Result<RawJson, ErrorData> {
    context
        .forward(method, params)
        .await
        .map_err(|error| match error {
            InputError::Refused { error, .. } => ErrorData::new(
                ErrorCode(i32::try_from(error.code).unwrap_or(ErrorCode::INTERNAL_ERROR.0)),
                error.message,
                error.data,
            ),
            other => ErrorData::invalid_request(other.to_string(), None),
        })
}

fn read<T: DeserializeOwned>(answer: &RawJson) -> Result<T, ErrorData> {
    answer.read().map_err(|error| {
        ErrorData::internal_error(format!("the client's answer is malformed: {error}"), None)
    })
}

/// The interim answer of the modern revision. The state is the handler's own: it comes back as it was given
/// out, and only the handler can tell whether it was tampered with (T-MRTR-05).
pub(crate) fn interim(own: InputRequiredResult, context: &Context) -> Reply {
    let mut questions = Vec::new();
    for (key, own) in own.input_requests.unwrap_or_default() {
        match pose(key, own, context) {
            Ok(question) => questions.push(question),
            Err(refusal) => return refusal,
        }
    }
    if questions.is_empty() && own.request_state.is_none() {
        // T-MRTR-02
        tracing::error!("a handler asks for input without asking anything");
        return Rejection::Internal.into();
    }
    Answer::InputRequired(Box::new(InputRequired::new(questions, own.request_state))).into()
}

fn pose(key: String, own: model::InputRequest, context: &Context) -> Result<Question, Reply> {
    let declared = context.client_capabilities();
    let asked = match own {
        model::InputRequest::Elicitation(own) => {
            question::elicitation(own.params).map(|(asked, _)| asked)
        }
        model::InputRequest::CreateMessage(own) => {
            question::sampling(own.params, context.version(), &declared)
        }
        model::InputRequest::ListRoots(_) => Ok(InputRequest::Roots),
        _ => Err(question::malformed(
            "this kind of question is not known here",
        )),
    };
    let unusable = |detail: String| {
        tracing::error!(key, detail, "a handler asks what cannot be asked");
        Reply::from(Rejection::Internal)
    };
    let asked = asked.map_err(|error| unusable(error.message.into_owned()))?;
    // T-MRTR-03: nothing is asked that the client did not declare in this request.
    if !asked.is_declared_by(&declared) {
        let required = asked.capability();
        return Err(Rejection::MissingCapability { required }.into());
    }
    let params = asked
        .params(context.version(), None)
        .map_err(|error| unusable(error.to_string()))?;
    Ok(Question::new(key, asked.method(), params))
}
