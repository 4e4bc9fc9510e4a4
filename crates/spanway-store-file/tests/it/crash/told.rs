//! What the killed processes said, and whether it is true.

use std::collections::{HashMap, HashSet};
use std::fmt;

use spanway_store::{Stores, StreamState};

use super::child::{BATCH_MAX, message, session_id, stream_key, task};
use crate::at;

/// Everything by its name, with how far it had come.
#[derive(Default)]
pub(super) struct Told {
    streams: HashMap<u64, u64>,
    sessions: HashMap<u64, u64>,
    removing: HashSet<u64>,
    removed: HashSet<u64>,
    tasks: HashMap<u64, u64>,
    /// What was said since the last check.
    news: HashSet<(Kind, u64)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Stream,
    Session,
    Task,
}

impl Told {
    /// Whether the line says something.
    pub(super) fn hear(&mut self, line: &str) -> bool {
        let words: Vec<&str> = line.split(' ').collect();
        let [verb, name, number] = words[..] else {
            return false;
        };
        let (Ok(name), Ok(number)) = (name.parse(), number.parse()) else {
            return false;
        };
        let kind = match verb {
            "appended" => {
                self.streams.insert(name, number);
                Kind::Stream
            }
            "inserted" => {
                self.sessions.insert(name, number);
                Kind::Session
            }
            "removing" => {
                self.removing.insert(name);
                Kind::Session
            }
            "removed" => {
                self.removed.insert(name);
                Kind::Session
            }
            "kept" => {
                self.tasks.insert(name, number);
                Kind::Task
            }
            _ => return false,
        };
        self.news.insert((kind, name));
        true
    }

    /// Checks what was said since the last time.
    pub(super) async fn check(&mut self, stores: &Stores) {
        for (kind, name) in std::mem::take(&mut self.news) {
            match kind {
                Kind::Stream => self.check_stream(stores, name).await,
                Kind::Session => self.check_session(stores, name).await,
                Kind::Task => self.check_task(stores, name).await,
            }
        }
    }

    /// Checks everything that was ever said.
    pub(super) async fn check_all(&mut self, stores: &Stores) {
        let streams = self.streams.keys().map(|name| (Kind::Stream, *name));
        let sessions = self.sessions.keys().map(|name| (Kind::Session, *name));
        let tasks = self.tasks.keys().map(|name| (Kind::Task, *name));
        self.news = streams.chain(sessions).chain(tasks).collect();
        self.check(stores).await;
    }

    /// Every acknowledged message is there once and in order; of what was not acknowledged a batch may be.
    async fn check_stream(&self, stores: &Stores, name: u64) {
        let acknowledged = self.streams[&name];
        let page = stores.logs.read(stream_key(name), 0, 1 << 20, at(0)).await;
        let page = page.unwrap().unwrap();
        let last = page.messages.len() as u64;
        assert!(page.complete);
        assert!(
            (acknowledged..=acknowledged + BATCH_MAX).contains(&last),
            "{last}"
        );
        for (number, found) in (1..).zip(page.messages) {
            assert_eq!(found, message(name, number));
        }
        if let StreamState::Calls { node, .. } = page.state {
            assert!(!stores.bus.is_alive(node).await.unwrap());
        }
    }

    async fn check_session(&self, stores: &Stores, name: u64) {
        let found = stores
            .sessions
            .load(&session_id(name), at(0))
            .await
            .unwrap();
        if self.removed.contains(&name) {
            assert_eq!(found, None);
            return;
        }
        let Some(session) = found else {
            assert!(self.removing.contains(&name), "session {name} is lost");
            return;
        };
        let acknowledged = self.sessions[&name];
        let count = session.subscriptions.len() as u64;
        assert!((acknowledged..=acknowledged + 1).contains(&count));
        assert!((1..=count).all(|number| session.subscriptions.contains(&*number.to_string())));
    }

    async fn check_task(&self, stores: &Stores, name: u64) {
        let acknowledged = self.tasks[&name];
        let found = stores.tasks.load(task(name, 0).id, at(0)).await;
        let found = found.unwrap().expect("a task is lost");
        assert!((acknowledged..=acknowledged + 1).contains(&found.version));
        assert_eq!(found, task(name, found.version));
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages: u64 = self.streams.values().sum();
        let (streams, sessions) = (self.streams.len(), self.sessions.len());
        let tasks = self.tasks.len();
        write!(
            f,
            "{messages} messages in {streams} streams, {sessions} sessions, {tasks} tasks"
        )
    }
}
