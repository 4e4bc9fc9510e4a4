//! The server under test: two tools, and the flags of `spanway serve`.

use std::process::ExitCode;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use spanway::{Args, BuildErrors, Context, Server, TaskSupport, Tool, ToolError};
use tokio::time::sleep;

/// The tool that reports numbered progress.
pub(crate) const STEPS: &str = "steps";
/// The tool that asks its client.
pub(crate) const ASK: &str = "ask";

/// Messages of one call that may wait are 256: fewer steps are never merged, however slow the reader.
pub(crate) const STEPS_MAX: u32 = 250;
const STEP_BYTES_MAX: usize = 64 * 1024;

/// Serves with the arguments of this process.
pub(crate) fn serve() -> ExitCode {
    spanway_cli::serve_library("The node of the fault tests.", build)
}

fn build() -> Result<Server, BuildErrors> {
    Server::builder("spanway-faults", env!("CARGO_PKG_VERSION"))
        .tool(
            Tool::new(STEPS, steps)
                .description("Tells its progress step by step.")
                .tasks(TaskSupport::Optional),
        )
        .tool(Tool::new(ASK, ask).description("Asks for a word and answers it."))
        .build()
}

#[derive(Deserialize, JsonSchema)]
struct Steps {
    /// How many.
    count: u32,
    /// Between two of them.
    pace_ms: u64,
    /// How long each message is.
    bytes: usize,
    /// What each message begins with.
    #[serde(default)]
    mark: String,
}

async fn steps(Args(args): Args<Steps>, cx: Context) -> Result<String, ToolError> {
    if args.count > STEPS_MAX || args.bytes > STEP_BYTES_MAX {
        return Err(ToolError::new("too many steps, or too long ones"));
    }
    let message = args.mark + &"-".repeat(args.bytes);
    for step in 1..=args.count {
        cx.progress(
            f64::from(step),
            Some(f64::from(args.count)),
            message.as_str(),
        );
        if args.pace_ms > 0 {
            sleep(Duration::from_millis(args.pace_ms)).await;
        }
    }
    Ok(format!("{} steps", args.count))
}

#[derive(Deserialize, JsonSchema)]
struct Word {
    word: String,
}

async fn ask(cx: Context) -> Result<String, ToolError> {
    let answered = cx.elicit::<Word>("word", "Which word?").await?;
    Ok(answered.accepted()?.word)
}
