//! What handlers may return, and what becomes of it.

use bytes::Bytes;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use spanway_protocol::schema::{
    CallToolResult, Completion, Content, GetPromptResult, PromptMessage, ReadResourceResult,
    ResourceContents,
};

use super::args::output_schema_of;
use super::{PromptError, ResourceError, ToolError};

/// Something a tool may return.
#[diagnostic::on_unimplemented(
    message = "a tool cannot return `{Self}`",
    note = "it can return `String`, `&'static str`, `Json<T>`, `Content`, `Vec<Content>`, `CallToolResult`, `()`, or a `Result` of one of them with an error that becomes a `ToolError`"
)]
pub trait IntoToolResult {
    /// The result, or why there is none.
    ///
    /// # Errors
    /// The tool failed.
    fn into_tool_result(self) -> Result<CallToolResult, ToolError>;

    /// The schema of its structured content, if it has any.
    #[must_use]
    fn output_schema() -> Option<Value> {
        None
    }
}

/// A value that is the structured content of a tool's result; its schema is advertised as the tool's output
/// schema. Clients of revisions without structured content get it as JSON text.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::Serialize;
/// use spanway_server::Json;
///
/// #[derive(Serialize, JsonSchema)]
/// struct Weather {
///     celsius: f64,
/// }
///
/// async fn weather() -> Json<Weather> {
///     Json(Weather { celsius: 21.5 })
/// }
/// ```
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "made to be built by handlers")]
pub struct Json<T>(
    /// The value.
    pub T,
);

impl<T: Serialize + JsonSchema> IntoToolResult for Json<T> {
    fn into_tool_result(self) -> Result<CallToolResult, ToolError> {
        Ok(CallToolResult::structured(serde_json::to_value(&self.0)?))
    }

    fn output_schema() -> Option<Value> {
        Some(output_schema_of::<T>())
    }
}

impl IntoToolResult for CallToolResult {
    fn into_tool_result(self) -> Result<CallToolResult, ToolError> {
        Ok(self)
    }
}

impl IntoToolResult for Vec<Content> {
    fn into_tool_result(self) -> Result<CallToolResult, ToolError> {
        Ok(CallToolResult::new(self))
    }
}

impl IntoToolResult for Content {
    fn into_tool_result(self) -> Result<CallToolResult, ToolError> {
        Ok(CallToolResult::new(vec![self]))
    }
}

impl IntoToolResult for String {
    fn into_tool_result(self) -> Result<CallToolResult, ToolError> {
        Ok(CallToolResult::text(self))
    }
}

impl IntoToolResult for &'static str {
    fn into_tool_result(self) -> Result<CallToolResult, ToolError> {
        Ok(CallToolResult::text(self))
    }
}

/// No content at all (trap 45).
impl IntoToolResult for () {
    fn into_tool_result(self) -> Result<CallToolResult, ToolError> {
        Ok(CallToolResult::default())
    }
}

impl<T: IntoToolResult, E: Into<ToolError>> IntoToolResult for Result<T, E> {
    fn into_tool_result(self) -> Result<CallToolResult, ToolError> {
        self.map_err(Into::into)?.into_tool_result()
    }

    fn output_schema() -> Option<Value> {
        T::output_schema()
    }
}

/// Something that reading a resource may return.
#[diagnostic::on_unimplemented(
    message = "a resource cannot return `{Self}`",
    note = "it can return `String`, `&'static str`, `Vec<u8>`, `Bytes`, `ResourceContents`, `Vec<ResourceContents>`, `ReadResourceResult`, an `Option` of one of them where `None` means that there is no such resource, or a `Result` with an error that becomes a `ResourceError`"
)]
pub trait IntoReadResult {
    /// The contents, or why there are none.
    ///
    /// # Errors
    /// The resource could not be read.
    fn into_read_result(self) -> Result<ResourceOutput, ResourceError>;
}

/// What was read. Text and bytes get the URI of the request and the media type of the resource.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ResourceOutput {
    /// Words.
    Text(String),
    /// Bytes.
    Blob(Bytes),
    /// Contents with URIs of their own.
    Contents(Vec<ResourceContents>),
    /// The whole result.
    Result(ReadResourceResult),
}

macro_rules! resource_outputs {
    ($($kind:ty: $value:ident => $output:expr;)*) => {
        $(impl IntoReadResult for $kind {
            fn into_read_result(self) -> Result<ResourceOutput, ResourceError> {
                let $value = self;
                Ok($output)
            }
        })*
    };
}

resource_outputs! {
    String: text => ResourceOutput::Text(text);
    &'static str: text => ResourceOutput::Text(text.to_owned());
    Vec<u8>: bytes => ResourceOutput::Blob(bytes.into());
    Bytes: bytes => ResourceOutput::Blob(bytes);
    ResourceContents: contents => ResourceOutput::Contents(vec![contents]);
    Vec<ResourceContents>: contents => ResourceOutput::Contents(contents);
    ReadResourceResult: result => ResourceOutput::Result(result);
}

impl<T: IntoReadResult> IntoReadResult for Option<T> {
    fn into_read_result(self) -> Result<ResourceOutput, ResourceError> {
        self.ok_or_else(ResourceError::not_found)?
            .into_read_result()
    }
}

impl<T: IntoReadResult, E: Into<ResourceError>> IntoReadResult for Result<T, E> {
    fn into_read_result(self) -> Result<ResourceOutput, ResourceError> {
        self.map_err(Into::into)?.into_read_result()
    }
}

/// Something a prompt may return.
#[diagnostic::on_unimplemented(
    message = "a prompt cannot return `{Self}`",
    note = "it can return `String` or `&'static str` (one message of the user), `PromptMessage`, `Vec<PromptMessage>`, `GetPromptResult`, or a `Result` of one of them with an error that becomes a `PromptError`"
)]
pub trait IntoPromptResult {
    /// The messages, or why there are none.
    ///
    /// # Errors
    /// The prompt could not be filled in.
    fn into_prompt_result(self) -> Result<PromptOutput, PromptError>;
}

/// A prompt filled in. Messages get the description of the prompt.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum PromptOutput {
    /// The messages.
    Messages(Vec<PromptMessage>),
    /// The whole result.
    Result(GetPromptResult),
}

macro_rules! prompt_outputs {
    ($($kind:ty: $value:ident => $output:expr;)*) => {
        $(impl IntoPromptResult for $kind {
            fn into_prompt_result(self) -> Result<PromptOutput, PromptError> {
                let $value = self;
                Ok($output)
            }
        })*
    };
}

prompt_outputs! {
    String: text => PromptOutput::Messages(vec![PromptMessage::user(text)]);
    &'static str: text => PromptOutput::Messages(vec![PromptMessage::user(text)]);
    PromptMessage: message => PromptOutput::Messages(vec![message]);
    Vec<PromptMessage>: messages => PromptOutput::Messages(messages);
    GetPromptResult: result => PromptOutput::Result(result);
}

impl<T: IntoPromptResult, E: Into<PromptError>> IntoPromptResult for Result<T, E> {
    fn into_prompt_result(self) -> Result<PromptOutput, PromptError> {
        self.map_err(Into::into)?.into_prompt_result()
    }
}

/// Something a completer may return.
#[diagnostic::on_unimplemented(
    message = "a completer cannot return `{Self}`",
    note = "it can return `Vec<String>`, `Vec<&'static str>`, `Completion`, or a `Result` of one of them with an error that becomes a `PromptError`"
)]
pub trait IntoCompletion {
    /// The suggestions, best first; the first 100 reach the client (T-ALL-51).
    ///
    /// # Errors
    /// There are none, for a reason.
    fn into_completion(self) -> Result<Completion, PromptError>;
}

impl IntoCompletion for Vec<String> {
    fn into_completion(self) -> Result<Completion, PromptError> {
        Ok(Completion::new(self))
    }
}

impl IntoCompletion for Vec<&'static str> {
    fn into_completion(self) -> Result<Completion, PromptError> {
        Ok(Completion::new(
            self.into_iter().map(str::to_owned).collect(),
        ))
    }
}

impl IntoCompletion for Completion {
    fn into_completion(self) -> Result<Completion, PromptError> {
        Ok(self)
    }
}

impl<T: IntoCompletion, E: Into<PromptError>> IntoCompletion for Result<T, E> {
    fn into_completion(self) -> Result<Completion, PromptError> {
        self.map_err(Into::into)?.into_completion()
    }
}
