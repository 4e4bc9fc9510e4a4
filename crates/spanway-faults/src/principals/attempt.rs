//! One attempt at an id of somebody else, beside the same with an id that never was.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use spanway::store::TaskId;
use spanway_protocol::legacy::{EventId, SessionId, StreamId};
use spanway_testkit::Dice;

use super::party::{Party, call, modern, posted, response};
use crate::fixture::STEPS;
use crate::peer::Peer;
use crate::wire;

type Sent = Request<Full<Bytes>>;

/// Two requests that must be answered alike.
pub(super) struct Attempt {
    pub(super) what: String,
    known: Sent,
    unknown: Sent,
}

impl Attempt {
    /// Everything `by` can try that belongs to `owner`.
    pub(super) fn all(by: &Peer, owner: &Party, dice: &mut Dice) -> Vec<Self> {
        let mut all = Vec::new();
        let nobody = SessionId::from_random(bits(dice));
        let no_stream = StreamId::from_random(dice.throw().to_be_bytes());
        in_session(&mut all, by, owner, nobody.as_str());
        let unnamed = by.with_token(None);
        let guessing = by.with_token(Some("nobody-0123456789abcdef"));
        in_session(&mut all, &unnamed, owner, nobody.as_str());
        in_session(&mut all, &guessing, owner, nobody.as_str());
        own_session(&mut all, by, owner, no_stream);
        let no_task = TaskId::from_random(bits(dice));
        for (what, [known, unknown]) in owner.tasks.attempts(by, no_task.as_str()) {
            all.push(Self {
                what,
                known,
                unknown,
            });
        }
        let message = ping();
        all.push(Self {
            what: "HTTP+SSE connection".to_owned(),
            known: posted(by, &owner.connection, &message.to_string()),
            unknown: posted(by, nobody.as_str(), &message.to_string()),
        });
        let mut tampered = owner.state.clone();
        tampered.replace_range(..1, if tampered.starts_with('A') { "B" } else { "A" });
        all.push(Self {
            what: "sealed state".to_owned(),
            known: modern(by, Some(&owner.state)),
            unknown: modern(by, Some(&tampered)),
        });
        all
    }

    /// Sends both and compares the answers.
    pub(super) async fn run(self, node: SocketAddr, owner: &Party) -> anyhow::Result<()> {
        let known = Seen::of(node, self.known).await?;
        let unknown = Seen::of(node, self.unknown).await?;
        ensure!(
            known == unknown,
            "it is told from an unknown one:\n  {known:?}\n  {unknown:?}"
        );
        ensure!(
            !known.body.contains(&owner.secret()),
            "what belongs to somebody else was told: {known:?}"
        );
        Ok(())
    }
}

/// In the session of the owner.
fn in_session(all: &mut Vec<Attempt>, by: &Peer, owner: &Party, nobody: &str) {
    let there = by.in_session(&owner.peer.session);
    let nowhere = by.in_session(nobody);
    let mut attempt = |what: &str, request: &dyn Fn(&Peer) -> Sent| {
        all.push(Attempt {
            what: format!("session, {what}"),
            known: request(&there),
            unknown: request(&nowhere),
        });
    };
    let messages = [
        ("ping", ping()),
        (
            "initialized",
            notification("notifications/initialized", json!({})),
        ),
        (
            "a call",
            call(9, STEPS, json!({ "count": 1, "pace_ms": 0, "bytes": 0 })),
        ),
        (
            "a level",
            request("logging/setLevel", json!({ "level": "debug" })),
        ),
        ("an answer", response(&owner.question, "forged")),
        ("a cancellation", cancellation(owner.running_id)),
    ];
    for (what, message) in &messages {
        attempt(what, &|peer| peer.post(message));
    }
    attempt("GET", &|peer| peer.get(None));
    for event in &owner.events {
        attempt("GET after an event", &|peer| peer.get(Some(event)));
    }
    attempt("DELETE", &|peer| {
        peer.request(Method::DELETE, String::new())
    });
}

/// In a session of its own, with what belongs into another one.
fn own_session(all: &mut Vec<Attempt>, by: &Peer, owner: &Party, no_stream: StreamId) {
    let mut attempt = |what: &str, known: Sent, unknown: Sent| {
        all.push(Attempt {
            what: what.to_owned(),
            known,
            unknown,
        });
    };
    for event in &owner.events {
        let sequence = EventId::parse(event).map_or(0, |id| id.sequence);
        let unknown = EventId::new(no_stream, sequence).to_string();
        attempt("event", by.get(Some(event)), by.get(Some(&unknown)));
    }
    let answered = |question| by.post(&response(question, "forged"));
    attempt(
        "question",
        answered(&owner.question),
        answered(&json!("no-such-question")),
    );
    let cancelled = |id| by.post(&cancellation(id));
    attempt(
        "request",
        cancelled(owner.running_id),
        cancelled(owner.running_id + 1000),
    );
}

fn ping() -> Value {
    request("ping", json!({}))
}

fn request(method: &str, params: Value) -> Value {
    let mut message = notification(method, params);
    message["id"] = json!(9);
    message
}

fn notification(method: &str, params: Value) -> Value {
    let mut message = json!({ "jsonrpc": "2.0", "method": method });
    message["params"] = params;
    message
}

fn cancellation(id: u64) -> Value {
    notification("notifications/cancelled", json!({ "requestId": id }))
}

fn bits(dice: &mut Dice) -> [u8; 16] {
    let (high, low) = (u128::from(dice.throw()), u128::from(dice.throw()));
    (high << 64 | low).to_be_bytes()
}

/// All that an answer tells.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: String,
}

impl Seen {
    async fn of(node: SocketAddr, request: Sent) -> anyhow::Result<Self> {
        let answer = wire::send(node, request).await;
        let mut answer = answer.ok().context("no answer at all")?;
        let body = if answer.is_stream() {
            b"a stream".to_vec()
        } else {
            answer.rest().await.ok().context("half an answer")?
        };
        let headers = answer.headers.iter();
        let mut headers: Vec<_> = headers
            .filter(|(name, _)| *name != http::header::DATE)
            .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
            .collect();
        headers.sort();
        Ok(Self {
            status: answer.status,
            headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}
