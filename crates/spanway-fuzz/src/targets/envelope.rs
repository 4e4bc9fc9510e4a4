//! Bodies: the envelope, which era it belongs to, and whether it is accepted. What is read is compared with a
//! slow reader that keeps every key; what the endpoint answers is held against the published schemas.

use bytes::Bytes;
use http::{HeaderMap, Method as HttpMethod};
use proptest::prelude::*;
use serde_json::Value;
use spanway_protocol::jsonrpc::{self, Incoming, Message, Params, Request, RequestId};
use spanway_protocol::legacy::{self, Session, SessionId};
use spanway_protocol::{
    Client as Peer, Era, Head, Limits, METHOD, Method, NAME, PROTOCOL_VERSION, ProtocolVersion,
    RawJson, Refusal, Selected, modern, refuse,
};
use spanway_testkit::Client;

use self::reference::{Body, Kind};
use crate::runner::{self, Failure, Settings};
use crate::seeds::{self, Text};
use crate::service;

mod reference;

pub(super) fn run(settings: &Settings) -> Result<u64, Failure> {
    let runtime = service::runtime();
    let endpoint = runtime.block_on(async {
        service::Service::new()
            .endpoint()
            .without_sessions()
            .build()
    });
    let client = Client::new(endpoint);
    runner::run(
        settings,
        &(seeds::text(), any::<bool>()),
        |(Text(text), modern)| {
            let body = Bytes::from(text);
            let stands = reference::read(&body);
            if let Ok(incoming) = parse(&body, &stands) {
                accept(incoming, modern);
            }
            let unsure = matches!(stands, Body::Unsure);
            runtime.block_on(post(&client, body, modern, unsure));
        },
    )
}

fn parse(body: &Bytes, stands: &Body) -> Result<Incoming, Refusal> {
    let limits = Limits::default();
    let mut tight = limits.clone();
    (tight.nesting_max, tight.batch_max) = (4, 1);
    if let Err(refusal) = jsonrpc::parse(body, &tight) {
        written(&refusal);
    }
    let parsed = jsonrpc::parse(body, &limits);
    compare(&parsed, stands);
    if let Err(refusal) = &parsed {
        written(refusal);
    }
    parsed
}

/// What was read is what stands there.
fn compare(parsed: &Result<Incoming, Refusal>, body: &Body) {
    match (body, parsed) {
        (Body::Unsure, _) => {}
        (Body::NotJson, Err(refusal)) => {
            assert_eq!(
                (refusal.why.code(Era::Legacy), &refusal.id),
                (-32700, &None)
            );
        }
        (Body::Wrong(ids), Err(refusal)) => {
            let code = refusal.why.code(Era::Legacy);
            assert!(matches!(code, -32600 | -32700), "{refusal:?}");
            if let Some(id) = &refusal.id {
                assert!(ids.contains(&value(id)), "{id} does not stand there");
            }
        }
        (Body::Single(kind), Ok(Incoming::Single(message))) => same(message, kind),
        (Body::Batch(kinds), Ok(Incoming::Batch(messages))) => {
            assert_eq!(messages.len(), kinds.len());
            let pairs = messages.iter().zip(kinds);
            pairs.for_each(|(message, kind)| same(message, kind));
        }
        (body, parsed) => panic!("{body:?} is read as {parsed:?}"),
    }
}

fn same(message: &Message, kind: &Kind) {
    match (message, kind) {
        (Message::Request(request), Kind::Request(id, method, params)) => {
            assert_eq!(
                (&value(&request.id), request.method.as_str()),
                (id, method.as_str())
            );
            same_params(&request.method, &request.params, params.as_ref());
        }
        (Message::Notification(notification), Kind::Notification(method, params)) => {
            assert_eq!(notification.method.as_str(), method);
            same_params(&notification.method, &notification.params, params.as_ref());
        }
        (Message::Response(response), Kind::Response(id, outcome)) => {
            assert_eq!(response.id.as_ref().map(value), *id);
            match (&response.outcome, outcome) {
                (Ok(result), Ok(expected)) => assert_eq!(&read(result), expected),
                (Err(error), Err(expected)) => {
                    assert_eq!(error.code, expected["code"]);
                    assert_eq!(error.message, expected["message"].as_str().unwrap());
                }
                other => panic!("{other:?}"),
            }
        }
        other => panic!("{other:?}"),
    }
}

/// Each part is the member of that name, as it was sent.
fn same_params(method: &Method, params: &Params, expected: Option<&Value>) {
    let Some(expected) = expected else {
        assert_eq!(*params, Params::default());
        return;
    };
    assert_eq!(&read(&params.raw()), expected);
    let name = match method {
        Method::ResourcesRead => "uri",
        _ => "name",
    };
    for (part, key) in [
        (&params.meta, "_meta"),
        (&params.arguments, "arguments"),
        (&params.name, name),
    ] {
        match expected.get(key) {
            None | Some(Value::Null) => assert!(part.is_absent(), "{key}"),
            Some(value) => assert_eq!(&read(part), value, "{key}"),
        }
    }
    let keys = ["inputResponses", "requestState"].map(|key| expected.get(key));
    assert_eq!(params.resumed.is_some(), keys.iter().any(Option::is_some));
}

fn read(raw: &RawJson) -> Value {
    raw.read().unwrap()
}

fn value(id: &RequestId) -> Value {
    serde_json::to_value(id).unwrap()
}

/// The era is told apart by the one key, and what is accepted has what its era needs.
fn accept(incoming: Incoming, modern: bool) {
    let mut headers = HeaderMap::new();
    if let (true, Incoming::Single(Message::Request(request))) = (modern, &incoming) {
        headers = mirroring(request);
    }
    let head = Head::new(&HttpMethod::POST, None, &headers);
    let claims = claims(&incoming);
    match Selected::decide(&head, incoming) {
        Ok(Selected::ModernRequest(request, read)) => {
            assert!(claims, "modern without a claim");
            let (id, capable) = (request.id.clone(), read.client_capabilities.is_object());
            match modern::accept(&head, request, read) {
                Ok(call) => {
                    assert_eq!((&call.id, call.version), (&id, ProtocolVersion::LATEST));
                    assert!(call.method.is_modern() && capable && modern, "{call:?}");
                }
                Err(refusal) => {
                    assert_eq!(refusal.id, Some(id));
                    assert!(
                        matches!(refusal.why.status(Era::Modern), 400 | 404),
                        "{refusal:?}"
                    );
                    written(&refusal);
                }
            }
        }
        Ok(Selected::ModernNotification(_)) => assert!(claims || head.claims_modern()),
        Ok(Selected::Legacy(incoming)) => {
            assert!(!head.claims_modern() && !claims, "a claim is never legacy");
            if let Incoming::Single(Message::Request(request)) = incoming {
                accept_legacy(request);
            }
        }
        Err((refusal, _)) => written(&refusal),
    }
}

/// The headers that a client would send with the request, as far as headers can say it.
fn mirroring(request: &Request) -> HeaderMap {
    let name = request.params.name.read::<String>().unwrap_or_default();
    let meta: Value = request.params.meta.read().unwrap_or_default();
    let version = meta["io.modelcontextprotocol/protocolVersion"].as_str();
    let pairs = [
        (PROTOCOL_VERSION, version.unwrap_or("2026-07-28")),
        (METHOD, request.method.as_str()),
        (NAME, name.as_str()),
    ];
    let pairs = pairs.into_iter();
    pairs
        .filter_map(|(header, value)| Some((header, value.parse().ok()?)))
        .collect()
}

/// Whether a message of the body has the key that makes it modern.
fn claims(incoming: &Incoming) -> bool {
    let messages = match incoming {
        Incoming::Single(message) => std::slice::from_ref(message),
        Incoming::Batch(messages) => messages,
    };
    messages.iter().any(|message| {
        let params = match message {
            Message::Request(request) => &request.params,
            Message::Notification(notification) => &notification.params,
            Message::Response(_) => return false,
        };
        // Whatever else is wrong with the metadata: then a request is refused, and the rest is dropped.
        let claims = modern::Claims::read(&params.meta);
        claims.is_ok_and(|claims| {
            let meta = params.meta.read::<Value>();
            let key = "io.modelcontextprotocol/protocolVersion";
            let stands = meta.map_or(claims.are_made(), |meta| meta.get(key).is_some());
            assert_eq!(claims.are_made(), stands);
            stands
        })
    })
}

fn accept_legacy(request: Request) {
    let id = SessionId::from_random([7; 16]);
    let session = Session::new(id, ProtocolVersion::V2025_11_25, &Peer::default(), None);
    let (id, discovers) = (request.id.clone(), request.method == Method::Discover);
    match legacy::accept(request, &session) {
        Ok(call) => {
            assert!(!discovers);
            assert_eq!((call.id, call.version), (id, session.version));
        }
        Err(refusal) => {
            assert_eq!(refusal.id, Some(id));
            written(&refusal);
        }
    }
}

/// A refusal is a JSON-RPC error that the parser itself understands, of a sensible size.
fn written(refusal: &Refusal) {
    for era in [Era::Legacy, Era::Modern] {
        let outgoing = refuse(refusal.id.as_ref(), &refusal.why, era);
        assert!((200..600).contains(&outgoing.status), "{outgoing:?}");
        let Ok(Incoming::Single(Message::Response(response))) =
            jsonrpc::parse(&outgoing.body, &Limits::default())
        else {
            panic!("{outgoing:?} is no response");
        };
        assert_eq!(response.id, refusal.id);
        assert!(response.outcome.is_err());
    }
}

/// The endpoint serves or refuses it; the client checks every message.
async fn post(client: &Client, body: Bytes, modern: bool, unsure: bool) {
    let mut request = client.post(body.clone());
    if unsure {
        request = request.unchecked("the client does not know itself what it asked");
    }
    if let (true, Ok(Incoming::Single(Message::Request(message)))) =
        (modern, jsonrpc::parse(&body, &Limits::default()))
    {
        for (name, value) in &mirroring(&message) {
            request = request.header(name.as_str(), value.as_bytes());
        }
    }
    let mut stream = request.open().await;
    assert!(stream.status < 500, "{}", stream.status);
    if !stream.is_stream() {
        stream.whole().await;
        return;
    }
    // A listen stream says only what is there now.
    while let Some(Some(_)) = stream.try_next() {}
}
