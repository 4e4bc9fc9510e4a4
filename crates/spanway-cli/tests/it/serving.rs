//! `spanway serve` and `spanway tools`: what is printed, which settings win, what reaches the API, how it ends.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, mpsc};
use std::thread;

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::fake::{Fake, on_a_thread};
use crate::program::{Serving, call, run, spanway};

pub(crate) fn file(folder: &TempDir, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// A document with one operation, `GET /echo`, at `server`.
pub(crate) fn document(server: &str) -> String {
    json!({
        "openapi": "3.1.0", "info": {"title": "Echo API", "version": "3"}, "servers": [{"url": server}],
        "paths": {"/echo": {"get": {"operationId": "echo", "tags": ["loud"]}}, "/other": {"get": {"operationId": "other"}}},
    })
    .to_string()
}

/// Sends a GET and gives the whole response as text.
fn get_text(url: &str, path: &str) -> String {
    let address = url.trim_start_matches("http://").split('/').next().unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    write!(
        socket,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut text = String::new();
    socket.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn without_a_source_the_bookshop_is_served_in_every_era() {
    let serving = Serving::start(&mut spanway(["serve"]));
    for wanted in [
        "9 tools",
        "search_books",
        "claude mcp add --transport http bookshop",
        "mcp-remote",
        "\"servers\"",
        "inspector",
    ] {
        assert!(
            serving.banner.contains(wanted),
            "{wanted} is not in {}",
            serving.banner
        );
    }
    for protocol in [
        "auto",
        "2025-11-25",
        "2025-06-18",
        "2025-03-26",
        "2024-11-05",
    ] {
        let found = call(
            &serving.url,
            &[
                "search_books",
                r#"{"query": "holmes"}"#,
                "--protocol",
                protocol,
            ],
        )
        .ok();
        assert!(found.contains("Baskervilles"), "{found}");
    }
    let failed = call(&serving.url, &["delivery_times"]);
    assert_eq!(failed.code, Some(1));
    assert!(failed.stderr.contains("503"), "{}", failed.stderr);
    for path in ["/livez", "/readyz", "/health"] {
        assert!(get_text(&serving.url, path).starts_with("HTTP/1.1 200"));
    }
    assert!(
        call(&format!("{}/", serving.url), &["list_genres"])
            .ok()
            .contains("fiction")
    );
}

#[test]
fn rmcp_4_17_calls_are_no_lines_of_the_log() {
    let serving = Serving::start(&mut spanway(["serve"]));
    for protocol in ["auto", "2025-11-25"] {
        for _ in 0..3 {
            call(&serving.url, &["list_genres", "--protocol", protocol]).ok();
        }
    }
    serving.signal("TERM");
    let ended = serving.wait();
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(lines.len(), 3, "beginning, stopping, stopped: {lines:?}");
}

#[test]
fn t_mrtr_05_state_keys_are_taken_from_everywhere_and_never_shown() {
    let key = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
    let folder = tempfile::tempdir().unwrap();
    let one = file(&folder, "one.toml", format!("state-key = {key:?}"));
    let two = file(
        &folder,
        "two.toml",
        format!("state-key = [{key:?}, {key:?}]"),
    );
    let mut by_environment = spanway(["serve"]);
    by_environment.env("SPANWAY_STATE_KEYS", format!("{key},{key}\n"));
    for command in [
        &mut spanway(["serve", "--state-key", key, "--state-key", key]),
        &mut by_environment,
        &mut spanway(["serve", "--config", one.to_str().unwrap()]),
        &mut spanway(["serve", "--config", two.to_str().unwrap()]),
        // An API asks nothing: without a key there is nothing to warn of.
        &mut spanway(["serve", "--answer-timeout", "5m"]),
    ] {
        let serving =
            Serving::start(command.env("RUST_LOG", "spanway_openapi=trace,reqwest=trace"));
        serving.signal("TERM");
        let banner = serving.banner.clone();
        let ended = serving.wait();
        let said = [banner, ended.stdout, ended.stderr].concat();
        assert!(!said.contains("AQID") && !said.contains("WARN"), "{said}");
    }
    let help = run(spanway(["serve", "--help"]).env("SPANWAY_STATE_KEYS", key)).ok();
    assert!(!help.contains("AQID"), "{help}");
}

#[test]
fn strict_headers_are_switched_on_everywhere_and_our_own_client_passes_them() {
    let folder = tempfile::tempdir().unwrap();
    let config = file(&folder, "spanway.toml", "strict-headers = true");
    let mut by_environment = spanway(["serve"]);
    by_environment.env("SPANWAY_STRICT_HEADERS", "true");
    for command in [
        &mut spanway(["serve", "--strict-headers"]),
        &mut by_environment,
        &mut spanway(["serve", "--config", config.to_str().unwrap()]),
    ] {
        let serving = Serving::start(command);
        let refused = get_text(&serving.url, "/mcp");
        assert!(
            refused.starts_with("HTTP/1.1 406") && refused.contains("--strict-headers"),
            "{refused}"
        );
        for protocol in ["2024-11-05", "2025-03-26", "2025-11-25", "2026-07-28"] {
            let args = ["list_genres", "--protocol", protocol];
            assert!(call(&serving.url, &args).ok().contains("fiction"));
        }
    }
}

#[test]
fn t_2411_07_http_sse_is_served_unless_it_is_switched_off() {
    let folder = tempfile::tempdir().unwrap();
    let config = file(&folder, "spanway.toml", "no-sse = true");
    let from_file = ["serve", "--config", config.to_str().unwrap()];
    let (mut by_environment, mut flag_wins) = (spanway(["serve"]), spanway(from_file));
    by_environment.env("SPANWAY_NO_SSE", "true");
    flag_wins.arg("--no-sse=false");
    for (command, status) in [
        (&mut spanway(["serve"]), "405"),
        (&mut spanway(["serve", "--no-sse"]), "404"),
        (&mut by_environment, "404"),
        (&mut spanway(from_file), "404"),
        (&mut flag_wins, "405"),
    ] {
        let serving = Serving::start(command);
        let text = get_text(&serving.url, "/messages");
        assert!(text.contains(status), "{status}: {text}");
    }
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let document = file(&folder, "api.json", document("http://127.0.0.1:1"));
    let shown = document.to_str().unwrap();
    let text = format!(
        "source = {shown:?}\npath = \"/file\"\nname = \"from-file\"\nkeep-alive = \"1s\"\n"
    );
    let config = file(&folder, "spanway.toml", text);
    let config = config.to_str().unwrap();
    let from_file = Serving::start(&mut spanway(["serve", "--config", config]));
    assert!(from_file.url.ends_with("/file"), "{}", from_file.url);
    assert!(
        from_file.banner.starts_with("from-file 3"),
        "{}",
        from_file.banner
    );
    let from_env =
        Serving::start(spanway(["serve", "--config", config]).env("SPANWAY_PATH", "/env"));
    assert!(from_env.url.ends_with("/env"), "{}", from_env.url);
    let from_flag = Serving::start(
        spanway(["serve", "--config", config, "--path", "/flag"]).env("SPANWAY_PATH", "/env"),
    );
    assert!(from_flag.url.ends_with("/flag"), "{}", from_flag.url);
    let listed = run(spanway(["tools"]).env("SPANWAY_CONFIG", config)).ok();
    assert!(listed.starts_with("from-file 3"), "{listed}");
}

#[test]
fn credentials_of_the_document_reach_the_api_and_are_never_shown() {
    let api = Fake::start(|seen| {
        let shown = format!("you sent {}", seen.header("x-key"));
        IntoResponse::into_response((StatusCode::FORBIDDEN, shown))
    });
    let folder = TempDir::new().unwrap();
    let mut root: Value =
        serde_json::from_str(&document(&format!("http://{}/", api.address))).unwrap();
    root["components"] = json!({"securitySchemes": {"app key": {"type": "apiKey", "in": "header", "name": "X-Key"}}});
    root["security"] = json!([{"app key": []}]);
    let source = file(&folder, "api.json", root.to_string());
    let source = source.to_str().unwrap();

    let listed = run(&mut spanway(["tools", source])).ok();
    assert!(
        listed.contains("app key, an API key, header \"X-Key\": for 2 operations; no --credential"),
        "{listed}"
    );
    let bare = Serving::start(&mut spanway(["serve", source]));
    let line = call(&bare.url, &["echo"]);
    assert!(
        line.stderr.contains("--credential 'app key=env:VARIABLE'"),
        "{line:?}"
    );

    let mut command = spanway(["serve", source, "--credential", "app key=env:APP_KEY"]);
    command.args(["--forward-header", "x-tenant", "--log-format", "json"]);
    let serving = Serving::start(
        command
            .env("APP_KEY", "hunter2")
            .env("RUST_LOG", "spanway_openapi=trace,reqwest=trace"),
    );
    let answer = call(
        &serving.url,
        &[
            "echo",
            "--header",
            "X-Tenant: blue",
            "--header",
            "X-Other: no",
        ],
    );
    assert!(answer.stderr.contains("you sent [redacted]"), "{answer:?}");
    let seen = api.seen();
    let seen = seen.last().unwrap();
    assert_eq!(seen.header("x-key"), "hunter2");
    assert_eq!(
        (seen.header("x-tenant"), seen.header("x-other")),
        ("blue", "")
    );
    assert!(!serving.banner.contains("hunter2"));
    serving.signal("TERM");
    let ended = serving.wait();
    assert!(!format!("{ended:?}").contains("hunter2"), "{ended:?}");
}

#[test]
fn static_headers_reach_the_api_and_the_clients_own_do_not() {
    let upstream = Fake::start(|_| IntoResponse::into_response("\"hi\""));
    let folder = tempfile::tempdir().unwrap();
    let document = file(
        &folder,
        "api.json",
        document("https://unreachable.invalid/v1"),
    );
    let base = format!("http://{}/base", upstream.address);
    let mut command = spanway(["serve", document.to_str().unwrap(), "--upstream", &base]);
    let serving = Serving::start(command.env("SPANWAY_HEADER", "X-Key: hunter2\nX-Other: a: b, c"));
    call(
        &serving.url,
        &["echo", "--header", "Authorization: Bearer mine"],
    )
    .ok();
    let seen = &upstream.seen()[0];
    assert_eq!(seen.target, "/base/echo");
    assert_eq!(
        (seen.header("x-key"), seen.header("x-other")),
        ("hunter2", "a: b, c")
    );
    assert_eq!(seen.header("authorization"), "");
    serving.signal("TERM");
    let banner = serving.banner.clone();
    let ended = serving.wait();
    assert!(
        ![banner, ended.stdout, ended.stderr]
            .concat()
            .contains("hunter2")
    );
}

#[test]
fn tokens_are_demanded_where_there_are_some() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = file(&folder, "tokens", "ida: correct-horse\n");
    let serving = Serving::start(&mut spanway([
        "serve",
        "--auth-tokens",
        tokens.to_str().unwrap(),
    ]));
    assert!(serving.banner.contains("Bearer TOKEN") && !serving.banner.contains("correct-horse"));
    let line = call(&serving.url, &["list_genres"]).failed(1);
    assert!(line.contains("401") && line.contains("--header"), "{line}");
    call(
        &serving.url,
        &[
            "list_genres",
            "--header",
            "Authorization: Bearer correct-horse",
        ],
    )
    .ok();
    assert!(get_text(&serving.url, "/livez").starts_with("HTTP/1.1 200"));
}

#[test]
fn k3_16_and_k3_17_issuers_guard_the_endpoint_and_are_named_to_clients() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = file(&folder, "tokens", "ida: correct-horse\n");
    let serving = Serving::start(&mut spanway([
        "serve",
        "--auth-tokens",
        tokens.to_str().unwrap(),
        "--oidc-issuer",
        "https://id.example",
        "--resource-url",
        "https://mcp.example/mcp",
    ]));
    let line = call(&serving.url, &["list_genres"]).failed(1);
    assert!(line.contains("401"), "{line}");
    let metadata = get_text(&serving.url, "/.well-known/oauth-protected-resource/mcp");
    assert!(metadata.starts_with("HTTP/1.1 200"), "{metadata}");
    assert!(metadata.contains("\"authorization_servers\":[\"https://id.example\"]"));
    let header = "Authorization: Bearer correct-horse";
    call(&serving.url, &["list_genres", "--header", header]).ok();
}

/// Waits until the server has taken the signal.
fn refuses_connections(url: &str) {
    let address = url.trim_start_matches("http://").trim_end_matches("/mcp");
    while TcpStream::connect(address).is_ok() {}
}

#[test]
fn a_signal_drains_calls_in_flight_and_ends_well() {
    let (arrived, arrives) = mpsc::channel();
    let release = Arc::new(Notify::new());
    let held = release.clone();
    let upstream = on_a_thread(Router::new().route(
        "/echo",
        get(async move || {
            arrived.send(()).unwrap();
            held.notified().await;
            "\"finished\""
        }),
    ));
    let folder = tempfile::tempdir().unwrap();
    let document = file(&folder, "api.json", document(&format!("http://{upstream}")));
    let serving = Serving::start(&mut spanway(["serve", document.to_str().unwrap()]));
    let url = serving.url.clone();
    let caller = thread::spawn(move || call(&url, &["echo"]));
    arrives.recv().unwrap();
    serving.signal("TERM");
    refuses_connections(&serving.url);
    release.notify_one();
    assert!(caller.join().unwrap().ok().contains("finished"));
    let ended = serving.wait();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended.stderr.contains("every call came to its end"),
        "{ended:?}"
    );
}

/// An API whose `GET /echo` never answers, and where to hear that it was asked.
pub(crate) fn silent_api() -> (SocketAddr, mpsc::Receiver<()>) {
    let (arrived, arrives) = mpsc::channel();
    let handler = async move || {
        arrived.send(()).unwrap();
        std::future::pending::<()>().await;
    };
    (
        on_a_thread(Router::new().route("/echo", get(handler))),
        arrives,
    )
}

#[test]
fn a_call_that_does_not_end_is_stopped_at_the_deadline() {
    let (upstream, arrives) = silent_api();
    let folder = tempfile::tempdir().unwrap();
    let document = file(&folder, "api.json", document(&format!("http://{upstream}")));
    let flags = [
        "serve",
        document.to_str().unwrap(),
        "--drain-deadline",
        "50ms",
    ];
    let serving = Serving::start(&mut spanway(flags));
    let url = serving.url.clone();
    let caller = thread::spawn(move || call(&url, &["echo"]));
    arrives.recv().unwrap();
    serving.signal("INT");
    let ended = serving.wait();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("deadline passed"), "{ended:?}");
    assert_eq!(caller.join().unwrap().code, Some(1));
}

#[test]
fn a_second_signal_does_not_wait_for_the_deadline() {
    let (upstream, arrives) = silent_api();
    let folder = tempfile::tempdir().unwrap();
    let document = file(&folder, "api.json", document(&format!("http://{upstream}")));
    let flags = [
        "serve",
        document.to_str().unwrap(),
        "--drain-deadline",
        "1h",
    ];
    let serving = Serving::start(&mut spanway(flags));
    let url = serving.url.clone();
    let caller = thread::spawn(move || call(&url, &["echo"]));
    arrives.recv().unwrap();
    serving.signal("INT");
    refuses_connections(&serving.url);
    serving.signal("INT");
    let ended = serving.wait();
    assert!(ended.stderr.contains("at once"), "{ended:?}");
    assert_eq!(caller.join().unwrap().code, Some(1));
}

#[test]
fn tools_are_listed_filtered_and_problems_told() {
    let folder = tempfile::tempdir().unwrap();
    let text = json!({"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": {
        "/good": {"get": {"operationId": "good", "tags": ["a"]}},
        "/bad": {"get": {"$ref": "#/nowhere"}, "put": {"parameters": [{"$ref": "#/nowhere"}]}},
    }});
    let document = file(&folder, "api.json", text.to_string());
    let shown = document.to_str().unwrap();
    let json: Value =
        serde_json::from_str(&run(&mut spanway(["tools", shown, "--json"])).ok()).unwrap();
    assert!(
        json["tools"]
            .as_array()
            .unwrap()
            .iter()
            .any(|tool| tool["name"] == "good")
    );
    assert!(!json["problems"].as_array().unwrap().is_empty());
    let listed = run(&mut spanway(["tools", shown])).ok();
    assert!(
        listed.contains("good") && listed.contains("left out"),
        "{listed}"
    );
    let filtered = run(&mut spanway(["tools", shown, "--include", "tag:a"])).ok();
    assert!(
        filtered.starts_with("T 1") && filtered.contains("1 tools"),
        "{filtered}"
    );
    let none = run(&mut spanway([
        "tools",
        shown,
        "--include",
        "tag:a",
        "--exclude",
        "op:good",
    ]))
    .ok();
    assert!(none.contains("0 tools"), "{none}");
}

#[test]
fn logs_are_json_where_asked() {
    let serving = Serving::start(&mut spanway(["serve", "--log-format", "json"]));
    serving.signal("TERM");
    let ended = serving.wait();
    for line in ended.stderr.lines() {
        serde_json::from_str::<Value>(line).unwrap();
    }
    assert!(ended.stderr.contains("stopped"));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = spanway(["tools", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
