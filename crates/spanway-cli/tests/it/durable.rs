//! `spanway serve --store file:DIR`: what a killed process leaves to the next one.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use crate::program::{Serving, run, spanway};
use crate::serving::{document, file, silent_api};

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}"#;

/// Sends a request with the headers every one needs, and gives the whole response as text.
pub(crate) fn exchange(url: &str, method: &str, headers: &str, body: &str) -> String {
    let mut text = String::new();
    let mut socket = send(url, method, headers, body);
    socket.read_to_string(&mut text).unwrap();
    text
}

pub(crate) fn send(url: &str, method: &str, headers: &str, body: &str) -> TcpStream {
    let (address, path) = url.trim_start_matches("http://").split_once('/').unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    write!(
        socket,
        "{method} /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n\
         Mcp-Protocol-Version: 2025-11-25\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
    .unwrap();
    socket
}

/// The header that names a new session.
pub(crate) fn new_session(url: &str) -> String {
    let initialized = exchange(url, "POST", "", INITIALIZE);
    let id = value(&initialized, "mcp-session-id");
    format!("Mcp-Session-Id: {id}\r\n")
}

/// The value of the first line that begins like this, in whatever case.
pub(crate) fn value<'a>(text: &'a str, name: &str) -> &'a str {
    let of = |line: &'a str| {
        line.split_once(": ")
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
    };
    text.lines().find_map(of).unwrap().1.trim()
}

#[test]
fn rmcp_4_6_a_session_and_its_streams_survive_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let store = format!("file:{}", dir.path().join("state").display());
    let serve = || spanway(["serve", "--response", "sse", "--store", &store]);
    let first = Serving::start(&mut serve());
    let session = new_session(&first.url);
    let call = r#"{"jsonrpc":"2.0","id":"two","method":"tools/call","params":{"name":"list_genres","arguments":{}}}"#;
    let answer = exchange(&first.url, "POST", &session, call);
    assert!(answer.contains("fiction"), "{answer}");
    let beginning = format!("{session}Last-Event-ID: {}\r\n", value(&answer, "id"));

    let in_use = run(spanway(["serve", "--store", &store]).args(["--listen", "127.0.0.1:0"]));
    assert!(in_use.failed(1).contains("is in use by another process"));
    first.signal("KILL");
    assert_eq!(first.wait().code, None);

    let second = Serving::start(&mut serve());
    let again = exchange(&second.url, "POST", &session, call);
    assert!(again.starts_with("HTTP/1.1 200"), "{again}");
    let resumed = exchange(&second.url, "GET", &beginning, "");
    assert!(
        resumed.contains("fiction") && resumed.contains("two"),
        "{resumed}"
    );
    let other = "Mcp-Session-Id: AAAAAAAAAAAAAAAAAAAAAA\r\n";
    let unknown = exchange(&second.url, "POST", other, call);
    assert!(unknown.starts_with("HTTP/1.1 404"), "{unknown}");
    second.signal("TERM");
    assert_eq!(second.wait().code, Some(0));
}

#[test]
fn who_resumes_a_call_that_died_with_its_process_is_told() {
    let (upstream, arrives) = silent_api();
    let folder = tempfile::tempdir().unwrap();
    let document = file(&folder, "api.json", document(&format!("http://{upstream}")));
    let store = format!("file:{}", folder.path().join("state").display());
    let source = document.to_str().unwrap();
    let serve = || spanway(["serve", source, "--response", "sse", "--store", &store]);
    let first = Serving::start(&mut serve());
    let session = new_session(&first.url);
    let call = r#"{"jsonrpc":"2.0","id":"two","method":"tools/call","params":{"name":"echo","arguments":{}}}"#;
    let answer = BufReader::new(send(&first.url, "POST", &session, call));
    let mut lines = answer.lines().map(Result::unwrap);
    let place = lines.find_map(|line| line.strip_prefix("id: ").map(str::to_owned));
    arrives.recv().unwrap();
    first.signal("KILL");
    first.wait();

    let second = Serving::start(&mut serve());
    let headers = format!("{session}Last-Event-ID: {}\r\n", place.unwrap());
    for _ in 0..2 {
        let resumed = exchange(&second.url, "GET", &headers, "");
        let (_, error) = resumed.split_once("\"error\"").unwrap();
        assert!(resumed.contains("\"id\":\"two\""), "{resumed}");
        assert!(!error.contains("\"error\""), "{resumed}");
    }
}
