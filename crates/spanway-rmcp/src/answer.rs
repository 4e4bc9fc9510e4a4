//! From what an rmcp handler answers to a reply that every revision understands.

use rmcp::model::{ErrorCode, ErrorData, ServerResult};
use spanway_protocol::jsonrpc::{ErrorObject, code};
use spanway_protocol::schema::{
    CacheHint, CallToolResult, Completion, DiscoverResult, GetPromptResult, InitializeResult,
    PromptMessage, ReadResourceResult, View,
};
use spanway_protocol::{Answer, Call, Era, RawJson, Rejection, Reply, modern};
use spanway_server::{Context, ServiceInfo};

use crate::asking;
use crate::convert::{cache, capabilities, content, listing, meta};

/// The reply to `call`. `wraps` says whether legacy clients get structured content wrapped.
pub(crate) fn reply(
    call: &Call,
    context: &Context,
    info: &ServiceInfo,
    wraps: bool,
    result: Result<ServerResult, ErrorData>,
) -> Reply {
    let view = View {
        version: call.version,
        server_info: info.raw_implementation(),
    };
    let result = match result {
        Ok(result) => result,
        Err(own) => return error(own, call.version.era()),
    };
    match result {
        ServerResult::InputRequiredResult(own) => asking::interim(own, context),
        ServerResult::ListToolsResult(own) => {
            let tools = own.tools.into_iter().map(listing::tool).collect();
            let cache = cache(own.ttl_ms, own.cache_scope);
            listing::page(tools, own.next_cursor, cache, meta(own.meta), view)
        }
        ServerResult::ListResourcesResult(own) => {
            let resources = own.resources.into_iter().map(content::resource).collect();
            let cache = cache(own.ttl_ms, own.cache_scope);
            listing::page(resources, own.next_cursor, cache, meta(own.meta), view)
        }
        ServerResult::ListResourceTemplatesResult(own) => {
            let templates = own.resource_templates.into_iter();
            let templates = templates.map(listing::template).collect();
            let cache = cache(own.ttl_ms, own.cache_scope);
            listing::page(templates, own.next_cursor, cache, meta(own.meta), view)
        }
        ServerResult::ListPromptsResult(own) => {
            let prompts = own.prompts.into_iter().map(listing::prompt).collect();
            let cache = cache(own.ttl_ms, own.cache_scope);
            listing::page(prompts, own.next_cursor, cache, meta(own.meta), view)
        }
        other => single(call, wraps, other),
    }
}

/// What is no page of a list.
fn single(call: &Call, wraps: bool, result: ServerResult) -> Reply {
    let answer = match result {
        ServerResult::CallToolResult(own) => {
            let mut result = CallToolResult::new(content::blocks(own.content))
                .with_is_error(own.is_error.unwrap_or_default())
                .with_wrap_structured(wraps)
                .with_meta(meta(own.meta));
            result.structured_content = own.structured_content;
            Answer::CallTool(result)
        }
        ServerResult::ReadResourceResult(own) => {
            let contents = own.contents.into_iter().filter_map(content::contents);
            let result = ReadResourceResult::new(contents.collect()).with_meta(meta(own.meta));
            // T-MRTR-09: what was answered with the client's help is for nobody else.
            let retried = call.params.resumed.is_some();
            Answer::ReadResource(result.with_cache(if retried {
                CacheHint::default()
            } else {
                cache(own.ttl_ms, own.cache_scope)
            }))
        }
        ServerResult::GetPromptResult(own) => {
            let messages = own.messages.into_iter().map(|message| {
                let mut said = PromptMessage::user(content::block(message.content));
                said.role = content::role(&message.role);
                said
            });
            let mut result = GetPromptResult::new(messages.collect()).with_meta(meta(own.meta));
            result.description = own.description;
            Answer::GetPrompt(result)
        }
        ServerResult::CompleteResult(own) => {
            let mut completion = Completion::new(own.completion.values);
            completion.total = own.completion.total.map(u64::from);
            completion.has_more = own.completion.has_more.unwrap_or_default();
            Answer::Complete(completion)
        }
        ServerResult::InitializeResult(own) => Answer::Initialize(Box::new(InitializeResult::new(
            call.version,
            capabilities::offered(own.capabilities),
            capabilities::implementation(own.server_info),
            own.instructions,
        ))),
        ServerResult::DiscoverResult(own) => Answer::Discover(Box::new(DiscoverResult::new(
            modern::supported(),
            capabilities::offered(own.capabilities),
            own.instructions,
            cache(Some(own.ttl_ms), Some(own.cache_scope)),
        ))),
        ServerResult::EmptyResult(_) => Answer::Empty,
        ServerResult::CustomResult(own) => match RawJson::from_serialize(&own.0) {
            Ok(text) => Answer::Prepared(text),
            Err(_) => return Rejection::Internal.into(),
        },
        _ => {
            tracing::error!(method = %call.method, "a handler answers with something else");
            return Rejection::Internal.into();
        }
    };
    answer.into()
}

/// The same code and text. Codes of the modern era mean nothing in the legacy one (T-DUAL-15).
fn error(own: ErrorData, era: Era) -> Reply {
    let modern_only = [
        ErrorCode::HEADER_MISMATCH,
        ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY,
        ErrorCode::UNSUPPORTED_PROTOCOL_VERSION,
    ];
    if era == Era::Legacy && modern_only.contains(&own.code) {
        return ErrorObject::new(code::INVALID_REQUEST, own.message).into();
    }
    let error = ErrorObject::new(own.code.0.into(), own.message);
    match own.data {
        Some(data) => error.with_data(data).into(),
        None => error.into(),
    }
}
