//! The peers that handlers speak through: made by rmcp, kept between the calls of a session, bounded.
//!
//! A peer speaks for one call at a time, so that what goes through it reaches that call's client and nobody
//! else. Only calls of the same session ever share one, after each other: a handler may hold on to it.

mod link;
mod wire;

pub(crate) use link::{Announcer, Speaker};

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, GetExtensions, InitializeRequestParams,
};
use rmcp::service::{NotificationContext, RunningService, serve_directly};
use rmcp::{Peer, RoleServer};
use spanway_protocol::Rejection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::limits::HostLimits;
use crate::recent::Recent;
use link::{Link, Mint, Minted};
use wire::Wire;

/// Messages that may wait for a peer to take them: answers of its client, few at a time.
const INBOX: usize = 16;

/// All peers of a service.
pub(crate) struct Peers {
    announcer: Announcer,
    room: Arc<Semaphore>,
    idle: Mutex<Recent<Live>>,
    idle_max: usize,
    made: AtomicU64,
}

/// A peer, and what goes into and out of it.
struct Live {
    running: RunningService<RoleServer, Mint>,
    link: Arc<Link>,
    inbox: mpsc::Sender<ClientJsonRpcMessage>,
    /// Which one it is, in the order in which they were made.
    number: u64,
    _room: OwnedSemaphorePermit,
}

impl Peers {
    pub(crate) fn new(announcer: Announcer, limits: &HostLimits) -> Self {
        Self {
            announcer,
            room: Arc::new(Semaphore::new(limits.peers_max.min(Semaphore::MAX_PERMITS))),
            idle: Mutex::default(),
            idle_max: limits.idle_peers_max,
            made: AtomicU64::new(0),
        }
    }

    /// A peer that speaks for this call until the lease is dropped. Without a session nobody had it before,
    /// and nobody will have it again. `client` describes the client to a new one.
    pub(crate) fn lease(
        self: &Arc<Self>,
        session: Option<&str>,
        client: impl FnOnce() -> InitializeRequestParams,
        speaker: Speaker,
    ) -> Result<Lease, Rejection> {
        let kept = session.and_then(|session| self.lock().remove(session));
        let live = match kept.filter(|live| !live.running.is_closed()) {
            Some(live) => live,
            None => self.make(client())?,
        };
        live.link.attach(speaker);
        Ok(Lease {
            peer: live.running.peer().clone(),
            inbox: live.inbox.clone(),
            live: Some(live),
            session: session.map(Box::from),
            peers: self.clone(),
        })
    }

    /// Closes the peer of a session that has ended.
    pub(crate) fn forget(&self, session: &str) {
        let forgotten = self.lock().remove(session);
        drop(forgotten);
    }

    fn make(&self, client: InitializeRequestParams) -> Result<Live, Rejection> {
        let room = self.room()?;
        let link = Arc::new(Link::default());
        let (inbox, messages) = mpsc::channel(INBOX);
        let wire = Wire::new(
            link.clone(),
            self.announcer.clone(),
            inbox.downgrade(),
            messages,
        );
        // A span of its own: the peer may outlive the request that needed it first.
        let span = tracing::debug_span!(parent: None, "rmcp_peer");
        let running = span.in_scope(|| serve_directly(Mint, wire, Some(client)));
        Ok(Live {
            running,
            link,
            inbox,
            number: self.made.fetch_add(1, Ordering::Relaxed),
            _room: room,
        })
    }

    /// Room for one more; where there is none, the peer unused for longest makes room.
    fn room(&self) -> Result<OwnedSemaphorePermit, Rejection> {
        loop {
            if let Ok(permit) = self.room.clone().try_acquire_owned() {
                return Ok(permit);
            }
            let Some(oldest) = self.lock().pop_oldest() else {
                return Err(Rejection::TooManyCalls);
            };
            drop(oldest);
        }
    }

    /// Keeps a peer for the next call of its session. Where several calls ran at once, the first one made is
    /// kept: what a handler was given in the handshake works longest.
    fn keep(&self, session: &str, live: Live) {
        let mut idle = self.lock();
        let other = idle.remove(session);
        let (kept, closed) = match other {
            Some(other) if other.number < live.number => (other, Some(live)),
            other => (live, other),
        };
        idle.insert(session, kept);
        let surplus = (idle.len() > self.idle_max).then(|| idle.pop_oldest());
        drop(idle);
        drop((closed, surplus));
    }

    fn lock(&self) -> MutexGuard<'_, Recent<Live>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peers")
            .field("idle", &self.lock().len())
            .finish_non_exhaustive()
    }
}

/// A peer in use. Dropping it ends what it speaks for.
pub(crate) struct Lease {
    peer: Peer<RoleServer>,
    inbox: mpsc::Sender<ClientJsonRpcMessage>,
    /// Until it is dropped.
    live: Option<Live>,
    session: Option<Box<str>>,
    peers: Arc<Peers>,
}

impl Lease {
    /// What a handler is given.
    pub(crate) fn peer(&self) -> Peer<RoleServer> {
        self.peer.clone()
    }

    /// The context of a notification, which only rmcp can make: it goes through the peer and comes back.
    pub(crate) async fn notification_context(
        &self,
        mut notification: ClientNotification,
    ) -> Option<(ClientNotification, NotificationContext<RoleServer>)> {
        let (sender, receiver) = oneshot::channel();
        notification.extensions_mut().insert(Minted::new(sender));
        let message = ClientJsonRpcMessage::notification(notification);
        self.inbox.send(message).await.ok()?;
        receiver.await.ok()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(live) = self.live.take() else { return };
        live.link.detach();
        if let Some(session) = &self.session {
            self.peers.keep(session, live);
        }
    }
}
