//! `subscriptions/listen`: a POST whose answer is a stream of changes, for as long as the client stays.

use http::Response;
use spanway_protocol::modern::{ListenFilter, Subscription};
use spanway_protocol::schema::TASKS_EXTENSION;
use spanway_protocol::{Call, Rejection};
use spanway_server::{Change, Principal, TaskWatch};

use super::Post;
use crate::respond::{self, Envelope};
use crate::state::Shared;
use crate::stream::{Events, ResponseBody};
use crate::subscription::{Heard, Listening};

/// An event stream, whatever the response mode (T-SUB-01, trap 21): 406 if the client takes none, 404 if
/// there are no changes to be told of, 503 if there are too many streams.
pub(super) async fn answer(
    shared: &Shared,
    post: &Post<'_>,
    call: Call,
) -> Result<Response<ResponseBody>, Rejection> {
    let offered = &shared.service.info().capabilities;
    if !offered.tell_changes() && shared.tasks.is_none() {
        return Err(Rejection::MethodNotFound {
            method: call.method.as_str().to_owned(),
        });
    }
    if !post.accepts.sse {
        return Err(Rejection::NotAcceptable {
            need: "text/event-stream",
        });
    }
    let asked = ListenFilter::read(&call.params.raw(), &shared.limits)?;
    // T-TASK-11
    if !asked.tasks.is_empty() && !call.client.capabilities().tasks_extension() {
        return Err(Rejection::missing_extension(TASKS_EXTENSION));
    }
    let mut honoured = asked.honoured_by(offered);
    let seat = shared.subscriptions.enter()?;
    let tasks = watch_tasks(shared, &mut honoured, post.principal.as_ref()).await?;
    let subscription = Subscription::new(call.id);
    // Listening begins before the acknowledgement is written, so that nothing falls in between; it is the
    // first message all the same (T-SUB-02, trap 20).
    let acknowledged = subscription
        .acknowledged(&honoured)
        .ok_or(Rejection::Internal)?;
    let lists = honoured.clone();
    let changes = shared.changes(post.principal.clone(), None, move |list| match list {
        Change::Tools => lists.tools,
        Change::Prompts => lists.prompts,
        Change::Resources => lists.resources,
        // T-SUB-03: nothing that was not asked for.
        _ => false,
    });
    for uri in honoured.uris {
        changes.watch(uri);
    }
    let service = shared.service.clone();
    let heard = Heard { changes, tasks };
    let listening = Listening::new(subscription, call.version, service, heard, seat);
    let mut events = Events::of_subscription(listening, shared.keep_alive);
    events.push(&acknowledged);
    let envelope = Envelope {
        version: call.version,
        session: None,
    };
    Ok(respond::sse(events.into(), envelope))
}

/// The tasks to tell of; of those that were asked for, the caller's own are honoured (T-TASK-12).
async fn watch_tasks(
    shared: &Shared,
    honoured: &mut ListenFilter,
    principal: Option<&Principal>,
) -> Result<Option<TaskWatch>, Rejection> {
    let asked = std::mem::take(&mut honoured.tasks);
    let Some(tasks) = shared.tasks.as_ref().filter(|_| !asked.is_empty()) else {
        return Ok(None);
    };
    let watch = tasks.watch(&asked, principal).await?;
    honoured.tasks.clone_from(watch.ids());
    Ok(Some(watch))
}
