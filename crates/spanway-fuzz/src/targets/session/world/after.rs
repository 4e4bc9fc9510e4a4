//! What happened: everything there is to read is read, and goes with the table.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use spanway_protocol::Timestamp;
use spanway_protocol::legacy::{SessionId, StreamId};
use spanway_store::{Batch, StreamKey, StreamLog, StreamState};

use super::super::connection::{Connection, Message as Heard, Place, Said, What};
use super::super::table::{Is, TTL};
use super::super::{Kind, Tool};
use super::World;

impl World {
    /// Reads all there is, until nobody has anything to do.
    pub(super) async fn settle(&mut self) {
        let mut quiet = 0;
        while quiet < 4 {
            quiet += 1;
            for at in 0..self.connections.len() {
                while let Some(said) = self.connections[at].poll() {
                    quiet = 0;
                    self.heard(at, said);
                }
            }
            tokio::task::yield_now().await;
        }
        self.note_use();
    }

    fn heard(&mut self, at: usize, said: Said) {
        let connection = &self.connections[at];
        if let (Some(session), true) = (connection.session, said.ends_a_use()) {
            self.sessions[session].use_ends();
        }
        match said {
            Said::Opened => {}
            Said::Whole(answer) if answer.status == 200 => {
                if !answer.body.is_empty() {
                    let messages = answer.messages();
                    messages
                        .into_iter()
                        .for_each(|it| self.message(at, None, it));
                }
            }
            Said::Whole(_) => {
                let asked = connection.what == What::Post;
                if let Some(session) = connection.session.filter(|_| asked) {
                    let calls = &mut self.sessions[session].calls;
                    calls.retain(|id, _| !connection.calls.contains(id));
                }
            }
            Said::Message(place, data) => {
                if let (Some(session), Some(place)) = (connection.session, &place) {
                    let session = &mut self.sessions[session];
                    session.said(place.clone(), &data);
                    session.note_stream(&place.0, &connection.calls);
                }
                self.message(at, place, serde_json::from_str(&data).unwrap());
            }
            Said::Ended => self.ended(at),
        }
    }

    fn message(&mut self, at: usize, place: Option<Place>, message: Value) {
        let connection = &mut self.connections[at];
        match (Heard::of(message), connection.session) {
            (Heard::Response(response), Some(session)) => {
                let id = response["id"].as_i64().unwrap();
                assert!(connection.calls.contains(&id), "{id} is answered elsewhere");
                self.sessions[session].answered(id, place);
            }
            (Heard::Response(_), None) => {
                assert!(connection.calls.remove(&1), "answered twice, or not asked");
            }
            (Heard::Question(question), Some(session)) => {
                assert_ne!(
                    connection.what,
                    What::Listening,
                    "questions stay with their call"
                );
                let known = self
                    .questions
                    .iter()
                    .any(|(_, it)| it["id"] == question["id"]);
                if !known {
                    self.questions.push((session, question));
                }
            }
            (Heard::Question(question), None) => panic!("asked without a session: {question}"),
            (Heard::Told(method), _) => self.told.push((at, method)),
        }
    }

    /// Whether this stream may be over.
    fn ended(&mut self, at: usize) {
        let connection = &self.connections[at];
        if connection.taken {
            return;
        }
        match (connection.what, connection.session) {
            (What::Post | What::Reading, Some(session)) => {
                let calls = &self.sessions[session].calls;
                let open: Vec<_> = connection
                    .calls
                    .iter()
                    .filter(|id| !calls[*id].is_settled())
                    .collect();
                assert!(open.is_empty(), "over, and {open:?} not answered");
            }
            (What::Modern, _) => assert!(connection.calls.is_empty(), "over, and not answered"),
            (what, _) => panic!("a stream that has no end is over: {what:?}"),
        }
    }

    /// What is going on keeps its session alive.
    fn note_use(&mut self) {
        for connection in self
            .connections
            .iter()
            .filter(|it| !it.is_over() && !it.taken)
        {
            if let Some(session) = connection.session {
                self.sessions[session].use_now(Is::Surely);
            }
        }
        for session in &mut self.sessions {
            match session.calls_running() {
                (0, 0) => {}
                (0, _) => session.use_now(Is::Maybe),
                _ => session.use_now(Is::Surely),
            }
        }
    }

    /// As many handlers run as the table says.
    pub(super) fn check_running(&self) {
        let modern = self
            .connections
            .iter()
            .filter(|it| it.what == What::Modern && !it.is_over())
            .count();
        let (mut least, mut most) = (modern, modern);
        for session in &self.sessions {
            let (surely, maybe) = session.calls_running();
            least += surely;
            most += maybe;
        }
        let running = self.service.running();
        assert!(
            (least..=most).contains(&running),
            "{running} handlers run, not {least} to {most}"
        );
    }

    /// What waited for that was answered.
    pub(super) fn check_let_go(&self) {
        for connection in self
            .connections
            .iter()
            .filter(|it| !it.is_over() && !it.taken)
        {
            assert_ne!(connection.what, What::Modern, "it waits still");
            if let Some(session) = connection.session {
                let calls = &self.sessions[session].calls;
                let waits = |id: &i64| calls[id].tool != Tool::Ask && !calls[id].is_settled();
                assert!(!connection.calls.iter().any(waits), "it waits still");
            }
        }
    }

    /// Every session that listens was told on exactly one stream, and every listen stream.
    pub(super) fn check_told(&self, kind: Kind) {
        let method = match kind {
            Kind::Tools => "notifications/tools/list_changed",
            Kind::Prompts => "notifications/prompts/list_changed",
            Kind::Resources => "notifications/resources/list_changed",
            Kind::Resource => "notifications/resources/updated",
        };
        let heard = |wanted: &dyn Fn(&Connection) -> bool| {
            let told = self
                .told
                .iter()
                .filter(|(at, it)| it == method && wanted(&self.connections[*at]));
            told.count()
        };
        for (index, session) in self.sessions.iter().enumerate() {
            let listens = |it: &Connection| it.session == Some(index) && it.what == What::Listening;
            let open = self
                .connections
                .iter()
                .any(|it| listens(it) && it.is_open());
            let wants = kind != Kind::Resource || session.watches;
            assert_eq!(
                heard(&listens),
                usize::from(open && wants),
                "session {index}"
            );
        }
        let streams = |it: &Connection| it.what == What::Subscription;
        let open = self
            .connections
            .iter()
            .filter(|it| streams(it) && it.is_open());
        assert_eq!(heard(&streams), open.count(), "listen streams");
        assert_eq!(
            heard(&|it| !matches!(it.what, What::Listening | What::Subscription)),
            0
        );
    }

    /// The endpoint counts as the table does.
    pub(super) async fn count(&self) {
        let health = self.endpoint.health().await.unwrap();
        let streams = self.connections.iter().filter(|it| {
            it.is_open()
                && matches!(
                    it.what,
                    What::Listening | What::Reading | What::Subscription
                )
        });
        assert_eq!(health.streams, streams.count(), "streams");
        let count = |wanted: &[Is]| {
            let sessions = self.sessions.iter();
            sessions
                .filter(|it| wanted.contains(&it.is_alive()))
                .count()
        };
        let (surely, maybe) = (count(&[Is::Surely]), count(&[Is::Surely, Is::Maybe]));
        let sessions = health.sessions;
        assert!(
            (surely..=maybe).contains(&sessions),
            "{sessions} sessions, not {surely} to {maybe}"
        );
    }

    /// Everybody leaves. Nothing stays: no handler, no stream, no session, no log.
    pub(in crate::targets::session) async fn end(mut self) {
        self.let_go().await;
        self.connections.iter_mut().for_each(Connection::leave);
        self.pass(80).await;
        self.check_running();
        assert_eq!(self.service.running(), 0, "handlers run on");
        assert!(
            self.endpoint.finish_detached(Duration::from_secs(1)).await,
            "tasks run on"
        );
        self.count().await;
        self.pass(TTL.as_secs() + 80).await;
        let health = self.endpoint.health().await.unwrap();
        assert_eq!((health.sessions, health.streams), (0, 0));
        self.no_logs().await;
    }

    /// Whatever was kept of streams is old by now: the next stream finds all the room there is.
    async fn no_logs(&self) {
        let session = SessionId::from_random([0; 16]);
        let key = StreamKey {
            session: session.clone(),
            stream: StreamId::from_random([0; 8]),
        };
        let batch = Batch {
            first: 1,
            messages: vec![Bytes::new()],
            state: StreamState::Ended,
        };
        let later = Timestamp::from_millis(u64::MAX / 2);
        self.logs.append(key, batch, later).await.unwrap();
        self.logs.forget(session).await.unwrap();
        assert_eq!(self.logs.bytes(), 0, "bytes of logs that nobody can end");
    }
}
