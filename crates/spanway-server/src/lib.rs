//! Tools, resources and prompts for the Model Context Protocol, independent of transport.

mod change;
mod completion;
mod context;
mod edit;
mod error;
mod handler;
mod lifecycle;
mod page;
mod principal;
mod prompt;
mod registry;
mod resource;
mod router;
mod section;
mod server;
mod service;
mod template;
mod tool;
mod validate;

pub use change::{Change, ChangeHub, Changes};
pub use completion::CompletionRequest;
pub use context::{Context, Origin};
pub use edit::Edit;
pub use error::{BuildError, BuildErrors};
pub use handler::{
    AnyCall, Args, CallWithArguments, CompletionCall, ExtractError, FromCall, FromRef, Handler,
    IntoCompletion, IntoPromptResult, IntoReadResult, IntoToolResult, Json, Params, PromptCall,
    PromptError, PromptOutput, ResourceCall, ResourceError, ResourceOutput, Signature, State,
    ToolCall, ToolError, Uri,
};
pub use principal::Principal;
pub use prompt::Prompt;
pub use resource::Resource;
pub use server::{Server, ServerBuilder};
pub use service::{McpService, ServiceInfo};
pub use tool::Tool;
