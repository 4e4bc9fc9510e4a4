//! The fixture prompts.

use schemars::JsonSchema;
use serde::Deserialize;
use spanway::protocol::schema::{Content, PromptMessage, ResourceContents};
use spanway::{Args, CompletionRequest, Prompt};

use crate::Fixture;
use crate::samples::RED_PIXEL;

pub(crate) fn all() -> Vec<Prompt<Fixture>> {
    vec![
        Prompt::new("test_simple_prompt", simple).description("A prompt without arguments."),
        Prompt::new("test_prompt_with_arguments", with_arguments)
            .description("A prompt with two arguments.")
            .complete("arg1", suggest)
            .complete("arg2", suggest),
        Prompt::new("test_prompt_with_embedded_resource", with_resource)
            .description("A prompt that brings a resource."),
        Prompt::new("test_prompt_with_image", with_image)
            .description("A prompt that brings a picture."),
    ]
}

async fn simple() -> &'static str {
    "This is a simple prompt for testing."
}

#[derive(Deserialize, JsonSchema)]
struct TwoArguments {
    /// First test argument
    arg1: String,
    /// Second test argument
    arg2: String,
}

async fn with_arguments(Args(TwoArguments { arg1, arg2 }): Args<TwoArguments>) -> String {
    format!("Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")
}

async fn suggest(request: CompletionRequest) -> Vec<String> {
    let known = ["paris", "park", "party", "test"];
    known
        .iter()
        .filter(|word| word.starts_with(&request.value))
        .map(ToString::to_string)
        .collect()
}

#[derive(Deserialize, JsonSchema)]
struct Embedded {
    /// URI of the resource to embed
    #[serde(rename = "resourceUri")]
    resource_uri: String,
}

async fn with_resource(Args(Embedded { resource_uri }): Args<Embedded>) -> Vec<PromptMessage> {
    let resource = ResourceContents::text(resource_uri, "Embedded resource content for testing.");
    vec![
        PromptMessage::user(Content::resource(resource.with_mime_type("text/plain"))),
        PromptMessage::user("Please process the embedded resource above."),
    ]
}

async fn with_image() -> Vec<PromptMessage> {
    vec![
        PromptMessage::user(Content::image(RED_PIXEL, "image/png")),
        PromptMessage::user("Please analyze the image above."),
    ]
}
