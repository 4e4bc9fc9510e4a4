//! The wire types: neutral of revision, and projected to one while they are written.
//!
//! [`project`](Project) is the idea; the other files hold one page of the specification each.

mod capabilities;
mod completion;
mod content;
mod elicitation;
mod fields;
mod implementation;
mod input;
mod lifecycle;
mod list;
mod listen;
mod logging;
mod params;
mod progress;
mod project;
mod prompt;
mod resource;
mod sampling;
mod task;
mod tool;

pub use capabilities::{
    ClientCapabilities, ListCapability, ResourcesCapability, ServerCapabilities,
};
pub use completion::{
    CompleteArgument, CompleteContext, CompleteParams, Completion, CompletionReference,
};
pub use content::{Annotations, Content, Media, Role};
pub use elicitation::{ElicitAction, ElicitResult, FormError, FormSchema};
pub use fields::Fields;
pub use implementation::{Icon, Implementation};
pub use input::{InputRequest, InputRequired, ListRootsResult, Question, Root, Unsupported};
pub use lifecycle::{DiscoverResult, EmptyResult, InitializeParams, InitializeResult};
pub use list::{CacheHint, CacheScope, ListResult, Listed};
pub use listen::ListenResult;
pub(crate) use listen::SUBSCRIPTION_ID;
pub use logging::{LogMessage, LoggingLevel};
pub use params::{
    CallToolParams, CancelledParams, GetPromptParams, ListParams, ReadResourceParams,
    SetLevelParams,
};
pub use progress::{Progress, ProgressToken};
pub(crate) use project::write_projected;
pub use project::{Meta, Project, Projected, View};
pub use prompt::{GetPromptResult, PromptArgument, PromptDefinition, PromptMessage};
pub use resource::{
    ReadResourceResult, ResourceBody, ResourceContents, ResourceDefinition,
    ResourceTemplateDefinition,
};
pub use sampling::{
    IncludeContext, ModelPreferences, SamplingContent, SamplingMessage, SamplingRequest,
    SamplingResult, ToolChoice,
};
pub(crate) use task::TaskNotification;
pub use task::{
    CreateTaskResult, DetailedTask, TASKS_EXTENSION, Task, TaskDetail, TaskIdParams, TaskMode,
    TaskParams, TaskStatus, UpdateTaskParams, related_task,
};
pub use tool::{CallToolResult, ToolAnnotations, ToolDefinition, wraps_output};
