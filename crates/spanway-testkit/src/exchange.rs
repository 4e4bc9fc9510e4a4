//! One HTTP request and what may be said in answer to it: every message of the server, as it is read, against
//! the published schema of the revision it is in.
//!
//! Which revision that is follows from what was asked, never from what the server says of itself, but for the
//! answer to `initialize`. Where the published schemas are not at hand, nothing is checked.

mod ledger;
mod rules;
mod tasks;

use http::request::Parts;
use http::{HeaderMap, HeaderName, Method};
use serde_json::Value;
use spanway_protocol::sse::Event;
use spanway_protocol::{Era, Head, LAST_EVENT_ID, PROTOCOL_VERSION, ProtocolVersion, SESSION_ID};

use crate::answer::only_value;
use crate::published;
use ledger::Ledger;

const CLAIM: &str = "io.modelcontextprotocol/protocolVersion";

/// What was asked, and what of it is yet to be answered.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The revision of stateless requests, and of sessions that nobody knows.
    version: ProtocolVersion,
    /// The session it belongs to, if it names one.
    session: Option<String>,
    form: Form,
    /// Ids and methods of the requests that are not answered yet. The method is not known of ids that were
    /// given to several requests.
    asked: Vec<(Value, Option<String>)>,
}

/// What the request was, as far as it says which answers there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A message.
    Single,
    /// Several messages, in revisions that have batches.
    Batch,
    /// Something that was not read here, or no message at all: it may be anything.
    Unread,
    /// A GET: answers to requests made elsewhere come only where a stream is resumed.
    Stream {
        /// Whether answers to other requests of the session may stand on it.
        answers: bool,
    },
}

/// What is wrong with a message of the server.
pub(crate) type Violation = String;

impl Exchange {
    /// An exchange about one request, whose revision is known.
    #[must_use]
    pub fn about(version: ProtocolVersion, request: &Value) -> Self {
        let mut exchange = Self::empty(version, Form::Single);
        exchange.ask(request);
        exchange
    }

    /// An exchange whose request was not looked at.
    pub(crate) fn unread() -> Self {
        Self::empty(ProtocolVersion::LATEST_LEGACY, Form::Unread)
    }

    /// What follows from a request. `body` is `None` where it is not known before it is sent.
    pub(crate) fn of_request(parts: &Parts, body: Option<&[u8]>) -> Self {
        // What is posted beside the endpoint belongs to a legacy session, whatever its headers say (T-2411-06).
        let beside = session_of_query(parts.uri.query());
        let legacy_only = beside.is_some();
        let session = beside.or_else(|| text(&parts.headers, &SESSION_ID));
        let message = body.and_then(|body| serde_json::from_slice::<Value>(body).ok());
        let answers = parts.headers.contains_key(LAST_EVENT_ID);
        let form = match (&parts.method, &message) {
            (&Method::GET, _) => Form::Stream { answers },
            (_, Some(Value::Array(_))) => Form::Batch,
            (_, Some(Value::Object(_))) => Form::Single,
            _ => Form::Unread,
        };
        let head = Head::new(&parts.method, None, &parts.headers);
        let claimed = message
            .as_ref()
            .is_some_and(|message| message["params"]["_meta"].get(CLAIM).is_some());
        let modern = (claimed || head.claims_modern()) && !legacy_only;
        let mut exchange = if modern {
            Self::empty(ProtocolVersion::LATEST, form)
        } else {
            let named = text(&parts.headers, &PROTOCOL_VERSION);
            let named = named.and_then(|named| legacy(&named));
            Self {
                session,
                ..Self::empty(named.unwrap_or(ProtocolVersion::ASSUMED), form)
            }
        };
        match message {
            Some(Value::Array(messages)) => messages.iter().for_each(|one| exchange.ask(one)),
            Some(message) => exchange.ask(&message),
            None => {}
        }
        exchange
    }

    fn empty(version: ProtocolVersion, form: Form) -> Self {
        Self {
            version,
            session: None,
            form,
            asked: Vec::new(),
        }
    }

    /// Notes a request: it is to be answered, in its session possibly elsewhere. What has an id and is no
    /// response counts, since it is refused under that id.
    fn ask(&mut self, message: &Value) {
        let has = |key: &str| message.get(key).is_some();
        let responds = !has("method") && (has("result") || has("error"));
        let Some(id) = message.get("id").filter(|_| !responds) else {
            return;
        };
        let method = message["method"].as_str().unwrap_or_default();
        let mut known = Some(method.to_owned());
        for (_, other) in self.asked.iter_mut().filter(|(asked, _)| asked == id) {
            (known, *other) = (None, None);
        }
        self.asked.push((id.clone(), known));
        if let Some(session) = &self.session {
            Ledger::ask(session, id, method);
        }
    }

    /// The revision the messages are in.
    fn version(&self) -> ProtocolVersion {
        let session = self.session.as_deref();
        session.and_then(Ledger::version).unwrap_or(self.version)
    }

    /// Checks a whole body, JSON or an event stream; other bodies are no messages.
    ///
    /// # Panics
    /// It holds what the server must not say.
    pub(crate) fn body(&mut self, status: u16, headers: &HeaderMap, body: &[u8]) {
        let checked = match only_value(headers, "content-type") {
            Some("application/json") if !body.is_empty() => self.json(status, headers, body),
            _ => Ok(()),
        };
        checked.unwrap_or_else(|violation| panic!("{violation}"));
    }

    /// Checks an event.
    ///
    /// # Panics
    /// It holds what the server must not say.
    pub(crate) fn event(&mut self, event: &Event) {
        let checked = self.told(event);
        checked.unwrap_or_else(|violation| panic!("{violation}"));
    }

    /// Checks one message of the server that came with status 200.
    ///
    /// # Panics
    /// The server must not say this.
    pub fn message(&mut self, message: &Value) {
        let checked = self.one(message, 200);
        checked.unwrap_or_else(|violation| panic!("{violation}\n{message:#}"));
    }

    fn json(&mut self, status: u16, headers: &HeaderMap, body: &[u8]) -> Result<(), Violation> {
        if published::folder().is_none() {
            return Ok(());
        }
        let message: Value = serde_json::from_slice(body)
            .map_err(|error| format!("a body that says it is JSON is not: {error}"))?;
        if let (Some(session), None) = (text(headers, &SESSION_ID), &self.session) {
            self.session = Some(session);
        }
        let checked = match &message {
            Value::Array(messages) => self.batch(messages),
            one if one.get("method").is_some() => {
                Err("a JSON body is an answer, and this asks or tells something".to_owned())
            }
            one => self.one(one, status),
        };
        checked.map_err(|violation| format!("{violation}\n{message:#}"))
    }

    fn batch(&mut self, messages: &[Value]) -> Result<(), Violation> {
        if self.form == Form::Single || messages.is_empty() {
            return Err("an array answers a batch, and is never empty".to_owned());
        }
        let version = self.version();
        if version != ProtocolVersion::V2025_03_26 {
            return Err(format!("{version} has no batches"));
        }
        messages.iter().try_for_each(|one| self.one(one, 200))
    }

    fn told(&mut self, event: &Event) -> Result<(), Violation> {
        if published::folder().is_none() {
            return Ok(());
        }
        if event.event == "endpoint" {
            return self.told_endpoint(&event.data);
        }
        if event.event != "message" {
            return Err(format!("there are no events of type {:?}", event.event));
        }
        // An event without data only gives its id, from which to resume.
        if event.data.is_empty() {
            return Ok(());
        }
        let message: Value = serde_json::from_str(&event.data)
            .map_err(|error| format!("an event is no JSON ({error}): {:?}", event.data))?;
        self.one(&message, 200)
            .map_err(|violation| format!("{violation}\n{message:#}"))
    }

    /// The first event of the transport of 2024-11-05: all answers of the session stand on this stream.
    fn told_endpoint(&mut self, endpoint: &str) -> Result<(), Violation> {
        let query = endpoint.split_once('?').map(|(_, query)| query);
        self.form = match self.form {
            Form::Stream { .. } => Form::Stream { answers: true },
            Form::Unread => Form::Unread,
            Form::Single | Form::Batch => {
                return Err(format!("no endpoint belongs here: {endpoint:?}"));
            }
        };
        self.session = session_of_query(query);
        let named = self.session.as_ref().map(|_| ());
        named.ok_or_else(|| format!("{endpoint:?} names no session"))
    }

    fn one(&mut self, message: &Value, status: u16) -> Result<(), Violation> {
        if published::folder().is_none() {
            return Ok(());
        }
        if message.get("method").is_some() {
            return rules::told(self.version(), message);
        }
        let method = self.answered(message, status)?;
        if method.as_deref() == Some("initialize") && self.version.era() == Era::Legacy {
            self.agree(message);
        }
        rules::answered(self.version(), method.as_deref(), message)
    }

    /// The handshake decides the revision, and a session remembers it.
    fn agree(&mut self, message: &Value) {
        let agreed = message["result"]["protocolVersion"].as_str();
        self.version = agreed
            .and_then(legacy)
            .unwrap_or(ProtocolVersion::LATEST_LEGACY);
        if let Some(session) = &self.session
            && message.get("result").is_some()
        {
            Ledger::open(session, self.version);
        }
    }

    /// The method of the request that is answered; `None` where that cannot be known.
    fn answered(&mut self, message: &Value, status: u16) -> Result<Option<String>, Violation> {
        let Some(id) = message.get("id") else {
            // T-ALL-03: only what was refused before its id was read.
            return match (message.get("error"), status >= 400) {
                (Some(_), true) => Ok(None),
                _ => Err("an answer has no id".to_owned()),
            };
        };
        // An id equals only one of the same JSON type.
        if let Some(index) = self.asked.iter().position(|(asked, _)| asked == id) {
            return Ok(self.asked.swap_remove(index).1);
        }
        match self.form {
            Form::Unread => Ok(None),
            Form::Stream { answers: true } => {
                let session = self.session.as_deref();
                let methods = session.and_then(|session| Ledger::asked(session, id));
                let methods =
                    methods.ok_or_else(|| format!("nobody asked {id} in this session"))?;
                let mut methods = methods.into_iter();
                Ok(methods.next().filter(|_| methods.next().is_none()))
            }
            Form::Stream { answers: false } => {
                Err("an answer on a stream that answers nothing (T-2503-11)".to_owned())
            }
            Form::Single | Form::Batch => {
                Err(format!("{id} was not asked here, or was answered before"))
            }
        }
    }
}

fn legacy(version: &str) -> Option<ProtocolVersion> {
    ProtocolVersion::parse(version).filter(|version| version.era() == Era::Legacy)
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

/// The transport of 2024-11-05 names its session in the query.
fn session_of_query(query: Option<&str>) -> Option<String> {
    let mut pairs = query?.split('&').filter_map(|pair| pair.split_once('='));
    let (_, session) = pairs.find(|(name, _)| *name == "sessionId")?;
    Some(session.to_owned())
}

#[cfg(test)]
mod tests;
