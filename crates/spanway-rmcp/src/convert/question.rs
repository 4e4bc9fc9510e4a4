//! What a handler asks of its client: forms, URLs, the model, roots.
#![expect(
    deprecated,
    reason = "sampling and roots are deprecated, and still asked for"
)]

use rmcp::model::{
    self, ContextInclusion, CreateMessageRequestParams, ElicitRequestParams, ErrorData,
    SamplingMessageContentBlock, ToolChoiceMode,
};
use serde_json::Value;
use spanway_protocol::ProtocolVersion;
use spanway_protocol::schema::{
    ClientCapabilities, FormSchema, IncludeContext, InputRequest, ModelPreferences,
    SamplingContent, SamplingMessage, SamplingRequest, ToolChoice,
};

use super::content::{audio, blocks, image, role};
use super::listing::tool;
use super::widened;

/// A question to a person, and the id its handler gave it, if it did.
pub(crate) fn elicitation(
    own: ElicitRequestParams,
) -> Result<(InputRequest, Option<String>), ErrorData> {
    match own {
        ElicitRequestParams::FormElicitationParams {
            message,
            requested_schema,
            ..
        } => {
            let schema = serde_json::to_value(&requested_schema)
                .map_err(|error| malformed(error.to_string()))?;
            let schema = FormSchema::new(&schema).map_err(|error| malformed(error.to_string()))?;
            Ok((InputRequest::Form { message, schema }, None))
        }
        ElicitRequestParams::UrlElicitationParams {
            message,
            url,
            elicitation_id,
            ..
        } => {
            let id = Some(elicitation_id).filter(|id| !id.is_empty());
            Ok((InputRequest::Url { message, url }, id))
        }
        _ => Err(malformed("this kind of elicitation is not known here")),
    }
}

/// A question to the client's model.
pub(crate) fn sampling(
    own: CreateMessageRequestParams,
    version: ProtocolVersion,
    declared: &ClientCapabilities,
) -> Result<InputRequest, ErrorData> {
    let messages = own
        .messages
        .into_iter()
        .map(message)
        .collect::<Result<Vec<_>, _>>()?;
    let mut request = SamplingRequest::new(messages, own.max_tokens);
    request.system_prompt = own.system_prompt;
    request.temperature = own.temperature.map(widened);
    request.stop_sequences = own.stop_sequences.unwrap_or_default();
    request.preferences = own.model_preferences.map(preferences);
    request.include_context = own.include_context.and_then(|include| match include {
        ContextInclusion::AllServers => Some(IncludeContext::AllServers),
        ContextInclusion::ThisServer => Some(IncludeContext::ThisServer),
        ContextInclusion::None => Some(IncludeContext::None),
        _ => None,
    });
    request.metadata = match own.metadata {
        Some(Value::Object(metadata)) => Some(metadata),
        _ => None,
    };
    request.tools = own
        .tools
        .unwrap_or_default()
        .into_iter()
        .map(tool)
        .collect();
    request.tool_choice = own
        .tool_choice
        .and_then(|choice| choice.mode)
        .map(|mode| match mode {
            ToolChoiceMode::Required => ToolChoice::Required,
            ToolChoiceMode::None => ToolChoice::None,
            _ => ToolChoice::Auto,
        });
    match request.problem() {
        Some(problem) => Err(malformed(problem)),
        None => Ok(InputRequest::Sampling(Box::new(
            request.with_declared_context(version, declared),
        ))),
    }
}

fn message(own: model::SamplingMessage) -> Result<SamplingMessage, ErrorData> {
    let content = own.content.into_vec().into_iter().map(block);
    let content = content.collect::<Result<Vec<_>, _>>()?;
    Ok(SamplingMessage::of(role(&own.role), content))
}

fn block(own: SamplingMessageContentBlock) -> Result<SamplingContent, ErrorData> {
    use SamplingMessageContentBlock as Own;
    Ok(match own {
        Own::Text(text) => SamplingContent::Text(text.text),
        Own::Image(own) => SamplingContent::Image(image(own)),
        Own::Audio(own) => SamplingContent::Audio(audio(own)),
        Own::ToolUse(call) => SamplingContent::ToolUse {
            id: call.id,
            name: call.name,
            input: call.input,
        },
        Own::ToolResult(result) => SamplingContent::ToolResult {
            tool_use_id: result.tool_use_id,
            content: blocks(result.content),
            is_error: result.is_error.unwrap_or_default(),
        },
        _ => return Err(malformed("this kind of content is not known here")),
    })
}

fn preferences(own: model::ModelPreferences) -> ModelPreferences {
    let mut preferences = ModelPreferences::default();
    let hints = own.hints.unwrap_or_default().into_iter();
    preferences.hints = hints.filter_map(|hint| hint.name).collect();
    preferences.cost = own.cost_priority.map(widened);
    preferences.speed = own.speed_priority.map(widened);
    preferences.intelligence = own.intelligence_priority.map(widened);
    preferences
}

/// The handler asks for something that no client can be asked.
pub(crate) fn malformed(detail: impl Into<std::borrow::Cow<'static, str>>) -> ErrorData {
    ErrorData::invalid_params(detail, None)
}
