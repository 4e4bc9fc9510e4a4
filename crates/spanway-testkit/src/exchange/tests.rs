//! What the check must find: each message here is wrong, and says so; and nothing that is read goes unchecked.

mod tasks;

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use serde_json::json;
use spanway_protocol::sse;
use tokio::io::AsyncWriteExt;

use super::*;
use crate::{Client, RequestBuilder, Socket};

use ProtocolVersion as V;

/// Whether there is anything to check with.
fn at_hand() -> bool {
    published::folder().is_some()
}

fn asked(method: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": {} })
}

fn result(result: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "result": result })
}

fn error(code: i64, data: &Value) -> Value {
    let error = json!({ "code": code, "message": "no", "data": data });
    json!({ "jsonrpc": "2.0", "id": 1, "error": error })
}

/// What is said of `message` as an answer to a request of this method.
fn verdict(version: V, method: &str, message: &Value) -> Result<(), Violation> {
    Exchange::about(version, &asked(method)).one(message, 200)
}

fn good(version: V, method: &str, message: &Value) {
    let said = verdict(version, method, message);
    assert_eq!(said, Ok(()), "{version} {method}: {message}");
}

fn bad(version: V, method: &str, message: &Value, why: &str) {
    let said = verdict(version, method, message);
    let said = said.expect_err(&format!("{version} {method}: {message}"));
    assert!(said.contains(why), "{said} does not say {why}");
}

#[test]
fn results_are_held_against_the_definition_of_their_method_and_revision() {
    if !at_hand() {
        return;
    }
    let text = json!({ "content": [{ "type": "text", "text": "done" }] });
    let structured = json!({ "content": [], "structuredContent": {} });
    for version in [V::V2025_06_18, V::V2025_11_25] {
        good(version, "tools/call", &result(&text));
        good(version, "tools/call", &result(&structured));
        good(version, "ping", &result(&json!({})));
        bad(
            version,
            "tools/call",
            &result(&json!({})),
            "\"content\" is a required property",
        );
        bad(version, "tools/list", &result(&text), "ListToolsResult");
        bad(
            version,
            "ping",
            &result(&text),
            "is empty, and has \"content\"",
        );
        bad(
            version,
            "tools/call",
            &result(&json!({ "content": [], "resultType": "complete" })),
            "resultType",
        );
        bad(
            version,
            "tools/call",
            &result(&json!({ "content": [{ "type": "text", "text": null }] })),
            "CallToolResult",
        );
        bad(
            version,
            "server/discover",
            &result(&json!({})),
            "has no method",
        );
    }
    bad(
        V::V2025_03_26,
        "tools/call",
        &result(&structured),
        "structuredContent",
    );
    let audio = json!({ "content": [{ "type": "audio", "data": "", "mimeType": "audio/wav" }] });
    bad(
        V::V2024_11_05,
        "tools/call",
        &result(&audio),
        "CallToolResult",
    );
    good(V::V2025_03_26, "tools/call", &result(&audio));
}

#[test]
fn modern_results_say_whether_they_are_complete() {
    if !at_hand() {
        return;
    }
    let with = |kind: &str| json!({ "content": [], "resultType": kind });
    good(V::LATEST, "tools/call", &result(&with("complete")));
    bad(
        V::LATEST,
        "tools/call",
        &result(&json!({ "content": [] })),
        "resultType",
    );
    bad(
        V::LATEST,
        "tools/call",
        &result(&with("other")),
        "resultType",
    );
    bad(
        V::LATEST,
        "tools/call",
        &result(&with("input_required")),
        "InputRequiredResult",
    );
    let roots = json!({ "method": "roots/list" });
    let asks = json!({ "resultType": "input_required", "inputRequests": { "roots": roots } });
    good(V::LATEST, "tools/call", &result(&asks));
    bad(V::LATEST, "tools/list", &result(&asks), "resultType");
    let unknown =
        json!({ "resultType": "input_required", "inputRequests": { "x": { "method": "ping" } } });
    bad(
        V::LATEST,
        "prompts/get",
        &result(&unknown),
        "InputRequiredResult",
    );
    let no_cache_hint = json!({ "tools": [], "resultType": "complete" });
    bad(V::LATEST, "tools/list", &result(&no_cache_hint), "ttlMs");
    bad(
        V::LATEST,
        "ping",
        &result(&json!({ "resultType": "complete" })),
        "has no method",
    );
}

#[test]
fn t_all_03_t_all_04_the_envelope_is_checked_before_what_is_in_it() {
    if !at_hand() {
        return;
    }
    for version in V::ALL {
        let plain = error(-32603, &json!({}));
        good(version, "tools/call", &plain);
        for (change, why) in [
            (json!({ "id": "1" }), "was not asked here"),
            (json!({ "id": null }), "was not asked here"),
            (json!({ "jsonrpc": "1.0" }), "JSONRPCError"),
            (json!({ "jsonrpc": null }), "JSONRPCError"),
            (json!({ "result": {} }), "JSONRPCError"),
            (
                json!({ "error": { "code": "x", "message": "no" } }),
                "JSONRPCError",
            ),
            (json!({ "error": { "code": 1 } }), "JSONRPCError"),
            (
                json!({ "error": { "code": 1, "message": "no", "detail": "" } }),
                "JSONRPCError",
            ),
        ] {
            let mut message = plain.clone();
            let fields = change.as_object().expect("fields").clone();
            message.as_object_mut().expect("a message").extend(fields);
            bad(version, "tools/call", &message, why);
        }
        bad(
            version,
            "tools/call",
            &json!({ "jsonrpc": "2.0", "id": 1 }),
            "JSONRPCRes",
        );
        bad(
            version,
            "tools/call",
            &json!({ "jsonrpc": "2.0", "error": plain["error"] }),
            "no id",
        );
        let twice = [plain.clone(), plain];
        let mut exchange = Exchange::about(version, &asked("tools/call"));
        let said: Vec<_> = twice.iter().map(|one| exchange.one(one, 200)).collect();
        assert!(said[0].is_ok() && said[1].is_err(), "{said:?}");
    }
}

#[test]
fn t_2607_30_codes_stay_in_their_era_with_their_data() {
    if !at_hand() {
        return;
    }
    let nothing = json!({});
    for version in V::ALL
        .into_iter()
        .filter(|version| version.era() == Era::Legacy)
    {
        for code in [-32020, -32021, -32022, -32099] {
            bad(version, "tools/call", &error(code, &nothing), "has no code");
        }
        good(
            version,
            "resources/read",
            &error(-32002, &json!({ "uri": "a:1" })),
        );
    }
    bad(
        V::LATEST,
        "resources/read",
        &error(-32002, &nothing),
        "has no code",
    );
    bad(
        V::LATEST,
        "tools/call",
        &error(-32042, &nothing),
        "has no code",
    );
    bad(
        V::LATEST,
        "tools/call",
        &error(-32021, &nothing),
        "requiredCapabilities",
    );
    bad(
        V::LATEST,
        "tools/call",
        &error(-32022, &json!({ "supported": [] })),
        "requested",
    );
    good(
        V::LATEST,
        "tools/call",
        &error(
            -32021,
            &json!({ "requiredCapabilities": { "sampling": {} } }),
        ),
    );
    bad(
        V::V2025_11_25,
        "tools/call",
        &error(-32042, &nothing),
        "elicitations",
    );
    bad(
        V::V2025_06_18,
        "tools/call",
        &error(-32042, &nothing),
        "has no code",
    );
}

#[test]
fn what_is_told_and_asked_must_be_in_the_revision() {
    if !at_hand() {
        return;
    }
    let told = |method: &str, params: Value| json!({ "jsonrpc": "2.0", "method": method, "params": params });
    let progress = told(
        "notifications/progress",
        json!({ "progressToken": 1, "progress": 0.5 }),
    );
    let with_message = told(
        "notifications/progress",
        json!({ "progressToken": 1, "progress": 1, "message": "" }),
    );
    let roots = json!({ "jsonrpc": "2.0", "id": 9, "method": "roots/list" });
    for version in V::ALL {
        good(version, "tools/call", &progress);
        bad(
            version,
            "tools/call",
            &told("notifications/progress", json!({ "progress": 1 })),
            "progressToken",
        );
        bad(
            version,
            "tools/call",
            &told("notifications/unheard", json!({})),
            "has no",
        );
        bad(
            version,
            "tools/call",
            &json!({ "method": "notifications/tools/list_changed" }),
            "jsonrpc",
        );
        bad(
            version,
            "tools/call",
            &json!({ "jsonrpc": "2.0", "id": null, "method": "roots/list" }),
            "JSONRPCRequest",
        );
        match version.era() {
            Era::Legacy => good(version, "tools/call", &roots),
            Era::Modern => bad(version, "tools/call", &roots, "has no"),
        }
    }
    bad(V::V2024_11_05, "tools/call", &with_message, "message");
    good(V::V2025_03_26, "tools/call", &with_message);
    let form = json!({ "message": "?", "requestedSchema": { "type": "object", "properties": {} } });
    let elicit =
        json!({ "jsonrpc": "2.0", "id": 9, "method": "elicitation/create", "params": form });
    bad(V::V2025_03_26, "tools/call", &elicit, "has no");
    good(V::V2025_06_18, "tools/call", &elicit);
    bad(
        V::V2025_06_18,
        "tools/call",
        &told("notifications/subscriptions/acknowledged", json!({})),
        "has no",
    );
}

type Answering = fn() -> Response<Full<Bytes>>;

/// A client of a server that gives the same answer to everything.
fn client(answer: Answering) -> Client {
    Client::new(tower::service_fn(
        move |_: Request<crate::RequestBody>| async move { Ok::<_, Infallible>(answer()) },
    ))
}

fn answer(kind: &str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let response = Response::builder().header("content-type", kind);
    response.body(Full::new(body.into())).expect("a response")
}

/// An answer to `tools/call` without its content.
fn wrong_json() -> Response<Full<Bytes>> {
    answer(
        "application/json",
        result(&json!({ "resultType": "complete" })).to_string(),
    )
}

fn wrong_event() -> Response<Full<Bytes>> {
    let mut events = bytes::BytesMut::new();
    let message = result(&json!({ "resultType": "complete" })).to_string();
    sse::encode_message(&mut events, None, message.as_bytes());
    answer("text/event-stream", events)
}

fn call(answer: Answering) -> RequestBuilder {
    client(answer).modern_call("x", json!({}))
}

/// Whether reading fails because of what is read.
async fn objects<T: Send + 'static>(reading: impl Future<Output = T> + Send + 'static) -> bool {
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(reading);
    tasks.join_next().await.expect("a task").is_err()
}

#[tokio::test]
async fn whatever_reads_an_answer_checks_it() {
    if !at_hand() {
        return;
    }
    for answer in [wrong_json as Answering, wrong_event] {
        assert!(objects(call(answer).send()).await);
        let unchecked = call(answer).unchecked("it is wrong on purpose");
        assert!(!objects(unchecked.send()).await);
    }
    let next = async { call(wrong_event).open().await.next().await };
    assert!(objects(next).await);
    let whole = async { call(wrong_json).open().await.whole().await };
    assert!(objects(whole).await);
}

async fn over_a_socket(answer: &'static str) -> bool {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    objects(async move {
        let mut socket = Socket::connect(address).await;
        let (mut server, _) = listener.accept().await.expect("a connection");
        socket.post("", &asked("tools/call")).await;
        server.write_all(answer.as_bytes()).await.expect("it reads");
        drop(server);
        socket.rest().await
    })
    .await
}

#[tokio::test]
async fn a_socket_checks_what_it_reads_however_it_is_framed() {
    if !at_hand() {
        return;
    }
    let ok = "HTTP/1.1 200 OK\r\nContent-Type: ";
    let wrong = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
    let right = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;
    for (message, bad) in [(wrong, true), (right, false)] {
        let length = message.len();
        let interim = "HTTP/1.1 100 Continue\r\n\r\n";
        let event = format!("data: {message}\n\n");
        let (first, rest) = event.split_at(9);
        let chunks = format!(
            "{:x}\r\n{first}\r\n{:X}\r\n{rest}\r\n0\r\n\r\n",
            first.len(),
            rest.len()
        );
        for answer in [
            format!("{ok}application/json\r\nContent-Length: {length}\r\n\r\n{message}"),
            format!("{interim}{ok}application/json\r\nContent-Length: {length}\r\n\r\n{message}"),
            format!("{ok}text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"),
            format!("{ok}text/event-stream\r\n\r\n{event}"),
        ] {
            let objected = over_a_socket(answer.clone().leak()).await;
            assert_eq!(objected, bad, "{answer}");
        }
    }
}

fn parts(method: Method, uri: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).expect("a request").into_parts().0
}

fn event(event: &str, data: impl ToString) -> Event {
    let mut read = Event::default();
    (read.event, read.data) = (event.to_owned(), data.to_string());
    read
}

#[test]
fn t_2503_11_a_stream_carries_answers_only_where_it_resumes_one() {
    if !at_hand() {
        return;
    }
    let name = [("mcp-session-id", "of-this-test")];
    Ledger::open("of-this-test", V::V2025_06_18);
    let text = asked("tools/call").to_string();
    let _ = Exchange::of_request(&parts(Method::POST, "/", &name), Some(text.as_bytes()));
    let get = |more: &[(&str, &str)]| {
        let headers = [&name[..], more].concat();
        Exchange::of_request(&parts(Method::GET, "/", &headers), Some(b""))
    };
    let done = event(
        "message",
        result(&json!({ "content": [], "structuredContent": {} })),
    );
    assert!(get(&[]).told(&done).is_err());
    let mut resumed = get(&[("last-event-id", "7")]);
    assert_eq!(
        resumed.told(&done),
        Ok(()),
        "the session's revision has structured content"
    );
    let mut other = json!({ "jsonrpc": "2.0", "id": 2, "result": {} });
    assert!(
        resumed.told(&event("message", &other)).is_err(),
        "nobody asked"
    );
    other["id"] = json!(1);
    assert!(
        resumed.told(&event("message", &other)).is_err(),
        "no content"
    );
    assert!(resumed.told(&event("other", "")).is_err());
    assert!(resumed.told(&event("message", "{")).is_err());
    assert_eq!(
        resumed.told(&event("message", "")),
        Ok(()),
        "only an id to resume from"
    );
}

#[test]
fn the_stream_of_2024_11_05_names_its_endpoint_and_carries_every_answer() {
    if !at_hand() {
        return;
    }
    let mut stream = Exchange::of_request(&parts(Method::GET, "/sse", &[]), Some(b""));
    let endpoint = event("endpoint", "/messages?sessionId=an-old-one");
    assert_eq!(stream.told(&endpoint), Ok(()));
    let post = |message: &Value| {
        let parts = parts(Method::POST, "/messages?sessionId=an-old-one", &[]);
        Exchange::of_request(&parts, Some(message.to_string().as_bytes()))
    };
    let mut taken = post(&asked("initialize"));
    assert!(taken.told(&endpoint).is_err(), "only a GET is told");
    assert_eq!(Exchange::unread().told(&endpoint), Ok(()), "maybe a GET");
    let nameless = event("endpoint", "/messages");
    assert!(Exchange::unread().told(&nameless).is_err());
    let agreed = json!({ "protocolVersion": "2024-11-05", "capabilities": {}, "serverInfo": { "name": "x", "version": "1" } });
    assert_eq!(stream.told(&event("message", result(&agreed))), Ok(()));
    post(&json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call" }));
    let newer =
        json!({ "jsonrpc": "2.0", "id": 2, "result": { "content": [], "structuredContent": {} } });
    assert!(
        stream.told(&event("message", &newer)).is_err(),
        "not in that revision"
    );
    // Nothing that was posted takes the session out of its revision.
    let mut claiming = asked("server/discover");
    claiming["id"] = json!(3);
    claiming["params"] = json!({ "_meta": { CLAIM: "2026-07-28" } });
    let headers = [
        ("mcp-session-id", "x"),
        ("mcp-protocol-version", "2026-07-28"),
    ];
    let parts = parts(Method::POST, "/messages?sessionId=an-old-one", &headers);
    Exchange::of_request(&parts, Some(claiming.to_string().as_bytes()));
    let refused = json!({ "jsonrpc": "2.0", "id": 3, "error": { "code": -32601, "message": "x" } });
    assert_eq!(stream.told(&event("message", &refused)), Ok(()));
}

#[test]
fn t_2503_03_t_2506_01_arrays_answer_batches_of_one_revision_only() {
    if !at_hand() {
        return;
    }
    let kind = HeaderMap::from_iter([(
        http::header::CONTENT_TYPE,
        "application/json".parse().expect("a value"),
    )]);
    let answers = |version: &str, body: &Value, answer: &Value| {
        let parts = parts(Method::POST, "/", &[("mcp-protocol-version", version)]);
        let mut exchange = Exchange::of_request(&parts, Some(body.to_string().as_bytes()));
        exchange.json(200, &kind, answer.to_string().as_bytes())
    };
    let batch = json!([asked("ping")]);
    let empty = result(&json!({}));
    assert_eq!(answers("2025-03-26", &batch, &json!([empty])), Ok(()));
    assert!(answers("2025-06-18", &batch, &json!([empty])).is_err());
    assert!(answers("2025-03-26", &asked("ping"), &json!([empty])).is_err());
    assert!(answers("2025-03-26", &batch, &json!([empty, empty])).is_err());
    assert!(answers("2025-03-26", &batch, &json!([])).is_err());
    // Which of two requests with one id is answered nobody knows.
    let twins = json!([asked("tools/call"), asked("ping")]);
    assert_eq!(
        answers("2025-03-26", &twins, &json!([empty, empty])),
        Ok(())
    );
    let three = json!([empty, empty, empty]);
    assert!(answers("2025-03-26", &twins, &three).is_err());
    assert!(answers("2025-03-26", &asked("ping"), &asked("ping")).is_err());
}
