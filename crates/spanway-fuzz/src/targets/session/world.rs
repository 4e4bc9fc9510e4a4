//! The endpoint, the clients and the table: what each operation does, and which statuses it may meet with.

use std::sync::Arc;

use http::header::ACCEPT;
use proptest::sample::Index;
use serde_json::{Value, json};
use spanway_http::StreamableHttp;
use spanway_store::{MemoryLog, Stores};
use spanway_testkit::{Client, RequestBuilder, Session};

use super::connection::{Connection, What};
use super::table::{self, Call, Entry, Is, STEP, TTL};
use super::{Accept, By, How, Kind, Message, Operation, Tool};
use crate::service::{Service, ann};

mod after;
mod read;

/// Everything there is.
pub(super) struct World {
    service: Service,
    endpoint: StreamableHttp,
    logs: Arc<MemoryLog>,
    client: Client,
    sessions: Vec<Entry>,
    connections: Vec<Connection>,
    /// What was asked of clients, and in which session.
    questions: Vec<(usize, Value)>,
    /// The notifications that were read, and on which connection.
    told: Vec<(usize, String)>,
    last_id: i64,
}

impl World {
    pub(super) fn new() -> Self {
        let service = Service::new();
        let limits = table::limits();
        let logs = Arc::new(MemoryLog::new(&limits));
        let stores = Stores::memory(TTL, &limits).with_logs(logs.clone());
        let endpoint = service.endpoint().limits(limits).session_ttl(TTL);
        let endpoint = endpoint.stores(stores).build();
        Self {
            service,
            client: Client::new(endpoint.clone()),
            endpoint,
            logs,
            sessions: Vec::new(),
            connections: Vec::new(),
            questions: Vec::new(),
            told: Vec::new(),
            last_id: 0,
        }
    }

    pub(super) async fn perform(&mut self, operation: Operation) {
        match operation {
            Operation::Open {
                version,
                known,
                asks,
            } => self.open(version, known, asks).await,
            Operation::Modern(tool) => self.modern(tool).await,
            Operation::Subscribe => self.subscribe().await,
            Operation::Leave(connection) => self.leave(connection).await,
            Operation::LetGo => self.let_go().await,
            Operation::Change(kind) => self.change(kind).await,
            Operation::Pass(seconds) => self.pass(seconds).await,
            Operation::Count => self.count().await,
            Operation::Follow { connection } => self.follow(connection).await,
            Operation::Post { session, .. }
            | Operation::Answer { session, .. }
            | Operation::Listen { session, .. }
            | Operation::Resume { session, .. }
            | Operation::End { session, .. } => {
                if self.sessions.is_empty() {
                    self.nowhere().await;
                } else {
                    let at = session.index(self.sessions.len());
                    self.in_session(at, operation).await;
                }
            }
        }
        self.check_running();
    }

    async fn in_session(&mut self, at: usize, operation: Operation) {
        match operation {
            Operation::Post { by, message, .. } => self.post(at, by, message).await,
            Operation::Answer { question, how, .. } => self.answer(at, question, how).await,
            Operation::Listen { by, .. } => self.listen(at, by).await,
            Operation::Resume { event, .. } => self.resume_some(at, event).await,
            Operation::End { by, .. } => self.end_session(at, by).await,
            _ => {}
        }
    }

    async fn open(&mut self, version: &str, known: bool, asks: bool) {
        let mut request = self.client.initialize(version);
        if asks {
            request = request.edit(|message| {
                message["params"]["capabilities"] = json!({ "elicitation": {} });
            });
        }
        if known {
            request = request.extension(ann());
        }
        let count = |wanted: &[Is]| {
            let sessions = self.sessions.iter();
            sessions
                .filter(|it| wanted.contains(&it.is_alive()))
                .count()
        };
        let room = table::limits().sessions_max;
        let (surely, maybe) = (count(&[Is::Surely]), count(&[Is::Surely, Is::Maybe]));
        let answer = request.send().await;
        match answer.status {
            200 => assert!(surely < room, "one session too many"),
            503 => assert!(maybe >= room, "there is room for a session"),
            other => panic!("initialize is answered {other}"),
        }
        if answer.status == 200 {
            let session = Session::of(self.client.clone(), &answer);
            self.sessions.push(Entry::new(session, known, asks));
        }
    }

    /// In a session that never was, and in none.
    async fn nowhere(&mut self) {
        let ping = || {
            self.client
                .post_json(json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }))
        };
        assert_eq!(ping().send().await.status, 400);
        let unknown = ping().header("mcp-session-id", "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(unknown.send().await.status, 404);
    }

    /// Sends a request in a session. If it is surely or maybe there it may be answered with `statuses`.
    async fn send(
        &mut self,
        (at, by, what): (usize, By, What),
        make: impl FnOnce(&Session) -> RequestBuilder,
        statuses: &[u16],
        prepare: impl FnOnce(Connection) -> Connection,
    ) -> u16 {
        let entry = &mut self.sessions[at];
        let mut expected = statuses.to_vec();
        match (by, entry.is_alive()) {
            (By::Owner, Is::Surely) => {}
            (By::Owner, Is::Maybe) => expected.push(404),
            _ => expected = vec![404],
        }
        let request = entry.request(by == By::Owner, make);
        let connection = Connection::open(what, Some(at), request, expected);
        self.connections.push(prepare(connection));
        self.settle().await;
        let status = self.connections.last().and_then(|it| it.status);
        // Who has to wait for the head was let in.
        let status = status.unwrap_or(200);
        let entry = &mut self.sessions[at];
        match (by, status) {
            (By::Stranger, _) => entry.use_now(Is::Maybe),
            (By::Owner, 404) => entry.end(),
            (By::Owner, _) => entry.use_now(Is::Surely),
        }
        status
    }

    /// A message that is no request.
    async fn tell(&mut self, at: usize, by: By, message: Value) -> bool {
        let make = |session: &Session| session.post(message);
        self.send((at, by, What::Post), make, &[202], |it| it).await == 202
    }

    async fn post(&mut self, at: usize, by: By, message: Message) {
        let note = |method: &str, params: Value| json!({ "jsonrpc": "2.0", "method": method, "params": params });
        match message {
            Message::Initialized => {
                let note = note("notifications/initialized", json!({}));
                self.sessions[at].ready |= self.tell(at, by, note).await;
            }
            Message::Cancel(call) => {
                let id = self.cancelled(at, by, call);
                let note = note("notifications/cancelled", json!({ "requestId": id }));
                self.tell(at, by, note).await;
            }
            Message::Watch(begins) => {
                let method = if begins {
                    "resources/subscribe"
                } else {
                    "resources/unsubscribe"
                };
                let id = self.next_id();
                let make =
                    |session: &Session| session.request(method, json!({ "uri": "a:1" })).id(id);
                if self.request(at, by, &[id], make, &[200]).await == 200 {
                    self.sessions[at].watches = begins;
                }
            }
            Message::Batch => self.batch(at, by).await,
            Message::Ping => self.quick(at, by, "ping").await,
            Message::Unknown => self.quick(at, by, "no/such").await,
            Message::Call {
                tool,
                again,
                accept,
            } => self.call(at, by, tool, again, accept).await,
        }
    }

    /// The call that is to be cancelled; noted before the server knows.
    fn cancelled(&mut self, at: usize, by: By, call: Option<Index>) -> i64 {
        let entry = &mut self.sessions[at];
        let running = entry
            .calls
            .iter_mut()
            .filter(|(_, call)| call.runs() != Is::Not);
        let mut running: Vec<_> = running.collect();
        let Some(index) = call.filter(|_| !running.is_empty()) else {
            return 999_999;
        };
        let index = index.index(running.len());
        let (id, call) = &mut running[index];
        if by == By::Owner {
            call.cancel();
        }
        **id
    }

    /// Requests that no handler waits in: they are answered at once.
    async fn request(
        &mut self,
        at: usize,
        by: By,
        ids: &[i64],
        make: impl FnOnce(&Session) -> RequestBuilder,
        statuses: &[u16],
    ) -> u16 {
        let calls = ids.iter().map(|id| (*id, Call::new(Tool::Echo)));
        self.sessions[at].calls.extend(calls);
        let prepare = |it: Connection| it.answering(ids.iter().copied());
        let status = self
            .send((at, by, What::Post), make, statuses, prepare)
            .await;
        if status == 200 {
            let calls = &self.sessions[at].calls;
            assert!(ids.iter().all(|id| calls[id].is_settled()), "{ids:?} wait");
        }
        status
    }

    async fn quick(&mut self, at: usize, by: By, method: &str) {
        let id = self.next_id();
        let make = |session: &Session| session.request(method, json!({})).id(id);
        let statuses = self.room_for_call(at);
        self.request(at, by, &[id], make, statuses).await;
    }

    async fn batch(&mut self, at: usize, by: By) {
        let ids = [self.next_id(), self.next_id()];
        let ping = |id: i64| json!({ "jsonrpc": "2.0", "id": id, "method": "ping" });
        let note = json!({ "jsonrpc": "2.0", "method": "no/such" });
        let batch = json!([ping(ids[0]), note, ping(ids[1])]);
        let allowed = self.sessions[at].version() == "2025-03-26";
        let statuses = if allowed { &[200] } else { &[400] };
        self.request(at, by, &ids, |session| session.post(batch), statuses)
            .await;
    }

    /// How a call is answered by the number of those that run.
    fn room_for_call(&self, at: usize) -> &'static [u16] {
        let room = table::limits().calls_per_session_max;
        match self.sessions[at].calls_running() {
            (surely, _) if surely >= room => &[429],
            (_, maybe) if maybe < room => &[200],
            _ => &[200, 429],
        }
    }

    async fn call(&mut self, at: usize, by: By, tool: Tool, again: bool, accept: Accept) {
        let entry = &self.sessions[at];
        let mut running = entry
            .calls
            .iter()
            .filter(|(_, call)| call.runs() == Is::Surely);
        let taken = running.next().map(|(id, _)| *id).filter(|_| again);
        let asks =
            entry.asks && entry.ready && accept != Accept::Json && entry.version() >= "2025-06-18";
        let id = taken.unwrap_or_else(|| self.next_id());
        let make = |session: &Session| {
            let call = session
                .call(tool.name(), json!({}))
                .id(id)
                .meta("progressToken", id);
            match accept {
                Accept::Both => call,
                Accept::Json => call.set(&ACCEPT, "application/json"),
                Accept::Stream => call.set(&ACCEPT, "text/event-stream"),
            }
        };
        if taken.is_some() {
            self.send((at, by, What::Post), make, &[400], |it| it).await;
            return;
        }
        let statuses = self.room_for_call(at);
        if tool == Tool::Echo || (tool == Tool::Ask && !asks) {
            self.request(at, by, &[id], make, statuses).await;
            return;
        }
        self.sessions[at].calls.insert(id, Call::new(tool));
        self.send((at, by, What::Post), make, statuses, |it| {
            it.answering([id])
        })
        .await;
    }

    async fn answer(&mut self, at: usize, question: Index, how: How) {
        if self.questions.is_empty() {
            return;
        }
        let question = question.index(self.questions.len());
        let (session, question) = &self.questions[question];
        let mut answer = json!({ "jsonrpc": "2.0", "id": question["id"] });
        match how {
            How::Accept => {
                answer["result"] = json!({ "action": "accept", "content": { "name": "Ada" } })
            }
            How::Decline => answer["result"] = json!({ "action": "decline" }),
            How::Nonsense => answer["result"] = json!({ "action": 7 }),
            How::Error => answer["error"] = json!({ "code": -1, "message": "no" }),
        }
        if *session == at {
            let asking = self.sessions[at].calls.values_mut();
            asking
                .filter(|call| call.tool == Tool::Ask)
                .for_each(Call::shake);
        }
        self.tell(at, By::Owner, answer).await;
    }

    async fn end_session(&mut self, at: usize, by: By) {
        if by == By::Owner {
            let mut of_session = self
                .connections
                .iter_mut()
                .filter(|it| it.session == Some(at));
            of_session.by_ref().for_each(|it| it.taken = true);
            self.sessions[at].calls.values_mut().for_each(Call::cancel);
        }
        let status = self
            .send((at, by, What::Post), Session::delete, &[200], |it| it)
            .await;
        if by == By::Owner && status == 200 {
            self.sessions[at].end();
            let mut of_session = self.connections.iter().filter(|it| it.session == Some(at));
            assert!(
                of_session.all(Connection::is_over),
                "a stream outlives its session"
            );
        }
    }

    async fn modern(&mut self, tool: Tool) {
        let capabilities = json!({ "elicitation": { "form": {} } });
        let call = self.client.modern_call(tool.name(), json!({}));
        let call = call.meta("io.modelcontextprotocol/clientCapabilities", capabilities);
        let connection = Connection::open(What::Modern, None, call, vec![200]);
        self.connections.push(connection.answering([1]));
        self.settle().await;
    }

    async fn subscribe(&mut self) {
        let open = self
            .connections
            .iter()
            .filter(|it| it.what == What::Subscription && it.is_open());
        let room = open.count() < table::limits().listen_streams_max;
        let filter = json!({ "toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true, "resourceSubscriptions": ["a:1"] });
        let request = self
            .client
            .modern("subscriptions/listen", json!({ "notifications": filter }));
        let status = if room { 200 } else { 503 };
        self.connections.push(Connection::open(
            What::Subscription,
            None,
            request,
            vec![status],
        ));
        self.settle().await;
    }

    async fn leave(&mut self, connection: Index) {
        let mut there: Vec<_> = self
            .connections
            .iter_mut()
            .filter(|it| !it.is_over())
            .collect();
        if !there.is_empty() {
            let connection = connection.index(there.len());
            there[connection].leave();
        }
        self.settle().await;
    }

    async fn let_go(&mut self) {
        for call in self
            .sessions
            .iter_mut()
            .flat_map(|it| it.calls.values_mut())
        {
            if call.tool != Tool::Ask {
                call.shake();
            }
        }
        self.service.let_go();
        self.settle().await;
        self.check_let_go();
    }

    async fn change(&mut self, kind: Kind) {
        let server = &self.service.server;
        self.told.clear();
        match kind {
            Kind::Tools => server.notify_tools_changed(),
            Kind::Prompts => server.notify_prompts_changed(),
            Kind::Resources => server.notify_resources_changed(),
            Kind::Resource => server.notify_resource_updated("a:1"),
        }
        self.settle().await;
        self.check_told(kind);
    }

    async fn pass(&mut self, seconds: u64) {
        let mut left = std::time::Duration::from_secs(seconds);
        while !left.is_zero() {
            let step = left.min(STEP);
            left -= step;
            tokio::time::sleep(step).await;
            self.settle().await;
        }
    }

    fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }
}
