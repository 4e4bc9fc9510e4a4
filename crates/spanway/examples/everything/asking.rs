//! The fixture tools, the prompt and the resource that ask the client for input.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use spanway::protocol::schema::SamplingRequest;
use spanway::{
    Args, Context, Elicited, InputError, Prompt, PromptError, Resource, ResourceError, Tool,
    ToolError,
};

use crate::Fixture;

pub(crate) fn tools() -> Vec<Tool<Fixture>> {
    vec![
        Tool::new("test_sampling", sampling).description("Asks the client's model."),
        Tool::new("test_elicitation", elicitation).description("Asks the person for two words."),
        Tool::new("test_elicitation_sep1034_defaults", defaults)
            .description("Asks with a default for every kind of field."),
        Tool::new("test_elicitation_sep1330_enums", enums)
            .description("Asks with every kind of choice."),
        Tool::new("test_elicitation_url", url).description("Asks the person to open a URL."),
        Tool::new("test_streaming_elicitation", user_name)
            .description("Asks the person, in every revision."),
        Tool::new("test_input_required_result_elicitation", user_name)
            .description("Asks the person for a name."),
        Tool::new("test_input_required_result_sampling", capital)
            .description("Asks the model for a capital."),
        Tool::new("test_input_required_result_list_roots", roots)
            .description("Asks for the roots of the client."),
        Tool::new("test_input_required_result_request_state", confirm)
            .description("Asks once; the state comes back with the answer."),
        Tool::new("test_input_required_result_tampered_state", confirm)
            .description("Asks once; a forged state is refused."),
        Tool::new(
            "test_input_required_result_multiple_inputs",
            everything_at_once,
        )
        .description("Asks the person, the model and for the roots, all at once."),
        Tool::new("test_input_required_result_multi_round", rounds)
            .description("Asks twice, one after the other."),
        Tool::new("test_input_required_result_capabilities", what_is_declared)
            .description("Asks only for what the client declared."),
    ]
}

pub(crate) fn prompts() -> Vec<Prompt<Fixture>> {
    vec![
        Prompt::new("test_input_required_result_prompt", prompt)
            .description("A prompt that asks the person first."),
    ]
}

pub(crate) fn resources() -> Vec<Resource<Fixture>> {
    vec![
        Resource::new("test://greeting", "greeting", greeting)
            .description("A text that asks for a name first.")
            .mime_type("text/plain"),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct Ask {
    /// What the model is asked
    prompt: String,
}

async fn sampling(Args(Ask { prompt }): Args<Ask>, cx: Context) -> Result<String, ToolError> {
    let said = cx
        .sample("answer", SamplingRequest::text(prompt, 100))
        .await?;
    Ok(format!("LLM response: {}", said.text()))
}

#[derive(Deserialize, JsonSchema)]
struct Message {
    /// What the person is shown
    message: String,
}

#[derive(Deserialize, JsonSchema)]
struct User {
    /// User's response
    username: String,
    /// User's email address
    email: String,
}

async fn elicitation(
    Args(Message { message }): Args<Message>,
    cx: Context,
) -> Result<String, ToolError> {
    Ok(match cx.elicit::<User>("user", message).await? {
        Elicited::Accepted(User { username, email }) => {
            format!("User response: accept, {username}, {email}")
        }
        Elicited::Declined => "User response: decline".to_owned(),
        Elicited::Cancelled => "User response: cancel".to_owned(),
    })
}

async fn defaults(cx: Context) -> Result<String, ToolError> {
    let schema = json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "description": "User name", "default": "John Doe" },
            "age": { "type": "integer", "description": "User age", "default": 30 },
            "score": { "type": "number", "description": "User score", "default": 95.5 },
            "status": {
                "type": "string",
                "description": "User status",
                "enum": ["active", "inactive", "pending"],
                "default": "active",
            },
            "verified": { "type": "boolean", "description": "Verification status", "default": true },
        },
    });
    let answer = cx.elicit_form("defaults", "Please review these values", schema);
    Ok(completed(answer.await?))
}

async fn enums(cx: Context) -> Result<String, ToolError> {
    let options = ["option1", "option2", "option3"];
    let titled = |names: [&str; 3]| -> Vec<Value> {
        let pairs = names
            .iter()
            .zip(["First Option", "Second Option", "Third Option"]);
        pairs
            .map(|(name, title)| json!({ "const": name, "title": title }))
            .collect()
    };
    let values = ["value1", "value2", "value3"];
    let schema = json!({
        "type": "object",
        "properties": {
            "untitledSingle": { "type": "string", "enum": options },
            "titledSingle": { "type": "string", "oneOf": titled(values) },
            "legacyEnum": {
                "type": "string",
                "enum": ["opt1", "opt2", "opt3"],
                "enumNames": ["Option One", "Option Two", "Option Three"],
            },
            "untitledMulti": { "type": "array", "items": { "type": "string", "enum": options } },
            "titledMulti": { "type": "array", "items": { "anyOf": titled(values) } },
        },
    });
    let answer = cx.elicit_form("choices", "Please select options", schema);
    Ok(completed(answer.await?))
}

async fn url(cx: Context) -> Result<&'static str, ToolError> {
    let answer = cx.elicit_url(
        "sign_in",
        "Please sign in",
        "https://example.com/sign-in?flow=7",
    );
    Ok(match answer.await? {
        Elicited::Accepted(()) => "URL: accept",
        Elicited::Declined => "URL: decline",
        Elicited::Cancelled => "URL: cancel",
    })
}

fn completed(answer: Elicited<Map<String, Value>>) -> String {
    match answer {
        Elicited::Accepted(fields) => {
            format!(
                "Elicitation completed: action=accept, content={}",
                Value::Object(fields)
            )
        }
        Elicited::Declined => "Elicitation completed: action=decline".to_owned(),
        Elicited::Cancelled => "Elicitation completed: action=cancel".to_owned(),
    }
}

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

async fn ask_name(cx: &Context, key: &str) -> Result<String, InputError> {
    let answer = cx.elicit::<Name>(key, "What is your name?");
    Ok(answer.await?.accepted()?.name)
}

async fn ask_capital(cx: &Context, key: &str) -> Result<String, InputError> {
    let question = SamplingRequest::text("What is the capital of France?", 100);
    Ok(cx.sample(key, question).await?.text())
}

async fn ask_roots(cx: &Context, key: &str) -> Result<String, InputError> {
    let roots = cx.roots(key).await?;
    let uris: Vec<&str> = roots.iter().map(|root| root.uri.as_str()).collect();
    Ok(uris.join(", "))
}

async fn user_name(cx: Context) -> Result<String, ToolError> {
    Ok(format!("Hello, {}!", ask_name(&cx, "user_name").await?))
}

#[derive(Deserialize, JsonSchema)]
struct Confirm {
    ok: bool,
}

async fn confirm(cx: Context) -> Result<String, ToolError> {
    let answer = cx.elicit::<Confirm>("confirm", "Please confirm");
    let Confirm { ok } = answer.await?.accepted()?;
    Ok(format!("state-ok, confirmed: {ok}"))
}

async fn capital(cx: Context) -> Result<String, ToolError> {
    Ok(format!(
        "The model says: {}",
        ask_capital(&cx, "capital_question").await?
    ))
}

async fn roots(cx: Context) -> Result<String, ToolError> {
    Ok(format!("Roots: {}", ask_roots(&cx, "client_roots").await?))
}

async fn everything_at_once(cx: Context) -> Result<String, ToolError> {
    let (name, capital, roots) = tokio::try_join!(
        ask_name(&cx, "user_name"),
        ask_capital(&cx, "capital_question"),
        ask_roots(&cx, "client_roots"),
    )?;
    Ok(format!("{name}; {capital}; {roots}"))
}

#[derive(Deserialize, JsonSchema)]
struct Color {
    color: String,
}

async fn rounds(cx: Context) -> Result<String, ToolError> {
    let name = ask_name(&cx, "step1").await?;
    let color = cx.elicit::<Color>("step2", "What is your favourite colour?");
    let Color { color } = color.await?.accepted()?;
    Ok(format!("{name} likes {color}"))
}

async fn what_is_declared(cx: Context) -> Result<String, ToolError> {
    let declared = cx.client_capabilities();
    let mut told = Vec::new();
    if declared.sampling() {
        told.push(ask_capital(&cx, "capital_question").await?);
    }
    if declared.elicitation_form() {
        told.push(ask_name(&cx, "user_name").await?);
    }
    Ok(told.join("; "))
}

#[derive(Deserialize, JsonSchema)]
struct About {
    context: String,
}

async fn prompt(cx: Context) -> Result<String, PromptError> {
    let about = cx.elicit::<About>("user_context", "What is this about?");
    Ok(format!(
        "Use this context: {}",
        about.await?.accepted()?.context
    ))
}

async fn greeting(cx: Context) -> Result<String, ResourceError> {
    Ok(format!("Hello, {}!", ask_name(&cx, "name").await?))
}
