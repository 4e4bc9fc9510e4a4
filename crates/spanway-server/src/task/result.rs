//! `tasks/result` of 2025-11-25: waits for the end of a task, and is where its questions are asked meanwhile.

use std::collections::BTreeSet;
use std::pin::pin;
use std::task::Poll;

use futures_util::future::{BoxFuture, FutureExt, poll_fn};
use serde_json::{Value, json};
use spanway_protocol::jsonrpc::ErrorObject;
use spanway_protocol::schema::{Meta, Progress, Question, related_task};
use spanway_protocol::{Answer, Emission, RawJson, Rejection, Reply};
use spanway_store::{Bell, TaskId};
use tokio::time::sleep;

use super::engine::{Kept, Tasks};
use super::owner::Owner;
use crate::context::{ClientRequests, Context};
use crate::input::InputError;

impl Tasks {
    /// T-LTASK-08: exactly what the call would have been answered with, once the task has ended. A task that
    /// expires, or is dropped, ends the wait too (D3.12).
    pub(super) async fn result(
        &self,
        id: &str,
        owner: &Owner,
        context: &Context,
    ) -> Result<Reply, Rejection> {
        let name = TaskId::parse(id).ok_or(Rejection::TaskNotFound)?;
        let bell = self.bell(&name);
        let mut desk = Desk::new(context);
        loop {
            let kept = self.find(id, owner).await?;
            if kept.record.is_terminal() {
                return Ok(reply(&kept));
            }
            desk.tell_progress(&kept);
            desk.ask(&kept);
            let patience = self.patience(kept.entry.expires);
            let answered = desk.wait(&bell, patience).await;
            if !answered.is_empty() {
                self.take_answers(&kept, &answered).await?;
            }
        }
    }
}

fn reply(kept: &Kept) -> Reply {
    match kept.record.outcome() {
        Some(Ok(result)) => Answer::Prepared(result).into(),
        Some(Err(error)) => error.into(),
        None => Rejection::InvalidParams {
            detail: "the task was cancelled and has no result".into(),
        }
        .into(),
    }
}

type Asked = (String, Result<RawJson, InputError>);

/// What is said on the stream of one `tasks/result`.
struct Desk<'a> {
    context: &'a Context,
    /// What is being asked here. Dropped, a question is taken back.
    asking: Vec<(String, BoxFuture<'a, Asked>)>,
    /// What was asked here; a client that does not answer is not asked again on the same stream.
    asked: BTreeSet<String>,
    /// How far the client was told that the task has come.
    told: Option<f64>,
}

impl<'a> Desk<'a> {
    fn new(context: &'a Context) -> Self {
        Self {
            context,
            asking: Vec::new(),
            asked: BTreeSet::new(),
            told: None,
        }
    }

    /// T-2511-17: with the token of the call that became the task.
    fn tell_progress(&mut self, kept: &Kept) {
        let record = &kept.record;
        let (Some(token), Some(reached)) = (&record.call.progress_token, &record.reached) else {
            return;
        };
        if self.told.is_some_and(|told| told >= reached.progress) {
            return;
        }
        self.told = Some(reached.progress);
        let (total, message) = (reached.total, reached.message.clone());
        let progress = Progress::new(token.clone(), reached.progress, total, message);
        let (key, value) = related_task(kept.entry.id.as_str());
        let progress = progress.with_meta(Meta::default().with(key, value));
        self.context.relay(Emission::Progress(progress));
    }

    /// T-LTASK-09: asks what the task asks, and takes back what was answered elsewhere.
    fn ask(&mut self, kept: &Kept) {
        let open = &kept.record.open;
        let is_open = |key: &str| open.iter().any(|question| question.key == key);
        self.asking.retain(|(key, _)| is_open(key));
        if self.context.client_requests() != ClientRequests::OnStream {
            return;
        }
        for question in open {
            if self.asked.insert(question.key.clone()) {
                let key = question.key.clone();
                let context = self.context;
                let question = of_task(question, kept.entry.id.as_str());
                let asked = async move {
                    let key = question.key.clone();
                    (key, context.relay_question(question).await)
                };
                self.asking.push((key, asked.boxed()));
            }
        }
    }

    /// Waits until the bell rings, or the client answers; what it answered.
    async fn wait(
        &mut self,
        bell: &Bell<TaskId>,
        patience: std::time::Duration,
    ) -> Vec<(String, Result<RawJson, ErrorObject>)> {
        let mut patience = pin!(sleep(patience));
        poll_fn(|cx| {
            let mut answered = Vec::new();
            self.asking
                .retain_mut(|(_, asking)| match asking.poll_unpin(cx) {
                    Poll::Ready((key, Ok(answer))) => {
                        answered.push((key, Ok(answer)));
                        false
                    }
                    Poll::Ready((key, Err(InputError::Refused { error, .. }))) => {
                        answered.push((key, Err(*error)));
                        false
                    }
                    // Nobody answered. The task waits on, for a client that asks again.
                    Poll::Ready((_, Err(_))) => false,
                    Poll::Pending => true,
                });
            let rung = bell.poll_rung(cx).is_ready();
            let is_over = patience.as_mut().poll(cx).is_ready();
            if rung || is_over || !answered.is_empty() {
                Poll::Ready(answered)
            } else {
                Poll::Pending
            }
        })
        .await
    }
}

/// The question as one of this task (T-LTASK-14).
fn of_task(question: &Question, id: &str) -> Question {
    let mut question = question.clone();
    let meta = question.params.entry("_meta").or_insert_with(|| json!({}));
    if let Value::Object(meta) = meta {
        let (key, value) = related_task(id);
        meta.insert(key, value);
    }
    question
}
