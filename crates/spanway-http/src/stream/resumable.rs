//! A legacy stream on its connection: read from the log while it is behind, written through it when not.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::task::AtomicWaker;

use super::reader::{Reached, Reader};
use super::writer::{Turn, Writer};
use crate::registry::Registry;

/// Where a writer sits that writes on its connection. Whoever resumes the stream takes the writer out; the
/// connection it sat on then ends.
#[derive(Clone, Default)]
pub(crate) struct Slot(Arc<Held>);

#[derive(Default)]
struct Held {
    writer: Mutex<Option<Writer>>,
    connection: AtomicWaker,
}

impl Slot {
    pub(crate) fn take(&self) -> Option<Writer> {
        let writer = self.lock().take();
        self.0.connection.wake();
        writer
    }

    /// Has the connection closed, if its client knows to come back after `retry`.
    pub(crate) fn release(&self, retry: Duration) {
        if let Some(writer) = self.lock().as_mut() {
            writer.release(retry);
        }
        self.0.connection.wake();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Writer>> {
        self.0.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a connection reads of a stream.
pub(super) struct Resumable {
    registry: Arc<Registry>,
    stage: Stage,
}

enum Stage {
    /// Reads what the client missed; then, on a GET stream, goes on writing.
    Replay(Box<Reader>, Option<Box<Writer>>),
    Live(Slot),
}

impl Resumable {
    pub(super) fn live(registry: Arc<Registry>, mut writer: Writer) -> Self {
        let slot = Slot::default();
        writer.sit_in(&slot);
        *slot.lock() = Some(writer);
        let stage = Stage::Live(slot);
        Self { registry, stage }
    }

    pub(super) fn replay(registry: Arc<Registry>, reader: Reader, then: Option<Writer>) -> Self {
        let stage = Stage::Replay(Box::new(reader), then.map(Box::new));
        Self { registry, stage }
    }

    /// Appends what there is; whether the connection has nothing more to wait for.
    pub(super) fn poll_into(&mut self, cx: &mut Context<'_>, out: &mut BytesMut) -> bool {
        loop {
            match &mut self.stage {
                Stage::Replay(reader, then) => match reader.poll_into(cx, out) {
                    Reached::Waits => return false,
                    Reached::Ended => return true,
                    Reached::Listening => {
                        let Some(mut writer) = then.take() else {
                            return true;
                        };
                        writer.continue_after(reader.after());
                        let slot = Slot::default();
                        *slot.lock() = Some(*writer);
                        self.stage = Stage::Live(slot);
                    }
                },
                Stage::Live(slot) => {
                    slot.0.connection.register(cx.waker());
                    let mut held = slot.lock();
                    let Some(writer) = held.as_mut() else {
                        return true;
                    };
                    match writer.poll_into(cx, out) {
                        Turn::Waits => return false,
                        Turn::Ended => {
                            *held = None;
                            return true;
                        }
                        Turn::Released => {
                            let writer = held.take();
                            drop(held);
                            self.registry.detach(writer);
                            return true;
                        }
                        Turn::Behind => {
                            let Some(writer) = held.take() else {
                                return true;
                            };
                            drop(held);
                            let reader = Box::new(writer.reader());
                            self.stage = Stage::Replay(reader, Some(Box::new(writer)));
                        }
                    }
                }
            }
        }
    }

    /// The connection had nothing to say for a while.
    pub(super) fn keep_alive(&self) {
        if let Stage::Live(slot) = &self.stage
            && let Some(writer) = slot.lock().as_mut()
        {
            writer.keep_alive();
        }
    }
}

impl Drop for Resumable {
    fn drop(&mut self) {
        if let Stage::Live(slot) = &self.stage {
            let writer = slot.take();
            self.registry.detach(writer);
        }
    }
}
