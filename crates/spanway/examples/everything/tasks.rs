//! The fixture tools whose calls can be tasks.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use spanway::protocol::jsonrpc::ErrorObject;
use spanway::{Args, Asked, Context, Question, TaskSupport, Tool, ToolError};
use tokio::time::sleep;

use crate::Fixture;

const SECONDS_MAX: u64 = 120;

pub(crate) fn tools() -> Vec<Tool<Fixture>> {
    vec![
        Tool::new("greet", greet)
            .description("Greets at once.")
            .read_only(),
        Tool::new("slow_compute", slow_compute)
            .description("Takes so many seconds, and says how far it is.")
            .tasks(TaskSupport::Optional),
        Tool::new("slow_promoted", slow_compute)
            .description("The same, as a task only if it takes longer than half a second.")
            .tasks(TaskSupport::After(Duration::from_millis(500))),
        Tool::new("failing_job", failing_job)
            .description("Fails after a second.")
            .tasks(TaskSupport::Required),
        Tool::new("protocol_error_job", protocol_error_job)
            .description("Ends in an error of the protocol.")
            .tasks(TaskSupport::Optional),
        Tool::new("confirm_delete", confirm_delete)
            .description("Asks whether to delete a file; it deletes none.")
            .tasks(TaskSupport::Optional),
        Tool::new("multi_input", multi_input)
            .description("Asks two things at once.")
            .tasks(TaskSupport::Optional),
        Tool::new("test_tool_with_task", greet_asked)
            .description("Asks for a name before it becomes a task.")
            .tasks(TaskSupport::Required),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

impl Question for Name {
    const KEY: &'static str = "user_name";
    const MESSAGE: &'static str = "What is your name?";
}

async fn greet(Args(Name { name }): Args<Name>) -> String {
    format!("Hello, {name}!")
}

async fn greet_asked(Asked(name): Asked<Name>) -> Result<String, ToolError> {
    let Name { name } = name.accepted()?;
    Ok(format!("Hello, {name}!"))
}

#[derive(Deserialize, JsonSchema)]
struct Compute {
    /// How long it takes.
    seconds: u64,
    /// What it is called.
    #[serde(default)]
    label: String,
}

async fn slow_compute(
    Args(Compute { seconds, label }): Args<Compute>,
    cx: Context,
) -> Result<String, ToolError> {
    if seconds > SECONDS_MAX {
        return Err(ToolError::new("no more than two minutes"));
    }
    for second in 0..seconds {
        cx.status(format!("{second} of {seconds} seconds"));
        sleep(Duration::from_secs(1)).await;
    }
    Ok(format!("{label}: computed for {seconds} seconds"))
}

async fn failing_job() -> Result<String, ToolError> {
    sleep(Duration::from_secs(1)).await;
    Err(ToolError::new("this job always fails"))
}

async fn protocol_error_job() -> Result<String, ToolError> {
    let error = ErrorObject::new(1, "this job always ends in an error of the protocol");
    Err(ToolError::protocol(error))
}

#[derive(Deserialize, JsonSchema)]
struct File {
    filename: String,
}

#[derive(Deserialize, JsonSchema)]
struct Confirm {
    confirm: bool,
}

async fn confirm_delete(
    Args(File { filename }): Args<File>,
    cx: Context,
) -> Result<String, ToolError> {
    let question = format!("Delete {filename}?");
    let Confirm { confirm } = cx.elicit("confirm", question).await?.accepted()?;
    let done = if confirm { "would be deleted" } else { "stays" };
    Ok(format!("{filename} {done}"))
}

async fn multi_input(cx: Context) -> Result<String, ToolError> {
    let name = cx.elicit::<Name>("name", "What is your name?");
    let confirm = cx.elicit::<Confirm>("confirm", "Are you sure?");
    let (name, confirm) = tokio::try_join!(name, confirm)?;
    let (Name { name }, Confirm { confirm }) = (name.accepted()?, confirm.accepted()?);
    Ok(format!("{name}: {confirm}"))
}
