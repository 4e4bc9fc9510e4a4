//! What this node holds of the sessions in use: calls in flight and open streams. Idle sessions are in the
//! store alone.

mod left;
mod listener;
mod nodes;
mod seat;

pub(crate) use listener::Listener;
pub(crate) use nodes::PATROL;
pub(crate) use seat::{ReaderPass, Resumed, Seated, StreamSeat};

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use spanway_protocol::jsonrpc::{ErrorObject, RequestId};
use spanway_protocol::legacy::{Session, SessionId, StreamId};
use spanway_protocol::{Limits, RawJson, Rejection, Timestamp};
use spanway_server::{Changes, Clock, Context, McpService, Tasks};
use spanway_store::{BusMessage, NodeId, StoreError, Stores};
use tokio_util::task::TaskTracker;

use crate::stream::Slot;
use left::LeftMailboxes;
use listener::Mailbox;
use seat::{Pass, open_stream};

/// When a client is to come back that is sent to another node.
const RETRY: Duration = Duration::from_millis(500);

/// The sessions of this node, over the store that keeps them.
pub(crate) struct Registry {
    /// What is told of sessions that end, and of changes on other nodes.
    service: Arc<dyn McpService>,
    /// The tasks of the service, which are told of changes on other nodes too.
    tasks_of_service: Option<Tasks>,
    stores: Stores,
    /// This process, where streams say who writes them.
    node: NodeId,
    stream_ids: StreamIds,
    busy: Mutex<BusySessions>,
    /// What sessions were not told that stopped listening a short while ago.
    left: LeftMailboxes,
    clock: Clock,
    /// A session that was busy longer than this is renewed when it falls idle.
    renew_after: Duration,
    tasks: TaskTracker,
}

/// Ids are made here, of random numbers: nobody can choose some that collide.
type BusySessions = HashMap<SessionId, Busy, foldhash::fast::RandomState>;

/// A session with something going on. There is an entry only while there is.
#[derive(Default)]
struct Busy {
    /// Clients choose the ids, but not many at once.
    calls: HashMap<RequestId, Context, foldhash::fast::RandomState>,
    streams: usize,
    mailbox: Option<Arc<Mailbox>>,
    /// Where the streams of calls are written that are still connected.
    slots: HashMap<StreamId, Slot>,
    /// Who reads the streams of calls that were resumed.
    readers: HashMap<StreamId, Arc<Pass>>,
}

impl Busy {
    fn is_idle(&self) -> bool {
        self.calls.is_empty() && self.streams == 0 && self.slots.is_empty()
    }
}

impl Registry {
    pub(crate) fn new(
        service: Arc<dyn McpService>,
        tasks_of_service: Option<Tasks>,
        stores: Stores,
        clock: Clock,
        ttl: Duration,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            service,
            tasks_of_service,
            node: stores.bus.node(),
            stores,
            stream_ids: StreamIds::starting_at(random()),
            busy: Mutex::default(),
            left: LeftMailboxes::default(),
            clock,
            renew_after: ttl / 4,
            tasks,
        }
    }

    /// Opens a session.
    pub(crate) async fn open(&self, session: Session) -> Result<(), Rejection> {
        let now = self.clock.now();
        // A full store drops expired sessions; those in use must not be among them.
        if self.stores.bus.is_alone() {
            self.renew_in_use()
                .await
                .map_err(|error| unavailable(&error))?;
        }
        self.stores
            .sessions
            .insert(session, now)
            .await
            .map_err(|error| match error {
                StoreError::Full { .. } => Rejection::TooManySessions,
                other => unavailable(&other),
            })
    }

    /// The session, if it is there and belongs to `principal`. Whose it is is never told
    /// (ARCHITECTURE.md, invariant 9).
    pub(crate) async fn find(
        &self,
        id: &SessionId,
        principal: Option<&str>,
    ) -> Result<Arc<Session>, Rejection> {
        let now = self.clock.now();
        if self.stores.bus.is_alone() && self.lock().contains_key(id) {
            self.stores
                .sessions
                .renew(std::slice::from_ref(id), now)
                .await
                .map_err(|error| unavailable(&error))?;
        }
        let found = self
            .stores
            .sessions
            .load(id, now)
            .await
            .map_err(|error| unavailable(&error))?;
        found
            .filter(|session| session.belongs_to(principal))
            .ok_or(Rejection::SessionNotFound)
    }

    /// Remembers what a client changed about its session.
    pub(crate) async fn change(
        &self,
        id: &SessionId,
        change: spanway_store::SessionChange,
    ) -> Result<(), Rejection> {
        let kept = self
            .stores
            .sessions
            .change(id, change, self.clock.now())
            .await
            .map_err(|error| unavailable(&error))?;
        if kept {
            Ok(())
        } else {
            Err(Rejection::SessionNotFound)
        }
    }

    /// Ends the session, its calls and its streams.
    pub(crate) async fn end(&self, id: &SessionId) -> Result<(), Rejection> {
        let removed = self
            .stores
            .sessions
            .remove(id, self.clock.now())
            .await
            .map_err(|error| unavailable(&error))?;
        self.stop(id);
        self.tell(BusMessage::Ended {
            session: id.as_str().into(),
        });
        let forgotten = self.stores.logs.forget(id.clone()).await;
        forgotten.map_err(|error| unavailable(&error))?;
        if removed {
            Ok(())
        } else {
            Err(Rejection::SessionNotFound)
        }
    }

    /// Ends the session of a connection that is gone: its calls at once, the rest as soon as the store can.
    pub(crate) fn abandon(self: &Arc<Self>, id: SessionId) {
        self.stop(&id);
        let registry = self.clone();
        self.run_soon(async move {
            // It may be over already, or have never begun; a store that failed was logged.
            let _ = registry.end(&id).await;
        });
    }

    /// Cancels the session's calls and ends its streams.
    fn stop(&self, id: &SessionId) {
        self.service.session_ended(id.as_str());
        self.left.take(id, self.clock.now());
        let busy = self.lock().remove(id);
        if let Some(busy) = busy {
            busy.calls.values().for_each(Context::cancel);
            if let Some(mailbox) = busy.mailbox {
                mailbox.close();
            }
        }
    }

    /// Notes a call, so that it can be cancelled and its id is not used twice at once.
    pub(crate) fn begin(
        self: &Arc<Self>,
        session: &SessionId,
        id: &RequestId,
        context: &Context,
        limits: &Limits,
    ) -> Result<InFlight, Rejection> {
        let limit = limits.calls_per_session_max;
        let too_many = || Rejection::SessionBusy {
            what: "calls in flight",
            limit,
        };
        let mut sessions = self.lock();
        match sessions.entry(session.clone()) {
            Entry::Occupied(mut busy) => {
                let calls = &mut busy.get_mut().calls;
                let count = calls.len();
                match calls.entry(id.clone()) {
                    Entry::Occupied(_) => {
                        return Err(Rejection::DuplicateId { id: id.clone() });
                    }
                    Entry::Vacant(_) if count >= limit => return Err(too_many()),
                    Entry::Vacant(call) => call.insert(context.clone()),
                };
            }
            // An entry that holds nothing would stay, and keep its session alive.
            Entry::Vacant(_) if limit == 0 => return Err(too_many()),
            Entry::Vacant(busy) => {
                let mut fresh = Busy::default();
                fresh.calls.insert(id.clone(), context.clone());
                busy.insert(fresh);
            }
        }
        drop(sessions);
        let since = self.clock.now();
        Ok(InFlight {
            registry: self.clone(),
            session: session.clone(),
            id: id.clone(),
            since,
        })
    }

    /// Cancels a call that runs here; false if it does not.
    fn cancel_here(&self, session: &SessionId, id: &RequestId) -> bool {
        let call = self.with_busy(session, |busy| busy.calls.get(id).cloned());
        let call = call.flatten();
        if let Some(context) = &call {
            context.cancel();
        }
        call.is_some()
    }

    /// Hands a response of the client to the call that waits for it here; false if none does.
    fn answer_here(
        &self,
        session: &SessionId,
        id: &RequestId,
        outcome: &Result<RawJson, ErrorObject>,
    ) -> bool {
        let answered = self.with_busy(session, |busy| {
            busy.calls
                .values()
                .any(|context| context.answer(id, outcome))
        });
        answered.unwrap_or_default()
    }

    /// Opens a GET stream of the session.
    pub(crate) fn listen(
        self: &Arc<Self>,
        session: &SessionId,
        stream: StreamId,
        changes: impl FnOnce() -> Changes,
        limits: &Limits,
    ) -> Result<Listener, Rejection> {
        let mut sessions = self.lock();
        // A connection that may be dead does not stand in the way of the one that takes its stream.
        let replaced = |busy: &Busy| {
            let mailbox = busy.mailbox.as_ref();
            mailbox.map_or(0, |mailbox| mailbox.readers_of(stream))
        };
        let busy = open_stream(&mut sessions, session, replaced, limits)?;
        let left = || self.left.take(session, self.clock.now());
        let unbroken = busy.mailbox.clone().or_else(left);
        let is_unbroken = unbroken.is_some();
        let mailbox = unbroken.unwrap_or_else(|| Arc::new(Mailbox::new(changes())));
        busy.mailbox = Some(mailbox.clone());
        drop(sessions);
        Ok(Listener::new(
            self.clone(),
            session.clone(),
            stream,
            mailbox,
            is_unbroken,
            self.clock.now(),
        ))
    }

    fn mailbox(&self, session: &SessionId) -> Option<Arc<Mailbox>> {
        self.with_busy(session, |busy| busy.mailbox.clone())
            .flatten()
            .or_else(|| self.left.get(session))
    }

    fn with_busy<T>(&self, session: &SessionId, look: impl FnOnce(&Busy) -> T) -> Option<T> {
        self.lock().get(session).map(look)
    }

    /// Ends every GET stream, since the server is shutting down. Where other nodes go on, the streams of calls
    /// are left to them too: the calls finish here, and their clients read on there.
    pub(crate) fn close_streams(&self) {
        let (mut mailboxes, mut slots) = (Vec::new(), Vec::new());
        for busy in self.lock().values() {
            mailboxes.extend(busy.mailbox.clone());
            slots.extend(busy.slots.values().cloned());
        }
        mailboxes.iter().for_each(|mailbox| mailbox.close());
        // Not under the lock: a call that ends while it is polled in its slot takes that lock.
        if !self.stores.bus.is_alone() {
            slots.iter().for_each(|slot| slot.release(RETRY));
        }
    }

    /// How many sessions there are, and how many streams are open on this node.
    pub(crate) async fn count(&self) -> Result<(usize, usize), StoreError> {
        let now = self.clock.now();
        if self.stores.bus.is_alone() {
            self.renew_in_use().await?;
        }
        let sessions = self.stores.sessions.count(now).await?;
        Ok((
            sessions,
            self.lock().values().map(|busy| busy.streams).sum(),
        ))
    }

    /// Renews the sessions with something going on here. Where there are other nodes this is done from time
    /// to time, elsewhere when it matters: before expired sessions are told from live ones.
    async fn renew_in_use(&self) -> Result<(), StoreError> {
        let in_use: Vec<SessionId> = self.lock().keys().cloned().collect();
        self.stores.sessions.renew(&in_use, self.clock.now()).await
    }

    /// Takes something off a session and forgets it if that was the last. A session that was busy for long
    /// was not renewed meanwhile: its idle time begins now, and it stays noted until the store knows, so
    /// that it cannot expire in between.
    fn release(
        self: &Arc<Self>,
        session: &SessionId,
        since: Timestamp,
        take: impl FnOnce(&mut Busy),
    ) {
        let mut sessions = self.lock();
        let Entry::Occupied(mut busy) = sessions.entry(session.clone()) else {
            return;
        };
        take(busy.get_mut());
        if !busy.get().is_idle() {
            return;
        }
        let now = self.clock.now();
        if now.since(since) < self.renew_after {
            let idle = busy.remove();
            drop(sessions);
            self.put_by(session, Some(idle));
            return;
        }
        drop(sessions);
        if !self.run_soon(self.clone().renew_and_forget(session.clone(), now)) {
            self.forget_idle(session);
        }
    }

    /// Runs the work now if nothing makes it wait, else in the background; false if there is none.
    fn run_soon(&self, work: impl Future<Output = ()> + Send + 'static) -> bool {
        let mut work = work.boxed();
        if work.as_mut().now_or_never().is_some() {
            return true;
        }
        let in_runtime = tokio::runtime::Handle::try_current().is_ok();
        if in_runtime {
            self.tasks.spawn(work);
        }
        in_runtime
    }

    async fn renew_and_forget(self: Arc<Self>, session: SessionId, now: Timestamp) {
        let renewed = self
            .stores
            .sessions
            .renew(std::slice::from_ref(&session), now)
            .await;
        if let Err(error) = renewed {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a session could not be renewed"
            );
        }
        self.forget_idle(&session);
    }

    fn forget_idle(&self, session: &SessionId) {
        let mut sessions = self.lock();
        if sessions.get(session).is_some_and(Busy::is_idle) {
            let idle = sessions.remove(session);
            drop(sessions);
            self.put_by(session, idle);
        }
    }

    /// Keeps what the session has not been told, for when it listens again.
    fn put_by(&self, session: &SessionId, idle: Option<Busy>) {
        if let Some(mailbox) = idle.and_then(|busy| busy.mailbox) {
            self.left.put(session, mailbox, self.clock.now());
        }
    }

    #[cfg(test)]
    pub(crate) fn busy_sessions(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, BusySessions> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn unavailable(error: &StoreError) -> Rejection {
    tracing::error!(error = error as &dyn std::error::Error, "a store failed");
    Rejection::StoreUnavailable
}

/// Names for streams: no two alike on a node, and none alike across nodes but by a chance of 2^-64.
struct StreamIds(AtomicU64);

/// A number that others are unlikely to have; no secret.
fn random() -> u64 {
    RandomState::new().hash_one(())
}

impl StreamIds {
    fn starting_at(random: u64) -> Self {
        Self(AtomicU64::new(random))
    }

    fn next(&self) -> StreamId {
        /// Odd, so that all 2^64 names come before one comes again, and far apart.
        const STRIDE: u64 = 0x9E37_79B9_7F4A_7C15;
        let number = self.0.fetch_add(STRIDE, Ordering::Relaxed);
        StreamId::from_random(number.to_be_bytes())
    }
}

/// Holds a request's id while its call runs.
pub(crate) struct InFlight {
    registry: Arc<Registry>,
    session: SessionId,
    id: RequestId,
    since: Timestamp,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.registry.release(&self.session, self.since, |busy| {
            busy.calls.remove(&self.id);
        });
    }
}
