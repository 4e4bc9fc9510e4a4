//! Tasks: calls that are answered before they are done, and go on (2025-11-25, and an extension of
//! 2026-07-28). One implementation over a [`TaskStore`](spanway_store::TaskStore); the two wire forms meet in
//! the methods alone.
//!
//! A task is durable before its call is answered (T-TASK-05). Its handler runs in a task of the runtime, the
//! one exception to calls running in the task of their request; every other node can answer for it, and go on
//! with it where its node died and that is allowed.

mod engine;
mod finish;
mod keeper;
mod list;
mod method;
mod owner;
mod plan;
mod promote;
mod record;
mod rescue;
mod result;
mod seat;
mod start;
mod watch;
mod work;

pub use engine::Tasks;
pub use keeper::TaskKeeper;
pub use watch::TaskWatch;

pub(crate) use engine::Inner;
pub(crate) use keeper::TaskSettings;
pub(crate) use method::answer;
pub(crate) use plan::Plan;
pub(crate) use seat::{Reached, Seat};

use std::time::Duration;

/// Whether, and when, calls of a tool become tasks.
///
/// Clients of 2026-07-28 take tasks if they say so in the request, and then the server decides; clients of
/// 2025-11-25 decide themselves, by a parameter of the call; all others wait for the result. The handler is the
/// same for all of them:
///
/// ```
/// use std::time::Duration;
/// use schemars::JsonSchema;
/// use serde::Deserialize;
/// use spanway_server::{Args, Context, Server, TaskSupport, Tool, ToolError};
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Import {
///     files: Vec<String>,
/// }
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Confirm {
///     overwrite: bool,
/// }
///
/// # async fn exists(file: &str) -> bool { false }
/// # async fn load(file: &str) -> Result<u64, std::io::Error> { Ok(1) }
/// async fn import(Args(import): Args<Import>, cx: Context) -> Result<String, ToolError> {
///     let mut rows = 0;
///     for file in &import.files {
///         // What the client reads in the status of the task.
///         cx.status(format!("importing {file}"));
///         if exists(file).await {
///             // The task waits for its client as long as it lives. A key belongs to one question.
///             let key = format!("overwrite {file}");
///             let answer = cx.elicit::<Confirm>(&key, format!("Overwrite {file}?")).await?;
///             if !answer.accepted()?.overwrite {
///                 continue;
///             }
///         }
///         // What was done is kept with the task, so that it is not done again if it is begun again.
///         let loaded: u64 = cx.once(&format!("load {file}"), load(file)).await?;
///         rows += loaded;
///     }
///     Ok(format!("{rows} rows"))
/// }
///
/// let server = Server::builder("warehouse", "1.0.0")
///     // A quick import is answered with its result, a longer one with a task after five seconds.
///     .tool(Tool::new("import", import).idempotent().tasks(TaskSupport::After(Duration::from_secs(5))))
///     .task_ttl(Duration::from_secs(4 * 3600))
///     .build()?;
/// # Ok::<(), spanway_server::BuildErrors>(())
/// ```
///
/// # What becomes of a task
/// - It is kept before the client hears of it, and until its time to live is over, its result included; a
///   handler that still runs then is dropped.
/// - It belongs to the principal that called; without one, to the session on 2025-11-25, and on 2026-07-28 to
///   whoever has its id, which cannot be guessed.
/// - If its process ends it fails with a status that says so, unless it may be begun again, three times at
///   most: if its tool is [`idempotent`](crate::Tool::idempotent) or [`read_only`](crate::Tool::read_only), or
///   if it was waiting for its client, and did nothing. A run that begins again gets the answers and outcomes
///   that were had before, and no headers or extensions of the request.
/// - A question is asked once in the life of a task: after an answer that makes no sense the handler gets an
///   error, and asks again under another key.
/// - Cancelled, its handler is dropped at the next `await`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TaskSupport {
    /// Never.
    #[default]
    Forbidden,
    /// Whenever the client takes it.
    Optional,
    /// When a call has run for so long, if the client takes it: it is answered with a task then, and the same
    /// handler goes on. Longer than the call timeout means never. Clients of 2025-11-25 decide before.
    After(Duration),
    /// Always. Clients of a revision with tasks that do not take one are refused (T-LTASK-02, T-TASK-03).
    Required,
}
