//! Which handler answers: one for all, or one for each session.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::recent::Recent;

/// Makes a handler.
pub(crate) type Factory<S> = dyn Fn() -> io::Result<S> + Send + Sync;

/// The handlers of a service.
pub(crate) enum Handlers<S> {
    /// The same one for every client.
    One(Arc<Hosted<S>>),
    /// One for each session, and for each call that belongs to none.
    PerSession {
        make: Arc<Factory<S>>,
        kept: Mutex<Recent<Arc<Hosted<S>>>>,
        max: usize,
    },
}

/// A handler.
pub(crate) struct Hosted<S> {
    pub(crate) handler: S,
    /// Set once it was initialized. One that stands in for another is initialized before its first call.
    pub(crate) greeted: OnceCell<()>,
}

impl<S> Hosted<S> {
    pub(crate) fn greeted(handler: S) -> Arc<Self> {
        Arc::new(Self {
            handler,
            greeted: OnceCell::new_with(Some(())),
        })
    }
}

impl<S> Handlers<S> {
    /// A handler for each session. None is kept before it is said how many may be.
    pub(crate) fn made_by(make: impl Fn() -> io::Result<S> + Send + Sync + 'static) -> Self {
        Self::PerSession {
            make: Arc::new(make),
            kept: Mutex::default(),
            max: 0,
        }
    }

    /// The same with room for so many.
    pub(crate) fn bounded(mut self, room: usize) -> Self {
        if let Self::PerSession { max, .. } = &mut self {
            *max = room;
        }
        self
    }

    /// The same handler, or the same way to make one.
    pub(crate) fn renewed(&self) -> Self {
        match self {
            Self::One(only) => Self::One(only.clone()),
            Self::PerSession { make, max, .. } => Self::PerSession {
                make: make.clone(),
                kept: Mutex::default(),
                max: *max,
            },
        }
    }

    /// The handler for a call of this session. `initializes` says that the call is the one that initializes it.
    pub(crate) fn of(
        &self,
        session: Option<&str>,
        initializes: bool,
    ) -> io::Result<Arc<Hosted<S>>> {
        let (make, kept, max) = match self {
            Self::One(only) => return Ok(only.clone()),
            Self::PerSession { make, kept, max } => (make, kept, *max),
        };
        let Some(session) = session else {
            return make().map(Hosted::greeted);
        };
        let lock = || kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hosted) = lock().get(session) {
            return Ok(hosted.clone());
        }
        // Not under the lock: it is not known how long it takes, and it may panic.
        let handler = make()?;
        let hosted = Arc::new(Hosted {
            handler,
            greeted: OnceCell::new_with(initializes.then_some(())),
        });
        let mut kept = lock();
        if let Some(first) = kept.get(session) {
            return Ok(first.clone());
        }
        kept.insert(session, hosted.clone());
        let surplus = (kept.len() > max).then(|| kept.pop_oldest());
        drop(kept);
        drop(surplus);
        Ok(hosted)
    }

    /// Drops the handler of a session that has ended.
    pub(crate) fn forget(&self, session: &str) {
        if let Self::PerSession { kept, .. } = self {
            let forgotten = kept
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(session);
            drop(forgotten);
        }
    }
}

impl<S> fmt::Debug for Handlers<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One(_) => "One",
            Self::PerSession { .. } => "PerSession",
        })
    }
}
